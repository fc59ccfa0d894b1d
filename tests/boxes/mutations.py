"""What breaks a good box, how it is mended, and which checks of make verify are red in between."""

from dataclasses import dataclass

ANCHORED = "the expected values do not come from the box"
INSTALLED = "the release is installed completely"
CURRENT = "the release in service is the bundle's version"
PYTHON = "the release's Python is the bundle's own, in its version"
CLOSED = "the release's Python sees the packages of the release alone"
WHEELS = "every wheel of the bundle is installed in its version"
NO_OTHERS = "no package is installed that the bundle did not bring"
WHEEL_FILES = "every file of every wheel is installed as its RECORD lists it"
NO_OTHER_FILES = "no file was added to the wheels' files"
READ_ONLY = "no file of a wheel can be written"
SUPERVISOR = "supervisor's files are those that were shipped"
CONTENT = "every file has the content that was shipped"
MISSING = "no file is missing"
ADDED = "no file was added"
MODES = "every file has its type, mode and link target"
OWNER = "the release and its interpreter belong to root"
RUNS = "gunicorn runs, from this release and with the bundle's Python"
ACCOUNT = "gunicorn runs as the app's account, never as root"
DIRECTORY = "gunicorn's working directory is this release"
ADDRESS = "the port is open on 127.0.0.1 and on no other address"
HOLDER = "the service manager holds the port open, so that it outlives each release"
NO_OTHER_ADDRESS = "nothing of the release listens where other machines could reach it"
LEFT_OVER = "no process of another release is left"
LOGS = "gunicorn writes to the logs that are there"
HEALTH = "gunicorn answers the health path with 200"
NGINX = "nginx on port 80 answers with the app's page"
NGINX_HEALTH = "nginx on port 80 answers the health path with 200"
BOOT = "the release starts at boot, and no other (systemd)"
NGINX_BOOT = "nginx starts at boot (systemd)"
CRONTAB = "the release starts at boot (crontab)"
WATCH = "a supervisord that was killed is back within a minute (crontab)"
UNITS = "every systemd unit is as shipped, and loaded as it lies there"
NGINX_FILES = "nginx's configuration of the app is as shipped, for the settings of this box"
LOGROTATE = "the rotation of the logs is configured as shipped"
LOGROTATE_LINE = "the logs are rotated every day (crontab)"
APP_ENV = "shared/app.env is the app's account's alone"
DIRECTORIES = "shared, logs and run belong to the app's account, and the app's data is in shared"
STATE = "state, which says what serves and starts, is root's alone"
SPACE = "there is room for the next release"
CLOCK = "the clock agrees with this machine's"
ROOT_MODE = {OWNER, NGINX, NGINX_HEALTH, BOOT, NGINX_BOOT, UNITS, NGINX_FILES, STATE}
USER_MODE = {SUPERVISOR, CRONTAB, WATCH, LOGROTATE_LINE}

RELEASE = "/opt/app/app-v1"
SERVE = f"{RELEASE}/deploy/box/serve.sh"
PACKAGES = f"{RELEASE}/venv/lib/python3*/site-packages"
# The bundle's interpreter: a box has no other
SERVER = "$(echo /opt/app/python-*/bin/python3.*[0-9]) -E -s -B"
SERVES = "for i in $(seq 100); do pgrep -f venv/bin/gunicorn >/dev/null && break; sleep 0.1; done"
STOP = "systemctl stop app.socket app@1.service"
START = f"systemctl start app.socket app@1.service; {SERVES}"
NO_STRANGER = "systemctl stop stranger"
IN_AN_OLD_RELEASE = "--quiet --collect --unit old --uid app --property WorkingDirectory=/opt/app/app-v0"


@dataclass(frozen=True)
class Mutation:
    """Shell lines that break and mend a box, as root, and the checks that are red in between for `login`.

    `full`: another one shows in every run that the check can turn red.
    """

    breaks: str
    mends: str
    red: set
    login: str = "root"
    full: bool = False


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


def stranger(command, address="127.0.0.1:1337"):
    """The line that lets another program listen, as the app's account and in the release's directory."""
    waits = f"for i in $(seq 100); do ss -ltn | grep -q '{address}' && break; sleep 0.1; done"
    options = f"--quiet --collect --unit stranger --uid app --property WorkingDirectory={RELEASE}"
    return f"systemd-run {options} {SERVER} {command}; {waits}"


def answers(status):
    """Options of Python for a server that answers so to everything."""
    answer = f"lambda self: (self.send_response({status}), self.end_headers())"
    handler = f'type("Handler", (BaseHTTPRequestHandler,), {{"do_GET": {answer}}})'
    return f"-c '{SERVES_IT.format(handler)}'"


def nginx_answers(path):
    """The lines that let nginx itself answer one path for the name that verify asks for, and pass it on again."""
    file = "/etc/nginx/conf.d/0.conf"
    rest = "proxy_pass http://127.0.0.1:1337; proxy_set_header Host $host;"
    locations = f"location = {path} {{ return 404; }} location / {{ {rest} }}"
    server = f"server {{ listen 80; server_name localhost; {locations} }}"
    return f"echo '{server}' >{file} && systemctl reload nginx", f"rm {file} && systemctl reload nginx"


def changed(path, expression, after="true"):
    """The lines that change a file with sed and put it back, with a command after each."""
    breaks = f"cp -p {path} /root/kept-file && sed -i '{expression}' {path}; {after}"
    return breaks, f"cp -p /root/kept-file {path}; {after}"


SERVES_IT = 'from http.server import *; HTTPServer(("127.0.0.1", 1337), {}).serve_forever()'
BY_HAND = (
    f"cd {RELEASE} && venv/bin/gunicorn --daemon --bind 127.0.0.1:1337 --config deploy/box/gunicorn.conf.py app:app"
)
STOP_BY_HAND = "while pkill -u app -f venv/bin/gunicorn; do sleep 0.1; done"
# Copied to a file system that has little more room than that.
FULL = """
mkdir -p /mnt/small
mount -t tmpfs -o mode=755,size=$(($(du -sk /opt/app | cut -f 1) + 20480))k small /mnt/small
cp -a /opt/app/. /mnt/small/
mount --bind /mnt/small /opt/app
"""
# Every program of the box that asks date is told so.
LATE = """
cp /usr/bin/date /root/date-of-the-box
printf '%s\\n' '#!/bin/sh' 'exec /root/date-of-the-box -d "1 hour ago" "$@"' >/root/late
chmod 755 /root/late
mount --bind /root/late /usr/bin/date
"""
MUTATIONS = {
    "gunicorn is stopped": Mutation("systemctl stop app@1.service", START, {RUNS}),
    "the port is closed": Mutation(STOP, START, {RUNS, ADDRESS, HEALTH, NGINX, NGINX_HEALTH}),
    "another program answers on the port": Mutation(
        f"{STOP}; {stranger(answers(200))}", f"{NO_STRANGER}; {START}", {RUNS, HOLDER}, full=True
    ),
    "another program refuses on the port": Mutation(
        f"{STOP}; {stranger(answers(501))}", f"{NO_STRANGER}; {START}", {RUNS, HOLDER, HEALTH, NGINX_HEALTH}, full=True
    ),
    "gunicorn was started by hand": Mutation(
        f'{STOP}; su app -c "{BY_HAND}"; {SERVES}', f"{STOP_BY_HAND}; {START}", {HOLDER}
    ),
    "the release listens for other machines": Mutation(
        stranger("-m http.server 8099 --bind 0.0.0.0", "0.0.0.0:8099"), NO_STRANGER, {NO_OTHER_ADDRESS}
    ),
    "a process of an old release lives on": Mutation(
        f"mkdir /opt/app/app-v0 && systemd-run {IN_AN_OLD_RELEASE} {SERVER} -c 'import time; time.sleep(600)'",
        "systemctl stop old; rmdir /opt/app/app-v0",
        {LEFT_OVER},
    ),
    "a log was moved away": Mutation(*moved("/opt/app/logs/access.log"), {LOGS}),
    "another program has the port on another address": Mutation(
        stranger("-m http.server 1337 --bind 127.0.0.2", "127.0.0.2:1337"), NO_STRANGER, {ADDRESS}, full=True
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
        {HEALTH, NGINX_HEALTH},
    ),
    "the login may not see gunicorn": Mutation(
        *moved("/etc/sudoers.d/deploy"), {RUNS, ACCOUNT, DIRECTORY}, login="deploy"
    ),
    "nginx is stopped": Mutation("systemctl stop nginx", "systemctl start nginx", {NGINX, NGINX_HEALTH}, full=True),
    "nginx's site is gone": Mutation(
        f"{moved('/etc/nginx/conf.d/app.conf')[0]}; systemctl reload nginx",
        f"{moved('/etc/nginx/conf.d/app.conf')[1]}; systemctl reload nginx",
        {NGINX, NGINX_HEALTH, NGINX_FILES},
        full=True,
    ),
    "nginx answers the page itself": Mutation(*nginx_answers("/"), {NGINX}),
    "nginx answers the health path itself": Mutation(*nginx_answers("/version"), {NGINX_HEALTH}),
    "nginx's site is edited": Mutation(*edited("/etc/nginx/conf.d/app.conf"), {NGINX_FILES}),
    "nginx does not start at boot": Mutation(
        "systemctl disable --quiet nginx", "systemctl enable --quiet nginx", {NGINX_BOOT}
    ),
    "a release file is edited": Mutation(*edited(f"{RELEASE}/app.py"), {CONTENT}),
    "the list of files is edited": Mutation(*edited(f"{RELEASE}/SHA256SUMS"), {CONTENT}, full=True),
    "the interpreter's library is edited": Mutation(*edited("/opt/app/python-*/lib/python3*/this.py"), {CONTENT}),
    "a release file is gone": Mutation(*moved(f"{RELEASE}/test.py"), {MISSING}),
    "a file was added": Mutation(f"touch {RELEASE}/extra.py", f"rm {RELEASE}/extra.py", {ADDED}),
    "a file is writable": Mutation(f"chmod 666 {RELEASE}/app.py", f"chmod 444 {RELEASE}/app.py", {MODES}),
    "a file is the app's": Mutation(f"chown app {RELEASE}/app.py", f"chown root {RELEASE}/app.py", {OWNER}),
    "BASE is the app's": Mutation("chown app /opt/app", "chown root /opt/app", {OWNER}, full=True),
    "a package is gone": Mutation(*moved(f"{PACKAGES}/click-*.dist-info"), {WHEELS}, full=True),
    "a package has another version": Mutation(
        *changed(f"$(echo {PACKAGES}/click-*.dist-info/METADATA)", "s/^Version: .*/Version: 0.1/"), {WHEELS}
    ),
    "a package was added": Mutation(
        f"cd {PACKAGES} && cp -r click-*.dist-info other-1.dist-info && "
        "sed -i 's/^Name: .*/Name: other/' other-1.dist-info/METADATA",
        f"rm -r {PACKAGES}/other-1.dist-info",
        {NO_OTHERS},
    ),
    "the release's python is another": Mutation(
        f"cd {RELEASE}/venv/bin && mv python /root/kept-python && ln -s /bin/true python",
        f"cd {RELEASE}/venv/bin && mv -T /root/kept-python python",
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
        "systemctl disable --quiet app.socket", "systemctl enable --quiet app.socket", {BOOT}, full=True
    ),
    "another release starts at boot as well": Mutation(
        "ln -s ../app@.service /etc/systemd/system/multi-user.target.wants/app@0.service",
        "rm /etc/systemd/system/multi-user.target.wants/app@0.service",
        {BOOT},
        full=True,
    ),
    "the port is another release's at boot": Mutation(
        *changed("/etc/systemd/system/app.socket.d/current.conf", "s/app@1/app@0/", "systemctl daemon-reload"),
        {BOOT},
        full=True,
    ),
    "a unit is edited": Mutation(
        *changed("/etc/systemd/system/app@.service", "s/^RestartSec=1/RestartSec=9/", "systemctl daemon-reload"),
        {UNITS},
    ),
    "a unit is not reloaded": Mutation(
        "touch /etc/systemd/system/app.socket", "systemctl daemon-reload", {UNITS}, full=True
    ),
    "logrotate's settings are edited": Mutation(*edited("/etc/logrotate.d/app"), {LOGROTATE}),
    "logrotate is gone": Mutation(*moved("/usr/sbin/logrotate"), {LOGROTATE}, full=True),
    "an installed file is edited": Mutation(*edited(f"{PACKAGES}/click/core.py"), {WHEEL_FILES}),
    "an installed file is gone": Mutation(*moved(f"{PACKAGES}/click/core.py"), {WHEEL_FILES}, full=True),
    "gunicorn's script is edited": Mutation(*edited(f"{RELEASE}/venv/bin/gunicorn"), {WHEEL_FILES}),
    "a module was added": Mutation(
        f"cd {PACKAGES} && touch sitecustomize.py && chmod 444 sitecustomize.py",
        f"rm {PACKAGES}/sitecustomize.py",
        {NO_OTHER_FILES},
    ),
    "an installed file is writable": Mutation(
        f"chmod 644 {PACKAGES}/click/core.py", f"chmod 444 {PACKAGES}/click/core.py", {READ_ONLY}
    ),
    "an installed file is the app's": Mutation(
        f"chown app {PACKAGES}/click/core.py", f"chown root {PACKAGES}/click/core.py", {OWNER}, full=True
    ),
    "the system's packages are let in": Mutation(*changed(f"{RELEASE}/venv/pyvenv.cfg", "s/false/true/"), {CLOSED}),
    "app.env can be read": Mutation(
        "chmod 640 /opt/app/shared/app.env", "chmod 600 /opt/app/shared/app.env", {APP_ENV}
    ),
    "app.env is root's": Mutation(
        "chown root /opt/app/shared/app.env", "chown app /opt/app/shared/app.env", {APP_ENV}, full=True
    ),
    "app.env is gone": Mutation(*moved("/opt/app/shared/app.env"), {APP_ENV}, full=True),
    "the logs' directory is root's": Mutation("chown root /opt/app/logs", "chown app /opt/app/logs", {DIRECTORIES}),
    "the data is elsewhere": Mutation(
        f"ln -sfn /tmp {RELEASE}/instance", f"ln -sfn /opt/app/shared/data {RELEASE}/instance", {DIRECTORIES}, full=True
    ),
    "anybody may write to state": Mutation("chmod 777 /opt/app/state", "chmod 755 /opt/app/state", {STATE}),
    "the disk is full": Mutation(FULL, "umount /opt/app && umount /mnt/small", {SPACE}),
    "the clock is late": Mutation(LATE, "umount /usr/bin/date", {CLOCK}),
}
SUPERVISORCTL = "sh current/deploy/box/supervisor/supervisorctl.sh"


def crontab_without(part):
    """The lines that take a line out of the account's crontab, and put it back."""
    return (
        f"crontab -u app -l >/root/kept-crontab; grep -v '{part}' /root/kept-crontab | crontab -u app -",
        "crontab -u app /root/kept-crontab",
    )


MUTATIONS_IN_USER_MODE = {
    "gunicorn is stopped": Mutation(
        f"su - app -c '{SUPERVISORCTL} stop app:slot_1'",
        "su - app -c 'sh current/deploy/activate.sh'",
        {RUNS, HEALTH},
        login="app",
    ),
    # Without cron, which brings it back within the minute.
    "supervisord is stopped": Mutation(
        f"systemctl stop cron; su - app -c '{SUPERVISORCTL} shutdown'; "
        "while pgrep -u app -f venv/bin/gunicorn; do sleep 0.1; done",
        "su - app -c 'sh current/deploy/activate.sh'; systemctl start cron",
        {RUNS, ADDRESS, HEALTH},
        login="app",
    ),
    "a release file is edited": Mutation(*edited("/home/app/app-v1/app.py"), {CONTENT}, login="app"),
    "the line for the start at boot is gone": Mutation(*crontab_without("@reboot"), {CRONTAB}, login="app"),
    "the line for the watch is gone": Mutation(*crontab_without("watch.sh"), {WATCH}, login="app"),
    "the line for logrotate is gone": Mutation(*crontab_without("logrotate"), {LOGROTATE_LINE}, login="app"),
    "supervisor is edited": Mutation(
        *edited("/home/app/supervisor-*/supervisor/options.py"), {SUPERVISOR}, login="app"
    ),
}
