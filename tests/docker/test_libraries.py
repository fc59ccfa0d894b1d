"""Libraries from source, which only old CentOS asks for: their script compiles them on Debian, as it would there."""

import pytest

import building
from lab.command import run
from lab.engine import require_base_image

choice = building.part("builder.choice")
libraries = building.part("builder.libraries")
targets = building.part("builder.targets")

# Library, version: a file of its headers, its archive, and a function in that.
LIBRARIES = {
    ("libffi", "3.3"): ("ffi.h", "libffi.a", "ffi_call"),
    ("xz", "5.2.5"): ("lzma.h", "liblzma.a", "lzma_code"),
}


@pytest.mark.full
@pytest.mark.parametrize("name, version", LIBRARIES)
def test_it_is_compiled_as_a_static_library_that_extension_modules_can_take_in(engine, name, version):
    require_base_image("debian:11")
    docker = choice.make("docker", targets.Target("debian", "11", "x86_64", "3.9.2"))
    docker.prepare()
    made = libraries.build(docker, name, version)
    header, archive, function = LIBRARIES[name, version]
    assert (made / "include" / header).is_file()
    assert [path.name for path in (made / "lib").iterdir()] == [archive]
    assert f" T {function}\n" in run("nm", made / "lib" / archive).stdout
    assert absolute_relocations(made / "lib" / archive) == []


def absolute_relocations(archive):
    """The sections with a relocation that only an executable can have (x86-64 psABI), those for debuggers apart."""
    found, section = [], ""
    for line in run("readelf", "--relocs", "--wide", archive).stdout.splitlines():
        section = line if line.startswith("Relocation section") else section
        if " R_X86_64_32 " in line and ".rela.debug" not in section:
            found.append(section)
    return found
