"""How the tests run: in how many processes, and on which examples."""

import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# New examples where people work, the same ones in CI; neither a deadline nor a limit on the time
# that drawing them takes: a slow machine is no failure.
FOR_LONG = [HealthCheck.too_slow]
settings.register_profile("work", deadline=None, suppress_health_check=FOR_LONG)
settings.register_profile("ci", settings.get_profile("work"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "work")


# Files of tests lie in memory where there is plenty: a commit to a disk takes longer than most
# tests. Power cuts and timings want the disk, and whoever names a place gets it.
MEMORY, PLENTY = "/dev/shm", 1 << 30  # noqa: S108  # the names in it are pytest's


def pytest_configure(config: pytest.Config) -> None:
    """Say where temporary files lie, before the first is made."""
    is_named = "TMPDIR" in os.environ or config.option.basetemp is not None
    wants_disk = config.option.markexpr.startswith(("reliability", "benchmark"))
    if is_named or wants_disk or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free > PLENTY:
        tempfile.tempdir = MEMORY


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Use one process for what is printed (``-s``) or timed, and for the tests of one file.

    Otherwise xdist counts the cores.
    """
    is_shown = config.option.capture == "no"
    is_timed = config.option.markexpr == "benchmark"
    is_one_file = len(config.args) == 1 and ".py" in config.args[0]
    return 0 if is_shown or is_timed or is_one_file else None
