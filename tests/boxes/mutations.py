"""What breaks a good box, how it is mended, and which checks of make verify are red in between."""

from dataclasses import dataclass

INSTALLED = "the release is installed completely"
CURRENT = "the release in service is the bundle's version"
PYTHON = "the release's Python is the bundle's own, in its version"
WHEELS = "every wheel of the bundle is installed in its version"
NO_OTHERS = "no package is installed that the bundle did not bring"
CONTENT = "every file has the content that was shipped"
MISSING = "no file is missing"
ADDED = "no file was added"
MODES = "every file has its type, mode and link target"
OWNER = "the release and its interpreter belong to root"
RUNS = "gunicorn runs, from this release and with the bundle's Python"
ACCOUNT = "gunicorn runs as the app's account, never as root"
DIRECTORY = "gunicorn's working directory is this release"
ADDRESS = "the port is open on 127.0.0.1 and on no other address"
HEALTH = "gunicorn answers the health path with 200"
NGINX = "nginx on port 80 answers with the app's page"
BOOT = "the release starts at boot (systemd)"
CRONTAB = "the release starts at boot (crontab)"

RELEASE = "/opt/app/app-v1"
SERVE = f"{RELEASE}/deploy/box/serve.sh"
PACKAGES = f"{RELEASE}/venv/lib/python3*/site-packages"
# The bundle's interpreter: a box has no other
SERVER = "$(echo /opt/app/python-*/bin/python3.*[0-9]) -E -s -B"
SERVES = "for i in $(seq 100); do pgrep -f venv/bin/gunicorn >/dev/null && break; sleep 0.1; done"
STOP = "systemctl stop app.socket app@1.service"
START = f"systemctl start app.socket app@1.service; {SERVES}"
NO_STRANGER = "systemctl stop stranger"


@dataclass(frozen=True)
class Mutation:
    """Shell lines that break and mend a box, as root, and the checks that are red in between for `login`."""

    breaks: str
    mends: str
    red: set
    login: str = "root"


def moved(path):
    """The lines that take `path` away and bring it back."""
    return f"mkdir -p /root/kept && mv {path} /root/kept/", f"mv /root/kept/* $(dirname {path})/"


def edited(path):
    """The lines that change a file's content, and nothing else of it, and change it back."""
    return f"cp -p {path} /root/kept-file && echo >>{path}", f"cp -p /root/kept-file {path}"


def unit_setting(line):
    """The lines that start gunicorn with another setting of its unit, and with its own again."""
    directory = "/etc/systemd/system/app@1.service.d"
    restart = f"systemctl daemon-reload && systemctl restart app@1.service; {SERVES}"
    return (
        f"mkdir {directory} && printf '%s\\n' '[Service]' {line} >{directory}/test.conf && {restart}",
        f"rm -r {directory} && {restart}",
    )


def stranger(command, address="127.0.0.1"):
    """The line that lets another program listen, as the app's account and in the release's directory."""
    waits = f"for i in $(seq 100); do ss -ltn | grep -q '{address}:1337' && break; sleep 0.1; done"
    options = f"--quiet --collect --unit stranger --uid app --property WorkingDirectory={RELEASE}"
    return f"systemd-run {options} {SERVER} {command}; {waits}"


ANSWERS_501 = 'from http.server import *; HTTPServer(("127.0.0.1", 1337), BaseHTTPRequestHandler).serve_forever()'
MUTATIONS = {
    "gunicorn is stopped": Mutation("systemctl stop app@1.service", START, {RUNS}),
    "the port is closed": Mutation(STOP, START, {RUNS, ADDRESS, HEALTH, NGINX}),
    "another program answers on the port": Mutation(
        f"{STOP}; {stranger('-m http.server 1337 --bind 127.0.0.1')}", f"{NO_STRANGER}; {START}", {RUNS}
    ),
    "another program refuses on the port": Mutation(
        f"{STOP}; {stranger(f'-c {chr(39)}{ANSWERS_501}{chr(39)}')}",
        f"{NO_STRANGER}; {START}",
        {RUNS, HEALTH},
    ),
    "another program has the port on another address": Mutation(
        stranger("-m http.server 1337 --bind 127.0.0.2", "127.0.0.2"), NO_STRANGER, {ADDRESS}
    ),
    # As root gunicorn makes its logs root's; without its capabilities root could not even write the account's.
    "gunicorn runs as root": Mutation(
        unit_setting("User=root 'CapabilityBoundingSet=~'")[0],
        f"chown -R app /opt/app/logs; {unit_setting('')[1]}",
        {ACCOUNT},
    ),
    "gunicorn runs elsewhere": Mutation(
        *unit_setting(f"ExecStart= 'ExecStart=/bin/sh {SERVE} --chdir /tmp --pythonpath {RELEASE}'"),
        {DIRECTORY},
    ),
    "gunicorn answers with errors": Mutation(
        *unit_setting(f"ExecStart= 'ExecStart=/bin/sh {SERVE} --limit-request-line 8'"),
        {HEALTH},
    ),
    "the login may not see gunicorn": Mutation(
        *moved("/etc/sudoers.d/deploy"), {RUNS, ACCOUNT, DIRECTORY}, login="deploy"
    ),
    "nginx is stopped": Mutation("systemctl stop nginx", "systemctl start nginx", {NGINX}),
    "nginx's site is gone": Mutation(
        f"{moved('/etc/nginx/conf.d/app.conf')[0]}; systemctl reload nginx",
        f"{moved('/etc/nginx/conf.d/app.conf')[1]}; systemctl reload nginx",
        {NGINX},
    ),
    "a release file is edited": Mutation(*edited(f"{RELEASE}/app.py"), {CONTENT}),
    "the list of files is edited": Mutation(*edited(f"{RELEASE}/SHA256SUMS"), {CONTENT}),
    "the interpreter's library is edited": Mutation(*edited("/opt/app/python-*/lib/python3*/this.py"), {CONTENT}),
    "a release file is gone": Mutation(*moved(f"{RELEASE}/test.py"), {MISSING}),
    "a file was added": Mutation(f"touch {RELEASE}/extra.py", f"rm {RELEASE}/extra.py", {ADDED}),
    "a file is writable": Mutation(f"chmod 666 {RELEASE}/app.py", f"chmod 444 {RELEASE}/app.py", {MODES}),
    "a file is the app's": Mutation(f"chown app {RELEASE}/app.py", f"chown root {RELEASE}/app.py", {OWNER}),
    "BASE is the app's": Mutation("chown app /opt/app", "chown root /opt/app", {OWNER}),
    "a package is gone": Mutation(*moved(f"{PACKAGES}/click-*.dist-info"), {WHEELS}),
    "a package has another version": Mutation(
        f"cd {PACKAGES}/click-*.dist-info && cp -p METADATA /root/kept-file && chmod u+w METADATA && "
        "sed -i 's/^Version: .*/Version: 0.1/' METADATA",
        f"cp -p /root/kept-file {PACKAGES}/click-*.dist-info/METADATA",
        {WHEELS},
    ),
    "a package was added": Mutation(
        f"cd {PACKAGES} && cp -r click-*.dist-info other-1.dist-info && chmod -R u+w other-1.dist-info && "
        "sed -i 's/^Name: .*/Name: other/' other-1.dist-info/METADATA",
        f"rm -r {PACKAGES}/other-1.dist-info",
        {NO_OTHERS},
    ),
    "the release's python is another": Mutation(
        f"cd {RELEASE}/venv/bin && mv python kept && ln -s /bin/true python",
        f"cd {RELEASE}/venv/bin && mv -T kept python",
        {PYTHON},
    ),
    "current leads elsewhere": Mutation(
        "ln -sfn app-v0 /opt/app/current", "ln -sfn app-v1 /opt/app/current", {CURRENT}
    ),
    "the installation was not completed": Mutation(*moved("/opt/app/state/complete/1"), {INSTALLED}),
    "the service does not start at boot": Mutation(
        "systemctl disable --quiet app@1.service", "systemctl enable --quiet app@1.service", {BOOT}
    ),
    "the socket does not open at boot": Mutation(
        "systemctl disable --quiet app.socket", "systemctl enable --quiet app.socket", {BOOT}
    ),
}
SUPERVISORCTL = "sh current/deploy/box/supervisor/supervisorctl.sh"
MUTATIONS_IN_USER_MODE = {
    "gunicorn is stopped": Mutation(
        f"su - app -c '{SUPERVISORCTL} stop app:slot_1'",
        "su - app -c 'sh current/deploy/activate.sh'",
        {RUNS, HEALTH},
        login="app",
    ),
    "supervisord is stopped": Mutation(
        f"su - app -c '{SUPERVISORCTL} shutdown'; while pgrep -u app -f venv/bin/gunicorn; do sleep 0.1; done",
        "su - app -c 'sh current/deploy/activate.sh'",
        {RUNS, ADDRESS, HEALTH},
        login="app",
    ),
    "a release file is edited": Mutation(*edited("/home/app/app-v1/app.py"), {CONTENT}, login="app"),
    "the crontab is empty": Mutation(
        "crontab -u app -l >/root/kept-crontab; crontab -u app -r",
        "crontab -u app /root/kept-crontab",
        {CRONTAB},
        login="app",
    ),
}
