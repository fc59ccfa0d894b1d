"""Whoever listens on the application's port already. With supervisor: test_supervisor.py."""

from faults import Installation
from lab.command import wait_until


def test_a_stranger_on_the_port_is_named(project, box):
    """FAULTS 21."""
    project.build("1")
    installation = Installation(project, box, "root")
    server = 'server { listen 127.0.0.1:1337; location / { return 200 "hello"; } }'
    (box.root / "etc/stranger.conf").write_text(f"pid /tmp/stranger.pid; events {{}} http {{ {server} }}")
    box.ssh("nginx -c /etc/stranger.conf >/dev/null 2>&1")
    result = installation.deploy("1")
    assert result.returncode == 78, result.stdout + result.stderr
    assert f"port 1337 is held by process {box.ssh('cat /tmp/stranger.pid').stdout.strip()} (nginx" in result.stderr
    assert box.ssh("curl -s http://127.0.0.1:1337/").stdout == "hello"


def test_a_gunicorn_started_by_hand_is_taken_over(project, box):
    """As the article starts it, from a release; the service takes its place."""
    project.build("1")
    installation = Installation(project, box, "root")
    installation.must_deploy("1")
    box.ssh("systemctl stop app.socket 'app*.service' 'app*.socket'; systemctl disable app.socket app@1")
    box.ssh("rm /opt/app/current")
    box.ssh("cd app-v1 && . venv/bin/activate && gunicorn -D -b 127.0.0.1:1337 app:app", user="app")
    assert wait_until(lambda: box.ssh("curl -s http://127.0.0.1:1337/version", check=False).stdout == "1", 20)
    result = installation.deploy("1")
    assert result.returncode == 0, result.stderr
    assert "which was started by hand" in result.stdout
    assert installation.settled() == "1"
