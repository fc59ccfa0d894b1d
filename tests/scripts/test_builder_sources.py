"""Where CPython's source comes from: python.org first, then Debian through apt; only the right bytes are kept."""

import hashlib
import threading

import pytest

import building
from website import served

cache = building.part("builder.cache")
debian_source = building.part("builder.debian_source")
output = building.part("builder.output")
sources = building.part("builder.sources")

RIGHT = b"the release"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A directory served over http, that stands in for python.org; the cache is the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    directory = tmp_path / "site"
    directory.mkdir()
    with served(directory, monkeypatch) as address:
        known = {
            "urls": [f"{address}/first/{{version}}.tgz", f"{address}/second/{{version}}.tgz"],
            "debian": {},
            "sha256": {"3.11.2": {"tar.xz": "0" * 64, "tgz": hashlib.sha256(RIGHT).hexdigest()}},
        }
        monkeypatch.setattr(sources, "catalogue", lambda _name: known)
        yield directory


def put(site, name, content):
    (site / name).parent.mkdir(exist_ok=True)
    (site / name).write_bytes(content)


def kept():
    return [path.read_bytes() for path in cache.directory("sources").iterdir()]


def test_the_first_source_with_the_right_bytes_is_taken_and_kept(site):
    put(site, "second/3.11.2.tgz", RIGHT)
    assert sources.tarball("cpython", "3.11.2").read_bytes() == RIGHT
    (site / "second/3.11.2.tgz").unlink()
    assert sources.tarball("cpython", "3.11.2").read_bytes() == RIGHT
    assert kept() == [RIGHT]


def test_wrong_bytes_are_deleted_and_the_next_source_is_tried(site, capsys):
    put(site, "first/3.11.2.tgz", b"a virus scanner's page")
    put(site, "second/3.11.2.tgz", RIGHT)
    assert sources.tarball("cpython", "3.11.2").read_bytes() == RIGHT
    assert "first/3.11.2.tgz: sha256 is not the release's" in capsys.readouterr().out
    assert kept() == [RIGHT]


def test_a_damaged_copy_in_the_cache_is_fetched_again(site):
    put(site, "first/3.11.2.tgz", RIGHT)
    sources.tarball("cpython", "3.11.2").write_bytes(b"damaged")
    assert sources.tarball("cpython", "3.11.2").read_bytes() == RIGHT


def test_where_no_source_answers_each_is_named(site):
    put(site, "first/3.11.2.tgz", b"wrong")
    with pytest.raises(output.Failure) as failure:
        sources.tarball("cpython", "3.11.2")
    assert failure.value.code == 69
    lines = str(failure.value).splitlines()
    assert "fetch it by hand and put it at" in lines[0]
    assert lines[1].endswith("/first/3.11.2.tgz: sha256 is not the release's")
    assert lines[2].endswith("/second/3.11.2.tgz: HTTP Error 404: File not found")
    assert kept() == []


def test_builds_at_the_same_time_both_get_it(site):
    put(site, "first/3.11.2.tgz", RIGHT)
    found = []
    threads = [threading.Thread(target=lambda: found.append(sources.tarball("cpython", "3.11.2"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() for path in found] == [RIGHT] * 4
    assert kept() == [RIGHT]


def test_an_unknown_release_is_refused_with_its_neighbours():
    with pytest.raises(output.Failure) as failure:
        sources.checksums("cpython", "3.11.99")
    assert failure.value.code == 78
    assert "3.11.2," in str(failure.value)


def test_every_release_has_a_checksum_and_debian_s_are_among_them():
    known = sources.catalogue("cpython")
    assert len(known["sha256"]) == 214
    digests = [digest for row in known["sha256"].values() for digest in row.values()]
    assert all(len(digest) == 64 and int(digest, 16) >= 0 for digest in digests)
    assert set(known["debian"]) <= set(known["sha256"])


ONE_LINE = """\
# a comment
deb http://deb.example/debian bookworm main contrib
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] https://mirror.example/debian trixie main
deb http://deb.example/debian bookworm-updates main
deb-src http://deb.example/debian bookworm main
#deb http://commented.example/debian bookworm main
deb https://packages.example/apt cloud-sdk-bookworm main
"""
DEB822 = """\
Types: deb
# inside
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://one.example/debian
  http://two.example/debian
Suites: stable
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBFwj

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
"""


def apt_directory(tmp_path, **files):
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        (tmp_path / name.replace("__", ".d/").replace("_", ".")).write_text(text)
    return tmp_path


def test_source_lines_follow_the_one_line_format(tmp_path):
    directory = apt_directory(tmp_path, sources_list=ONE_LINE)
    assert debian_source.source_lines(directory, "bullseye") == [
        "deb-src http://deb.example/debian bullseye main",
        "deb-src [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] https://mirror.example/debian bullseye main",
    ]


def test_source_lines_follow_the_deb822_format(tmp_path):
    directory = apt_directory(tmp_path)
    (directory / "sources.list.d/debian.sources").write_text(DEB822)
    assert debian_source.source_lines(directory, "trixie") == [
        "deb-src [signed-by=/usr/share/keyrings/debian.gpg] http://deb.example/debian trixie main",
        "deb-src http://one.example/debian trixie main",
        "deb-src http://two.example/debian trixie main",
    ]


def test_a_machine_that_is_not_debian_has_no_source_lines(tmp_path):
    directory = apt_directory(tmp_path, sources_list="deb http://archive.ubuntu.example/ubuntu noble main\n")
    assert debian_source.source_lines(directory, "bookworm") == []


def test_the_pool_has_tarballs_that_no_suite_names_any_more(tmp_path):
    directory = apt_directory(tmp_path, sources_list="deb http://deb.example/debian/ bookworm main\n")
    place = "http://deb.example/debian/pool/main"
    assert [url for url in debian_source.pool_urls(directory, "python3.14", "3.14.7") if place in url] == [
        f"{place}/p/python3.14/python3.14_3.14.7.orig.tar.{kind}" for kind in ("xz", "gz")
    ]
    urls = debian_source.pool_urls(directory, "libffi", "3.3")
    assert f"{place}/libf/libffi/libffi_3.3.orig.tar.gz" in urls


@pytest.mark.skipif(not debian_source.HELPER.exists(), reason="apt is not installed")
def test_a_tarball_comes_out_of_a_pool_through_apt_s_own_downloader(tmp_path, monkeypatch):
    pool = tmp_path / "mirror/pool/main/p/python3.14"
    pool.mkdir(parents=True)
    (pool / "python3.14_3.14.7.orig.tar.gz").write_bytes(b"the source")
    monkeypatch.setattr(debian_source, "archives", lambda _directory: [("", f"file:{tmp_path}/mirror")])
    debian_source.fetch_from_pool("python3.14", "3.14.7", tmp_path / "tarball")
    assert (tmp_path / "tarball").read_bytes() == b"the source"
    with pytest.raises(OSError, match="it is not at file:.*python3.14_3.14.8.orig.tar.xz or "):
        debian_source.fetch_from_pool("python3.14", "3.14.8", tmp_path / "other")
