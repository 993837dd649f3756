"""The log of served slates: kept in memory for a second, then written together, so that no request waits for it."""

import asyncio
from collections import deque

from carousel.recommend.repository import SlateRecord, write
from carousel.storage.postgres import Pool
from carousel.telemetry import Repeated, log, slates_lost

_logger = log(__name__)
SECONDS = 1.0
"""How often what waits is written."""
_MOST = 20_000
"""Slates that wait while PostgreSQL is away; the oldest are dropped, and counted."""
_AT_ONCE = 1_000


class SlateLog:
    """Takes what was served and writes it beside the requests."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: deque[SlateRecord] = deque()

    def record(self, slate: SlateRecord) -> None:
        """Take a slate; never waits, never fails."""
        if len(self._waiting) >= _MOST:
            self._waiting.popleft()
            slates_lost.inc()
        self._waiting.append(slate)

    async def run(self) -> None:
        """Write what waits, once a second, for ever."""
        trouble = Repeated(_logger, "slates not written")
        while True:
            await asyncio.sleep(SECONDS)
            try:
                await self.flush()
                trouble.well()
            except Exception as error:  # the database may be away for a while; the slates wait
                trouble.wrong(error, waiting=len(self._waiting))

    async def flush(self) -> None:
        """Write all that waits."""
        while self._waiting:
            some = [self._waiting[i] for i in range(min(_AT_ONCE, len(self._waiting)))]
            async with self._pool.connection() as connection:
                await write(connection, some)
            for slate in some:
                if self._waiting and self._waiting[0] is slate:  # else it was dropped meanwhile
                    self._waiting.popleft()
