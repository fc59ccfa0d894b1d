"""How the work on one box ends early."""

# sysexits.h
USAGE, BAD_BUNDLE, UNAVAILABLE, INTERNAL, WRITE_FAILED, CONFIGURATION = 64, 65, 69, 70, 73, 78


class Stopped(Exception):
    """This box gets nothing: an exit code, and a message that says why and what to do."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
