"""Which process reads which stream, and how entries become events."""

import threading
import time
from typing import Any

import pytest
from tests.dataflows.conftest import eventually, happens

from carousel.activity.events import encode
from carousel.activity.log import stream_keys
from carousel.dataflows.commit import _moves
from carousel.dataflows.connectors import Reader, decode_entries, share_of
from carousel.dataflows.fold import impressions, popularity
from carousel.dataflows.lru import Lru
from carousel.errors import InputError


@pytest.mark.parametrize("of", [1, 2, 3, 8])
def test_every_stream_has_exactly_one_process(of: int) -> None:
    streams = stream_keys(8)
    shares = [share_of(streams, (number, of)) for number in range(1, of + 1)]
    assert sorted(stream for share in shares for stream in share) == streams
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("share", [(0, 1), (2, 1), (9, 9), (1, 0)])
def test_a_share_without_streams_is_refused(share: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"share is {share[0]}/{share[1]}"):
        share_of(stream_keys(8), share)


def test_a_reply_becomes_events_and_reasons_in_the_order_of_the_stream() -> None:
    event = happens("view", "john", "octavia")
    batch = decode_entries(
        ("activity:3", "1-0", [(b"2-0", {b"e": encode(event)}), (b"2-1", {b"e": b"{"}), (b"3-0", None)])
    )
    assert [entry.event for entry in batch.entries] == [event, None, None]
    assert "not JSON" in batch.entries[1].reason
    assert (batch.move.previous_id, batch.move.last_id, batch.move.entries) == ("1-0", "3-0", 3)


def test_consecutive_replies_of_a_stream_move_its_position_once() -> None:
    entries = {b"e": encode(happens("view", "john", "octavia"))}
    replies = [
        ("activity:0", "0-0", [(b"1-0", entries)]),
        ("activity:1", "5-0", [(b"6-0", entries)]),
        ("activity:0", "1-0", [(b"2-0", entries), (b"3-0", entries)]),
    ]
    moves = _moves([decode_entries(reply) for reply in replies])
    assert [(m.stream, m.previous_id, m.last_id, m.entries) for m in moves] == [
        ("activity:0", "0-0", "3-0", 3),
        ("activity:1", "5-0", "6-0", 1),
    ]


def test_an_impression_makes_nothing_popular() -> None:
    view = happens("view", "john", "octavia")
    shown = happens("impression", "john", listing_ids=("octavia", "fabia"))
    assert popularity([view, shown, view], view.received_at) == {"octavia": 2.0}
    assert impressions([view, shown, shown]) == dict.fromkeys(shown.listing_ids or [shown.listing_id], 2)


def test_what_was_used_last_stays() -> None:
    lru: Lru[str, int] = Lru(2)
    lru.put("a", 1)
    lru.put("b", 2)
    assert lru.get("a") == 1
    lru.put("c", 3)
    assert (lru.get("a"), lru.get("b"), lru.get("c")) == (1, None, 3)
    lru.drop(["a", "x"])
    assert lru.get("a") is None


class LongLog:
    """A log that answers a few times, and then has nothing more."""

    def __init__(self, replies: list[dict[bytes, list[Any]]]) -> None:
        self._replies = replies

    def xread(self, *_: object, **__: object) -> dict[bytes, list[Any]]:
        if self._replies:
            return self._replies.pop(0)
        time.sleep(0.01)
        return {}


def test_behind_a_backlog_of_large_entries_few_are_taken_at_once() -> None:
    large = [(f"{number}-0".encode(), {b"e": bytes(2**20)}) for number in range(1, 21)]
    log = LongLog([{b"activity:0": [[entry]]} for entry in large])
    stop = threading.Event()
    reader = Reader(log, {"activity:0": "0-0"}, stop)  # type: ignore[arg-type]
    taken: list[list[str]] = []

    def all_are_taken() -> bool:
        taken.append([entry_id.decode() for _, _, entries in reader.take() for entry_id, _ in entries])
        return sum(map(len, taken)) == len(large)

    time.sleep(0.3)
    eventually(all_are_taken)
    stop.set()
    assert [entry_id for some in taken for entry_id in some] == [entry_id.decode() for entry_id, _ in large]
    assert max(map(len, taken)) == 12


def test_a_backlog_of_small_entries_is_not_taken_at_once_either() -> None:
    small = [(f"{number}-0".encode(), {b"e": bytes(250)}) for number in range(1, 80_001)]
    log = LongLog([{b"activity:0": [small[at : at + 1_000]]} for at in range(0, len(small), 1_000)])
    stop = threading.Event()
    reader = Reader(log, {"activity:0": "0-0"}, stop)  # type: ignore[arg-type]
    eventually(lambda: len(log._replies) < 38)
    time.sleep(0.1)
    first = sum(len(entries) for _, _, entries in reader.take())
    stop.set()
    assert 30_000 <= first <= 45_000
