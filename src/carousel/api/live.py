"""Wake browsers: one Pub/Sub connection per process, any number of open server-sent-event streams.

Pub/Sub may lose a message; nothing depends on one. A browser that was woken reads the API, and after a lost
connection to Valkey every browser is woken once.
"""

import asyncio
import math
import os
import random
import socket
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio.to_thread
import orjson
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from carousel.activity.log import ERASED_MESSAGE, LISTINGS_CHANNEL, left_message, shopper_channel
from carousel.api.tokens import Shopper
from carousel.storage.valkey import AsyncValkey
from carousel.telemetry import log

_WAITING = 1_000
"""Messages that wait for one page; when there are more, one that makes it ask again takes the place of all."""
_CONFIRM_SECONDS = 0.5  # a subscription takes a millisecond
_QUIET_SECONDS = 10.0
"""After so long without a word Valkey is asked for one; after twice that the connection counts as lost."""
_HEARTBEAT_SECONDS = 20.0
_SEND_SECONDS = 20.0
"""A browser that takes nothing for so long, its connection's buffers full, is let go; it connects again."""
_RETRY_MS = (1_000, 3_000)
"""Until a browser connects again; not all of them at once, when a process ends."""

_logger = log(__name__)
Listener = asyncio.Queue[bytes | None]


class Hub:
    """Hands each message to the streams that listen for it.

    Only `run` speaks to Valkey: opening and closing a stream says what is wanted, and one command subscribes to all
    that became wanted meanwhile. So a stream that is cancelled has nothing to wait for and leaves nothing behind.
    """

    def __init__(self, valkey: AsyncValkey) -> None:
        self._valkey = valkey
        self._listeners: dict[str, set[Listener]] = {}
        self._confirmed: dict[str, asyncio.Event] = {}  # of every channel asked for on the present connection
        self._changed = asyncio.Event()
        self._connected = False
        self._closed = False

    @asynccontextmanager
    async def listen(self, shopper_id: str) -> AsyncIterator[Listener]:
        """Open a queue of messages for one browser; None ends it."""
        listener: Listener = asyncio.Queue(_WAITING)
        if self._closed:
            _replace(listener, None)
        channels = (shopper_channel(shopper_id), LISTINGS_CHANNEL)
        for channel in channels:
            self._listeners.setdefault(channel, set()).add(listener)
        self._changed.set()
        try:
            await self._subscribed(channels[0])
            yield listener
        finally:
            for channel in channels:
                self._listeners[channel].discard(listener)
                if not self._listeners[channel]:
                    del self._listeners[channel]
            self._changed.set()

    async def _subscribed(self, channel: str) -> None:
        """Wait until nothing published from now on is missed; without Valkey that is when everybody is woken."""
        if self._connected:
            confirmed = self._confirmed.setdefault(channel, asyncio.Event())
            with suppress(TimeoutError):
                await asyncio.wait_for(confirmed.wait(), _CONFIRM_SECONDS)

    async def run(self) -> None:
        """Read Pub/Sub for ever."""
        while True:
            pubsub = self._valkey.pubsub()
            try:
                asked = {LISTINGS_CHANNEL, *self._listeners}
                await pubsub.subscribe(*asked)
                self._connected = True
                keeping = asyncio.ensure_future(self._keep_subscribed(pubsub, asked))
                try:
                    await self._read(pubsub, keeping)
                finally:
                    keeping.cancel()
            except (RedisError, OSError) as error:
                _logger.warning("live updates interrupted", error=str(error))
            finally:
                self._connected = False
                for confirmed in self._confirmed.values():
                    confirmed.set()
                self._confirmed = {}
                await pubsub.aclose()  # type: ignore[no-untyped-call]
            await asyncio.sleep(1)

    async def _read(self, pubsub: PubSub, keeping: "asyncio.Future[None]") -> None:
        asked = False
        while not keeping.done():
            message = await pubsub.get_message(timeout=_QUIET_SECONDS)
            if message is None:
                if asked:
                    raise RedisConnectionError(f"Valkey has not answered for {_QUIET_SECONDS:g} s")
                await pubsub.ping()
                asked = True
                continue
            asked = False
            channel = (message["channel"] or b"").decode()
            if message["type"] == "subscribe":
                if channel == LISTINGS_CHANNEL:  # a new connection, which redis-py may have made by itself
                    self._wake_everyone()
                elif confirmed := self._confirmed.get(channel):
                    confirmed.set()
            elif message["type"] == "message":
                self._deliver(channel, message["data"])
        keeping.result()

    async def _keep_subscribed(self, pubsub: PubSub, asked: set[str]) -> None:
        """Subscribe to what streams listen for, and to nothing else."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            wanted = {LISTINGS_CHANNEL, *self._listeners}
            for channel in self._confirmed.keys() - wanted:
                del self._confirmed[channel]
            if gone := asked - wanted:
                await pubsub.unsubscribe(*gone)
            if new := wanted - asked:
                for channel in new:
                    self._confirmed.setdefault(channel, asyncio.Event())
                await pubsub.subscribe(*new)
            asked = wanted

    def close(self) -> None:
        """End every stream, so that the process can stop."""
        self._closed = True
        for listener in {x for listeners in self._listeners.values() for x in listeners}:
            _replace(listener, None)

    def _deliver(self, channel: str, data: bytes) -> None:
        try:
            message = _left(data) if channel == LISTINGS_CHANNEL else _changed(data)
        except (ValueError, TypeError, KeyError):
            _logger.warning("a live message cannot be read", channel=channel.partition(":")[0])
            return
        for listener in self._listeners.get(channel, ()):
            _put(listener, message)
            if data == ERASED_MESSAGE:
                _put(listener, None)

    def _wake_everyone(self) -> None:
        for channel, listeners in self._listeners.items():
            if channel != LISTINGS_CHANNEL:
                for listener in listeners:
                    _put(listener, _WAKE)


class LiveResponse(Response):
    """The open response of one page: one task that writes, one that notices when the browser is gone.

    The stream ends with the shopper's token, when they are erased, and when one write takes too long: nobody reads.
    """

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, shopper: Shopper) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._shopper_id = shopper.shopper_id
        self._expires_at = math.inf if shopper.expires_at is None else shopper.expires_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        writing = asyncio.ensure_future(self._write(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writing.cancel()
            leaving.cancel()
            ended, _ = await asyncio.gather(writing, leaving, return_exceptions=True)
        if isinstance(ended, TimeoutError) and scope.get("client") and scope.get("server"):
            (host, port), (_, own_port) = scope["client"], scope["server"]  # Granian gives ports as text
            await anyio.to_thread.run_sync(_hang_up, (host, int(port)), int(own_port))
            _logger.info("a live page that does not read was let go")

    async def _write(self, send: Send) -> None:
        async with self._hub.listen(self._shopper_id) as listener:
            message: bytes | None = b"retry: %d\n: connected\n\n" % random.randint(*_RETRY_MS)  # noqa: S311 - no secret
            while message is not None:
                async with asyncio.timeout(_SEND_SECONDS):
                    await send({"type": "http.response.body", "body": message, "more_body": True})
                message = await self._next(listener)
        async with asyncio.timeout(_SEND_SECONDS):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, listener: Listener) -> bytes | None:
        try:
            async with asyncio.timeout(min(_HEARTBEAT_SECONDS, self._expires_at - time.time())):
                return await listener.get()
        except TimeoutError:
            return b": ping\n\n" if time.time() < self._expires_at else None


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _message(event: bytes, data: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event, orjson.dumps(data))  # one line, whatever it is


_WAKE = _message(b"taste", {})


def _changed(data: bytes) -> bytes:
    return _WAKE if data == ERASED_MESSAGE else _message(b"taste", orjson.loads(data))


def _left(data: bytes) -> bytes:
    """Return an event for each listing, or what makes a page ask for all it shows."""
    said = orjson.loads(data)
    status = said["status"]
    events = (_message(b"listing", {"listing_id": i, "status": status}) for i in said["listing_ids"])
    return b"".join(events) or _WAKE


def _hang_up(peer: tuple[str, int], port: int) -> None:
    """Shut our port's connection to a peer that does not read.

    Granian holds what it could not write for as long as the peer keeps the connection, and offers no way to close it.
    """
    for descriptor in map(int, os.listdir("/dev/fd")):  # noqa: PTH208 - only names are needed
        with suppress(OSError):  # it was closed meanwhile, or is not connected
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
            with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as connection:
                if connection.getpeername()[:2] == peer and connection.getsockname()[1] == port:
                    connection.shutdown(socket.SHUT_RDWR)
                    return


def _put(listener: Listener, message: bytes | None) -> None:
    if listener.full():
        _replace(listener, _WAKE)
    listener.put_nowait(message)


def _replace(listener: Listener, message: bytes | None) -> None:
    """Put one message in the place of all that wait."""
    while not listener.empty():
        listener.get_nowait()
    listener.put_nowait(message)


async def announce(valkey: AsyncValkey, listing_ids: list[str], status: str) -> None:
    """Tell browsers that listings left the market; whoever misses it sees it on the next request."""
    try:
        await valkey.publish(LISTINGS_CHANNEL, left_message(listing_ids, status))
    except (RedisError, OSError) as error:
        _logger.warning("listing change not announced", error=str(error))
