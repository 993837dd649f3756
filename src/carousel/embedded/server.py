"""What the two embedded servers have in common: a command, a folder, and how to tell that they are ready."""

import importlib.util
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from carousel.embedded.account import Account
from carousel.errors import StartError, UnavailableError


class Server(Protocol):
    """One embedded server; the supervisor starts it, restarts it and stops it."""

    name: str
    account: Account
    url: str
    folder: Path
    stop_signal: signal.Signals
    """Asks for a clean and quick stop."""

    def prepare(self) -> None:
        """Make its data folder, and clear the way of what a killed process left."""

    def command(self) -> Sequence[str]: ...

    def answers(self) -> None:
        """Return when it answers.

        :raises UnavailableError: it does not yet.
        """

    def verify(self) -> None:
        """Check, once it answers, that it is as durable as promised.

        :raises StartError: it is not.
        """

    def level(self, line: str) -> tuple[str, str]:
        """Split a line of its log into a level and a message."""


# Leaves room for crash recovery: Postgres replays up to max_wal_size, Valkey its whole append-only file.
READY_SECONDS = 120.0


def wheel_folder(package: str) -> Path:
    """Return where a wheel's files are, without importing it: its own way of running servers is not ours.

    :raises StartError: it is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise StartError(
            f"the package {package} is not installed: install it, or set CAROUSEL_DATABASE_URL and CAROUSEL_VALKEY_URL"
        )
    return Path(found.submodule_search_locations[0])


def wait_until_ready(server: Server, alive: Callable[[], bool], *, timeout: float = READY_SECONDS) -> None:
    """Wait until a server answers, then verify it.

    :raises UnavailableError: it ended, which a restart may mend.
    :raises StartError: it does not answer in time, or is not durable.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            server.answers()
        except UnavailableError as error:
            if not alive():
                raise UnavailableError(f"{server.name} ended while starting") from error
            if time.monotonic() > end:
                raise StartError(f"{server.name} did not answer within {timeout:.0f} s ({error})") from error
            time.sleep(0.02)
        else:
            server.verify()
            return
