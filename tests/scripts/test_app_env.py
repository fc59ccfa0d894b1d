"""What shared/app.env says to the app, and what people are told of the rest."""

import getpass
import os
from types import SimpleNamespace

import pytest

from building import release_part

app_env = release_part("app_env")
process = release_part("process")


@pytest.fixture
def layout(tmp_path):
    return SimpleNamespace(shared=str(tmp_path), username=getpass.getuser())


def write(layout, text):
    with open(app_env.path(layout), "w") as file:
        file.write(text)


def test_settings_are_taken_as_they_stand_and_nothing_is_said(layout, capsys):
    write(layout, "# ours\n\nKEY=value\nURL=a=b c\n  odd.name-1=\n")
    read = app_env.read(layout, process.Account(layout.username))
    app_env.warn(layout)
    assert read == {"KEY": "value", "URL": "a=b c", "odd.name-1": ""}
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("line", ["export KEY=secret", "KEY = secret", "secret", "=secret"])
def test_a_line_that_the_app_cannot_mean_is_told_by_its_number_alone(layout, capsys, line):
    write(layout, f"KEY=value\n{line}\n")
    app_env.warn(layout)
    said = capsys.readouterr().err
    assert said.startswith(f"warning: line 2 of {layout.shared}/app.env is no setting: ") and said.count("\n") == 1
    assert "secret" not in said


def test_a_file_that_the_account_cannot_read_is_told(layout, capsys):
    os.mkdir(app_env.path(layout))
    app_env.warn(layout)
    assert f"app.env cannot be read by {layout.username}, so none of its settings count" in capsys.readouterr().err
