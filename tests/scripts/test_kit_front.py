"""make kit: what is packed, and the verbs of the kit. The builder is a stub; tests/boxes/test_kit.py is for real."""

import os
import re
import shutil
import subprocess

import pytest

from lab.command import run
from lab.project import environment
from verifying import PROJECT, script

VERBS = ["preflight", "deploy", "verify", "rollback", "status", "restart", "stop", "start", "logs", "uninstall"]
# Keeps what it was to pack, and writes a lock as the builder does.
BUILDER = 'cp -R "$KIT_APP" "$KEPT"; echo "# made" >"$KIT_APP/locks/py3.11.txt"; echo "$*" >"$KEPT/arguments"'


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The project, and what kit.sh handed to the builder."""
    root = tmp_path_factory.mktemp("project")
    for name in ("deploy", "tests"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "Makefile", root)
    (root / "config.env").write_text("APP_NAME='app'\n")
    (root / "tests/locks").mkdir()
    (root / "tests/locks/py3.9.txt").write_text("# of other requirements\n")
    script(root / "deploy/run_builder.sh", BUILDER)
    kept = root.parent / "kept"
    told = run("bash", root / "deploy/kit.sh", "7", env={**os.environ, "KEPT": str(kept)}).stdout
    assert told == "    wrote tests/locks/py3.11.txt; commit it\n"
    return root, kept


def test_the_builder_packs_what_works_without_a_build(packed):
    _, kept = packed
    assert (kept / "arguments").read_text() == "tarball 7\n"
    assert sorted(path.name for path in kept.iterdir()) == [
        *("arguments", "kit", "locks", "requirements.txt", "test.py", "tools")
    ]
    deployed = {path.name for path in (kept / "tools/deploy").iterdir()}
    assert deployed >= {"ship.sh", "verify.sh", "remote.sh", "setup.sh", "fleet"}
    assert not deployed & {"builder", "rehearsal", "kit.sh", "run_builder.sh", "release", "box"}
    assert not (kept / "tools/tests/locks").exists()


def test_a_lock_of_other_requirements_is_not_taken_and_a_new_one_is_kept(packed):
    root, kept = packed
    assert list((kept / "locks").iterdir()) == []
    assert (root / "tests/locks/py3.11.txt").read_text() == "# made\n"


def test_all_that_a_script_of_the_kit_calls_is_there(packed):
    _, kept = packed
    for path in (kept / "tools/deploy").glob("*.sh"):
        for name in re.findall(r"\$here/([a-z_]+(?:\.sh)?)\b", path.read_text()):
            assert (kept / "tools/deploy" / name).exists(), f"{path.name} needs {name}"


def test_its_makefile_has_the_verbs_that_work(packed):
    _, kept = packed
    shown = run("make", "--no-print-directory", "help", cwd=kept / "tools", env=environment()).stdout
    assert [line.split()[1] for line in shown.splitlines()] == ["help", *VERBS]
    assert subprocess.run(["make", "tarball"], cwd=kept / "tools", capture_output=True).returncode != 0


@pytest.fixture
def kit(packed, tmp_path):
    """Run the kit's front; its scripts write down how they were called."""
    shutil.copytree(packed[1], tmp_path / "kit")
    for path in (tmp_path / "kit/tools/deploy").glob("*.sh"):
        script(path, 'printf "%s|" "${0##*/}" "$@"; echo "${USERNAME-}"')

    def call(*arguments):
        command = [tmp_path / "kit/kit", *arguments]
        clean = {"PATH": os.environ["PATH"]}
        return subprocess.run(command, env=clean, cwd="/", capture_output=True, text=True, timeout=60)

    return call


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_does_what_it_does_in_the_makefile(kit, packed, verb):
    values = {"HOST": "it's $(box)", "VERSION": "a b", "USERNAME": "me"}
    words = [f"{name}={value}" for name, value in values.items()]
    (line,) = re.findall(rf"^{verb}:.*\n\t@deploy/(.*)$", (packed[1] / "tools/Makefile").read_text(), re.MULTILINE)
    wanted = line.replace('"$$HOST"', values["HOST"]).replace('"$$VERSION"', values["VERSION"])
    said = kit(verb, *words).stdout
    assert said.rstrip("\n").split("|")[-1] == "me"
    assert " ".join(said.split("|")[:-1]) == wanted


def test_help_shows_the_verbs(kit):
    for arguments in ((), ("help",)):
        assert [line.split()[1] for line in kit(*arguments).stdout.splitlines()] == ["help", *VERBS]


@pytest.mark.parametrize("words", [["dance"], ["tarball"], ["status", "box"], ["status", "=x"], ["status", "a;B=1"]])
def test_wrong_words_are_64(kit, words):
    result = kit(*words)
    assert (result.returncode, result.stdout) == (64, "")
    assert result.stderr.startswith("error: ")


def test_an_installed_kit_has_its_own_tools_and_looks_for_bundles_outside_of_the_release(packed, tmp_path):
    release = tmp_path / "app-kit-v7"
    shutil.copytree(packed[1], release)
    (release / "BUNDLE").touch()
    script(release / "venv/bin/python", "")
    found = run("bash", release / "tools/deploy/tools.sh", env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
    assert found.stdout == f"{release}/venv\n"
    bundle = tmp_path / "data/debian-12-x86_64-py3.11.2/app-v1.tar.gz"
    bundle.parent.mkdir(parents=True)
    bundle.touch()
    (release / "instance").symlink_to(tmp_path / "data")
    look = f'here={release}/tools/deploy; . "$here/connection.sh"; find_bundles 1; echo "${{found[0]}}"'
    assert os.path.realpath(run("bash", "-c", look).stdout.strip()) == str(bundle)
