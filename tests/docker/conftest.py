"""One bundle of each engine, for the tests that look at what is in it."""

import platform
import re
from pathlib import Path

import pytest

from lab.skip import Unavailable
from unpacked import Unpacked

TARGET = "debian-12-x86_64-py3.11.2"


@pytest.fixture(scope="module")
def docker_bundle(project, engine, tmp_path_factory):
    return Unpacked(project.build("1", ENGINE="docker"), tmp_path_factory.mktemp("docker"))


@pytest.fixture(scope="module")
def host_bundle(project, tmp_path_factory):
    system = dict(re.findall(r'^(\w+)="?([^"\n]*)', Path("/etc/os-release").read_text(), re.MULTILINE))
    here = f"{system['ID']}-{system.get('VERSION_ID')}-{platform.machine()}-py3.11.2"
    if here != TARGET:
        raise Unavailable(f"the host engine builds for {here} here, and the test is for {TARGET}")
    return Unpacked(project.build("1host", ENGINE="host"), tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="module", params=["docker", "host"])
def bundle(request):
    return request.getfixturevalue(f"{request.param}_bundle")
