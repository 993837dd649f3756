"""The durable log of events: Valkey Streams `activity:0` … `activity:N-1`, one field `e`.

One shopper is always in one stream, so the order of what they did is kept.
"""

import asyncio
import hashlib
import secrets
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import orjson
from redis.exceptions import NoScriptError, RedisError

from carousel.activity.events import Event, encode
from carousel.errors import AccessError, UnavailableError
from carousel.storage.valkey import AsyncValkey

FIELD = b"e"
LISTINGS_CHANNEL = "listings"
"""Pub/Sub channel that says which listings left the market."""
_NAMED = 500
"""Listings that a page is told of one by one; after more have left at once it had better ask for all it shows."""
ERASED_MESSAGE = b'{"erased":true}'
"""What a shopper's channel says when they were erased: their pages are closed."""
ERASED_KNOWN = "erased:known"
"""Key that says that the marks of who was erased are there; a log that came back empty has lost it with them."""
SEEN_SECONDS = 7 * 86_400  # after that the archive's primary key still drops a doubled event
HIDDEN_SECONDS = 86_400  # the taste has it long before
ERASED = "this session was erased; POST /v1/session starts a new one"
# A caller hears that the log is away within a second; an append takes under 2 ms, 1,000 events 15 ms.
APPEND_SECONDS = 0.9

# For each event four KEYS (seen, stream, hidden, erased) and five ARGV (payload, listing, hidden flag, when its token
# was made, when it happened), after the request's token and the two lifetimes. A token of before an erasure is refused,
# and what happened before is dropped. The entry is added before it is marked as seen: if adding fails, a retry adds it.
# The mark holds the request's token and place, so that the same request sent again by the client library after a lost
# answer hears "new" again, and the same event twice in one request is one new and one duplicate.
_APPEND = """
local fresh = {}
for i = 1, #KEYS / 4 do
  local seen, stream, hidden, erased = KEYS[4 * i - 3], KEYS[4 * i - 2], KEYS[4 * i - 1], KEYS[4 * i]
  local payload, listing, flag, issued, happened = unpack(ARGV, 5 * i - 1, 5 * i + 3)
  local mark = ARGV[1] .. i
  local before = redis.call('GET', seen)
  local erased_at = tonumber(redis.call('GET', erased) or '-1')
  if erased_at >= tonumber(issued) then
    fresh[i] = -1
  elseif erased_at >= tonumber(happened) then
    fresh[i] = 0
  elseif before then
    fresh[i] = before == mark and 1 or 0
  else
    redis.call('XADD', stream, '*', 'e', payload)
    redis.call('SET', seen, mark, 'EX', ARGV[2])
    if flag ~= '' then
      redis.call('HSET', hidden, listing, flag)
      redis.call('EXPIRE', hidden, ARGV[3])
    end
    fresh[i] = 1
  end
end
return fresh
"""
# KEYS: what a visit hid and said, and the account's; ARGV: the lifetime. In one step, so that an erasure of both either
# finds what was copied or leaves nothing to copy.
_TAKE_OVER = """
local marks = redis.call('HGETALL', KEYS[1])
for i = 1, #marks, 2 do
  if marks[i + 1] == '1' then
    redis.call('HSETNX', KEYS[3], marks[i], '1')
    redis.call('EXPIRE', KEYS[3], ARGV[1])
  end
end
local said = redis.call('GET', KEYS[2])
if said then
  redis.call('SET', KEYS[4], '0' .. string.sub(said, string.find(said, ' ', 1, true), -1), 'NX', 'EX', ARGV[1])
end
"""
_APPEND_SHA = hashlib.sha1(_APPEND.encode(), usedforsecurity=False).hexdigest()


def partition(shopper_id: str, n: int) -> int:
    """Return which of `n` streams holds everything one shopper does."""
    return zlib.crc32(shopper_id.encode()) % n


def stream_key(number: int) -> str:
    return f"activity:{number}"


def stream_keys(partitions: int) -> list[str]:
    return [stream_key(number) for number in range(partitions)]


def seen_key(event_id: str) -> bytes:
    """Name the mark of an event that was appended, in 21 bytes: there is one for each event of a week."""
    return b"seen:" + bytes.fromhex(event_id.replace("-", ""))


def shopper_hash(shopper_id: str) -> bytes:
    """Return the digest an erasure keeps instead of an id; it does not tell who it is."""
    return sha256(shopper_id.encode()).digest()


def erased_key(digest: bytes) -> str:
    """Name what says when a shopper was erased, in ms since the epoch; SHA-256 of their id does not tell who it is."""
    return f"erased:{digest.hex()[:32]}"


def erasing_key(digest: bytes) -> str:
    """Name what says from which moment of the log on an erasure under way removes entries, in ms since the epoch."""
    return f"erasing:{digest.hex()[:32]}"


def hidden_key(shopper_id: str) -> str:
    """Name the hash {listing_id: 1 hidden, 0 shown again} of what the taste may not know yet."""
    return f"hidden:{shopper_id}"


def hidden_in(marks: Mapping[bytes, bytes]) -> dict[str, bool]:
    """Read that hash: which listings were hidden (True) or shown again (False)."""
    return {listing_id.decode(): mark == b"1" for listing_id, mark in marks.items()}


def stated_key(shopper_id: str) -> str:
    """Name the key of the last `state` event, after the version it makes of the taste, 0 for a visit's that an account
    took over: what was said counts before the dataflow has applied it."""
    return f"stated:{shopper_id}"


def shopper_channel(shopper_id: str) -> str:
    """Name the channel that wakes a shopper's browsers."""
    return f"shopper:{shopper_id}"


def left_message(listing_ids: Sequence[str], status: str) -> bytes:
    """Return what `LISTINGS_CHANNEL` says of listings that left the market: of very many it names none."""
    return orjson.dumps({"listing_ids": listing_ids if len(listing_ids) <= _NAMED else [], "status": status})


async def append(
    valkey: AsyncValkey,
    events: Sequence[Event],
    *,
    partitions: int,
    issued_at: datetime | Sequence[datetime | None] | None = None,
) -> list[bool]:
    """Append events in one round trip, each completely or not at all; True where an event was new.

    An event_id of the last seven days is not appended again, so a retry never doubles an entry. What a shopper did
    before they were erased is not appended any more.

    :param issued_at: when the shopper's token was made; none of before their erasure is accepted. Where it is given for
        each event, what is of such a token is passed over instead.
    :raises UnavailableError: within a second, when the log does not answer or is full; retry with the same ids.
    :raises AccessError: the token's shopper was erased.
    """
    if not events:
        return []
    keys: list[str | bytes] = []
    arguments: list[str | bytes | int] = [secrets.token_urlsafe(4), SEEN_SECONDS, HIDDEN_SECONDS]
    tokens = issued_at if isinstance(issued_at, Sequence) else [issued_at] * len(events)
    for event, token_made in zip(events, tokens, strict=True):
        stream = stream_key(partition(event.shopper_id, partitions))
        keys += (
            seen_key(event.event_id),
            stream,
            hidden_key(event.shopper_id),
            erased_key(shopper_hash(event.shopper_id)),
        )
        flag = {"hide": "1", "unhide": "0"}.get(event.type, "")
        made = token_made or event.received_at
        arguments += (encode(event), event.listing_id or "", flag, _ms(made), _ms(event.occurred_at))
    try:
        async with asyncio.timeout(APPEND_SECONDS):
            try:
                fresh = await valkey.evalsha(_APPEND_SHA, len(keys), *keys, *arguments)
            except NoScriptError:  # a Valkey that started since
                fresh = await valkey.eval(_APPEND, len(keys), *keys, *arguments)
    except (RedisError, OSError, TimeoutError) as error:
        raise UnavailableError("the event log does not take events just now; send the same events again") from error
    if isinstance(issued_at, datetime) and -1 in fresh:
        raise AccessError(ERASED)
    return [new == 1 for new in fresh]


async def take_over(valkey: AsyncValkey, shopper_id: str, account_id: str) -> None:
    """Let what a visit hid and said last count for the account it becomes, before the dataflow has merged the two; what
    the account itself hid, showed again or said stays."""
    keys = (hidden_key(shopper_id), stated_key(shopper_id), hidden_key(account_id), stated_key(account_id))
    await valkey.eval(_TAKE_OVER, len(keys), *keys, HIDDEN_SECONDS)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)
