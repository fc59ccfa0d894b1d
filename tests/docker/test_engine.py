"""The lab's own promises about Docker engines and base images."""

import time

import pytest

from lab.engine import base_archive, docker_engine, import_image, require_base_image, start_without_systemd
from lab.skip import Unavailable


def test_the_base_image_runs_and_is_bare(engine):
    tag = require_base_image("debian:12")
    script = "cat /etc/debian_version; command -v python3 gcc curl; true"
    assert engine.containers.run(tag, ["sh", "-c", script], remove=True).decode().startswith("12.")
    assert engine.containers.run(tag, ["sh", "-c", script], remove=True).count(b"\n") == 1


def test_an_image_at_hand_is_at_once_there():
    require_base_image("debian:12")
    begin = time.monotonic()
    assert require_base_image("debian:12") == "debian:12"
    assert time.monotonic() - begin < 2


def test_an_image_that_nobody_has_is_named(engine):
    with pytest.raises(Unavailable, match="offline-flask-has-no-such:1 is not at hand and cannot be pulled"):
        require_base_image("offline-flask-has-no-such:1")


def test_what_debootstrap_makes_becomes_an_image(engine):
    tag = "offline-flask-lab-test:debian-12"
    import_image(engine, base_archive("debian-12"), tag)
    try:
        assert engine.containers.run(tag, "cat /etc/debian_version", remove=True).startswith(b"12.")
        assert engine.images.get(tag).attrs["Config"]["Cmd"] == ["bash"]
    finally:
        engine.images.remove(tag)


def test_a_docker_host_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(Unavailable, match="DOCKER_HOST=unix:///nowhere/docker.sock: No such file or directory"):
        docker_engine()


def test_a_dockerd_that_ends_at_once_says_why(monkeypatch, tmp_path):
    dockerd = tmp_path / "dockerd"
    dockerd.write_text("#!/bin/sh\necho 'iptables: no chain by that name' >&2\nexit 3\n")
    dockerd.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(Unavailable, match="(?s)ended with code 3.*iptables: no chain by that name"):
        start_without_systemd()
