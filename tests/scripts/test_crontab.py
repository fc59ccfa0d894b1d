"""The crontab of an account, to which lines are added: what else is in it stays, to the byte."""

import pytest

from building import release_part

crontab = release_part("crontab")
process = release_part("process")
# Latin-1, a form feed, and UTF-8's next line, at which Python may end a line and cron does not.
OTHERS = b"# gr\xfc\xdfe\nMAILTO=\n* * * * * echo a\x0cb \xc2\x85 %c\n\n"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A crontab command that keeps its crontab in a file."""
    command, kept = tmp_path / "crontab", tmp_path / "kept"
    command.write_text(f'#!/bin/sh\nif [ "$1" = -l ]; then cat "{kept}"; else cat >"{kept}"; fi\n')
    command.chmod(0o755)
    monkeypatch.setattr(process, "PATH", f"{tmp_path}:{process.PATH}")
    return kept


@pytest.mark.parametrize("others", [OTHERS, b"* * * * * last without its end", b""])
def test_other_lines_stay_as_they_are(kept, others):
    kept.write_bytes(others)
    crontab.add("@reboot ours", "* * * * * ours too")
    ended = others if others.endswith(b"\n") or not others else others + b"\n"
    assert kept.read_bytes() == ended + b"@reboot ours\n* * * * * ours too\n"
    crontab.add("@reboot ours")
    crontab.remove("ours")
    assert kept.read_bytes() == ended
