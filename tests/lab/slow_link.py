"""An ssh ProxyCommand that is a slow line: what goes to the server is held back.

Usage: python slow_link.py HOST PORT BYTES_PER_SECOND
"""

import os
import socket
import sys
import threading
import time

CHUNK = 16 * 1024


def main(host: str, port: str, rate: str) -> None:
    """Pass both directions on until one of them ends."""
    server = socket.create_connection((host, int(port)))
    threading.Thread(target=copy_back, args=(server,), daemon=True).start()
    while data := os.read(0, CHUNK):
        server.sendall(data)
        time.sleep(len(data) / int(rate))


def copy_back(server: socket.socket) -> None:
    """What the server says, at full speed; its end is ours."""
    while data := server.recv(CHUNK):
        os.write(1, data)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
