"""Events on the stream become tastes, an archive and wake-up calls."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pytest
from prometheus_client import REGISTRY
from tests.dataflows.conftest import Marketplace, eventually, happens

from carousel.activity.events import encode, merge_event
from carousel.activity.log import partition, stream_key
from carousel.catalogue.listing import ListingId
from carousel.catalogue.repository import set_status
from carousel.dataflows.fold import TasteWork
from carousel.storage.valkey import Valkey
from carousel.taste.taste import Taste

STOCK = {"octavia": "Skoda", "fabia": "Skoda", "focus": "Ford"}


def liked(taste: Taste | None, make: str) -> float:
    """The evidence of this purchase for a make, in views."""
    assert taste is not None
    return round(taste.evidence.nested().get("make", {}).get(make, (0.0, 0.0, 0.0))[1], 2)


def test_what_a_shopper_does_becomes_a_taste_and_stays_in_the_archive(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    events = [
        happens("view", "john", "octavia"),
        happens("favourite", "john", "fabia"),
        happens("hide", "john", "focus"),
        happens("impression", "john", listing_ids=("octavia", "focus")),
        happens("view", "mary", "focus"),
    ]
    marketplace.start()
    assert all(marketplace.send(events))
    marketplace.archives(events)

    john = marketplace.taste("john")
    assert john is not None
    assert liked(john, "Skoda") == 6.0
    assert john.evidence.nested()["make"]["Ford"] == (0.0, 0.0, 4.0)
    assert john.hidden.keys() == {"focus"}
    assert [recent.listing_id for recent in john.recent] == ["octavia", "fabia"]
    assert john.centroid is not None
    assert john.centroid[0] == pytest.approx(3.0)
    assert john.version == john.event_count == 3
    assert liked(marketplace.taste("mary"), "Ford") == 1.0


def test_popularity_adds_what_everybody_did_to_a_listing(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    a_week_ago = datetime.now(UTC) - timedelta(days=7)
    events = [happens("view", f"shopper-{i}", "octavia") for i in range(4)]
    events += [happens("favourite", "john", "fabia"), happens("view", "john", "focus", occurred_at=a_week_ago)]
    marketplace.start()
    marketplace.send(events[:2])
    marketplace.archives(events[:2])
    marketplace.send(events[2:])
    marketplace.archives(events)
    scores = dict(marketplace.database.execute("SELECT listing_id, score FROM popularity").fetchall())
    assert scores == pytest.approx({"octavia": 4.0, "fabia": 5.0, "focus": 0.5}, rel=1e-3)


def test_an_event_sent_twice_counts_once_whichever_way_it_came(marketplace: Marketplace, valkey: Valkey) -> None:
    marketplace.stock(STOCK)
    event = happens("favourite", "john", "octavia")
    assert marketplace.send([event, event]) == [True, False]
    assert marketplace.send([event]) == [False]
    stream = stream_key(partition("john", 8))
    for _ in range(3):  # past the log's own check, as after a week
        valkey.xadd(stream, {"e": encode(event)})
    marketplace.start()
    last = happens("view", "john", "focus")
    marketplace.archives([last] if marketplace.send([last]) else [])
    valkey.xadd(stream, {"e": encode(event)})
    later = happens("view", "john", "focus")
    marketplace.send([later])
    marketplace.archives([event, last, later])
    assert liked(marketplace.taste("john"), "Skoda") == 5.0
    assert marketplace.database.execute("SELECT count(*) FROM activity").fetchone() == (3,)


def test_an_event_older_than_thirty_days_is_kept_and_moves_nothing(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    old = happens("contact", "john", "octavia", occurred_at=datetime.now(UTC) - timedelta(days=31))
    marketplace.start()
    marketplace.send([old])
    marketplace.archives([old])
    assert marketplace.taste("john") is None
    assert marketplace.database.execute("SELECT count(*) FROM popularity").fetchone() == (0,)


def test_committed_events_about_listings_nobody_knows_are_counted(marketplace: Marketplace, valkey: Valkey) -> None:
    marketplace.stock(STOCK)
    work = TasteWork("unknown-listings", valkey)

    def counted() -> float | None:
        return REGISTRY.get_sample_value("carousel_flow_unknown_listings_total", {"flow": "unknown-listings"})

    work.apply(marketplace.database, [happens("view", "john", "no-such-car")])
    work.rolled_back(RuntimeError())
    events = [happens("view", "john", "octavia"), happens("view", "john", "gone"), happens("search", "mary")]
    work.apply(marketplace.database, events)
    work.committed(events)
    assert counted() == 1


def test_a_changed_taste_wakes_its_shopper_after_the_commit(marketplace: Marketplace, valkey: Valkey) -> None:
    marketplace.stock(STOCK)
    listener = valkey.pubsub(ignore_subscribe_messages=True)
    listener.subscribe("shopper:john", "shopper:mary")
    marketplace.start()
    marketplace.send([happens("view", "john", "octavia"), happens("impression", "mary", listing_ids=("octavia",))])
    messages = []
    eventually(lambda: (message := listener.get_message(timeout=0.1)) and messages.append(message) is None)
    taste = marketplace.taste("john")  # it was committed before the call went out
    assert taste is not None
    assert taste.version == 1
    assert messages[0]["channel"] == b"shopper:john"
    assert orjson.loads(messages[0]["data"]) == {"taste_version": 1}
    assert listener.get_message(timeout=0.2) is None
    listener.close()


def test_a_sale_takes_the_listing_off_the_market_in_the_same_transaction(
    marketplace: Marketplace, valkey: Valkey
) -> None:
    marketplace.stock(STOCK)
    listener = valkey.pubsub(ignore_subscribe_messages=True)
    listener.subscribe("listings")
    marketplace.start()
    event = happens("sold", "john", "octavia")
    marketplace.send([event])
    marketplace.archives([event])
    status = dict(marketplace.database.execute("SELECT listing_id, status FROM listing").fetchall())
    assert status == {"octavia": "sold", "fabia": "active", "focus": "active"}
    assert liked(marketplace.taste("john"), "Skoda") == 20.0
    messages = []
    eventually(lambda: (message := listener.get_message(timeout=0.1)) and messages.append(message) is None)
    assert orjson.loads(messages[0]["data"]) == {"listing_ids": ["octavia"], "status": "sold"}
    again = happens("sold", "jane", "octavia")  # as the API has marked and announced it
    marketplace.send([again])
    marketplace.archives([again])
    assert listener.get_message(timeout=0.2) is None
    listener.close()


def test_a_car_that_was_put_back_on_sale_stays_there_when_the_flow_catches_up(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    event = happens("sold", "john", "octavia")
    marketplace.send([event])
    set_status(marketplace.database, [ListingId("octavia")], "sold")  # as the API does before it acknowledges the sale
    set_status(marketplace.database, [ListingId("octavia")], "active")
    marketplace.start()
    marketplace.archives([event])
    status = dict(marketplace.database.execute("SELECT listing_id, status FROM listing").fetchall())
    assert status["octavia"] == "active"


def test_a_changed_listing_is_seen_by_the_next_process_at_once(marketplace: Marketplace) -> None:
    marketplace.stock({"octavia": "Skoda"})
    marketplace.database.execute("UPDATE listing SET make = 'Ford' WHERE listing_id = 'octavia'")
    event = happens("view", "john", "octavia")
    marketplace.start()
    marketplace.send([event])
    marketplace.archives([event])
    assert liked(marketplace.taste("john"), "Ford") == 1.0


# --- anonymous shoppers who log in ----------------------------------------------------------------------------------


ORDERS = [
    "anonymous account merge",
    "account anonymous merge",
    "merge anonymous account",
    "anonymous merge account",
    "merge account anonymous",
    "account merge anonymous",
    "anonymous merge anonymous merge account",
]


@pytest.mark.parametrize("at_once", [True, False])
def test_an_anonymous_history_becomes_the_accounts_in_any_order(marketplace: Marketplace, at_once: bool) -> None:
    marketplace.stock(STOCK)
    marketplace.start()
    for order in ORDERS:
        visitor, john = f"visitor {order}", f"john {order}"
        what_happens = {
            "anonymous": lambda v=visitor: happens("view", v, "octavia"),
            "account": lambda j=john: happens("favourite", j, "focus"),
            "merge": lambda v=visitor, j=john: merge_event(v, j, datetime.now(UTC)),
        }
        events = [what_happens[what]() for what in order.split()]
        for batch in [events] if at_once else [[e] for e in events]:
            marketplace.send(batch)
            marketplace.archives(batch)

        merged = marketplace.taste(visitor)
        assert liked(marketplace.taste(john), "Skoda") == sum(e.type == "view" for e in events), order
        assert liked(marketplace.taste(john), "Ford") == 5.0, order
        assert merged is not None
        assert (merged.merged_into, merged.evidence.nested()) == (john, {}), order
    owners = {row[0] for row in marketplace.database.execute("SELECT shopper_id FROM activity").fetchall()}
    assert owners == {f"john {order}" for order in ORDERS}, "one person has one history"


def test_two_processes_merge_into_an_account_that_both_write(marketplace: Marketplace) -> None:
    """The visitor and the account are on different streams, read by different processes."""
    marketplace.stock(STOCK)
    visitors = [f"visitor-{i}" for i in range(20)]
    marketplace.start((1, 2))
    marketplace.start((2, 2))
    events = []
    for visitor in visitors:
        batch = [happens("view", visitor, "octavia"), happens("view", "john", "focus")]
        batch.append(merge_event(visitor, "john", datetime.now(UTC)))
        batch += [happens("view", visitor, "octavia"), happens("view", "john", "focus")]
        marketplace.send(batch)
        events += batch
    marketplace.archives(events)
    john = marketplace.taste("john")
    assert (liked(john, "Skoda"), liked(john, "Ford")) == (40.0, 40.0)


def test_a_merge_of_accounts_into_each_other_ends_nowhere_worse(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    now = datetime.now(UTC)
    events = [
        happens("view", "a", "octavia"),
        merge_event("a", "b", now),
        merge_event("b", "a", now),
        merge_event("a", "c", now),
        happens("view", "a", "octavia"),
    ]
    marketplace.start()
    for event in events:
        marketplace.send([event])
        marketplace.archives([event])
    assert liked(marketplace.taste("b"), "Skoda") == 2.0


# --- poison ----------------------------------------------------------------------------------------------------------


def poison() -> dict[str, dict[bytes, bytes]]:
    good = orjson.loads(encode(happens("view", "john", "octavia")))

    def entry(**changes: object) -> dict[bytes, bytes]:
        return {b"e": orjson.dumps({**good, "event_id": str(uuid4()), **changes})}

    return {
        "a wrong field": {b"x": b"1"},
        "two fields": {b"e": encode(happens("view", "john", "octavia")), b"f": b"1"},
        "broken JSON": {b"e": b'{"event_id": '},
        "binary": {b"e": bytes(range(256))},
        "not an object": {b"e": b"[1, 2]"},
        "a NUL in a string": entry(listing_id="octa\x00via"),
        "a NUL in the context": entry(context={"query": "a\x00b"}),
        "a wrong type": entry(listing_id=7),
        "a number out of range": entry(position=10**12),
        "a year out of range": entry(occurred_at="0001-01-01T00:00:00Z"),
        "a time to come": entry(occurred_at="2999-01-01T00:00:00Z"),
        "a reception to come": entry(occurred_at="2999-01-01T00:00:00Z", received_at="2999-01-01T00:00:00Z"),
        "a type nobody knows": entry(type="teleport"),
        "no shopper": entry(shopper_id=None),
    }


def test_poison_goes_to_the_dead_letters_with_its_bytes_and_the_flow_lives_on(
    marketplace: Marketplace, valkey: Valkey
) -> None:
    marketplace.stock(STOCK)
    flow = marketplace.start()
    bad = poison()
    events = []
    for entry in bad.values():
        events.append(happens("view", "john", "octavia"))
        marketplace.send(events[-1:])
        valkey.xadd(stream_key(partition("john", 8)), entry)  # type: ignore[arg-type]
    events.append(happens("view", "john", "fabia"))
    marketplace.send(events[-1:])
    marketplace.archives(events)

    letters = marketplace.dead_letters()
    for name, entry in bad.items():
        assert any(
            payload.endswith(entry.get(b"e", b"x=1")) or entry.get(b"e", b"-") in payload for payload in letters
        ), name
    assert len(letters) == len(bad)
    assert all(letters.values()), "each has a reason"
    assert flow.runs
    assert liked(marketplace.taste("john"), "Skoda") == len(events)


def test_a_well_formed_event_the_database_refuses_is_set_aside_alone(marketplace: Marketplace) -> None:
    """A check of the table stands for whatever only the database can refuse."""
    marketplace.stock(STOCK)
    marketplace.database.execute("ALTER TABLE activity ADD CONSTRAINT refuse CHECK (placement <> 'refused')")
    try:
        events = [
            happens("view", f"shopper-{i % 5}", "octavia", placement="refused" if i in (17, 18, 60) else "home")
            for i in range(100)
        ]
        marketplace.send(events)
        flow = marketplace.start()
        good = [e for e in events if e.placement == "home"]
        marketplace.archives(good)
        assert marketplace.archived() == {e.event_id for e in good}
        assert len(marketplace.dead_letters()) == 3
        assert all("CheckViolation" in reason for reason in marketplace.dead_letters().values())
        views = sum(liked(marketplace.taste(f"shopper-{i}"), "Skoda") for i in range(5))
        assert views == 97
        assert flow.runs
    finally:
        marketplace.database.execute("ALTER TABLE activity DROP CONSTRAINT refuse")
