"""What the builder reads: config.env and deploy/targets.json, the article's own text among it."""

import json

import pytest

import building

output = building.part("builder.output")
settings = building.part("builder.settings")
systems = building.part("builder.systems")
targets = building.part("builder.targets")

ARCHIVE = "/a b.tar.gz#sha256=" + 64 * "0"

ARTICLE = """\
[
    {
        "os": "centos",
        "version": "5.11",
        "bit": "64",
        "python": ["2.7.14"]
    },
    {
        "os": "centos",
        "version": "7.40",
        "bit": "64",
        "python": ["2.7.14", "3.6.1"]
    },
]
"""


def names(text):
    return [target.name for target in targets.parse(text, "x86_64")]


def test_the_article_s_own_text_is_read_trailing_comma_and_all():
    """Its 7.40 is CentOS 7.4."""
    assert names(ARTICLE) == [
        *("centos-5.11-x86_64-py2.7.14", "centos-7.4-x86_64-py2.7.14", "centos-7.4-x86_64-py3.6.1"),
    ]
    images = [systems.of_target(target).image for target in targets.parse(ARTICLE, "x86_64")]
    assert images == ["centos:5.11", "centos:7.4.1708", "centos:7.4.1708"]


def test_a_row_may_say_more():
    text = json.dumps(row(image="a:1", arch="aarch64", engine="host", interpreter="archive", archive=ARCHIVE))
    assert targets.parse(text, "x86_64") == [
        targets.Target("debian", "12", "aarch64", "3.11.2", "a:1", "host", "archive", ARCHIVE)
    ]
    assert targets.parse(json.dumps(row()), "x86_64") == [targets.Target("debian", "12", "x86_64", "3.11.2")]


def test_every_problem_is_named_at_once():
    rows = [
        *row(os="De bian", bit="32", pyton="x"),
        *row(version=None, python=["3.11"]),
        *row(),
        *row(python=["3.9.2", "3.11.2"]),
    ]
    with pytest.raises(output.Failure) as failure:
        targets.parse("\n".join(json.dumps(rows, indent=2).splitlines()[:-1]) + ",\n]", "x86_64")
    assert str(failure.value).splitlines() == [
        'deploy/targets.json, line 3, row 1, key "os": must be a name such as debian, in quotes, not "De bian"',
        '    line 5, row 1, key "bit": must be 64: CPython and its wheels are built for 64 bit only, in quotes, '
        'not "32"',
        '    line 9, row 1, key "pyton": is unknown; known are os, version, bit, image, arch, engine, interpreter, '
        "archive, python",
        '    line 11, row 2, key "version": is missing',
        '    line 14, row 2, key "python": must be a list such as ["3.11.2"], not ["3.11"]',
        '    line 30, row 4, key "python": debian-12-x86_64-py3.11.2 is in row 3 already',
    ]


def test_commas_in_strings_stay():
    text = '{"a": ",]", "b": "\\",}", "c": [1, 2 , ] , }'
    assert targets.without_trailing_commas(text) == '{"a": ",]", "b": "\\",}", "c": [1, 2  ]  }'


def row(**changes):
    values = {"os": "debian", "version": "12", "bit": "64", "python": ["3.11.2"], **changes}
    return [{key: value for key, value in values.items() if value is not None}]


@pytest.mark.parametrize(
    "rows, message",
    [
        ("[", "deploy/targets.json is not JSON: Expecting value: line 1 column 2 (char 1)"),
        ("{}", "deploy/targets.json must be a list with at least one row"),
        ([], "deploy/targets.json must be a list with at least one row"),
        ([1], 'deploy/targets.json, line 1, row 1: must be an object like {"os": …}'),
        (row() + row(os=None), 'deploy/targets.json, line 1, row 2, key "os": is missing'),
        (row(os="De bian"), 'key "os": must be a name such as debian, in quotes, not "De bian"'),
        (row(version=12), 'row 1, key "version": must be a version such as 12, in quotes, not 12'),
        (
            row(bit="32"),
            'row 1, key "bit": must be 64: CPython and its wheels are built for 64 bit only, in quotes, not "32"',
        ),
        (row(python="3.11.2"), 'row 1, key "python": must be a list such as ["3.11.2"], not "3.11.2"'),
        (row(python=[]), 'row 1, key "python": must be a list such as ["3.11.2"], not []'),
        (row(python=["3.11"]), 'row 1, key "python": must be a list such as ["3.11.2"], not ["3.11"]'),
        (row(image="a b"), 'row 1, key "image": must be a Docker image such as debian:12'),
        (row(image="-v"), 'row 1, key "image": must be a Docker image such as debian:12'),
        (row(arch="x86"), 'row 1, key "arch": must be x86_64 or aarch64, in quotes, not "x86"'),
        (row(engine="podman"), 'row 1, key "engine": must be docker or host, in quotes, not "podman"'),
        (row(interpreter="own"), 'row 1, key "interpreter": must be prebuilt, archive, source or none, in quotes'),
        (row(archive=ARCHIVE), 'row 1, key "archive": goes together with "interpreter": "archive"'),
        (row(interpreter="archive"), 'row 1, key "archive": goes together with "interpreter": "archive"'),
        (row() + row(), 'row 2, key "python": debian-12-x86_64-py3.11.2 is in row 1 already'),
        (row(pyton=["3.11.2"]), 'row 1, key "pyton": is unknown; known are os, version, bit, image, arch'),
    ],
)
def test_a_broken_file_is_refused_naming_line_row_and_key(rows, message):
    text = rows if isinstance(rows, str) else json.dumps(rows)
    with pytest.raises(output.Failure) as failure:
        targets.parse(text, "x86_64")
    assert failure.value.code == 78
    assert message in str(failure.value)


@pytest.mark.parametrize(
    "wanted, chosen",
    [
        ("", ["debian-12-x86_64-py3.11.2", "debian-12-x86_64-py3.11.20", "debian-120-x86_64-py3.11.2"]),
        ("debian-12", ["debian-12-x86_64-py3.11.2", "debian-12-x86_64-py3.11.20"]),
        ("debian-12-x86_64-py3.11.2", ["debian-12-x86_64-py3.11.2"]),
        ("*-py3.11.2", ["debian-12-x86_64-py3.11.2", "debian-120-x86_64-py3.11.2"]),
    ],
)
def test_targets_are_chosen_by_name_beginning_or_pattern(wanted, chosen):
    known = [
        targets.Target("debian", version, "x86_64", python, "")
        for version, python in (("12", "3.11.2"), ("12", "3.11.20"), ("120", "3.11.2"))
    ]
    assert [target.name for target in targets.matching(known, wanted)] == chosen


@pytest.mark.parametrize("wanted", ["debian-1", "py3", "debian-12-x86_64-py3.11", "ubuntu-*"])
def test_an_unknown_target_is_refused_with_the_known_ones(wanted):
    with pytest.raises(output.Failure) as failure:
        targets.matching([targets.Target("debian", "12", "x86_64", "3.11.2", "")], wanted)
    assert failure.value.code == 64
    assert "\n    debian-12-x86_64-py3.11.2" in str(failure.value)


def test_settings_are_read_and_never_evaluated():
    text = "# comment\n\nAPP_NAME='$(id)'\n  HEALTH_PATH='/a\"b`'  \n"
    assert settings.parse(text) == {
        "APP_NAME": ("$(id)", "config.env, line 3"),
        "HEALTH_PATH": ('/a"b`', "config.env, line 4"),
    }


@pytest.mark.parametrize("line", ["APP_NAME=app", 'APP_NAME="app"', "APP_NAME='a'b'", "export A='b'", "A='b' # c"])
def test_a_malformed_setting_is_refused_with_its_line(line):
    with pytest.raises(output.Failure) as failure:
        settings.parse(f"# first\n{line}\n")
    assert failure.value.code == 78
    assert str(failure.value) == "config.env, line 2: write KEY='value', with single quotes"


@pytest.mark.parametrize(
    "change",
    [
        ("APP_NAME='app'", "APP_NAME='App'"),
        ("APP_NAME='app'\n", ""),
        ("app:app", "app:app; id"),
        ("app:app", "app"),
        ("HEALTH_PATH='/'", "HEALTH_PATH='/a b'"),
        ("HEALTH_PATH='/'", "HEALTH_PATH='health'"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(tmp_path, monkeypatch, change):
    (tmp_path / "config.env").write_text(building.SETTINGS.replace(*change))
    monkeypatch.setattr(settings, "PROJECT", tmp_path)
    place = "config.env, line [123]" if change[1] else "config.env"
    with pytest.raises(output.Failure, match=f"{place}: (APP_NAME|APP_MODULE|HEALTH_PATH) is .*: ") as failure:
        settings.read()
    assert failure.value.code == 78


def configure(root, monkeypatch, text):
    (root / "config.env").write_text(building.SETTINGS + text)
    monkeypatch.setattr(settings, "PROJECT", root)


def test_what_is_not_said_has_a_default(tmp_path, monkeypatch):
    configure(tmp_path, monkeypatch, "")
    assert settings.read() == settings.Settings("app", "app:app", "/", "", "", "", "")
    assert settings.read().for_the_box() == {"APP_MODULE": "app:app", "HEALTH_PATH": "/"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("WORKER_CLASS='a b'", "line 4: WORKER_CLASS is 'a b'; wanted: '' or a worker of gunicorn"),
        ("STATIC_URL='/'\nSTATIC_DIR='static'", "line 4: STATIC_URL is '/'"),
        ("STATIC_URL='/s/;}'\nSTATIC_DIR='static'", "line 4: STATIC_URL is '/s/;}'"),
        ("STATIC_URL='/../'\nSTATIC_DIR='static'", "line 4: STATIC_URL is '/../'"),
        ("STATIC_URL='/s/'\nSTATIC_DIR='../static'", "line 5: STATIC_DIR is '../static'"),
        ("STATIC_URL='/s/'\nSTATIC_DIR='a/../..'", "line 5: STATIC_DIR is 'a/../..'"),
        ("STATIC_URL='/s/'\nSTATIC_DIR='/etc'", "line 5: STATIC_DIR is '/etc'"),
        ("STATIC_URL='/s/'\nSTATIC_DIR='instance/up'", "line 5: STATIC_DIR is 'instance/up'"),
        ("STATIC_URL='/s/'", "line 4: STATIC_URL and STATIC_DIR belong together"),
        ("STATIC_DIR='s'", "line 4: STATIC_URL and STATIC_DIR belong together"),
        ("REQUIREMENTS='../a.txt'", "line 4: REQUIREMENTS is '../a.txt'"),
        ("HEALTHPATH='/up'", "line 4: HEALTHPATH is no setting; there are APP_NAME, APP_MODULE, HEALTH_PATH,"),
    ],
)
def test_every_setting_is_refused_with_its_line(tmp_path, monkeypatch, line, message):
    configure(tmp_path, monkeypatch, line + "\n")
    with pytest.raises(output.Failure) as failure:
        settings.read()
    assert (failure.value.code, message in str(failure.value)) == (78, True), str(failure.value)


def test_a_setting_that_stands_there_twice_is_refused(tmp_path, monkeypatch):
    configure(tmp_path, monkeypatch, "HEALTH_PATH='/up'\n")
    with pytest.raises(output.Failure, match="config.env, line 3: HEALTH_PATH stands in line 4 too; remove one"):
        settings.read()


def test_all_that_is_wrong_is_named_at_once(tmp_path, monkeypatch):
    configure(tmp_path, monkeypatch, "STATIC_DIR='/'\nWORKER_CLASS='-'\n")
    with pytest.raises(output.Failure, match="line 5: WORKER_CLASS.*\n    config.env, line 4: STATIC_DIR"):
        settings.read()


def test_the_environment_wins_for_one_call(tmp_path, monkeypatch, capsys):
    configure(tmp_path, monkeypatch, "WORKER_CLASS='gevent'\n")
    monkeypatch.setenv("HEALTH_PATH", "/up")
    monkeypatch.setenv("WORKER_CLASS", "")
    assert settings.read()[2:4] == ("/up", "gevent")
    settings.tell_overridden()
    assert capsys.readouterr().out == "    HEALTH_PATH=/up, from the environment\n"
    monkeypatch.setenv("HEALTH_PATH", "up")
    with pytest.raises(output.Failure, match="the environment: HEALTH_PATH is 'up'"):
        settings.read()
