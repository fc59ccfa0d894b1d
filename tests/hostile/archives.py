"""The corpus: bundles, lists, arguments and environments that nobody honest makes, as hypothesis strategies.

Each alternative is either drawn from a list made by hand, of what has broken other programs, or made up by hypothesis.
"""

import re
import struct
import tarfile
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from handmade import INTERPRETER, mode

BLOCK = 512  # tar(5)
RELEASE = "app-v1"
HEAD = f"{RELEASE}/BUNDLE"
# If a shell evaluated it, the cell would show a file /pwned.
COMMANDS = ["$(touch /pwned)", "`touch /pwned`"]
COMMANDS += ["x; touch /pwned", "x\ntouch /pwned", "'; touch /pwned; '", "x|touch /pwned"]

NAMES = [
    *("../evil", "/evil", "/etc/passwd", "evil", "", ".", "..", "./app-v1/x", "-x"),
    "--checkpoint-action=exec=touch /pwned",
    *("app-v1", "app-v1/", "app-v1//x", "app-v1/./x", "app-v1/..", "app-v1/../evil", "app-v1/../../evil"),
    "app-v1/a/../../..",
    *("app-v1x/evil", "app-v2/evil", "APP-V1/evil", "state/release-key.pem", "state/mode", "current", "shared/app.env"),
    *("app-v1/app.py", "app-v1/app.py/below", "app-v1/deploy", "app-v1/BUNDLE", "app-v1/SHA256SUMS", "app-v1/MANIFEST"),
    *("app-v1/DELTA", "app-v1/DELTA/BASE", "app-v0/app.py", "state/complete/0", f"{INTERPRETER}/local"),
    *("app-v1/venv", "app-v1/instance", "app-v1/sitecustomize.py", "app-v1/a b", "app-v1/ ", "app-v1/a -> b"),
    "app-v1/-x",
    *("app-v1/a\nb", "app-v1/a\n/etc/passwd", "app-v1/\x1b[2J", "app-v1/\x7f", "app-v1/a\\b", "app-v1/\\303\\251"),
    "app-v1/é",
    *(f"app-v1/{'n' * 255}", f"app-v1/{'n' * 256}", "app-v1/" + "d/" * 1000 + "x", f"{INTERPRETER}/../evil"),
    INTERPRETER,
    *(f"{INTERPRETER}/bin/python3.11", f"{INTERPRETER}/lib/sitecustomize.py"),
    "python-3.11.2-ffffffffffff/bin/python3.11",
    *(f"app-v1/{command}" for command in COMMANDS),
]
TARGETS = [
    *("/etc/passwd", "/", "..", "../..", "../../../root", ".", "", "app.py", "deploy/../../..", "a\nb", "x -> y"),
    *COMMANDS,
]
TYPES = [bytes([code]) for code in b"\x0001234567DKLMNSVXgxAZ\xff"]
MODES = [
    *(b"0000644", b"0000755", b"0004755", b"0002755", b"0001777", b"0000666", b"0000000", b"0000020", b"7777777"),
    *(b"-000644", b"zz"),
]
SIZES = [
    *(b"00000000000", b"77777777777", b"\x80" + b"\0" * 5 + b"\x01" + b"\0" * 5, b"\xff" * 12, b"-0000000001"),
    *(b"\x80" + b"\xff" * 11, b"xyz"),
]
OWNERS = ["root", "0/0 1", "0/0 1 2020-01-01 00:00", "a b", "\x1b[2J", "", "$(touch /pwned)", "n" * 32]
RECORDS = [
    *(("path", name) for name in ("../evil", "/evil", "app-v1/app.py", "app-v1/a\nb", "state/mode", "")),
    *(("linkpath", "/etc"), ("size", "-1"), ("size", "9" * 14), ("mtime", "1e99"), ("uid", "9" * 20)),
    *(("GNU.sparse.major", "1"), ("GNU.sparse.name", "../evil"), ("GNU.sparse.realsize", "9" * 13)),
    *(("hdrcharset", "BINARY"), ("SCHILY.xattr.security.capability", "x"), ("SCHILY.fflags", "uappnd")),
    ("comment", "x" * 2000),
]


@dataclass
class Entry:
    """A tar member as its header has it, honest or not; `before` are whole blocks ahead of it."""

    name: bytes
    data: bytes = b""
    type: bytes = b"0"
    link: bytes = b""
    mode: bytes = b"0000644"
    size: bytes = b""
    owner: bytes = b"root"
    magic: bytes = b"ustar  \0"
    checksum: bytes = b""
    before: bytes = b""

    def blocks(self):
        size = self.size or b"%011o" % len(self.data)
        numbers = (self.mode, b"0000000", b"0000000", size, b"02263004000", b" " * 8)
        texts = (self.type, self.link, self.magic, self.owner, b"root")
        header = struct.pack("100s8s8s8s12s12s8sc100s8s32s32s", self.name, *numbers, *texts).ljust(BLOCK, b"\0")
        checksum = self.checksum or b"%06o\0 " % sum(header)
        return self.before + header[:148] + checksum.ljust(8)[:8] + header[156:] + whole_blocks(self.data)


def whole_blocks(data):
    return data + bytes(-len(data) % BLOCK)


class Archive(bytes):
    """The bytes of a tar; a report shows what is not padding."""

    def __repr__(self):
        return repr(re.sub(rb"\0{9,}", b"~", self))[:6000]


def archive(entries):
    return Archive(b"".join(entry.blocks() for entry in entries) + bytes(2 * BLOCK))


def entries_of(members):
    """Honest entries for a bundle's members."""
    return [Entry(name.encode(), data, mode=b"%07o" % mode(name)) for name, data in members.items()]


def long_name(name, kind=b"L"):
    """GNU's way to give the next member a name of any length."""
    return Entry(b"././@LongLink", name + b"\0", kind).blocks()


def records(pairs):
    """POSIX's way to give the next member anything (pax)."""
    data = tarfile.TarInfo._create_pax_generic_header(dict(pairs), b"x", "utf-8")[BLOCK:]
    return Entry(b"PaxHeader", data, b"x").blocks()


def text_of(hand_made, **made_up):
    texts = st.one_of(st.sampled_from(hand_made), st.text(max_size=40, **made_up))
    return texts.map(lambda text: text.encode("utf-8", "surrogateescape"))


names = text_of(NAMES, alphabet=st.characters(codec="utf-8"))
below_release = text_of(NAMES).map(lambda name: f"{RELEASE}/".encode() + name)
prefixes = st.one_of(
    st.just(b""),
    names.map(long_name),
    text_of(TARGETS).map(lambda target: long_name(target, b"K")),
    st.lists(st.sampled_from(RECORDS), min_size=1, max_size=2).map(records),
)
entries = st.builds(
    Entry,
    name=st.one_of(names, below_release).map(lambda name: name[:100]),
    data=st.binary(max_size=40),
    type=st.one_of(st.sampled_from(TYPES[:8]), st.sampled_from(TYPES)),
    link=text_of(TARGETS).map(lambda link: link[:100]),
    mode=st.sampled_from(MODES),
    size=st.one_of(st.just(b""), st.sampled_from(SIZES)),
    owner=text_of(OWNERS).map(lambda owner: owner[:32]),
    magic=st.sampled_from([b"ustar  \0", b"ustar\x0000", b"\0" * 8]),
    checksum=st.sampled_from([b"", b"", b"", b"000000\0 "]),
    before=prefixes,
)


@st.composite
def with_hostile_entries(draw, good):
    """Good entries, and some that are not, anywhere among them."""
    found = list(good)
    for entry in draw(st.lists(entries, min_size=1, max_size=3)):
        found.insert(draw(st.integers(0, len(found))), entry)
    return archive(found)


@st.composite
def with_changed_entry(draw, good):
    """Good entries, one of them with another name, kind, mode, size, link or owner."""
    number, other = draw(st.integers(0, len(good) - 1)), draw(entries)
    field = draw(st.sampled_from(["name", "type", "link", "mode", "size", "owner", "checksum", "before", "data"]))
    changed = replace(good[number], **{field: getattr(other, field)})
    return archive([*good[:number], changed, *good[number + 1 :]])


@st.composite
def without_some_entries(draw, good):
    """Good entries, some of them gone, or in another order."""
    found = draw(st.permutations(good)) if draw(st.booleans()) else list(good)
    for _ in range(draw(st.integers(1, 2))):
        del found[draw(st.integers(0, len(found) - 1))]
    return archive(found)


@st.composite
def damaged(draw, whole):
    """Some bytes changed, cut out, repeated or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.sampled_from([1, 1, 1, 8, BLOCK, len(data)]))
        way = draw(st.sampled_from(["flip", "cut", "repeat", "insert"]))
        if way == "flip" and start < len(data):
            data[start] ^= draw(st.integers(1, 255))
        elif way == "cut":
            del data[start : start + length]
        elif way == "repeat":
            data[start:start] = data[start : start + length]
        else:
            data[start:start] = draw(st.binary(min_size=1, max_size=20))
    return type(whole)(data)


def altered(good):
    """Good entries made hostile in one of these ways."""
    made = [with_hostile_entries(good), with_changed_entry(good), without_some_entries(good)]
    return st.one_of(*made, damaged(archive(good)))
