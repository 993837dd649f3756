"""What processes share: a life that ends with their parent's, and files in which their metrics add up."""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_METRICS_PREFIX = "carousel-metrics-"
_UNLOCKED_SECONDS = 60  # a folder is locked at once after it was made; one that is younger may be about to be

_PR_SET_PDEATHSIG = 1
# Loaded now: between fork and exec nothing may be imported.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def leash(when_parent_dies: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn`: the child leaves the terminal's process group and gets a signal when this process dies.

    The signal comes when the *thread* that started the child ends, so start children from the main thread.
    Systems other than Linux have no such signal; there the next start stops what was left over.
    """
    parent = os.getpid()

    def prepare() -> None:
        os.setsid()  # a terminal's Ctrl-C reaches this process only, which then stops its children in order
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, when_parent_dies, 0, 0, 0)
            if os.getppid() != parent:  # it died before the call
                os._exit(1)

    return prepare


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    if _libc is not None:
        parent = os.getppid()
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


@contextlib.contextmanager
def share_metrics() -> Iterator[Path]:
    """Have several processes behind one port add up their metrics, from zero, in a folder; one of ours goes at the end.

    Enter it before anything imports prometheus_client, which decides on import where it counts.
    """
    given = os.environ.get(METRICS_VARIABLE)
    if given:
        folder = Path(given)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in folder.glob("*.db"):  # of processes that are gone
            file.unlink(missing_ok=True)
        yield folder
        return
    _sweep_metrics()
    folder = Path(tempfile.mkdtemp(prefix=_METRICS_PREFIX))
    os.environ[METRICS_VARIABLE] = str(folder)
    owner, lock = os.getpid(), os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # forked workers hold it, too: the system lets go when the last of them has ended
    try:
        yield folder
    finally:
        if os.getpid() == owner:  # a forked worker may come by here on its way out
            del os.environ[METRICS_VARIABLE]
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _sweep_metrics() -> None:
    """Remove the folders of processes that were killed: those that nobody has locked."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_METRICS_PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, still in use, or just removed by another process
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_mtime < time.time() - _UNLOCKED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
