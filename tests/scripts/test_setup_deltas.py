"""setup.sh on deltas, in user mode: what comes out is the whole bundle's release, or nothing at all."""

import os
import shutil
import stat
import subprocess

import pytest

import building
import handmade
from box_home import account, complete, contents, made_home, refused, run, tree
from forms import write_delta, write_whole

pack = building.part("pack")

OTHER = "python-3.11.2-ba9876543210"
OLD_FILES = {
    "app-v1/static/moved.css": b"style\n",
    "app-v1/static/with space.txt": "ünïcode\n".encode(),
    "app-v1/gone.py": b"gone\n",
    f"{handmade.INTERPRETER}/lib/os.py": b"os\n",
}
NEW_FILES = {
    "app-v2/style.css": b"style\n",
    "app-v2/static/with space.txt": "ünïcode\n".encode(),
    "app-v2/new.py": b"new\n",
    f"{handmade.INTERPRETER}/lib/os.py": b"os\n",
}


def old():
    return handmade.Bundle(files=dict(OLD_FILES))


def new():
    return handmade.Bundle("2", files=dict(NEW_FILES))


def install(home, bundle):
    """Install a whole bundle, and mark it as what the real interpreter would have made of it."""
    write_whole(home, bundle)
    result = run(home, bundle.version, account().pw_name)
    assert result.returncode == 0, result.stderr
    complete(home, bundle)
    for suffix in ("", ".sha256"):
        (home / f"{bundle.release}.tar.gz{suffix}").unlink()


def setup(home, *options, **more):
    return run(home, *options, "2", account().pw_name, **more)


@pytest.fixture
def base(home):
    """A home with release 1 installed."""
    install(home, old())
    return home


@pytest.mark.parametrize("shell", [("dash",), ("bash",), ("busybox", "sh")])
def test_what_comes_out_is_the_whole_bundle_s_release(base, shell):
    write_delta(base, new(), old())
    result = setup(base, shell=shell)
    assert result.returncode == 0, result.stderr
    assert "==> Completing app-v2 from app-v1" in result.stdout
    assert "handed over: -E -s -B" in result.stdout
    with made_home() as other:
        install(other, new())
        assert tree(base, "app-v2", handmade.INTERPRETER) == tree(other, "app-v2", handmade.INTERPRETER)


def test_only_what_changed_is_in_it(home):
    path = write_delta(home, new(), old())
    listing = subprocess.run(["tar", "-tzf", path], capture_output=True, text=True, check=True).stdout
    files = {line for line in listing.splitlines() if not line.endswith("/")}
    lists = {f"app-v2/DELTA/{name}" for name in ("BASE", "SHA256SUMS", "MANIFEST")}
    assert files == lists | {"app-v2/BUNDLE", "app-v2/new.py"}


class WithOtherInterpreter(handmade.Bundle):
    def listed(self):
        return {path.replace(handmade.INTERPRETER, OTHER): data for path, data in super().listed().items()}


def test_another_interpreter_is_completed_from_the_former(base):
    bundle = WithOtherInterpreter("2", interpreter=OTHER, files={**NEW_FILES, f"{OTHER}/lib/re.py": b"re\n"})
    path = write_delta(base, bundle, old())
    assert b"os.py" not in subprocess.run(["tar", "-tzf", path], capture_output=True, check=True).stdout
    result = setup(base)
    assert result.returncode == 0, result.stderr
    assert (base / OTHER / "lib/os.py").read_bytes() == b"os\n"
    assert os.access(base / OTHER / "bin/python3.11", os.X_OK)
    assert tree(base, handmade.INTERPRETER)[f"{handmade.INTERPRETER}/lib/os.py"][2] == b"os\n"


def test_the_sidecar_stays_under_the_delta_s_name(base):
    write_delta(base, new(), old())
    setup(base)
    assert (base / "state/bundles/app-v2-since-1.delta.sha256").exists()


def test_it_is_right_without_a_sidecar_too(base):
    path = write_delta(base, new(), old())
    path.with_name(f"{path.name}.sha256").unlink()
    result = setup(base)
    assert result.returncode == 0, result.stderr
    assert "is checked against its own list only" in result.stderr


def test_the_whole_bundle_is_taken_where_both_are_here(base):
    write_delta(base, new(), old())
    write_whole(base, new())
    result = setup(base)
    assert result.returncode == 0 and "Completing" not in result.stdout


def test_several_deltas_are_refused(base):
    path = write_delta(base, new(), old())
    shutil.copy(path, base / "app-v2-since-0.delta")
    refused(base, setup(base), 64, "several bundles of version 2 are here")


def test_a_release_that_is_complete_already_needs_no_base(base):
    install(base, new())
    write_delta(base, new(), old())
    shutil.rmtree(base / "app-v1")
    (base / "state/complete/1").unlink()
    result = setup(base)
    assert result.returncode == 0, result.stderr
    assert " activate " in result.stdout


def edit(path, data=b"edited\n"):
    path.chmod(0o644)
    path.write_bytes(data)


def replace_by(make):
    def change(path):
        path.unlink()
        make(path)

    return change


UNTRUE_BASES = {
    "edited": (edit, "app-v2/static/with space.txt"),
    "deleted": (lambda path: path.unlink(), "app-v2/static/with space.txt"),
    "a link to something else": (
        replace_by(lambda path: path.symlink_to("/etc/passwd")),
        "app-v2/static/with space.txt",
    ),
    "a pipe": (replace_by(os.mkfifo), "app-v2/static/with space.txt"),
}


@pytest.mark.parametrize("what", UNTRUE_BASES)
def test_a_base_that_is_no_longer_as_it_was_completes_nothing(base, what):
    change, named = UNTRUE_BASES[what]
    change(base / "app-v1/static/with space.txt")
    write_delta(base, new(), old())
    before = contents(base)
    result = setup(base)
    refused(base, result, 78, "what release 1 has here is not what it brought")
    assert named in result.stderr and "bring the whole bundle, app-v2.tar.gz, instead of" in result.stderr
    assert contents(base) == before


def test_a_moved_file_that_was_edited_completes_nothing(base):
    edit(base / "app-v1/static/moved.css")
    write_delta(base, new(), old())
    refused(base, setup(base), 78, "as it gave a wrong app-v2/style.css")


def test_a_file_of_the_base_that_is_not_needed_may_be_gone(base):
    (base / "app-v1/gone.py").unlink()
    write_delta(base, new(), old())
    assert setup(base).returncode == 0


def test_a_link_to_the_same_content_becomes_a_file(base):
    file = base / "app-v1/static/with space.txt"
    file.rename(base / "elsewhere")
    file.symlink_to(base / "elsewhere")
    write_delta(base, new(), old())
    assert setup(base).returncode == 0
    assert not (base / "app-v2/static/with space.txt").is_symlink()


def test_modes_are_the_bundle_s_whatever_the_base_s_are(base):
    (base / "app-v1/static/with space.txt").chmod(0o4777)
    write_delta(base, new(), old())
    assert setup(base).returncode == 0
    assert stat.S_IMODE((base / "app-v2/static/with space.txt").stat().st_mode) == 0o444


def test_a_damaged_interpreter_is_not_taken_over(base):
    edit(base / handmade.INTERPRETER / "lib/os.py")
    write_delta(base, new(), old())
    result = setup(base)
    refused(base, result, 78, f"{handmade.INTERPRETER} is damaged")
    assert "lib/os.py" in result.stderr


def test_without_the_base_it_is_a_gap(home):
    write_delta(home, new(), old())
    before = contents(home)
    refused(
        home, setup(home), 78, "release 1, which app-v2-since-1.delta is to be completed from, is not installed here"
    )
    assert contents(home) == before


def test_another_release_of_the_base_s_name_is_a_gap(base):
    other = old()
    other.files["app-v1/more.py"] = b"more\n"
    write_delta(base, new(), other)
    refused(base, setup(base), 78, "app-v1 is another release 1 than")


def test_a_check_names_the_file_of_the_base_that_changed(base):
    write_delta(base, new(), old())
    result = setup(base, "--check")
    assert (result.returncode, "nothing is missing" in result.stdout) == (0, True), result.stderr
    edit(base / "app-v1/static/with space.txt")
    before = contents(base)
    refused(base, setup(base, "--check"), 78, "app-v1/static/with space.txt is not what release 1 brought")
    assert contents(base) == before


def altered(name, change):
    """Change the content of the delta's file of that name."""

    def change_parts(parts):
        return [
            [
                pack.file_of_bytes(member.path, change(member.content)) if member.path.endswith(name) else member
                for member in part
            ]
            for part in parts
        ]

    return change_parts


def without(name):
    return lambda parts: [[member for member in part if not member.path.endswith(name)] for part in parts]


HASH = handmade.sha256(b"style\n").encode()
HOSTILE = {
    "no base": (without("DELTA/BASE"), "does not say which release it is to be completed from"),
    "a base with a path": (
        altered("DELTA/BASE", lambda text: text.replace(b"=1", b"=../1")),
        "does not say which release",
    ),
    "no list": (without("DELTA/SHA256SUMS"), "whole difference between its SHA256SUMS and that of release 1"),
    "more lines than there are": (
        altered("DELTA/MANIFEST", lambda text: b"=999999999\n"),
        "whole difference between its MANIFEST",
    ),
    "a step that is none": (
        altered("DELTA/MANIFEST", lambda text: b"*1\n" + text),
        "whole difference between its MANIFEST",
    ),
    "a file less": (without("new.py"), "cannot be completed: release app-v1 has no app-v2/new.py"),
    "another list": (altered("DELTA/SHA256SUMS", lambda text: text.rsplit(b"\n", 2)[0] + b"\n"), "does not belong to"),
    "a way out": (
        altered("DELTA/SHA256SUMS", lambda text: text + b"+" + HASH + b"  app-v2/../../../escaped\n"),
        "cannot be completed: app-v2/../../../escaped has an unsafe name",
    ),
    "an absolute name": (
        altered("DELTA/SHA256SUMS", lambda text: text + b"+" + HASH + b"  /tmp/escaped\n"),
        "cannot be completed: /tmp/escaped has an unsafe name",
    ),
    "a mode": (
        altered("DELTA/MANIFEST", lambda text: text.replace(b"+f 0444 app-v2/style", b"+f 4755 app-v2/style")),
        "app-v2/style.css has a mode that no file of a bundle has",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_deltas_are_refused_and_write_nothing_elsewhere(base, what):
    change, message = HOSTILE[what]
    write_delta(base, new(), old(), change)
    before = contents(base)
    refused(base, setup(base), 65, message)
    assert contents(base) == before
    assert not list(base.parent.glob("escaped"))
