"""One car offered twice is one car: recognised, remembered, and shown once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from carousel.catalogue.listing import Listing, ListingId
from carousel.catalogue.repository import Offer, Stage, documents_near, set_status, upsert
from carousel.catalogue.snapshot import LiveSnapshot
from carousel.embedded.servers import Servers
from carousel.storage.postgres import Connection, make_pool

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VIN = "TMBJJ7NE0F0123456"


def car(listing_id: str, *, price: int = 9_900, days: int = 0, **said: Any) -> Listing:
    usual: dict[str, Any] = {
        "make": "Skoda", "model": "Octavia", "model_year": 2015, "mileage_km": 98_500, "city": "Dresden",
        "fuel_type": "diesel", "title": "Skoda Octavia 1.6 TDI, one owner", "price_currency": "EUR",
    }  # fmt: skip
    return Listing(
        listing_id=ListingId(listing_id), price_amount=Decimal(price), listed_at=NOW + timedelta(days=days),
        **usual | said,
    )  # fmt: skip


def document(database: Connection, listing_id: str) -> dict[str, Any]:
    row = database.execute("SELECT document FROM listing WHERE listing_id = %s", (listing_id,)).fetchone()
    assert row is not None
    return dict(row[0])


def cars(database: Connection) -> dict[str, str]:
    return dict(database.execute("SELECT listing_id, coalesce(car, listing_id) FROM listing").fetchall())


def test_a_changed_price_is_remembered_with_the_first_one(database: Connection) -> None:
    for days, price in enumerate((9_900, 9_900, 9_500, 9_200)):
        upsert(database, [car("a", price=price, updated_at=NOW + timedelta(days=days))])
    assert document(database, "a")["price_history"] == [
        {"at": "2026-03-01T00:00:00Z", "amount": 9_900.0, "currency": "EUR"},
        {"at": "2026-03-03T00:00:00Z", "amount": 9_500.0, "currency": "EUR"},
        {"at": "2026-03-04T00:00:00Z", "amount": 9_200.0, "currency": "EUR"},
    ]


def test_prices_stand_in_the_order_they_were_asked_whatever_their_dates(database: Connection) -> None:
    upsert(database, [car("a", vin=VIN)])
    upsert(database, [car("a", vin=VIN, price=9_500, updated_at=NOW + timedelta(days=5))])
    upsert(database, [car("b", vin=VIN, price=9_000, days=2)])
    upsert(database, [car("b", vin=VIN, price=8_500, days=2, updated_at=NOW + timedelta(days=1))])
    assert [(price["at"][:10], price["amount"]) for price in document(database, "b")["price_history"]] == [
        ("2026-03-01", 9_900.0), ("2026-03-06", 9_500.0), ("2026-03-06", 9_000.0), ("2026-03-06", 8_500.0),
    ]  # fmt: skip


def test_the_past_is_no_content_and_survives_a_change_of_status(database: Connection) -> None:
    upsert(database, [car("a")])
    upsert(database, [car("a", price=9_500)])
    assert upsert(database, [car("a", price=9_500)]).unchanged == 1
    set_status(database, [ListingId("a")], "reserved")
    assert len(document(database, "a")["price_history"]) == 2
    assert upsert(database, [car("a", price=9_500, status="reserved")]).unchanged == 1


SAME: list[dict[str, Any]] = [
    {"vin": VIN, "price": 8_000, "city": "Berlin", "mileage_km": 99_000, "title": "another text"},
    {"source_listing_id": "77", "price": 8_000},
    {"title": "Skoda Octavia 1.6 TDI one owner!"},
    {"title": None},
]
OTHER: list[dict[str, Any]] = [
    {"price": 9_901}, {"mileage_km": 98_501}, {"city": "Berlin"}, {"model_year": 2016}, {"fuel_type": "petrol"},
    {"title": "Beautiful car from a collection, must be seen"}, {"vin": "WVWZZZ1KZAW000001"},
    {"mileage_km": 0}, {"city": None},
]  # fmt: skip


@pytest.mark.parametrize("said", SAME)
@pytest.mark.parametrize("at_once", [False, True])
def test_the_same_car_is_recognised_and_its_past_kept(
    database: Connection, said: dict[str, Any], at_once: bool
) -> None:
    first = car("a", vin=VIN, source_listing_id="77" if "source_listing_id" in said else None)
    again = car("b", days=9, **said)
    for batch in [[first, again]] if at_once else [[first], [again]]:
        upsert(database, batch)
    assert cars(database) == {"a": "a", "b": "a"}
    now = document(database, "b")
    assert now["first_listed_at"] == "2026-03-01T00:00:00Z"
    assert now["listed_at"] == "2026-03-10T00:00:00Z"
    prices = [price["amount"] for price in now.get("price_history", [])]
    assert prices == ([9_900.0, 8_000.0] if "price" in said else [])


@pytest.mark.parametrize("said", OTHER)
def test_another_car_is_not(database: Connection, said: dict[str, Any]) -> None:
    first: dict[str, Any] = {"vin": VIN} if "vin" in said else {k: v for k, v in said.items() if v in (0, None)}
    upsert(database, [car("a", **first)])
    upsert(database, [car("b", days=9, **said)])
    assert cars(database) == {"a": "a", "b": "b"}


def test_a_vin_typed_in_to_fill_the_form_is_no_car(database: Connection) -> None:
    upsert(database, [car("a", vin="1" * 17), car("b", vin="1" * 17, price=5_000)])
    assert cars(database) == {"a": "a", "b": "b"}


async def test_a_car_stands_in_a_list_once_as_its_newest_listing_that_is_on_offer(
    database: Connection, servers: Servers
) -> None:
    upsert(database, [car("a", vin=VIN), car("x", city="Berlin", make="Ford", model="Focus")])
    live = LiveSnapshot()
    async with make_pool(servers.database_url, size=1) as pool, pool.connection() as connection:

        async def shown() -> set[str]:
            snapshot = await live.current(connection)
            return {snapshot.ids[row] for row in snapshot.active.nonzero()[0]}

        assert await shown() == {"a", "x"}
        upsert(database, [car("b", vin=VIN, days=9), car("c", vin=VIN, days=5)])
        assert await shown() == {"b", "x"}
        assert [orjson.loads(text)["listing_id"] for text in await documents_near(connection, "x", 5)] == ["b"]
        assert [orjson.loads(text)["listing_id"] for text in await documents_near(connection, "c", 5)] == ["x"]
        set_status(database, [ListingId("b")], "sold")
        assert await shown() == {"c", "x"}
        fresh = await LiveSnapshot().current(connection)
        assert {fresh.ids[row] for row in fresh.active.nonzero()[0]} == {"c", "x"}


OTHER_VIN = "TMBJJ9NP4M7055555"


@pytest.mark.parametrize(
    "said",
    [{"vin": OTHER_VIN}, {"model": "Fabia"}, {"vin": OTHER_VIN, "model": "Fabia", "model_year": 2020}],
    ids=["vin", "model", "all"],
)
def test_one_id_of_a_source_does_not_make_two_cars_one(database: Connection, said: dict[str, Any]) -> None:
    upsert(database, [car("a", source_listing_id="100", vin=VIN)])
    upsert(database, [car("b", source_listing_id="100", price=8_000, **said)])
    assert cars(database) == {"a": "a", "b": "b"}
    assert "price_history" not in document(database, "b")


def another(listing_id: str, **said: Any) -> Listing:
    """A car that has little in common with the usual one."""
    usual = {"model": "Superb", "model_year": 2021, "mileage_km": 20_000, "price": 25_000, "title": "Superb Laurin"}
    return car(listing_id, **usual | said)


MISTAKES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # What another's listing says, what is said by mistake, and the correction.
    ({"vin": VIN}, {"vin": VIN}, {"vin": OTHER_VIN}),
    ({"vin": VIN}, {"vin": VIN}, {}),
    ({"source_listing_id": "7"}, {"source_listing_id": "7", "model": "Octavia"}, {"source_listing_id": "7"}),
    ({"source_listing_id": "7"}, {"source_listing_id": "7", "model": "Octavia"}, {"model": "Octavia"}),
]


@pytest.mark.parametrize("as_a_feed", [False, True])
@pytest.mark.parametrize("mistaken_first", [False, True])
@pytest.mark.parametrize(("others", "mistake", "correction"), MISTAKES, ids=["vin", "no vin", "model", "id"])
async def test_a_corrected_mistake_leaves_nothing_of_the_other_car(
    database: Connection, servers: Servers, others: dict[str, Any], mistake: dict[str, Any],
    correction: dict[str, Any], mistaken_first: bool, as_a_feed: bool,
) -> None:  # fmt: skip
    def write(*listings: Listing) -> None:
        if as_a_feed:
            stage = Stage(database)
            stage.add(listings, [None] * len(listings))
            stage.apply()
        else:
            upsert(database, listings)

    right, wrong = car("b", days=2, **others), another("a", days=0 if mistaken_first else 3, **mistake)
    for listing in (wrong, right) if mistaken_first else (right, wrong):
        write(listing)
    live = LiveSnapshot()
    async with make_pool(servers.database_url, size=1) as pool, pool.connection() as connection:

        async def shown() -> set[str]:
            snapshot = await live.current(connection)
            return {snapshot.ids[row] for row in snapshot.active.nonzero()[0]}

        assert len(set(cars(database).values())) == len(await shown()) == 1
        write(another("a", days=3, **correction))
        assert cars(database) == {"a": "a", "b": "b"}
        assert await shown() == {"a", "b"}
    for listing_id in ("a", "b"):
        assert not document(database, listing_id).keys() & {"price_history", "first_listed_at"}


def test_of_the_cars_set_free_the_first_one_is_the_car_of_the_others(database: Connection) -> None:
    upsert(database, [another("a", vin=VIN, source_listing_id="7")])
    upsert(database, [car("b", vin=VIN, days=1), car("c", vin=VIN, days=2, price=9_000)])
    upsert(database, [another("d", vin=OTHER_VIN, days=3, source="other")])
    assert cars(database) == {"a": "a", "b": "a", "c": "a", "d": "d"}
    upsert(database, [another("a", vin=OTHER_VIN, source_listing_id="7")])
    assert cars(database) == {"a": "d", "b": "b", "c": "b", "d": "d"}
    assert document(database, "c")["first_listed_at"] == document(database, "b")["listed_at"]


def test_a_vin_added_to_a_listing_joins_what_both_have_seen(database: Connection) -> None:
    upsert(database, [car("a", vin=VIN, price=12_000)])
    for price, days in ((10_000, 2), (9_500, 4)):
        upsert(database, [another("b", model="Octavia", price=price, days=2, updated_at=NOW + timedelta(days=days))])
    upsert(database, [another("b", model="Octavia", price=9_500, days=2, vin=VIN)])
    assert cars(database) == {"a": "a", "b": "a"}
    assert [price["amount"] for price in document(database, "b")["price_history"]] == [12_000.0, 10_000.0, 9_500.0]


def test_a_listing_whose_model_is_spelt_otherwise_stays_of_its_car(database: Connection) -> None:
    upsert(database, [car("a", vin=VIN, source_listing_id="7"), car("b", vin=VIN, days=1), car("c", days=2)])
    assert set(cars(database).values()) == {"a"}
    upsert(database, [car("b", vin=VIN, days=1, model="Octavia Combi"), car("c", days=2, model="OCTAVIA")])
    upsert(database, [car("a", vin=VIN, source_listing_id="8")])
    assert set(cars(database).values()) == {"a"}


def test_a_listing_corrected_with_its_relisting_at_once_is_not_found_by_what_it_was(database: Connection) -> None:
    upsert(database, [another("a", vin=VIN)])
    upsert(database, [car("b", vin=VIN, days=1), another("a", vin=OTHER_VIN)])
    assert cars(database) == {"a": "a", "b": "b"}


def test_a_listing_set_free_by_a_full_feed_is_withdrawn_where_the_feed_has_it_no_more(database: Connection) -> None:
    upsert(database, [car("a", vin=VIN, source="feed"), car("b", vin=VIN, days=1, source="feed")])
    offer, stage = Offer(database, ["feed"]), Stage(database)
    stage.add([car("a", vin=OTHER_VIN, source="feed")], [None])
    _, withdrawn = stage.apply(offer, [ListingId("b")])
    assert withdrawn == ["b"]
    assert cars(database) == {"a": "a", "b": "b"}
    assert document(database, "b")["status"] == "withdrawn"
    assert database.execute("SELECT listing_id FROM listing WHERE status = 'active'").fetchall() == [("a",)]


@pytest.mark.parametrize("order", ["abc", "bac", "cba"])
@pytest.mark.parametrize("parts", [0, 1, 3])
def test_listings_corrected_to_the_same_other_car_at_once_stay_one(
    database: Connection, order: str, parts: int
) -> None:
    """By the API (0), and by a feed in one part or in several."""
    before = {listing_id: car(listing_id, vin=VIN, days=days) for days, listing_id in enumerate("abcd")}
    upsert(database, list(before.values()))
    assert set(cars(database).values()) == {"a"}
    corrected = [replace(before[listing_id], vin=OTHER_VIN, price_amount=Decimal(9_000)) for listing_id in order]
    if parts:
        stage = Stage(database)
        for start in range(0, 3, 3 // parts):
            part = corrected[start : start + 3 // parts]
            stage.add(part, [None] * len(part))
        stage.apply()
    else:
        upsert(database, corrected)
    stored = cars(database)
    assert stored.pop("d") == "d"
    assert len(set(stored.values())) == 1


def test_a_listing_that_somebody_else_changed_meanwhile_is_set_free_by_a_feed_all_the_same(
    database: Connection,
) -> None:
    upsert(database, [car("a", vin=VIN), car("b", vin=VIN, days=1)])
    stage = Stage(database)
    stage.add([car("a", vin=OTHER_VIN), car("b", vin=OTHER_VIN, days=1)], [None] * 2)
    upsert(database, [car("b", vin=VIN, days=1, price=9_000)])
    stage.apply()
    assert cars(database) == {"a": "a", "b": "b"}
