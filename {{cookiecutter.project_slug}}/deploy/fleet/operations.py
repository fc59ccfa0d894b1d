"""What is done on a box, as pyinfra operations: they yield commands, and the first that fails ends it for that box.

All words in the commands are fixed or checked, so the box's shell finds nothing in them.
"""

from pyinfra.api import FileUploadCommand, StringCommand, operation


@operation(is_idempotent=False)
def upload(files, directory):
    """Upload to a new directory of the login's home, DIRECTORY.part, which nobody else can read.

    What a lost connection left there is never used; whoever deploys a day later removes it.
    """
    yield StringCommand(
        'find "$HOME" -maxdepth 1 -name ".offline-flask.*" -mtime +0 -exec rm -rf {} + ;',
        f'umask 077; mkdir "$HOME/{directory}.part"',
    )
    for file in files:
        yield FileUploadCommand(str(file), f"{directory}.part/{file.name}")


@operation(is_idempotent=False)
def set_up(directory, become, arguments, terminal):
    """Run setup.sh on a whole upload, and remove that afterwards; both go on where the connection is lost."""
    yield StringCommand(
        f"cd && mv {directory}.part {directory} && cd {directory} || exit 73; {become}sh setup.sh {arguments};",
        f"status=$?; cd; rm -rf {directory}; exit $status",
        _get_pty=terminal,
    )
