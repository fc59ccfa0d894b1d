"""A box with a release key: whatever lies beside a bundle, or is said in it, only what the key signed is taken."""

import subprocess

import pytest
from hypothesis import strategies as st

import archives
import building
import texts
from cases import corpus, each, ways, ways_by_name
from cell import USERNAME, open_cell
from honest import FORMS
from judging import bring, install, lay

signing = building.part("builder.signing")
GOOD = {name: FORMS[name]() for name in ("whole", "small", "delta")}
KEY = "state/release-key.pem"
ENDINGS = ("", ".sha256", ".sha256.sig")
# An account that may write the upload directory can put there what is no file.
NO_FILES = [None, "/dev/zero", "/dev/full", "gone", "."]
LINKS = ["/etc/shadow", "setup.sh", *NO_FILES]


@pytest.fixture(scope="module")
def genuine(tmp_path_factory):
    """The three files of each form, signed by us and by another; and our public key."""
    place = tmp_path_factory.mktemp("keys")
    for name in ("ours", "others"):
        subprocess.run([building.TEMPLATE / "deploy/keygen.sh", place / name], check=True, capture_output=True)
    made = {}
    for name, form in GOOD.items():
        files = form.files(form.packed())
        made[name] = {**files, **{f"{form.file}{who}": sign(place, who, files, form) for who in ("ours", "others")}}
    return made, (place / "ours.pub").read_bytes()


def sign(place, who, files, form):
    sidecar, signature = place / "sidecar", place / "signature"
    sidecar.write_bytes(files[f"{form.file}.sha256"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGN_KEY", str(place / who))
        signing.sign(sidecar, signature)
    return signature.read_bytes()


def trio(files, form, who="ours"):
    """A bundle, its sidecar and its signature, in that order."""
    return [files[form.file], files[f"{form.file}.sha256"], files[f"{form.file}{who}"]]


def lay_trio(cell, form, three):
    """Lay them into the inbox; a text is a link's target, and None is nothing."""
    bring(cell, {})
    for ending, content in zip(ENDINGS, three, strict=True):
        path = cell.inbox / f"{form.file}{ending}"
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            path.symlink_to(content)


@ways_by_name
@pytest.mark.parametrize("name", GOOD)
def test_what_the_key_signed_is_taken(cell, genuine, name, way):
    made, key = genuine
    lay_trio(cell, GOOD[name], trio(made[name], GOOD[name]))
    assert install(cell, way, had={**GOOD[name].had, KEY: key}) == 0


# Whoever owns the directory swaps the bundle when root copies it; and what gzip is given is noted.
SWAP = r"""
mv /usr/bin/cp /usr/bin/cp.real
mv /usr/bin/gzip /usr/bin/gzip.real
cat >/usr/bin/cp <<'END'
#!/bin/sh
cp.real "$@"
case $2 in */staging.*.tar.gz) printf swapped >"$2" ;; esac
END
cat >/usr/bin/gzip <<'END'
#!/bin/sh
readlink /proc/self/fd/0 >>/srv/decompressed
exec gzip.real "$@"
END
chmod 755 /usr/bin/cp /usr/bin/gzip
"""


def test_what_was_swapped_for_it_does_not_even_reach_gzip(genuine):
    made, key = genuine
    with open_cell() as cell:
        lay_trio(cell, GOOD["whole"], trio(made["whole"], GOOD["whole"]))
        lay(cell, True, {KEY: key})
        assert cell.run("sh", "-ec", SWAP, root=True).returncode == 0
        result = cell.run("sh", "setup.sh", "1", USERNAME, root=True)
        assert (result.returncode, b"is not what" in result.stderr) == (65, True), result.stderr
        assert set((cell.inbox / "decompressed").read_text().split()) == {"/srv/app-v1.tar.gz"}


def forgeries(files, form, others):
    """Any of the three damaged, gone, made anew by somebody without the key, or taken from another bundle."""
    three, made_anew = trio(files, form), archives.altered(form.entries).map(form.compress)
    with_sidecar = made_anew.map(lambda packed: [packed, form.files(packed)[f"{form.file}.sha256"], three[2]])
    other = st.tuples(*(st.sampled_from(each_one) for each_one in zip(three, *others, strict=True)))
    one = st.integers(0, 2).flatmap(
        lambda number: st.one_of(archives.damaged(three[number]), st.sampled_from(LINKS)).map(
            lambda changed: [*three[:number], changed, *three[number + 1 :]]
        )
    )
    by_another = st.just(trio(files, form, "others"))
    said = texts.with_other_lines(three[1]).map(lambda sidecar: [three[0], sidecar, three[2]])
    return st.one_of(one, one, with_sidecar, other.map(list), said, by_another)


@corpus
@pytest.mark.parametrize("name", GOOD)
def test_forgeries_are_refused(cell, genuine, name, cases):
    """The genuine three alone are installed; nothing of others is unpacked or run."""
    made, key = genuine
    form = GOOD[name]
    others = [trio(made[other], GOOD[other]) for other in GOOD if other != name]

    @each(cases, way=ways, three=forgeries(made[name], form, others))
    def test(way, three):
        lay_trio(cell, form, three)
        status = install(cell, way, had={**form.had, KEY: key})
        taken = is_genuine(three, trio(made[name], form))
        assert status == (0 if taken else 69 if three[0] in NO_FILES else 65)


def is_genuine(three, genuine):
    """Of a signature openssl reads as many bytes as the key is long; what follows means nothing."""
    return three[:2] == genuine[:2] and isinstance(three[2], bytes) and three[2].startswith(genuine[2])
