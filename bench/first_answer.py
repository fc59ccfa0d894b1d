"""Runs in the place without a network: starts a shell script and waits until the app answers as expected.

Usage: python3 first_answer.py SCRIPT PORT TEXT
Prints JSON: seconds from the start of SCRIPT to the first 200 whose body is TEXT; silence, the longest of these without
an answer; memory, the bytes of SCRIPT's largest process. SCRIPT ends before this does.
Exit codes: 0; 1 SCRIPT failed or the app did not answer within PATIENCE_SECONDS.
"""

import json
import resource
import socket
import subprocess
import sys
import time

PATIENCE_SECONDS = 3600
PAUSE_SECONDS = 0.005


def main(script, port, text):
    begin = answered = time.monotonic()
    child = subprocess.Popen(["sh", "-eu", script], stdin=subprocess.DEVNULL)
    silence, found = 0.0, None
    while found != text:
        if time.monotonic() - begin > PATIENCE_SECONDS or child.poll():
            sys.exit(f"error: no answer {text!r}; the last was {found!r}")
        time.sleep(PAUSE_SECONDS)
        found = body(port)
        if found is not None:
            silence, answered = max(silence, time.monotonic() - answered), time.monotonic()
    seconds = time.monotonic() - begin
    if child.wait():
        sys.exit(f"error: {script} failed after the app had answered")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "silence": silence, "memory": memory}))


def body(port):
    """The body of the answer if it is a 200, else None."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError:
        return None
    head, _, content = answer.partition(b"\r\n\r\n")
    return content.decode() if head.split(b" ")[1:2] == [b"200"] else None


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
