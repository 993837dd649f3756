"""Wake browsers: one Pub/Sub connection per process, any number of open server-sent-event streams.

Pub/Sub may lose a message; nothing depends on one. A browser that was woken reads the API, and after a lost
connection to Valkey every browser is woken once.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import orjson
from redis.exceptions import RedisError

from carousel.activity.log import LISTINGS_CHANNEL, left_message, shopper_channel
from carousel.storage.valkey import AsyncValkey
from carousel.telemetry import log

_WAITING = 100
"""Messages a slow reader may leave unread before its stream is ended; its browser connects again."""

_logger = log(__name__)
Message = dict[str, object]
Listener = asyncio.Queue[Message | None]


class Hub:
    """Hands each message to the streams that listen for it."""

    def __init__(self, valkey: AsyncValkey) -> None:
        self._valkey = valkey
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._pubsub = valkey.pubsub(ignore_subscribe_messages=True)
        self._connected = False

    @asynccontextmanager
    async def listen(self, shopper_id: str) -> AsyncIterator[Listener]:
        """Open a queue of messages for one browser; None ends it."""
        listener: Listener = asyncio.Queue(_WAITING)
        channels = (shopper_channel(shopper_id), LISTINGS_CHANNEL)
        for channel in channels:
            self._listeners[channel].add(listener)
        await self._subscribe(channels[0])
        try:
            yield listener
        finally:
            for channel in channels:
                self._listeners[channel].discard(listener)
            if not self._listeners[channels[0]]:
                del self._listeners[channels[0]]
                await self._unsubscribe(channels[0])

    async def run(self) -> None:
        """Read Pub/Sub for ever."""
        while True:
            try:
                await self._pubsub.subscribe(LISTINGS_CHANNEL)
                self._connected = True
                await self._pubsub.subscribe(LISTINGS_CHANNEL, *self._listeners)
                self._wake_everyone()
                while True:
                    message = await self._pubsub.get_message(timeout=30)
                    if message is not None:
                        self._deliver(message["channel"].decode(), orjson.loads(message["data"]))
            except (RedisError, OSError) as error:
                self._connected = False
                _logger.warning("live updates interrupted", error=str(error))
                await self._pubsub.aclose()  # type: ignore[no-untyped-call]
                self._pubsub = self._valkey.pubsub(ignore_subscribe_messages=True)
                await asyncio.sleep(1)

    def close(self) -> None:
        """End every stream, so that the process can stop."""
        for listener in {x for listeners in self._listeners.values() for x in listeners}:
            _end(listener)

    async def _subscribe(self, channel: str) -> None:
        # While run() connects it alone uses the connection, and then subscribes to every listener's channel.
        if self._connected:
            with suppress(RedisError, OSError):
                await self._pubsub.subscribe(channel)

    async def _unsubscribe(self, channel: str) -> None:
        if self._connected:
            with suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(channel)

    def _deliver(self, channel: str, body: Message) -> None:
        event = "listing" if channel == LISTINGS_CHANNEL else "taste"
        for listener in tuple(self._listeners.get(channel, ())):
            _put(listener, {"event": event, "data": orjson.dumps(body).decode()})

    def _wake_everyone(self) -> None:
        for channel, listeners in self._listeners.items():
            if channel != LISTINGS_CHANNEL:
                for listener in tuple(listeners):
                    _put(listener, {"event": "taste", "data": "{}"})


def _put(listener: Listener, message: Message) -> None:
    try:
        listener.put_nowait(message)
    except asyncio.QueueFull:
        _end(listener)


def _end(listener: Listener) -> None:
    while not listener.empty():
        listener.get_nowait()
    listener.put_nowait(None)


async def announce(valkey: AsyncValkey, listing_ids: list[str], status: str) -> None:
    """Tell browsers that listings left the market; whoever misses it sees it on the next request."""
    try:
        pipeline = valkey.pipeline(transaction=False)
        for listing_id in listing_ids:
            pipeline.publish(LISTINGS_CHANNEL, left_message(listing_id, status))
        await pipeline.execute()
    except (RedisError, OSError) as error:
        _logger.warning("listing change not announced", error=str(error))
