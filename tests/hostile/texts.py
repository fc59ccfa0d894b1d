"""The corpus, second part: what the lists in a bundle say, what arguments say, and what the environment says."""

from dataclasses import replace

from hypothesis import strategies as st

from archives import COMMANDS, HEAD, NAMES, RELEASE, archive, damaged, entries_of
from handmade import INTERPRETER, Bundle, sha256

SUMS, MANIFEST = f"{RELEASE}/SHA256SUMS", f"{RELEASE}/MANIFEST"
VALUES = [
    *("", " ", "0", "-1", "1e9", "0x10", "9" * 30, "01", "1 2", "../../etc", "/etc/passwd", "app-v1", "-x", "é"),
    *("\x00", "\r", "x" * 20000),
    *("$((1/0))", "a[$(touch /pwned)]", "1\nPYTHON=3.11.2", "\x1b]0;x\x07", "%s%n", "*", "~root"),
    "python-3.11.2-0123456789ab/../evil",
    *COMMANDS,
]
STEPS = ["=1", "-1", "=0", "=-1", "=1e9", "=999999999", "*1", "+", "-", "=", "= 1", "=1;", "+x"]  # of a delta's lists
KEYS = [
    *("INTERPRETER", "PYTHON_ABI", "COMPILING_NEEDS", "SERVICE", "APP_MODULE", "HEALTH_PATH", "WORKER_CLASS"),
    *("STATIC_URL", "STATIC_DIR"),
    *("FORMAT", "NAME", "VERSION", "ARCH", "PYTHON", "PYTHON_DIR", "GLIBC", "GLIBC_FILE", "UNPACKED_BYTES"),
    *("MEMBERS", "TARGET", "PATH", "IFS"),
]
READ = (b"BUNDLE", b"SHA256SUMS", b"MANIFEST", b"BASE")
HEADS = [f"{key}={value}" for key in KEYS for value in VALUES[:20:5]]
NONE = sha256(b"")
LINES = [
    *("", "x", "f", "f 0444", "f 0444 ", "f 4755 app-v1/app.py", "l 0777 app-v1/app.py -> /etc/passwd"),
    *("d 0777 app-v1/deploy", "\0"),
    *("f 0444 ../../etc/passwd", "f 0444 /etc/passwd", "f zzzz app-v1/app.py", "f 0444 app-v1/gone"),
    *("c 0444 app-v1/app.py", "f 0444 app-v1/é"),
    *(f"{NONE}  app-v1/gone", f"{NONE}  ../../etc/passwd", f"{NONE}  /etc/passwd", f"{NONE} *app-v1/app.py"),
    *(f"\\{NONE}  app-v1/a\\nb"),
    *(f"{'z' * 64}  app-v1/app.py", f"{NONE}  -", f"{NONE.upper()}  app-v1/app.py"),
    *(f"{NONE}  {INTERPRETER}/bin/python3.11"),
    *(f"f 0444 app-v1/{name}" for name in NAMES[:8]),
    *COMMANDS,
]
VARIABLES = [
    *("TAR_OPTIONS", "GZIP", "POSIXLY_CORRECT", "IFS", "ENV", "BASH_ENV", "CDPATH", "GREP_OPTIONS", "LD_PRELOAD"),
    *("LD_LIBRARY_PATH", "TMPDIR"),
    *("OPENSSL_CONF", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "SHELLOPTS", "PS4", "PATH", "HOME", "LC_ALL"),
    *("LANG", "SUDO_USER", "BLOCKSIZE"),
    *("staging", "created", "base", "state", "release_key", "version_pattern", "most", "bundle", "copy", "gaps"),
    *("tools", "only_check", "$", "a-b"),
    *("BASH_FUNC_tar%%", "BASH_FUNC_sha256sum%%", "BASH_FUNC_matches%%", "AWKPATH", "_POSIX2_VERSION"),
    *("MALLOC_CONF", "TZ", "OLDPWD", "PWD"),
]
CONTENTS = ["/pwned", "/home", "/", ".", "", "x", "--to-command=touch /pwned", *COMMANDS]
CONTENTS += ["() { touch /pwned; }", "() { :; }; touch /pwned"]
ARGUMENTS = ["1", "nobody", "root", "--check", "--", "-x", ".", "..", "../1", "1/../..", "1*", "é", "a" * 65, *COMMANDS]
COMMANDS_OF_ACTIVATE = [
    *("--back", "--restart", "--stop", "--status", "--json", "--settle", "--reopen-logs", "--uninstall", "--yes"),
    *("--remove-shared", "--help", "-h", "--back=1", "--no-such-thing"),
]
# Names in the directory that setup.sh is called in: bundles, what belongs to them, and what looks like it.
LYING_THERE = [
    *("app-v1.tar.gz", "app-v1.tar.xz", "app-v1-since-0.delta", "app-v1.tar.gz.sha256", "app-v1.tar.xz.sha256"),
    *("app-v1-since-0.delta.sha256", "app-v1.tar.gz.sha256.sig", "evil-v1.tar.gz", "evil-v1.tar.xz", "-x-v1.tar.gz"),
    *("--checkpoint=1-v1.tar.gz", "a b-v1.tar.gz", "a\nb-v1.tar.gz", "APP-v1.tar.gz", ".app-v1.tar.gz", "-v1.tar.gz"),
    *("app-v1-v1.tar.gz", "*-v1.tar.gz", "é-v1.tar.xz", "app-v1-since-.delta", "app-v1-since-0-since-0.delta"),
    *(f"{command.replace('/', '')}-v1.tar.gz" for command in COMMANDS),
    *(f"app-v1-since-{command.replace('/', '')}.delta" for command in COMMANDS),
]
KNOWN_SETTINGS = ["PORT", "SERVER_NAME", "NGINX", "WORKERS", "THREADS"]
SETTINGS = [
    *("80", "0", "99999", "1;touch /pwned", "$(touch /pwned)", "a b", "a\nb", "a;b", "}", "x'y", "*", "site"),
    *("none", "999", "-1"),
    *COMMANDS,
]

any_text = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


def one_of_these(hand_made):
    return st.one_of(st.sampled_from([value for value in hand_made if "\0" not in value]), any_text)


@st.composite
def with_hostile_head(draw):
    """A bundle whose BUNDLE says something else; its lists fit, as its maker would see to it."""
    values = Bundle().values_of_head()
    for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3)):
        way = draw(st.sampled_from(["change", "remove", "repeat"]))
        value = draw(st.one_of(st.sampled_from(VALUES), any_text))
        values[key] = {"change": value, "remove": None, "repeat": f"{values.get(key)}\n{key}={value}"}[way]
    head = "".join(f"{key}={value}\n" for key, value in values.items() if value is not None)
    return archive(entries_of(Bundle(files={HEAD: head.encode("utf-8", "surrogateescape")}).members()))


@st.composite
def with_hostile_lists(draw):
    """A bundle whose SHA256SUMS or MANIFEST says something else; with MANIFEST, SHA256SUMS fits or does not."""
    members = Bundle().members()
    name = draw(st.sampled_from([SUMS, MANIFEST]))
    members[name] = draw(st.one_of(with_other_lines(members[name]), damaged(members[name])))
    if name == MANIFEST and draw(st.booleans()):
        members.pop(SUMS)
        members = Bundle().with_sums(members)
    return archive(entries_of(members))


@st.composite
def with_other_texts(draw, good):
    """Entries of which one, that setup.sh reads, says something else."""
    read = [number for number, entry in enumerate(good) if entry.name.rpartition(b"/")[2] in READ]
    number = draw(st.sampled_from(read))
    text = draw(st.one_of(with_other_lines(good[number].data), damaged(good[number].data)))
    return archive([*good[:number], replace(good[number], data=text), *good[number + 1 :]])


@st.composite
def with_other_lines(draw, text):
    lines = text.split(b"\n")[:-1]
    for _ in range(draw(st.integers(1, 3))):
        number = draw(st.integers(0, len(lines)))
        way = draw(st.sampled_from(["add", "replace", "remove", "repeat"]))
        line = draw(st.one_of(st.sampled_from(LINES + STEPS + HEADS), any_text)).encode("utf-8", "surrogateescape")
        others = {"remove": [], "repeat": lines[number : number + 1] * 2}.get(way, [line])
        lines[number : number + (way != "add")] = others
    ending = draw(st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b""]))
    return ending.join([*lines, b""])


one_setting = st.tuples(st.sampled_from(KNOWN_SETTINGS), one_of_these(SETTINGS)).map("=".join)
other_settings = st.tuples(st.sampled_from(["X", ""]), one_of_these(SETTINGS)).map("=".join)
settings = st.lists(one_setting, min_size=1, max_size=3)
said = st.lists(st.one_of(one_of_these(ARGUMENTS), one_setting, other_settings), max_size=5)
right = st.lists(one_setting, max_size=2).map(lambda settings: ["1", "nobody", *settings])
arguments = st.tuples(st.sampled_from([[], [], ["--check"], ["--help"]]), st.one_of(said, right)).map(
    lambda parts: [*parts[0], *parts[1]]
)
arguments_of_activate = st.lists(st.one_of(st.sampled_from(COMMANDS_OF_ACTIVATE), one_of_these(ARGUMENTS)), max_size=4)
lying_there = st.sampled_from(LYING_THERE)
environments = st.dictionaries(st.sampled_from(VARIABLES), one_of_these(CONTENTS), min_size=1, max_size=6)
