"""Synchronous work, each kind in threads of its own: what waits for PostgreSQL holds up nothing else."""

import math
from collections.abc import Callable
from typing import TypeVar

import anyio.from_thread
import anyio.to_thread
from anyio import CapacityLimiter, move_on_after

from carousel.errors import UnavailableError

T = TypeVar("T")
BEGIN_SECONDS = 5.0
"""Whoever waits longer for a thread and a connection hears 503, and nothing is done for them."""


class Threads:
    """Threads for one kind of work."""

    def __init__(self, what: str, at_once: int, *, waiting: float = math.inf) -> None:
        """:param waiting: how many more may wait; whoever comes then hears 503 at once."""
        self._what = what
        self._limiter = CapacityLimiter(at_once)
        self._under_way = 0
        self._most = at_once + waiting

    async def run(self, work: Callable[[Callable[[], None]], T]) -> T:
        """Return `work(begin)`, which calls `begin` when it has all it waits for, before it does anything.

        :raises UnavailableError: too many wait, or it has not begun in time.
        """
        if self._under_way >= self._most:
            raise UnavailableError(f"too many {self._what} wait already; retry in a few seconds")
        self._under_way += 1
        is_waited_for = True
        try:
            with move_on_after(BEGIN_SECONDS) as door:

                def begin() -> None:
                    if door.cancel_called or not is_waited_for:
                        raise UnavailableError("nobody waits for this any more")
                    door.deadline = math.inf

                return await anyio.to_thread.run_sync(
                    work, lambda: anyio.from_thread.run_sync(begin), limiter=self._limiter, abandon_on_cancel=True
                )
            raise UnavailableError(f"{self._what} have to wait too long just now; retry")
        finally:
            is_waited_for = False
            self._under_way -= 1
