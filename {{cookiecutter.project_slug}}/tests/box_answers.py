"""Ask gunicorn and nginx on the box for pages and print the answers as one JSON line.

asking.py sends this text to the box, where the release's own interpreter runs it (Python 2.7 or 3):
a box need not have curl. Arguments: PORT HEALTH_PATH HOST.
"""

import json
import sys

try:
    from http.client import HTTPConnection
except ImportError:  # Python 2
    from httplib import HTTPConnection

TIMEOUT = 10  # seconds
LONGEST_PAGE = 1 << 16  # bytes


def ask(port, path, host="localhost"):
    """The answer to one GET on 127.0.0.1 as a dict: status and page, or error. Redirects are not followed."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        response = connection.getresponse()
        return {"status": response.status, "page": response.read(LONGEST_PAGE).decode("latin-1")}
    except Exception as reason:  # whatever a stranger on the port may cause
        return {"error": type(reason).__name__ + ": " + str(reason)}
    finally:
        connection.close()


def main(port, health_path, host):
    first = ask(port, "/")
    answers = {
        "health": ask(port, health_path),
        "gunicorn": first,
        "gunicorn_again": first if "error" in first else ask(port, "/"),
        "nginx": ask(80, "/", host),
        "nginx_health": ask(80, health_path, host),
    }
    print(json.dumps(answers))


main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
