"""A box in user mode, and what its supervisord runs."""

from pathlib import Path


def deploy(project, box, version):
    return project.make("deploy", HOST=f"app@{box.address}", VERSION=version, SSH_CONFIG=box.ssh_config)


def succeed(result):
    assert result.returncode == 0, result.stdout + result.stderr


def activate(box, version):
    return box.ssh(f"sh app-v{version}/deploy/activate.sh {version}", user="app", check=False, timeout=120)


def page(box):
    return box.ssh("curl --silent --max-time 10 http://127.0.0.1:1337/version", user="app", check=False).stdout


def pids(box, pattern):
    return box.ssh(f"pgrep -u app -f '{pattern}'", check=False).stdout.split()


def masters(box):
    """The gunicorn processes whose parent is supervisord."""
    (supervisord,) = pids(box, "run.py supervisord")
    return box.ssh(f"pgrep -P {supervisord} -f venv/bin/gunicorn", check=False).stdout.split()


def network(box):
    """The network namespace of a box, where its loopback can be asked."""
    return Path("/run/netns", box.name)
