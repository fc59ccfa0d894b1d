"""What nginx gets: a site, a snippet or nothing; and what happens if nginx does not like it, or is not there."""

import pytest

from lab.command import run
from operating import Installation, build, installed

SITE, SNIPPET = "/etc/nginx/conf.d/app.conf", "/etc/nginx/app-offline-flask.snippet"
# As in docs/tls.md of the generated project
TLS = """
server {
    listen 443 ssl;
    server_name app.example;
    ssl_certificate /etc/nginx/app.crt;
    ssl_certificate_key /etc/nginx/app.key;
    include /etc/nginx/app-offline-flask.snippet;
}
"""
FILES = "cd /etc/nginx && find . -type f | sort | xargs sha256sum"


@pytest.fixture(scope="module")
def bundles(project):
    return build(project, "1", "2")


@pytest.fixture(scope="module")
def installation(bundles):
    with installed(bundles, "root", "1") as installation:
        yield installation


def present(installation):
    return installation.ssh(f"ls {SITE} {SNIPPET} 2>/dev/null", check=False).stdout.split()


def test_a_server_name_of_its_own(installation):
    installation.must_deploy("1", SETTINGS="SERVER_NAME=app.example,*.app.example")
    ask = "curl --silent --header 'Host: {}' http://127.0.0.1/version"
    assert installation.ssh(ask.format("app.example")).stdout == "1"
    assert installation.ssh(ask.format("www.app.example")).stdout == "1"
    assert "Welcome to nginx" in installation.ssh(ask.format("other").replace("/version", "/")).stdout
    installation.must_deploy("1", SETTINGS="SERVER_NAME=")
    assert installation.page() == "1"


@pytest.mark.parametrize("breakage", ["test", "reload"])
def test_a_new_site_that_nginx_refuses_is_taken_back(installation, breakage):
    """The site is fine alone: here another has an upstream of its name already, and there nginx cannot be reloaded."""
    if breakage == "test":
        other = "upstream app { server 127.0.0.1:1; }"
        installation.ssh(f"rm {SITE}; echo '{other}' >/etc/nginx/conf.d/zz.conf; nginx -t")
    else:
        installation.ssh("mkdir -p /etc/systemd/system/nginx.service.d")
        drop_in = "[Service]\\nExecReload=\\nExecReload=/bin/false\\n"
        installation.ssh(f"printf '{drop_in}' >/etc/systemd/system/nginx.service.d/test.conf; systemctl daemon-reload")
    before = installation.ssh(FILES).stdout
    result = installation.deploy("2", SETTINGS="SERVER_NAME=app.example")
    after = installation.ssh(FILES).stdout
    installation.ssh("rm -rf /etc/nginx/conf.d/zz.conf /etc/systemd/system/nginx.service.d; systemctl daemon-reload")
    assert (result.returncode, after) == (1, before)
    assert "nginx is as before" in result.stderr and "app-v1 is still in service" in result.stderr
    assert installation.page(port=1337) == "1"
    assert installation.ssh("cat /opt/app/state/settings").stdout == ""
    installation.must_deploy("1")


def test_a_configuration_that_is_broken_already_is_left_alone(installation):
    installation.ssh("echo 'no such directive;' >/etc/nginx/conf.d/other.conf")
    before = installation.ssh(FILES).stdout
    result = installation.deploy("1", SETTINGS="SERVER_NAME=app.example")
    after = installation.ssh(FILES).stdout
    installation.ssh("rm /etc/nginx/conf.d/other.conf")
    assert (result.returncode, after) == (1, before)
    assert "'nginx -t' failed, before anything was changed" in result.stderr and "other.conf:1" in result.stderr
    assert installation.page() == "1"


def test_a_snippet_serves_tls_from_the_operators_own_server(installation, tmp_path):
    result = installation.must_deploy("1", SETTINGS="NGINX=snippet")
    assert f"include {SNIPPET};" in result.stdout
    assert present(installation) == [SNIPPET]
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=app.example"]
    names = ["-addext", "subjectAltName=DNS:app.example"]
    run(*request, *names, "-keyout", tmp_path / "app.key", "-out", tmp_path / "app.crt")
    for name in ("app.key", "app.crt"):
        installation.box.copy_to(tmp_path / name, f"/etc/nginx/{name}")
    installation.ssh("cat >/etc/nginx/conf.d/operator.conf && nginx -t && systemctl reload nginx", input=TLS)
    ask = "curl --silent --cacert /etc/nginx/app.crt --resolve app.example:443:127.0.0.1 https://app.example"
    assert installation.ssh(f"{ask}/version").stdout == "1"
    assert installation.ssh(f"{ask}/scheme").stdout == "https"
    assert "include" not in installation.must_deploy("2", SETTINGS="PORT=8001").stdout
    assert installation.ssh(f"{ask}/version").stdout == "2"
    assert installation.run("deploy/verify.sh", installation.host, "2").returncode == 0
    installation.ssh("rm /etc/nginx/conf.d/operator.conf")


def test_none_leaves_nginx_to_the_operator_and_site_is_the_way_back(installation):
    installation.must_deploy("2", SETTINGS="NGINX=none PORT=")
    assert present(installation) == []
    assert "Welcome to nginx" in installation.page("/", port=80)
    assert installation.page(port=1337) == "2"
    installation.must_deploy("1", SETTINGS="NGINX=site")
    assert (present(installation), installation.page()) == ([SITE], "1")


def test_without_nginx_the_release_is_deployed_with_a_warning_and_later_gets_its_site(bundles, box):
    installation = Installation(bundles, box)
    box.ssh("systemctl stop nginx; mv /usr/sbin/nginx /root; mv /etc/nginx /root/etc-nginx")
    result = installation.must_deploy("1")
    assert "warning: nginx is not installed" in result.stderr
    assert installation.page(port=1337) == "1"
    box.ssh("mv /root/nginx /usr/sbin; mv /root/etc-nginx /etc/nginx")
    installation.must_deploy("1")
    assert installation.page() == "1"
