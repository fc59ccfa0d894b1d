"""supervisord as the service manager of user mode: no request is lost, and whatever is killed comes back."""

from lab.command import wait_until
from lab.load import Load, OneRequest
from supervised import activate, deploy, masters, network, page, pids, succeed

NGINX_SITE = "server { listen 80; server_name ~.; location / { proxy_pass http://127.0.0.1:1337; } }"


def put_nginx_before(box):
    """What an operator does who has root and keeps the application from it."""
    box.ssh(f"echo '{NGINX_SITE}' >/etc/nginx/conf.d/operator.conf && nginx -t && systemctl reload nginx")
    assert box.wait_for(lambda: box.ssh("curl --silent http://127.0.0.1/version").stdout == page(box))


def test_no_request_is_lost_while_releases_change(bundles, served):
    put_nginx_before(served)
    expected = {"1", "2", "3"}
    direct = {"address": "127.0.0.1", "port": 1337, "namespace": network(served)}
    with Load(served.address, "/version", expected, threads=2) as quiet:
        wait_until(lambda: len(quiet.figures.durations) > 2000, seconds=20)
    with (
        Load(served.address, "/version", expected, threads=2) as through_nginx,
        Load(path="/version", expected=expected, threads=2, **direct) as at_gunicorn,
    ):
        slow = OneRequest(path="/slow", **direct)
        succeed(deploy(bundles, served, "2"))
        succeed(deploy(bundles, served, "3"))
        back = activate(served, "2")
        slow_in_rollback = OneRequest(path="/slow", **direct)
        wait_until(lambda: False, seconds=0.5)
        back_again = activate(served, "1")
    print(f"quiet: {quiet.figures}\nnginx: {through_nginx.figures}\ngunicorn: {at_gunicorn.figures}")
    assert (back.returncode, back_again.returncode) == (0, 0), back.stderr + back_again.stderr
    assert (slow.page(), slow_in_rollback.page()) == ("slow 1", "slow 2")
    for figures in (quiet.figures, through_nginx.figures, at_gunicorn.figures):
        assert figures.failures == []
    assert set(through_nginx.figures.answers) == set(at_gunicorn.figures.answers) == expected
    assert page(served) == "1"
    assert wait_until(lambda: len(masters(served)) == 1, seconds=10)


def test_a_bad_release_is_refused_and_the_old_one_serves(bundles, served):
    before = masters(served)
    with Load("127.0.0.1", "/version", {"1"}, 1337, threads=2, namespace=network(served)) as load:
        result = bundles.run("deploy/ship.sh", f"app@{served.address}", "4", SSH_CONFIG=served.ssh_config)
    assert result.returncode == 1
    assert "broken on purpose" in result.stderr
    assert "app-v1 is still in service" in result.stderr
    assert load.figures.failures == []
    assert masters(served) == before


def test_a_first_release_that_is_refused_leaves_nothing_running(bundles, box):
    assert deploy(bundles, box, "4").returncode != 0
    assert pids(box, ".") == []
    succeed(deploy(bundles, box, "1"))


def start_by_hand(served):
    """As the article starts it; the release in service is first taken out of the way, and its crontab."""
    served.ssh("crontab -r", user="app")
    served.ssh("pkill -u app -f 'run.py supervisord'")
    assert wait_until(lambda: pids(served, ".") == [], seconds=40)
    served.ssh("cd app-v1 && . venv/bin/activate && gunicorn -D -b 127.0.0.1:1337 app:app", user="app")
    assert wait_until(lambda: page(served) == "1", seconds=10)


def test_a_gunicorn_started_by_hand_is_taken_over(bundles, served):
    start_by_hand(served)
    with Load("127.0.0.1", "/version", {"1", "2"}, 1337, threads=2, namespace=network(served)) as load:
        result = deploy(bundles, served, "2")
    succeed(result)
    assert "taking over from gunicorn process" in result.stdout
    print(load.figures)
    assert page(served) == "2"
    assert pids(served, "gunicorn -D") == []


def test_a_gunicorn_started_by_hand_is_back_if_the_release_is_refused(bundles, served):
    start_by_hand(served)
    assert deploy(bundles, served, "4").returncode != 0
    assert page(served) == "1"


def test_a_stranger_on_the_port_is_named_and_nothing_is_changed(bundles, box):
    stranger = "nohup $(echo /usr/bin/perl) -MIO::Socket::INET -e "
    box.ssh(
        f"{stranger}'$s=IO::Socket::INET->new(Listen=>5,LocalAddr=>\"127.0.0.1:1337\",ReuseAddr=>1);sleep 600' "
        ">/dev/null 2>&1 &",
        user="app",
    )
    assert box.wait_for(lambda: ":1337 " in box.ssh("ss -ltn").stdout)
    result = bundles.run("deploy/ship.sh", f"app@{box.address}", "1", SSH_CONFIG=box.ssh_config)
    assert result.returncode == 78
    assert "port 1337 is held by process" in result.stderr
    assert pids(box, "supervisord") == []


def test_it_comes_back_after_a_reboot_and_other_crontab_lines_stay(bundles, box):
    box.ssh("echo '0 4 * * * true' | crontab -", user="app")
    succeed(deploy(bundles, box, "1"))
    succeed(deploy(bundles, box, "2"))
    lines = box.ssh("crontab -l", user="app").stdout.splitlines()
    assert lines[0] == "0 4 * * * true"
    assert [line.split()[0] for line in lines[1:]] == ["@reboot", "*", "17"], lines
    box.reboot()
    assert wait_until(lambda: page(box) == "2", seconds=30)
    assert len(masters(box)) == 1


def test_a_box_without_cron_is_told_what_to_do(bundles, box):
    box.ssh("mv /usr/bin/crontab /usr/bin/crontab.away")
    result = deploy(bundles, box, "1")
    succeed(result)
    assert "have this run in another way: @reboot sh /home/app/current/deploy/activate.sh" in result.stderr


def test_the_lock_is_free_and_no_file_of_the_deployment_is_left_open(served):
    served.ssh("flock -n /home/app/state/lock true", user="app")
    open_files = served.ssh("ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c -e state/lock$ || true").stdout
    assert open_files.strip() == "0"


def test_no_network_listener_but_the_public_port(served):
    listening = served.ssh("ss -H -ltnp").stdout
    assert [line for line in listening.splitlines() if "python" in line or "gunicorn" in line] == [
        line for line in listening.splitlines() if "127.0.0.1:1337" in line
    ]
    assert served.ssh("stat -c %a state/supervisor state/supervisor/control.sock", "app").stdout == "700\n700\n"
