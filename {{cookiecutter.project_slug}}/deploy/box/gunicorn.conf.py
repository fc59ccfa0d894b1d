"""gunicorn's settings on the box; read from the release, so they change with it.

The lines of BASE/shared/app.env become the application's environment. WORKERS and THREADS are settings of the box
(BASE/state/settings), which setup.sh has checked. WORKER_CLASS is the project's: BUNDLE has it.
"""

import gc
import importlib
import os
import re
import socket
import sys


def read_settings(path):
    """The KEY=value lines of a file as a dict, empty if there is none. Nothing in it is evaluated, nor decoded."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except IOError:
        return {}
    # As release/native.py does it: what no locale decodes gets into the environment as it stands.
    lines = [line.strip() for line in re.split("\r\n|\r|\n", text if python2 else os.fsdecode(text))]
    wanted = [line for line in lines if "=" in line and "\0" not in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in wanted)


def import_shared(module):
    """Import before the workers start what takes most of their start, and is the same in each.

    The application itself each worker imports alone: it may open what cannot be shared. What is imported here stays, so
    nothing of it need be looked through for garbage: not meanwhile, nor by each worker at its end (Python, gc.freeze).
    """
    gc.disable()
    try:
        importlib.import_module(module)
    except Exception:  # an application without it, or one whose workers will say what is wrong
        pass
    if hasattr(gc, "freeze"):  # Python 3.7
        gc.freeze()
    gc.enable()


def answer_all_that_is_accepted(worker):
    """Before its threads end, answer on each open connection: gunicorn 21 to 23 drop what they have not begun to read.

    They accept in one round of their loop and read in the next, and SIGTERM may come in between.
    """
    shut_down = worker.tpool.shutdown

    def answer_and_shut_down(*arguments, **options):
        for listener in worker.sockets:
            worker.poller.unregister(listener)
        events = True
        while events and worker.poller.get_map():
            events = worker.poller.select(LAST_REQUEST_SECONDS)
            for key, _ in events:
                key.data(key.fileobj)
        shut_down(*arguments, **options)

    worker.tpool.shutdown = answer_and_shut_down


# For a request that is on its way; a connection that is only kept open ends with it.
LAST_REQUEST_SECONDS = 0.5
python2 = sys.version_info[0] == 2
release = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
base = os.path.dirname(release)
settings = read_settings(os.path.join(base, "state", "settings"))
worker_class = read_settings(os.path.join(release, "BUNDLE")).get("WORKER_CLASS", "sync")
if worker_class in ("sync", "gthread"):  # others replace parts of Python's library before anything else is imported
    import_shared("flask")
raw_env = ["%s=%s" % pair for pair in read_settings(os.path.join(base, "shared", "app.env")).items()]

chdir = release
workers = int(settings.get("WORKERS", min(2 * os.sysconf("SC_NPROCESSORS_ONLN") + 1, 9)))
threads = int(settings.get("THREADS", 1 if python2 else 4))
# A worker's heartbeat is a file that must not wait for a disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
timeout = 60
graceful_timeout = 30
keepalive = 5
accesslog = os.path.join(base, "logs", "access.log")
errorlog = os.path.join(base, "logs", "error.log")
capture_output = True


def post_fork(server, worker):
    """Several workers write to one log: what the application prints goes there whole lines at a time."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
        else:
            setattr(sys, name, os.fdopen(stream.fileno(), "w", 1))


def post_worker_init(worker):
    """Open the logs again: an application that configures logging (Django) has closed them until their next line."""
    for handler in worker.log.access_log.handlers + worker.log.error_log.handlers:
        if getattr(handler, "stream", worker) is None:
            handler.stream = handler._open()
    if hasattr(worker, "tpool") and hasattr(worker, "_keep"):  # threads, before gunicorn 24
        answer_all_that_is_accepted(worker)


# gunicorn 19.7 asks for it on unix sockets too, which newer kernels refuse with an error that it does not expect.
if python2 and hasattr(socket, "SO_REUSEPORT"):
    del socket.SO_REUSEPORT
# gunicorn 26 and later would open a control socket below the home directory.
control_socket_disable = True
