"""What processes share: a life that ends with their parent's, and folders that go with them; one is of metrics."""

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
_MEMORY = Path("/dev/shm")  # noqa: S108 - temporary_folder makes what nobody could have made before
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


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, or end it now if that has ended already.

    :param parent: its number, as the parent knew it: who asks too late is told of another one.
    """
    if _libc is not None:
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
    # The files are mapped and have holes: on a full disk whoever counted something new would be killed by SIGBUS.
    place = _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None
    with temporary_folder(_METRICS_PREFIX, place) as folder:
        os.environ[METRICS_VARIABLE] = str(folder)
        owner = os.getpid()
        try:
            yield folder
        finally:
            if os.getpid() == owner:  # a forked worker may come by here on its way out
                del os.environ[METRICS_VARIABLE]


@contextlib.contextmanager
def temporary_folder(prefix: str, place: Path | None = None) -> Iterator[Path]:
    """Make a folder for as long as the block lasts; those of this prefix that killed processes left go first."""
    place = place or Path(tempfile.gettempdir())
    _sweep(place, prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    owner, lock = os.getpid(), os.open(folder, os.O_RDONLY)
    with contextlib.suppress(OSError):  # a network disk may have no such locks: there nobody sweeps either
        fcntl.flock(lock, fcntl.LOCK_EX)  # forked workers hold it, too: the system lets go when the last has ended
    try:
        yield folder
    finally:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _sweep(place: Path, prefix: str) -> None:
    """Remove the folders of processes that were killed: those that nobody has locked."""
    for folder in place.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):  # another user's, still in use, or just removed by another process
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_mtime < time.time() - _UNLOCKED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
