"""Is the box itself fit to go on?"""

import datetime

from judgement import require

# Sessions, signatures and certificates bear minutes; Kerberos draws the line here.
MOST_SECONDS_OFF = 300


def test_space(box, bundle):
    """there is room for the next release"""
    # Unpacked once in staging, and as much again for the virtual environment, as in setup.sh.
    need, inodes = bundle.unpacked_bytes // 512, 2 * len(bundle.members)
    free, free_inodes = int(box.free_kib or 0), int(box.free_inodes or inodes)
    require(
        free >= need and free_inodes >= inodes,
        expected=f"{need} KiB and {inodes} inodes free in {box.base}",
        found=f"{free} KiB, {free_inodes} inodes",
        remedy="remove what is not needed; the log files are the first place to look",
    )


def test_clock(box):
    """the clock agrees with this machine's"""
    stands = datetime.datetime.fromtimestamp(int(box.clock), datetime.timezone.utc)
    require(
        abs(box.skew) <= MOST_SECONDS_OFF,
        expected=f"at most {MOST_SECONDS_OFF} seconds from the clock of the machine that verifies",
        found=f"{stands:%Y-%m-%d %H:%M:%S} UTC, {abs(box.skew):.0f} seconds {'ahead' if box.skew > 0 else 'behind'}",
        remedy="set the clock that is wrong: date -s 'YYYY-MM-DD HH:MM'",
    )
