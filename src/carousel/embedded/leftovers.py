"""Servers that a killed `up` left behind: found by the folder they work in, and stopped."""

import contextlib
import signal
from pathlib import Path

import psutil

from carousel.errors import StartError
from carousel.telemetry import log

_logger = log(__name__)


def stop_leftovers(folder: Path, program: str, politely: signal.Signals) -> None:
    """Stop every process named `program…` whose working folder is `folder`; both servers change to their data's.

    Call it only with the home locked: then no living `up` owns them.

    :raises StartError: one does not even obey SIGKILL.
    """
    found = _working_in(folder, program)
    if not found:
        return
    _logger.warning("stopping servers a killed process left behind", folder=str(folder), count=len(found))
    pids = {process.pid for process in found}
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):  # it may end by itself meanwhile
            if process.ppid() not in pids:
                process.send_signal(politely)
    # Children of a server end with it; those without one (its own parent was killed) end by themselves.
    _, alive = psutil.wait_procs(found, timeout=10)
    for process in alive:
        process.kill()
    _, alive = psutil.wait_procs(alive, timeout=5)
    if alive:
        raise StartError(f"process {alive[0].pid} still uses {folder} and cannot be stopped: end it, then start again")


def _working_in(folder: Path, program: str) -> list[psutil.Process]:
    wanted = str(folder.resolve())
    found = []
    for process in psutil.process_iter():
        try:
            if process.name().startswith(program) and process.cwd() == wanted:
                found.append(process)
        except psutil.Error:
            continue  # gone, or another user's
    return found
