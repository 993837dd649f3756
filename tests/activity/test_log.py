"""What was acknowledged is on the stream, once, in the order of each shopper."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from carousel.activity import log
from carousel.activity.events import Event, decode
from carousel.embedded.servers import Servers
from carousel.errors import UnavailableError
from carousel.storage.valkey import AsyncValkey, Valkey, make_async

NOW = datetime.now(UTC)


def happens(kind: str, shopper_id: str, listing_id: str = "octavia", **fields: Any) -> Event:
    basic: dict[str, Any] = {"event_id": str(uuid4()), "occurred_at": NOW, "received_at": NOW}
    return Event(type=kind, shopper_id=shopper_id, listing_id=listing_id, **{**basic, **fields})  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def client(servers: Servers, valkey: Valkey) -> AsyncIterator[AsyncValkey]:
    async with make_async(servers.valkey_url) as opened:
        yield opened


def on_streams(valkey: Valkey) -> list[Event]:
    return [decode(fields[b"e"]) for key in log.stream_keys(8) for _, fields in valkey.xrange(key)]


async def test_appended_events_are_on_the_shoppers_stream_in_order(client: AsyncValkey, valkey: Valkey) -> None:
    events = [happens("view", f"shopper-{i % 3}", f"listing-{i}") for i in range(30)]
    assert await log.append(client, events, partitions=8) == [True] * 30
    for shopper in ("shopper-0", "shopper-1", "shopper-2"):
        entries = valkey.xrange(log.stream_key(log.partition(shopper, 8)))
        found = [decode(fields[b"e"]) for _, fields in entries]
        assert [e for e in found if e.shopper_id == shopper] == [e for e in events if e.shopper_id == shopper]


async def test_a_shopper_keeps_one_partition_for_life() -> None:
    assert [log.partition(s, 8) for s in ("john", "mary", "žofie")] == [6, 1, 7]
    assert {log.partition(str(i), 8) for i in range(100)} == set(range(8))


async def test_a_doubled_event_is_a_duplicate_in_and_across_requests(client: AsyncValkey, valkey: Valkey) -> None:
    event, other = happens("view", "john"), happens("view", "john")
    assert await log.append(client, [event, event, other], partitions=8) == [True, False, True]
    assert await log.append(client, [other, event], partitions=8) == [False, False]
    assert len(on_streams(valkey)) == 2
    assert 6 * 86_400 < valkey.ttl(log.seen_key(event.event_id)) <= 7 * 86_400  # type: ignore[operator]


async def test_the_same_request_sent_again_by_the_client_library_hears_new_again(
    client: AsyncValkey, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was lost, not the request: it must not hear that its own events are somebody's duplicates."""
    monkeypatch.setattr(log.secrets, "token_urlsafe", lambda _: "token")
    events = [happens("view", "john"), happens("view", "john")]
    assert await log.append(client, events, partitions=8) == [True, True]
    assert await log.append(client, events, partitions=8) == [True, True]
    assert len(on_streams(valkey)) == 2


async def test_what_could_not_be_added_is_not_marked_as_seen(client: AsyncValkey, valkey: Valkey) -> None:
    good, bad = happens("view", "john"), happens("view", "mary")
    valkey.set(log.stream_key(log.partition("mary", 8)), "not a stream")
    with pytest.raises(UnavailableError):
        await log.append(client, [good, bad], partitions=8)
    valkey.delete(log.stream_key(log.partition("mary", 8)))
    assert await log.append(client, [good, bad], partitions=8) == [False, True], "a retry adds what is missing, once"
    assert len(on_streams(valkey)) == 2


async def test_concurrent_requests_with_one_event_add_it_once(client: AsyncValkey, valkey: Valkey) -> None:
    event = happens("view", "john")
    answers = await asyncio.gather(*(log.append(client, [event], partitions=8) for _ in range(20)))
    assert sorted(answer[0] for answer in answers) == [False] * 19 + [True]
    assert len(on_streams(valkey)) == 1


async def test_a_hide_filters_at_once_and_an_unhide_takes_it_back(client: AsyncValkey, valkey: Valkey) -> None:
    hide = happens("hide", "john", "octavia")
    await log.append(client, [hide, happens("hide", "john", "fabia"), happens("view", "john", "focus")], partitions=8)
    assert valkey.hgetall(log.hidden_key("john")) == {b"octavia": b"1", b"fabia": b"1"}
    await log.append(client, [happens("unhide", "john", "octavia")], partitions=8)
    await log.append(client, [hide], partitions=8)  # a late duplicate of the first
    assert valkey.hgetall(log.hidden_key("john")) == {b"octavia": b"0", b"fabia": b"1"}
    assert 0 < valkey.ttl(log.hidden_key("john")) <= 86_400  # type: ignore[operator]


async def test_a_valkey_that_forgot_the_script_gets_it_again(client: AsyncValkey, valkey: Valkey) -> None:
    await log.append(client, [happens("view", "john")], partitions=8)
    valkey.script_flush()
    assert await log.append(client, [happens("view", "john")], partitions=8) == [True]


async def test_no_events_need_no_valkey() -> None:
    assert await log.append(make_async("unix:///nowhere/valkey.sock"), [], partitions=8) == []


async def test_a_thousand_events_go_in_one_call(client: AsyncValkey, valkey: Valkey) -> None:
    events = [happens("view", f"shopper-{i}") for i in range(1_000)]
    assert sum(await log.append(client, events, partitions=8)) == 1_000


async def test_a_valkey_that_is_away_is_an_error_within_a_second() -> None:
    started = time.monotonic()
    with pytest.raises(UnavailableError, match="the event log does not take events"):
        await log.append(make_async("unix:///nowhere/valkey.sock"), [happens("view", "john")], partitions=8)
    assert time.monotonic() - started < 1


async def test_a_valkey_that_hangs_is_an_error_within_a_second_and_mends(client: AsyncValkey, valkey: Valkey) -> None:
    valkey.execute_command("CLIENT", "PAUSE", "1500", "ALL")
    event = happens("view", "john")
    started = time.monotonic()
    with pytest.raises(UnavailableError):
        await log.append(client, [event], partitions=8)
    assert time.monotonic() - started < 1.1
    await asyncio.sleep(0.8)
    again = await log.append(client, [event, happens("view", "john")], partitions=8)
    assert again[1]
    assert len(on_streams(valkey)) == 2, "whether the first try arrived or not, the event is there once"


async def test_a_full_valkey_refuses_rather_than_forgets(client: AsyncValkey, valkey: Valkey) -> None:
    valkey.config_set("maxmemory", "1")
    try:
        with pytest.raises(UnavailableError, match="send the same events again") as refused:
            await log.append(client, [happens("view", "john")], partitions=8)
        assert "memory" in str(refused.value.__cause__), "for the operator's log"
    finally:
        valkey.config_set("maxmemory", "0")
    assert on_streams(valkey) == []
