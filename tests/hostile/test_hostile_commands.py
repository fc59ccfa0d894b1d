"""activate.sh under arguments and environments that nobody honest gives it.

Whatever comes, it hands over to the release's own interpreter what it knows, word by word, or ends with one of its own
exit codes; it writes nothing.
"""

import re

import building
import texts
from cases import corpus, each, ways
from cell import USERNAME
from handmade import INTERPRETER, RECORDER, Bundle
from judging import base_of, bring, lay, snapshot

HELP = b"activate.sh: put one installed release in service"
INSTALLED = {
    "app-v1/BUNDLE": Bundle().head(),
    "app-v1/deploy/activate.sh": (building.TEMPLATE / "deploy/activate.sh").read_bytes(),
    f"{INTERPRETER}/bin/python3.11": RECORDER,
    "state/complete/1": b"",
    "state/username": f"{USERNAME}\n".encode(),
}
HANDED_OVER = re.compile(
    rb"handed over: -E -s -B (/opt/app|/home/nobody)/app-v1/deploy/release "
    rb"(activate|rollback|restart|stop|status|reopen-logs|uninstall|settle)( --json| --yes| --remove-shared)*"
    rb" --person .* \1 app( [A-Za-z0-9][A-Za-z0-9._-]*)?\n",
    re.DOTALL,
)
# As an operator who has changed to the release calls it.
FROM_THERE = 'cd "$0" && exec "$@"'


@corpus
def test_activate(cell, cases):
    @each(cases, way=ways, arguments=texts.arguments_of_activate, environment=texts.environments)
    def test(way, arguments, environment):
        root, shell = way
        bring(cell, {})
        lay(cell, root, INSTALLED)
        before = snapshot(base_of(cell, root))
        own = {"HOME": f"/home/{USERNAME}"}
        there = f"{'/opt/app' if root else own['HOME']}/app-v1"
        command = ["/bin/sh", "-c", FROM_THERE, there, *shell, "deploy/activate.sh", *arguments]
        # Functions of bash's come with an environment that sudo and ssh drop; setup.sh alone clears them.
        given = {name: value for name, value in environment.items() if "%" not in name}
        result = cell.run(*command, root=root, environment={**given, **own})
        assert result.returncode in (0, 64, 78), result.stderr
        assert cell.written_elsewhere() == []
        assert snapshot(base_of(cell, root)) == before
        if result.returncode == 0 and not result.stdout.startswith(HELP):
            assert HANDED_OVER.fullmatch(result.stdout) or (arguments[:1], result.stdout) == (["--settle"], b"")
