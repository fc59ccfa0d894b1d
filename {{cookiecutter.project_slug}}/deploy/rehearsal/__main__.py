"""Install a bundle in a clean box without a network, and check it there.

Usage: PYTHON deploy/rehearsal ENGINE MODE BUNDLE REPORT IMAGE ENV_FILE
  ENGINE is auto, docker or host; MODE root, user or empty; REPORT a path without a suffix; IMAGE and ENV_FILE may be
  empty.
Exit codes: see rehearse.sh, which calls this.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from builder.output import Failure, detail  # noqa: E402
from rehearsal import bundle, choice  # noqa: E402
from rehearsal.place import Place  # noqa: E402

# sysexits.h
RED, DATA_ERROR, INTERNAL = 1, 65, 70
MEANINGS = {
    1: "the new release was refused",
    64: "wrong arguments",
    65: "the bundle is damaged, or does not hold what it needs",
    70: "a fault in the scripts",
    73: "a write failed",
    78: "the box lacks something",
}


def main(engine: str, mode: str, tarball: str, report: str, image: str, env_file: str, key: str) -> int:
    """Returns the exit code."""
    rehearsed = bundle.read(Path(tarball))
    settings = Path(env_file).read_bytes() if env_file else b""
    with choice.open_place(engine, mode, rehearsed, image) as place:
        detail(place.what)
        place.refuse_network()
        if settings:
            place.write_app_env(rehearsed, settings)
        status = install(place, rehearsed)
        if status == RED and not settings:
            print("    for the rehearsal, ENV_FILE=FILE brings the settings of shared/app.env", file=sys.stderr)
        return status or check(place, rehearsed, report, key)


def install(place: Place, rehearsed: bundle.Bundle) -> int:
    """Run setup.sh as a person would; returns its exit code, having said what it means."""
    print(f"==> Installing it there in {place.mode} mode", flush=True)
    status = place.setup(rehearsed)
    if status:
        for problem in bundle.wheel_problems(rehearsed):
            print(f"    {problem}", file=sys.stderr)
        meaning = MEANINGS.get(status, "see above")
        print(f"error: on such a box setup.sh ends with {status}, {meaning}, for the reason above", file=sys.stderr)
    return status


def check(place: Place, rehearsed: bundle.Bundle, report: str, key: str) -> int:
    """Run the checks of verify there; returns the exit code."""
    print("==> Checking what serves there", flush=True)
    options = ["-c", "pytest.ini", "--rootdir=.", "--rehearsal", f"--bundle={rehearsed.path}", f"--hosts={place.host}"]
    options += [f"--report={report}.html", f"--junitxml={report}.xml", *([f"--key={key}"] if key else [])]
    command = [*place.enter, sys.executable, "-E", "-s", "-B", "-m", "pytest", *options]
    status = subprocess.run(command, cwd=HERE.parents[1] / "tests", env=place.environment()).returncode
    for suffix in ("html", "xml"):
        detail(f"the report: {report}.{suffix}")
    return status if status in (0, RED, DATA_ERROR) else INTERNAL


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(failure.code)
    except KeyboardInterrupt:
        print("error: interrupted; what was started is put away", file=sys.stderr)
        sys.exit(130)
