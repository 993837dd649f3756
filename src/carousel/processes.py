"""What processes share: a life that ends with their parent's, and files in which their metrics add up."""

import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

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


def share_metrics() -> None:
    """Have several processes behind one port add up their metrics, from zero.

    Call it before anything imports prometheus_client, which decides on import where it counts.
    """
    folder = Path(os.environ.get(METRICS_VARIABLE) or tempfile.mkdtemp(prefix="carousel-metrics-"))
    os.environ[METRICS_VARIABLE] = str(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*.db"):  # of processes that are gone
        file.unlink(missing_ok=True)
