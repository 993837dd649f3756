"""The archive keeps every event once, and one person's history in one place."""

import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg import errors, sql

from carousel.activity import dead_letters
from carousel.activity.events import FULL_DWELL_SECONDS, WEIGHTS, Event
from carousel.activity.repository import (
    DeadLetter,
    FencedError,
    Move,
    add_impressions,
    add_popularity,
    advance,
    archive,
    bury,
    events_of,
    give_to,
    looks_since,
    positions,
)
from carousel.storage.postgres import Connection, copy_out

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def happens(kind: str, shopper_id: str, listing_id: str | None = "octavia", **fields: Any) -> Event:
    basic: dict[str, Any] = {"event_id": str(uuid4()), "occurred_at": NOW, "received_at": NOW}
    return Event(type=kind, shopper_id=shopper_id, listing_id=listing_id, **{**basic, **fields})  # type: ignore[arg-type]


def test_an_archived_event_comes_back_as_it_was(database: Connection) -> None:
    full = happens(
        "contact", "john", listing_ids=("octavia", "fabia"), value=12.5, currency="EUR", reason="phone", session_id="s",
        recommendation_id=str(uuid4()), placement="home", position=3, context={"query": "škoda", "page": 2},
    )  # fmt: skip
    bare = happens("search", "john", None, occurred_at=NOW - timedelta(hours=1))
    assert archive(database, [bare, full]) == [bare, full]
    assert events_of(database, "john", 10) == [full, bare], "newest first"
    assert events_of(database, "john", 1) == [full]
    assert events_of(database, "mary", 10) == []


def test_only_events_new_to_the_archive_are_returned(database: Connection) -> None:
    first, second = happens("view", "john"), happens("view", "john")
    changed = happens("favourite", "john", event_id=second.event_id)
    assert archive(database, [first]) == [first]
    assert archive(database, [first, second, changed, second]) == [second]
    assert archive(database, []) == []
    assert {e.type for e in events_of(database, "john", 10)} == {"view"}


def test_looks_are_counted_by_shopper_and_listing_and_fade(database: Connection) -> None:
    now = datetime.now(UTC)
    nothing = looks_since(database, days=120, half_life=timedelta(days=45))
    assert (nothing.listing_ids, nothing.shopper_count, len(nothing.amounts)) == ((), 0, 0)
    seen = {
        "john": [
            ("view", "b, ü", 0, None),
            ("view", "b, ü", 45, None),
            ("dwell", "a", 0, 15.0),
            ("hide", "a", 0, None),
        ],
        "mary": [("favourite", "b, ü", 0, None), ("view", "a", 200, None), ("search", None, 0, None)],
    }
    archive(
        database,
        [
            happens(kind, who, listing_id, value=value, occurred_at=now - timedelta(days=days))
            for who, did in seen.items()
            for kind, listing_id, days, value in did
        ],
    )
    looks = looks_since(database, days=120, half_life=timedelta(days=45))
    assert looks.listing_ids == ("a", "b, ü")
    assert looks.shopper_count == 2
    hashes = "SELECT hashtextextended(name, 0) AS hash FROM unnest(ARRAY['john', 'mary']) AS name ORDER BY hash"
    assert looks.hashes.tolist() == [hash_ for (hash_,) in database.execute(hashes).fetchall()]
    found: dict[int, dict[int, tuple[float, float]]] = {0: {}, 1: {}}
    for shopper, listing, amount, aged in zip(looks.shoppers, looks.listings, looks.amounts, looks.aged, strict=True):
        found[int(shopper)][int(listing)] = (float(amount), float(aged))
    john, mary = sorted(found.values(), key=len, reverse=True)
    half_a_dwell = WEIGHTS["dwell"] * 15 / FULL_DWELL_SECONDS
    assert john[0] == pytest.approx((half_a_dwell, half_a_dwell), rel=1e-4)
    assert john[1] == pytest.approx((2 * WEIGHTS["view"], 1.5 * WEIGHTS["view"]), rel=1e-4)
    assert mary == {1: pytest.approx((WEIGHTS["favourite"], WEIGHTS["favourite"]), rel=1e-4)}


def test_what_cannot_be_copied_says_why(database: Connection) -> None:
    with tempfile.TemporaryFile() as file, pytest.raises(errors.UndefinedTable, match="nowhere"):
        copy_out(database, sql.SQL("COPY nowhere TO STDOUT"), file)
    assert database.execute("SELECT 1").fetchone() == (1,), "the connection goes on"


def test_an_anonymous_history_is_given_to_the_account(database: Connection) -> None:
    database.execute("INSERT INTO shopper (shopper_id, kind) VALUES ('john', 'account'), ('visitor', 'anonymous')")
    before, after = happens("view", "visitor"), happens("view", "visitor")
    archive(database, [before])
    give_to(database, "john", ["visitor"])
    archive(database, [after], {"visitor": "john"})
    assert {e.event_id for e in events_of(database, "john", 10)} == {before.event_id, after.event_id}
    merged = database.execute("SELECT merged_into FROM shopper WHERE shopper_id = 'visitor'").fetchone()
    assert merged == ("john",)


def test_a_position_moves_only_from_where_it_is_believed_to_be(database: Connection) -> None:
    assert positions(database, "taste", ["activity:0"]) == {"activity:0": "0-0"}
    advance(database, "taste", [Move("activity:0", "0-0", "5-1", 3), Move("activity:1", "0-0", "9-0", 1)])
    advance(database, "taste", [Move("activity:0", "5-1", "6-0", 2)])
    assert positions(database, "taste", ["activity:0", "activity:1"]) == {"activity:0": "6-0", "activity:1": "9-0"}
    assert positions(database, "factors", ["activity:0"]) == {"activity:0": "0-0"}, "each flow has its own"
    with pytest.raises(FencedError, match="activity:1 at 8-0"), database.transaction():
        advance(database, "taste", [Move("activity:0", "6-0", "7-0", 1), Move("activity:1", "8-0", "10-0", 1)])
    assert positions(database, "taste", ["activity:0"]) == {"activity:0": "6-0"}, "nothing of it was kept"
    assert database.execute("SELECT entries_read FROM stream_position WHERE stream = 'activity:0'").fetchone() == (5,)


def test_popularity_halves_every_week_in_either_order(database: Connection) -> None:
    week = timedelta(days=7)
    add_popularity(database, {"octavia": 8.0}, NOW)
    add_popularity(database, {"octavia": 1.0, "fabia": 2.0}, NOW + week)
    add_popularity(database, {"fabia": 2.0}, NOW)  # late
    add_popularity(database, {}, NOW)
    rows = database.execute("SELECT listing_id, score, as_of FROM popularity ORDER BY 1").fetchall()
    assert rows == [("fabia", 3.0, NOW + week), ("octavia", 5.0, NOW + week)]


def test_impressions_add_up(database: Connection) -> None:
    add_impressions(database, {"octavia": 2, "fabia": 1})
    add_impressions(database, {"octavia": 3})
    add_impressions(database, {})
    rows = database.execute("SELECT listing_id, impressions FROM exposure ORDER BY 1").fetchall()
    assert rows == [("fabia", 1), ("octavia", 5)]


def test_popularity_of_years_ago_fades_without_an_underflow(database: Connection) -> None:
    add_popularity(database, {"octavia": 1e-6}, NOW - timedelta(days=20_000))
    add_popularity(database, {"octavia": 1.0}, NOW)
    assert database.execute("SELECT score FROM popularity").fetchone() == (1.0,)


def test_a_dead_letter_keeps_any_bytes_and_any_reason(database: Connection) -> None:
    letter = DeadLetter("activity:0", "1-0", bytes(range(256)), "a \x00 and \ud800 in the reason " + "x" * 3_000)
    bury(database, "taste", [letter])
    bury(database, "taste", [letter])
    rows = database.execute("SELECT stream, entry_id, payload, length(reason) FROM dead_letter").fetchall()
    assert rows == [("activity:0", "1-0", bytes(range(256)), 2_000)]


def test_dead_letters_are_found_by_what_is_known_of_them(database: Connection) -> None:
    bury(
        database,
        "taste",
        [DeadLetter("activity:0", "1-0", b"old", "no type"), DeadLetter("activity:0", "2-0", b"", "no id")],
    )
    database.execute("UPDATE dead_letter SET failed_at = now() - interval '2 hours' WHERE payload = 'old'")
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    for wanted, found in (
        (dead_letters.Filter(), ["1-0", "2-0"]),
        (dead_letters.Filter(since=an_hour_ago), ["2-0"]),
        (dead_letters.Filter(reason="NO TYPE"), ["1-0"]),
        (dead_letters.Filter(reason="no type", since=an_hour_ago), []),
        (dead_letters.Filter(letter_ids=["taste/activity:0/2-0"]), ["2-0"]),
    ):
        assert [letter.entry_id for letter in dead_letters.find(database, wanted)] == found
