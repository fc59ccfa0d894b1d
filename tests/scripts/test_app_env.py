"""What shared/app.env says to the app, and what people are told of the rest."""

import getpass
import os
import runpy
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from building import TEMPLATE, release_part

app_env = release_part("app_env")
native = release_part("native")
process = release_part("process")
QUOTES = "the quotes are part of the value; leave them out"
gunicorns_own = runpy.run_path(str(TEMPLATE / "deploy/box/gunicorn.conf.py"))


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


names = st.text("KEY_.-7", min_size=1, max_size=3).map(str.encode)
ends = st.sampled_from([b"\n", b"\r\n", b"\r", b"\x0c", b"\xc2\x85", b""])
lines = st.one_of(st.tuples(names, st.just(b"="), st.binary(max_size=9), ends).map(b"".join), st.binary(max_size=9))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(lines, max_size=5).map(b"".join))
@example(text=b"KEY=gr\xc3\xbc\xc3\x9fe\nLATIN1=\xfc\nNUL=a\0b\nFEED=a\x0cb\n")
def test_the_app_and_before_switch_get_the_same_and_every_byte_of_it(layout, text):
    """Whatever it is: no encoding is asked for, and what no environment can have is left out."""
    with open(app_env.path(layout), "wb") as file:
        file.write(text)
    read = app_env.read(layout, process.Account(layout.username))
    assert read == gunicorns_own["read_settings"](app_env.path(layout))
    assert all(native.data(f"{name}={value}") in text for name, value in read.items())
    named = {name: value for name, value in read.items() if name}
    seen = process.run(["env", "-0"], environment=named)[1].split("\0")
    assert {f"{name}={value}" for name, value in named.items()} <= set(seen)


@pytest.mark.parametrize("line", ["export KEY=secret", "KEY = secret", "secret", "=secret", "KEY=sec\0ret"])
def test_a_line_that_the_app_cannot_mean_is_told_by_its_number_alone(layout, capsys, line):
    write(layout, f"KEY=value\n{line}\n")
    app_env.warn(layout)
    said = capsys.readouterr().err
    assert said.startswith(f"warning: line 2 of {layout.shared}/app.env is no setting: ") and said.count("\n") == 1
    assert "secret" not in said


@pytest.mark.parametrize("value", ['"secret"', "'secret'", "''"])
def test_quotes_that_a_shell_would_take_away_are_told_and_stay(layout, capsys, value):
    write(layout, f"KEY={value}\nOTHER=it's\nLONE='\n")
    assert app_env.read(layout, process.Account(layout.username))["KEY"] == value
    app_env.warn(layout)
    assert capsys.readouterr().err == f"warning: line 1 of {layout.shared}/app.env: {QUOTES}\n"


def test_a_file_that_the_account_cannot_read_is_told(layout, capsys):
    os.mkdir(app_env.path(layout))
    app_env.warn(layout)
    assert f"app.env cannot be read by {layout.username}, so none of its settings count" in capsys.readouterr().err
