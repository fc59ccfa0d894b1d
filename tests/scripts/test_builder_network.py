"""What is handed from the build host's network settings to networked steps, and what is not."""

import pytest

import building

network = building.part("builder.network")
docker_engine = building.part("builder.docker_engine")


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """Neither settings of the machine that runs the tests, nor a pip.conf of it."""
    for name in (*network.PROXIES, *network.CA_VARIABLES, "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setattr(network, "pip_configuration", dict)


def test_without_settings_nothing_is_handed_in():
    assert network.environment() == {}


def test_indexes_are_handed_in_and_paths_of_this_machine_are_not(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://pypi.example/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "file:///opt/pypi http://more.example/simple /opt/pypi")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "pypi.example")
    monkeypatch.setenv("PIP_FIND_LINKS", "/opt/wheels")
    assert network.environment() == {
        "PIP_INDEX_URL": "https://pypi.example/simple",
        "PIP_EXTRA_INDEX_URL": "http://more.example/simple",
        "PIP_TRUSTED_HOST": "pypi.example",
    }


def test_the_environment_wins_over_pip_conf(monkeypatch):
    configured = {"index-url": "https://conf.example/simple", "trusted-host": "conf.example"}
    monkeypatch.setattr(network, "pip_configuration", lambda: configured)
    monkeypatch.setenv("PIP_INDEX_URL", "https://env.example/simple")
    assert network.environment() == {
        "PIP_INDEX_URL": "https://env.example/simple",
        "PIP_TRUSTED_HOST": "conf.example",
    }


def test_pip_conf_is_read_by_pip_itself(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://one.example/simple\n"
        "extra-index-url = https://two.example/simple\n  https://three.example/simple\n"
        "[download]\nindex-url = https://four.example/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    found = network.pip_environment()
    assert found["PIP_INDEX_URL"] == "https://four.example/simple"
    assert found["PIP_EXTRA_INDEX_URL"] == "https://two.example/simple https://three.example/simple"


def test_proxies_are_handed_in(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert network.environment() == {"https_proxy": "http://proxy.example:3128", "NO_PROXY": "localhost"}


def test_the_ca_bundle_is_the_one_that_the_user_names(monkeypatch, tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "missing.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert [(mount.variable, mount.path, mount.writable) for mount in network.mounts()] == [("PIP_CERT", bundle, False)]


def test_without_any_ca_bundle_nothing_is_mounted(monkeypatch):
    monkeypatch.setattr(network, "CA_FILES", ())
    assert network.mounts() == []


@pytest.mark.parametrize(
    "environment, expected",
    [
        ({"http_proxy": "http://127.0.0.1:3128"}, ["--network", "host"]),
        ({"PIP_INDEX_URL": "http://user:secret@localhost:3141/simple"}, ["--network", "host"]),
        ({"PIP_EXTRA_INDEX_URL": "https://a.example/simple http://[::1]:80/"}, ["--network", "host"]),
        ({"no_proxy": "http://localhost", "http_proxy": "http://proxy.example:1"}, []),
        ({"VERSION": "3.11.2"}, []),
    ],
)
def test_services_of_this_machine_are_reached_through_its_own_network(environment, expected):
    assert docker_engine.network_options(True, environment) == expected
    assert docker_engine.network_options(False, environment) == ["--network", "none"]
