"""An errand that is stopped in the middle may tidy up; one that does not end is made to."""

import asyncio
import sys
import time
from pathlib import Path

import psutil

from carousel.embedded import errands

TIDY = """
import signal, sys, time
from pathlib import Path
def tidy(*_):
    Path(sys.argv[1]).unlink()
    sys.exit()
signal.signal(signal.SIGTERM, tidy)
Path(sys.argv[1]).write_text("1")
time.sleep(60)
"""
STUBBORN = """
import signal, subprocess, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
Path(sys.argv[1]).write_text(str(own.pid))
time.sleep(60)
"""


def stopped(code: str, file: Path) -> float:
    """Stop an errand once its file is there; return how many seconds that took."""

    def wait_for_it() -> None:
        while not file.exists() or not file.read_text():
            time.sleep(0.02)

    async def run() -> float:
        errand = asyncio.create_task(errands.run_errand("it", [sys.executable, "-c", code, str(file)], {}))
        await asyncio.wait_for(asyncio.to_thread(wait_for_it), 10)
        began = time.monotonic()
        errand.cancel()
        await asyncio.wait([errand])
        return time.monotonic() - began

    return asyncio.run(run())


def test_it_removes_its_temporary_files(tmp_path: Path) -> None:
    assert stopped(TIDY, tmp_path / "temporary") < errands.STOP_SECONDS
    assert not (tmp_path / "temporary").exists()


def test_one_that_does_not_end_is_killed_with_what_it_started(tmp_path: Path) -> None:
    assert errands.STOP_SECONDS <= stopped(STUBBORN, tmp_path / "pid") < errands.STOP_SECONDS + 1
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
