"""The corpus of hostile bundles, arguments and environments, tried on setup.sh as root and as the account.

Whatever comes, setup.sh ends with one of its own exit codes and one message, writes nothing outside of BASE, leaves
nothing of what it refused, and what it accepts is exactly what SHA256SUMS and MANIFEST say.
"""

import os

import pytest
from hypothesis import strategies as st

import archives
import texts
from cases import clear_base, corpus, each, ways, ways_by_name
from cell import USERNAME, open_cell
from honest import FORMS, gz
from judging import STATUSES, bring, install

GOOD = {name: make() for name, make in FORMS.items()}
WHOLE = GOOD["whole"]


def test_the_cell_shows_what_is_written_elsewhere():
    """Else the other tests would show nothing."""
    with open_cell() as cell:
        assert cell.run("touch", "/pwned", root=False).returncode != 0
        assert cell.written_elsewhere() == []
        assert cell.run("touch", "/pwned", "/etc/group", root=True).returncode == 0
        assert set(cell.written_elsewhere()) == {"pwned", "etc", "etc/group"}


@ways_by_name
@pytest.mark.parametrize("form", FORMS)
def test_the_good_bundle_is_accepted(cell, form, way):
    good = GOOD[form]
    bring(cell, good.files(good.packed()))
    assert install(cell, way, had=good.had) == 0


@corpus
@pytest.mark.parametrize("form", ["whole", "small", "delta"])
def test_bytes_of_the_bundle(cell, form, cases):
    """With the sidecar of the good one, every change is found; without it, every change that matters is."""
    good = GOOD[form]
    genuine = good.packed()

    @each(cases, way=ways, packed=archives.damaged(genuine), sidecar=st.booleans())
    def test(way, packed, sidecar):
        bring(cell, {**good.files(genuine, sidecar), good.file: packed})
        status = install(cell, way, had=good.had)
        assert not sidecar or packed == genuine or status == 65


ARCHIVES = {
    "damaged headers": archives.damaged(archives.archive(WHOLE.entries)),
    "hostile members": archives.with_hostile_entries(WHOLE.entries),
    "changed members": archives.with_changed_entry(WHOLE.entries),
    "BUNDLE": texts.with_hostile_head(),
    "lists": texts.with_hostile_lists(),
}


@corpus
@pytest.mark.parametrize("kind", ARCHIVES)
def test_archives(cell, kind, cases):
    """Their maker has no key, but may write the sidecar that fits."""

    @each(cases, way=ways, data=ARCHIVES[kind], sidecar=st.booleans())
    def test(way, data, sidecar):
        bring(cell, WHOLE.files(gz(data), sidecar))
        install(cell, way)


@corpus
@pytest.mark.parametrize("form", [form for form in FORMS if form != "whole"])
def test_other_forms(cell, form, cases):
    """The same, and what their own lists say."""
    good = GOOD[form]
    made = st.one_of(archives.altered(good.entries), texts.with_other_texts(good.entries))

    @each(cases, way=ways, data=made, sidecar=st.booleans())
    def test(way, data, sidecar):
        bring(cell, good.files(good.compress(data), sidecar))
        install(cell, way, had=good.had)


THINGS = {name: good.packed() for name, good in GOOD.items()}
# Their interpreter has the name of release 0's and other content: that one would count as damaged, and be replaced.
NOT_BESIDE_RELEASE_0 = ("source", "small")
THINGS |= {"sidecar": WHOLE.files(THINGS["whole"])[f"{WHOLE.file}.sha256"], "nothing": b"", "text": b"x\n"}
# Targets of links, and what is no file.
THINGS |= {name: name for name in ("/etc/passwd", "/dev/zero", "setup.sh", "app-v1.tar.gz", "gone", "..")}
THINGS |= {"a directory": os.mkdir, "a pipe": os.mkfifo}


def lay_things(cell, things):
    bring(cell, {})
    for name, thing in things.items():
        path = cell.inbox / name
        if callable(thing):
            thing(path)
        elif isinstance(thing, str):
            path.symlink_to(thing)
        else:
            path.write_bytes(thing)


@corpus
@pytest.mark.parametrize("former", [True, False], ids=["with release 0", "alone"])
def test_what_lies_there(cell, cases, former):
    """Several bundles, or what looks like one: one is taken, which is app-v1, or none."""
    had = GOOD["delta"].had if former else {}
    things = [thing for thing in THINGS if not (former and thing in NOT_BESIDE_RELEASE_0)]
    lying = st.dictionaries(texts.lying_there, st.sampled_from(things), min_size=1, max_size=4)

    @each(cases, way=ways, names=lying)
    def test(way, names):
        lay_things(cell, {name: THINGS[thing] for name, thing in names.items()})
        install(cell, way, had=had)


CALLS = {
    "arguments": (texts.arguments.map(lambda given: (given, {})), STATUSES),
    "settings": (texts.settings.map(lambda given: (("1", USERNAME, *given), {})), (0, 64, 78)),
    "environments": (texts.environments.map(lambda given: (("1", USERNAME), given)), (0,)),
}


@corpus
@pytest.mark.parametrize("kind", CALLS)
def test_calls(cell, kind, cases):
    calls, allowed = CALLS[kind]
    bring(cell, WHOLE.files(WHOLE.packed()))

    @each(cases, way=ways, call=calls)
    def test(way, call):
        assert install(cell, way, *call) in allowed
        clear_base(cell)
