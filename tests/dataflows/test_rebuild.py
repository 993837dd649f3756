"""Tastes recomputed from the archive are those the dataflow made, to the last bit, and replace what is wrong."""

import random
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from tests.dataflows.conftest import Marketplace, eventually, happens

from carousel.activity.events import Event, encode, merge_event
from carousel.activity.repository import positions
from carousel.dataflows.commit import CommitSink
from carousel.dataflows.connectors import Batch, Entry
from carousel.dataflows.fold import OutdatedError, TasteWork
from carousel.dataflows.rebuild import rebuild, rebuild_if_needed, recompute, same
from carousel.storage.valkey import Valkey
from carousel.taste.repository import load, stored_formula
from carousel.taste.stated import Stated, Statement, statement_event
from carousel.taste.taste import FORMULA, Hide, Taste

MAKES = ("Skoda", "Ford", "BMW", "Kia")
STOCK = {f"car-{i}": MAKES[i % 4] for i in range(80)}
KINDS = (
    "view",
    "view",
    "click",
    "dwell",
    "favourite",
    "unfavourite",
    "hide",
    "unhide",
    "contact",
    "search",
    "impression",
)


def storm(count: int, shoppers: Sequence[str], seed: int) -> list[Event]:
    """Return what shoppers do, in no good order and partly weeks late."""
    rng = random.Random(seed)
    now = datetime.now(UTC)
    events = []
    for _ in range(count):
        kind = rng.choice(KINDS)
        at = now - timedelta(seconds=rng.random() * rng.choice((60, 86_400, 40 * 86_400)))
        fields = {
            "dwell": {"value": rng.random() * 90},
            "hide": {"reason": rng.choice(("price", "mileage", "brand", "seen", None))},
            "search": {"context": {"filters": {"make": ["Skoda", "Fiat"], "max_price": rng.randrange(50_000)}}},
            "impression": {"listing_ids": ("car-1", "car-2")},
        }
        listing_id = None if kind in ("search", "impression") else f"car-{rng.randrange(90)}"  # some are unknown
        events.append(happens(kind, rng.choice(shoppers), listing_id, occurred_at=at, **fields.get(kind, {})))
    return events


def stored(marketplace: Marketplace) -> dict[str, Taste]:
    ids = [row[0] for row in marketplace.database.execute("SELECT shopper_id FROM taste").fetchall()]
    return load(marketplace.database, ids)


def assert_equal(tastes: dict[str, Taste], expected: dict[str, Taste]) -> None:
    assert tastes.keys() == expected.keys()
    assert [i for i in tastes if not same(tastes[i], expected[i])] == []


@pytest.mark.parametrize("seed", [1, 2])
def test_the_archive_says_what_the_dataflow_made_also_of_visitors_that_logged_in(
    marketplace: Marketplace, seed: int
) -> None:
    marketplace.stock(STOCK)
    marketplace.start((1, 2))
    marketplace.start((2, 2))
    now = datetime.now(UTC)
    everybody = [*(f"visitor-{i}" for i in range(12)), *(f"account-{i}" for i in range(4))]
    sent = storm(300, everybody, seed)
    merges = [merge_event(f"visitor-{i}", f"account-{i % 5}", now) for i in range(10)]  # account-4 is new
    sent += random.Random(seed).sample([*merges, *storm(200, everybody, seed + 10)], 210)
    sent += [merge_event("visitor-0", "account-3", now)]  # a second log-in, elsewhere: it changes nothing
    sent += storm(200, everybody, seed + 20)
    for start in range(0, len(sent), 50):
        marketplace.send(sent[start : start + 50])
    marketplace.archives(sent)

    live = stored(marketplace)
    assert_equal(dict(recompute(marketplace.database)), live)
    assert {i: live[i].merged_into for i in ("visitor-0", "visitor-9", "visitor-11")} == {
        "visitor-0": "account-0",
        "visitor-9": "account-4",
        "visitor-11": None,
    }
    done = rebuild(marketplace.servers.database_url, workers=2, dry_run=True, prune=True)
    assert (done.tastes, done.changed, done.removed) == (len(live), 0, 0)


def test_a_table_nobody_trusts_is_made_anew(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    marketplace.start()
    sent = storm(400, [f"shopper-{i}" for i in range(9)], 3)
    marketplace.send(sent)
    marketplace.archives(sent)
    before = stored(marketplace)
    run = marketplace.database.execute
    run("UPDATE taste SET evidence = '\\x07' WHERE shopper_id = 'shopper-0'")
    run("UPDATE taste SET hidden = '{car-77}' WHERE shopper_id = 'shopper-1'")
    run("UPDATE taste SET event_count = 0 WHERE shopper_id = 'shopper-2'")
    run("DELETE FROM taste WHERE shopper_id = 'shopper-3'")
    run("INSERT INTO taste SELECT 'nobody', version, evidence, recent, hidden, as_of FROM taste LIMIT 1")

    counted = rebuild(marketplace.servers.database_url, dry_run=True, prune=True)
    assert (counted.changed, counted.removed) == (4, 1)
    assert rebuild(marketplace.servers.database_url, prune=True) == counted
    assert_equal(stored(marketplace), before)

    more = storm(100, [f"shopper-{i}" for i in range(9)], 4)
    marketplace.send(more)  # the running dataflow holds the old tastes, and must not write them back
    marketplace.archives(more)
    assert_equal(stored(marketplace), dict(recompute(marketplace.database)))
    assert marketplace.dead_letters() == {}


def test_a_rebuild_beside_live_traffic_ends_with_everything_counted_once(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    marketplace.start((1, 2))
    marketplace.start((2, 2))
    everybody = [f"shopper-{i}" for i in range(30)]
    first = storm(600, everybody, 5)
    marketplace.send(first)
    marketplace.archives(first)
    marketplace.database.execute("UPDATE taste SET evidence = decode('00000000', 'hex')")  # another formula's

    sent: list[Event] = []
    done = threading.Event()

    def keep_sending() -> None:
        seed = 6
        while not done.is_set():
            events = storm(40, everybody, seed := seed + 1)
            marketplace.send(events)
            sent.extend(events)

    sender = threading.Thread(target=keep_sending)
    sender.start()
    try:
        eventually(lambda: len(sent) > 200)
        rebuild(marketplace.servers.database_url)
    finally:
        done.set()
        sender.join()
    marketplace.archives(sent)
    assert_equal(stored(marketplace), dict(recompute(marketplace.database)))


def test_what_does_not_fade_outlives_the_months_it_was_said_in(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    marketplace.start()
    now = datetime.now(UTC)
    hide = Event(
        event_id=str(uuid4()), type="hide", shopper_id="john", listing_id="car-3", occurred_at=now, received_at=now
    )
    said = statement_event(Statement(Stated(personalised=False)), "john", now)
    sent = [hide, said, merge_event("visitor", "john", now), *storm(30, ["john"], 8)]
    marketplace.send(sent)
    marketplace.archives(sent)
    run = marketplace.database.execute
    run("DELETE FROM activity WHERE type IN ('hide', 'unhide', 'state', 'merge')")  # as if their month had been dropped
    run("UPDATE taste SET hidden = array_append(array_remove(hidden, 'car-3'), 'car-3') WHERE shopper_id = 'john'")
    rebuild(marketplace.servers.database_url)
    john = stored(marketplace)["john"]
    assert john.hidden["car-3"] == Hide()  # showing it again takes back nothing: nothing of it is left
    assert john.stated.personalised is False
    assert stored(marketplace)["visitor"].merged_into == "john"


def test_a_new_formula_keeps_older_dataflows_out_before_it_is_applied(
    marketplace: Marketplace, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("carousel.dataflows.rebuild.rebuild", interrupted)
    monkeypatch.setattr("carousel.dataflows.rebuild.FORMULA", FORMULA + 1)
    with pytest.raises(KeyboardInterrupt):
        rebuild_if_needed(marketplace.servers.database_url)
    sink = CommitSink("taste", marketplace.servers.database_url, lambda: TasteWork("taste", valkey), threading.Event())
    old = sink.build("commit", 0, 1)
    event = happens("hide", "john", "octavia")
    with pytest.raises(OutdatedError, match=f"formula {FORMULA + 1} and this Carousel knows {FORMULA}"):
        old.write_batch([Batch("activity:0", "0-0", (Entry("1-0", encode(event), event),))])
    old.close()
    assert positions(marketplace.database, "taste", ["activity:0"]) == {"activity:0": "0-0"}
    assert (marketplace.archived(), marketplace.dead_letters()) == (set(), {})


def test_a_new_formula_rebuilds_once(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    marketplace.start()
    sent = storm(50, ["john", "mary"], 7)
    marketplace.send(sent)
    marketplace.archives(sent)
    before = stored(marketplace)
    marketplace.database.execute("TRUNCATE taste CASCADE")
    rebuild_if_needed(marketplace.servers.database_url)
    assert stored_formula(marketplace.database) == FORMULA
    assert_equal(stored(marketplace), before)
    marketplace.database.execute("TRUNCATE taste CASCADE")
    rebuild_if_needed(marketplace.servers.database_url)
    assert stored(marketplace) == {}
