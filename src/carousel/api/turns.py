"""How many pages one process makes at once: more are asked for at times than it can."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carousel.api.errors import from_error
from carousel.errors import UnavailableError
from carousel.telemetry import slates_refused

LONG_SECONDS = 1.0
"""What a page may take: whoever is served is served soon, and nobody waits in vain."""
LEAST, MOST = 8.0, 1_024.0
"""Bounds of how many are under way at once."""
_BUSY = 0.25  # of the limit: from then on the last slate does instead of a new one, if it may still be shown
_STEP = 0.3  # with every page, so by a third at most while all that are under way end
_PAGES = ("/v1/recommendations", "/v1/recommendations/rows")


class Page:
    """One page under way."""

    was_made = False
    """What was refused at once, to somebody without a token say, tells nothing of how long pages take."""


class Turns:
    """The pages under way, and a limit that follows what they take: it falls with each that took too long and rises
    with each that was made in less than half of that. Pages from the cache take next to nothing, so many of them are no
    crowd.
    """

    def __init__(self) -> None:
        self.limit = 128.0
        self._under_way = 0

    @property
    def is_full(self) -> bool:
        return self._under_way >= self.limit

    @property
    def is_busy(self) -> bool:
        return self._under_way >= _BUSY * self.limit

    @contextmanager
    def one(self) -> Iterator["Page"]:
        """Make one page inside."""
        page = Page()
        began = time.perf_counter()
        self._under_way += 1
        try:
            yield page
        finally:
            self._under_way -= 1
            took = time.perf_counter() - began
            if took > LONG_SECONDS:
                self.limit = max(self.limit - _STEP, LEAST)
            elif took < LONG_SECONDS / 2 and page.was_made:
                self.limit = min(self.limit + _STEP, MOST)


class TakeTurns:
    """Refuse pages beyond the limit before they cost anything: twenty refusals are a page's work."""

    def __init__(self, app: ASGIApp, *, turns: Turns) -> None:
        self._app = app
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in _PAGES:
            await self._app(scope, receive, send)
        elif self._turns.is_full:
            slates_refused.inc()
            error = UnavailableError("more pages are asked for than this service can make; retry in a second")
            await from_error(error)(scope, receive, send)
        else:
            with self._turns.one() as page:

                async def send_and_notice(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        page.was_made = message["status"] == 200
                    await send(message)

                await self._app(scope, receive, send_and_notice)
