"""Asking a release over its private socket in BASE/run, a directory that the application's account can change.

Root must not be made to speak to another program's socket by a link there: nothing is sent before it is known that the
account itself listens at the other end.
"""

import errno
import socket
import struct

import gate

# Linux, unix(7): the credentials of the one who called listen(2); Python 2's socket module has no name for it.
SO_PEERCRED = getattr(socket, "SO_PEERCRED", 17)
CREDENTIALS = struct.Struct("3i")


class AccountConnection(gate.UnixConnection):
    """HTTP over a unix socket on which the account with the user id `uid` listens."""

    def __init__(self, path, uid):
        gate.UnixConnection.__init__(self, path)
        self._uid = uid

    def connect(self):
        gate.UnixConnection.connect(self)
        credentials = self.sock.getsockopt(socket.SOL_SOCKET, SO_PEERCRED, CREDENTIALS.size)
        if CREDENTIALS.unpack(credentials)[1] != self._uid:
            raise EnvironmentError(errno.EPERM, "another account listens there")
