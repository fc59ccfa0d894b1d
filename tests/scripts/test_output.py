"""What the box shows people of other's texts: what they say, and nothing that a terminal would obey."""

import pytest

from building import release_part

output = release_part("output")


@pytest.mark.parametrize("show", ["plain", "step", "detail", "warning", "error"])
def test_control_characters_are_shown_as_question_marks(capsys, show):
    getattr(output, show)("of the app's log:\n\tgr\xfc\xdfe\x1b]0;x\x07\x1b[2J\r\x7f\x00.")
    said = "".join(capsys.readouterr())
    assert said.endswith("of the app's log:\n\tgr\xfc\xdfe?]0;x??[2J???.\n")
