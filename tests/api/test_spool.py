"""While the event log is away the spool keeps what was acknowledged, in order, and nothing counts twice."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from carousel.activity.events import Event, decode, encode
from carousel.activity.log import append, shopper_hash
from carousel.api.spool import Spool
from carousel.embedded.servers import Servers
from carousel.errors import UnavailableError
from carousel.rights.erase import refuse
from carousel.storage.valkey import AsyncValkey, Valkey, make_async


def view(number: int) -> Event:
    now = datetime.now(UTC)
    return Event(
        event_id=str(uuid4()), type="view", shopper_id="john", listing_id=str(number), occurred_at=now, received_at=now
    )


class Log:
    """The event log, which can be away."""

    def __init__(self, valkey: AsyncValkey) -> None:
        self.away = True
        self._valkey = valkey

    async def __call__(self, events: Sequence[Event], tokens: Sequence[datetime | None]) -> None:
        if self.away:
            raise UnavailableError("away")
        await append(self._valkey, events, partitions=1, issued_at=tokens)


@pytest.fixture
async def log(valkey: Valkey, servers: Servers) -> AsyncIterator[Log]:
    valkey.flushall()
    async with make_async(servers.valkey_url) as client:
        yield Log(client)


def appended(valkey: Valkey) -> list[str | None]:
    return [decode(fields[b"e"]).listing_id for _, fields in valkey.xrange("activity:0")]


async def emptied(spool: Spool) -> None:
    while spool.waiting:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)


async def replayed(spool: Spool, log: Log) -> None:
    task = asyncio.create_task(spool.replay_forever(log))
    await emptied(spool)
    task.cancel()


async def test_what_was_spooled_is_replayed_in_order_and_the_file_starts_anew(
    tmp_path: Path, log: Log, valkey: Valkey
) -> None:
    spool = Spool(tmp_path, limit=10**6)
    for start in range(0, 2_000, 50):
        await spool.write([view(i) for i in range(start, start + 50)])
    assert spool.waiting
    task = asyncio.create_task(spool.replay_forever(log))
    await asyncio.sleep(0.05)
    assert appended(valkey) == []
    log.away = False
    await emptied(spool)
    assert appended(valkey) == [str(i) for i in range(2_000)]
    await spool.write([view(2_000)])
    await emptied(spool)
    assert appended(valkey)[-1] == "2000"
    task.cancel()
    spool.close()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - in a coroutine


async def test_the_next_process_replays_what_a_killed_one_left_but_not_what_a_living_one_holds(
    tmp_path: Path, log: Log, valkey: Valkey
) -> None:
    killed, living = Spool(tmp_path, limit=10**6), Spool(tmp_path, limit=10**6)
    first = [view(i) for i in range(10)]
    await killed.write(first)
    await living.write([view(99)])
    killed._own.write(b'{"event_id": "torn')
    killed.close()  # without a replay, as a kill does; the lock goes with the process

    log.away = False
    await log(first[:4], [None] * 4)  # it had begun to replay
    heir = Spool(tmp_path, limit=10**6)
    await replayed(heir, log)
    assert appended(valkey) == [str(i) for i in range(10)]
    await replayed(living, log)
    assert appended(valkey)[-1] == "99"


async def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path, log: Log, valkey: Valkey) -> None:
    spool = Spool(tmp_path, limit=1_000)
    number = 0
    while spool._size < 800:
        await spool.write([view(number)])
        number += 1
    with pytest.raises(UnavailableError, match="full"):
        await spool.write([view(number)])
    log.away = False
    await replayed(spool, log)
    assert appended(valkey) == [str(i) for i in range(number)]


async def test_a_disk_that_takes_half_of_it_has_taken_nothing(
    tmp_path: Path, log: Log, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, limit=100_000)
    await spool.write([view(0)])
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: write(file, data[: len(data) // 2], at))
    with pytest.raises(UnavailableError, match="No space left"):
        await spool.write([view(1), view(2)])
    monkeypatch.undo()
    await spool.write([view(3)])
    log.away = False
    await replayed(spool, log)
    assert appended(valkey) == ["0", "3"]


async def test_a_torn_end_keeps_nobody_waiting(tmp_path: Path, log: Log, valkey: Valkey) -> None:
    spool = Spool(tmp_path, limit=100_000)
    await spool.write([view(0), view(1)])
    os.truncate(spool._path, spool._size - 5)  # as a disk that fails may leave it
    log.away = False
    await asyncio.wait_for(replayed(spool, log), 5)
    assert appended(valkey) == ["0"]


async def test_whoever_was_erased_does_not_come_back_from_the_spool(tmp_path: Path, log: Log, valkey: Valkey) -> None:
    """What is spooled after the erasure looks new by its times alone; its token is not."""
    now = datetime.now(UTC)
    spool = Spool(tmp_path, limit=100_000)
    await spool.write([view(1)], now - timedelta(hours=1))
    await spool.write([view(2)], now + timedelta(seconds=1))
    await spool.write([view(3)])  # of a server, which has no token
    refuse(valkey, shopper_hash("john"), now - timedelta(seconds=1), 60)
    log.away = False
    await replayed(spool, log)
    assert appended(valkey) == ["2", "3"]


async def test_a_spool_of_before_tokens_were_kept_is_replayed(tmp_path: Path, log: Log, valkey: Valkey) -> None:
    (tmp_path / "7-0.events").write_bytes(b"".join(encode(view(i)) + b"\n" for i in range(3)) + b"17 no event\n")
    log.away = False
    await replayed(Spool(tmp_path, limit=100_000), log)
    assert appended(valkey) == ["0", "1", "2"]
