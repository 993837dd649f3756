"""Writes of the catalogue: only what changed is touched, every change is seen, and the index survives a crash."""

import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from carousel.activity.repository import add_impressions, add_popularity
from carousel.catalogue import repository
from carousel.catalogue.embedding import VERSION, embed
from carousel.catalogue.listing import Listing, ListingId, content_hash, to_document
from carousel.catalogue.repository import (
    Offer,
    WriteResult,
    bulk_index,
    ensure_index,
    index_words,
    set_sold,
    set_status,
    upsert,
)
from carousel.embedded.servers import Servers
from carousel.storage.postgres import AsyncConnection, Connection, connect, make_pool

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def car(number: int = 1, **changed: Any) -> Listing:
    values: dict[str, Any] = {
        "listing_id": ListingId(f"car-{number}"), "make": "Skoda", "model": "Octavia", "model_year": 2015,
        "mileage_km": 50_000, "price_amount": Decimal("9990.50"), "price_currency": "EUR", "fuel_type": "diesel",
        "power_kw": 110, "listed_at": NOW, "source": "test", "title": "Škoda Octavia Combi", "lat": 50.08, "lon": 14.42,
    }  # fmt: skip
    return Listing(**{**values, **changed})


def row(database: Connection, columns: str, listing_id: str = "car-1") -> tuple[Any, ...]:
    found = database.execute(
        f"SELECT {columns} FROM listing WHERE listing_id = %s",  # noqa: S608
        (listing_id,),
    ).fetchone()
    assert found is not None
    return found


def revision(database: Connection) -> int:
    found = database.execute("SELECT revision FROM catalogue_state").fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize("count", [1, 60])
def test_a_listing_is_stored_with_all_that_reads_need(database: Connection, count: int) -> None:
    """One by one (1) and by COPY (60) alike."""
    listings = [car(number) for number in range(1, count + 1)]
    told: list[int] = []
    assert upsert(database, listings, progress=told.append) == WriteResult(imported=count)
    assert told == [count]
    columns = (
        "make, year, mileage_km, price_amount, price_currency, power_kw, status, source, listed_at, embedding_version"
    )
    assert row(database, columns) == (
        "Skoda", 2015, 50_000, Decimal("9990.50"), "EUR", 110, "active", "test", NOW, VERSION,
    )  # fmt: skip
    document, digest, embedding = row(database, "document, content_hash, embedding")
    assert document == to_document(listings[0])
    assert digest == content_hash(to_document(listings[0]))
    np.testing.assert_allclose(embedding.to_numpy(), embed(listings[:1])[0], atol=2e-3)
    matches = database.execute("SELECT count(*) FROM listing WHERE search @@ to_tsquery('simple', 'skoda & combi')")
    assert matches.fetchone() == (count,)


NAMES = {
    "mx5": ("Mazda", "MX-5", "2.0 Skyactiv-G"), "mx30": ("Mazda", "MX-30", "5 doors"),
    "f150": ("Ford", "F-150", "3.5 V6"),
    "golf": ("Volkswagen", "Golf", "1.6 TDI"), "golf6": ("Volkswagen", "Golf 6", "1.4 TSI"),
    "i30": ("Hyundai", "i30", "1,6"),
    "ceed": ("Kia", "Cee'd", "1.4"), "id4": ("Volkswagen", "ID.4", "Pro"), "benz": ("Mercedes-Benz", "C 220", None),
    "vesta": ("Лада", "Веста", None), "megane": ("Renault", "Mégane", "'\\ : & | !"),
}  # fmt: skip
SEARCHES = {
    "MX-5": "mx5", "mx 5": "mx5 mx30", "mx5": "mx5", "mazda mx": "mx5 mx30", "Mazda MX-5": "mx5", "mx-": "mx5 mx30",
    "F-150": "f150", "f150": "f150", "1.6 TDI": "golf", "golf 1.6": "golf", "golf 1.": "golf golf6", "1,6": "golf i30",
    "Cee'd": "ceed", "ceed": "ceed", "ID.4": "id4", "id4": "id4", "id 4": "id4", "mercedes-benz": "benz",
    "mercedes benz c": "benz", "Mercedesbenz": "benz", "веста": "vesta", "Škoda": "", "megane '\\ & !": "megane",
    "gol": "golf golf6", "gol tdi": "", "volkswagen ti": "", "'": "", "": "",
}  # fmt: skip


@pytest.fixture
async def reading(servers: Servers) -> AsyncIterator[AsyncConnection]:
    async with make_pool(servers.database_url, size=1) as pool, pool.connection() as connection:
        yield connection


async def test_attention_to_a_listing_is_worth_half_after_a_week(
    database: Connection, reading: AsyncConnection
) -> None:
    add_popularity(database, {"car-1": 8.0}, datetime.now(UTC) - timedelta(days=7))
    add_impressions(database, {"car-2": 3})
    assert sorted(await repository.attention(reading)) == [("car-1", pytest.approx(4), 0), ("car-2", 0, 3)]


async def matched(reading: AsyncConnection, database: Connection, text: str) -> set[str]:
    numbers = (await repository.text_matches(reading, text)).tolist()
    rows = database.execute("SELECT listing_id FROM listing WHERE no = ANY(%s)", (numbers,)).fetchall()
    return {listing_id for (listing_id,) in rows}


@pytest.mark.parametrize("text", SEARCHES)
async def test_words_are_found_whatever_stands_between_their_parts(
    database: Connection, reading: AsyncConnection, text: str
) -> None:
    upsert(database, [
        car(listing_id=ListingId(i), make=make, model=model, variant=variant, title=None)
        for i, (make, model, variant) in NAMES.items()
    ])  # fmt: skip
    assert await matched(reading, database, text) == set(SEARCHES[text].split())


async def test_words_that_older_code_split_are_indexed_again_once(
    database: Connection, reading: AsyncConnection
) -> None:
    upsert(database, [car(number, model="MX-5") for number in range(3)])
    database.execute("UPDATE listing SET search = to_tsvector('simple', 'mazda mx-5'), words_version = 0")
    before = row(database, "changed_by::text")
    assert await matched(reading, database, "mx5") == set()
    assert index_words(database) == 3
    assert await matched(reading, database, "mx5") == {"car-0", "car-1", "car-2"}
    assert row(database, "changed_by::text") == before
    assert index_words(database) == 0


@pytest.mark.parametrize("count", [1, 60])
async def test_words_that_an_older_process_writes_beside_are_indexed_at_the_next_start(
    database: Connection, reading: AsyncConnection, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    listings = [car(number, model="MX-5") for number in range(count)]
    upsert(database, listings)
    assert index_words(database) == 0
    with monkeypatch.context() as older:
        columns = {name: kind for name, kind in repository._COLUMNS.items() if name != "words_version"}
        older.setattr(repository, "_COLUMNS", columns)
        older.setattr(repository, "_words_index", lambda _: "'mx-5':1")
        upsert(database, [car(-1, model="MX-5")])
    known = {f"car-{number}" for number in range(count)}
    assert await matched(reading, database, "mx5") == known
    assert index_words(database) == 1
    assert await matched(reading, database, "mx5") == {"car--1"} | known
    upsert(database, [replace(listing, mileage_km=70_000) for listing in listings])
    set_status(database, [ListingId("car-0")], "reserved")
    assert index_words(database) == 0


@pytest.mark.parametrize("count", [1, 60])
def test_a_text_of_any_form_can_be_indexed(database: Connection, count: int) -> None:
    text = ("ﷺ" * 100 + "-" + "长" * 180) + "'\\:1A"
    assert upsert(database, [car(number, title=text, model="-") for number in range(count)]).imported == count


@pytest.mark.parametrize("count", [1, 60])
def test_the_same_again_touches_nothing(database: Connection, count: int) -> None:
    upsert(database, [car(number) for number in range(count)])
    before = database.execute("SELECT listing_id, xmin::text, changed_by::text FROM listing ORDER BY 1").fetchall()
    seen = revision(database)
    later = [car(number, listed_at=NOW + timedelta(days=9)) for number in range(count)]
    assert upsert(database, later) == WriteResult(unchanged=count)
    assert (
        database.execute("SELECT listing_id, xmin::text, changed_by::text FROM listing ORDER BY 1").fetchall() == before
    )
    assert revision(database) == seen


@pytest.mark.parametrize("count", [1, 60])
def test_a_change_is_written_and_announced_once_a_transaction(database: Connection, count: int) -> None:
    upsert(database, [car(number) for number in range(1, count + 1)])
    seen, before = revision(database), row(database, "changed_by::text::bigint")
    cheaper = [car(number, price_amount=Decimal(9000)) for number in range(1, count + 1)]
    assert upsert(database, [*cheaper, car(99)]) == WriteResult(imported=1, updated=count)
    assert revision(database) == seen + 1
    assert row(database, "price_amount") == (9000,)
    assert row(database, "changed_by::text::bigint") > before


def test_the_first_day_a_listing_was_listed_stays_in_column_and_document(database: Connection) -> None:
    upsert(database, [car()])
    upsert(database, [car(mileage_km=51_000, listed_at=NOW + timedelta(days=30))])
    assert row(database, "listed_at, document->>'listed_at'") == (NOW, "2026-01-01T12:00:00Z")
    upsert(database, [car(mileage_km=52_000, listed_at=NOW - timedelta(days=30))])
    assert row(database, "listed_at") == (NOW - timedelta(days=30),)


def test_the_sources_row_survives_a_change_by_api(database: Connection) -> None:
    upsert(database, [car()], [{"Marke": "SKODA"}])
    upsert(database, [car(price_amount=Decimal(9000))])
    assert row(database, "raw, price_amount") == ({"Marke": "SKODA"}, 9000)


def test_a_listing_given_twice_at_once_is_kept_as_last_given(database: Connection) -> None:
    assert upsert(database, [car(mileage_km=1), car(mileage_km=2)]) == WriteResult(imported=1, updated=1)
    assert row(database, "mileage_km") == (2,)


def test_nothing_is_fine(database: Connection) -> None:
    assert upsert(database, []) == WriteResult()
    assert set_status(database, [], "sold") == 0


def test_a_batch_that_fails_leaves_nothing_behind(database: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = revision(database)
    monkeypatch.setattr(repository, "_bump", lambda _connection: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        upsert(database, [car(number) for number in range(60)])
    assert database.execute("SELECT count(*) FROM listing").fetchone() == (0,)
    assert revision(database) == seen


def test_a_status_changes_column_document_and_hash_together(database: Connection) -> None:
    upsert(database, [car(1), car(2)])
    seen = revision(database)
    assert set_status(database, [ListingId("car-1"), ListingId("nobody")], "sold") == 1
    assert revision(database) == seen + 1
    status, document, digest = row(database, "status, document, content_hash")
    assert (status, document["status"]) == ("sold", "sold")
    assert document["sold_at"].endswith("Z")
    assert digest == content_hash(document)
    assert set_status(database, [ListingId("car-1")], "sold") == 0
    assert revision(database) == seen + 1
    set_status(database, [ListingId("car-1")], "active")
    assert row(database, "status, document, content_hash") == (
        "active", to_document(car(1)), content_hash(to_document(car(1))),
    )  # fmt: skip


def test_a_report_of_a_sale_sells_nothing_that_was_changed_after_it(database: Connection) -> None:
    upsert(database, [car(1), car(2)])
    reported = datetime.now(UTC)
    set_status(database, [ListingId("car-2")], "sold")
    upsert(database, [car(2)])  # on sale again
    seen = revision(database)
    sales = {ListingId(f"car-{number}"): reported for number in (1, 2, 3)}
    assert set_sold(database, sales) == 1
    assert (row(database, "status", "car-1"), row(database, "status", "car-2")) == (("sold",), ("active",))
    assert set_sold(database, sales) == 0
    assert revision(database) == seen + 1


def test_keep_sold_is_for_those_who_do_not_know(database: Connection) -> None:
    upsert(database, [car()])
    set_status(database, [ListingId("car-1")], "sold")
    assert upsert(database, [car()], keep_sold=True) == WriteResult(unchanged=1)
    assert upsert(database, [car()]) == WriteResult(updated=1)
    assert row(database, "status") == ("active",)


def test_a_listing_written_as_sold_says_since_when(database: Connection) -> None:
    upsert(database, [car(1), car(2, status="sold", sold_at=NOW)])
    upsert(database, [car(number, status="sold") for number in (1, 2)])
    first, second = (row(database, "document->>'sold_at'", f"car-{number}")[0] for number in (1, 2))
    assert abs(datetime.fromisoformat(first) - datetime.now(UTC)) < timedelta(minutes=1)
    assert second == "2026-01-01T12:00:00Z"
    upsert(database, [car(2, status="sold", mileage_km=60_000)])
    assert row(database, "document->>'sold_at'", "car-2") == ("2026-01-01T12:00:00Z",)
    upsert(database, [car(1)])
    assert row(database, "status, document->>'sold_at'") == ("active", None)


def test_what_is_on_offer_is_active_or_reserved_and_of_the_source(database: Connection) -> None:
    upsert(database, [car(1), car(2), car(3, status="reserved"), car(4, status="sold"), car(5, source="other")])
    offer = Offer(database, ["test"])
    assert len(offer) == 3
    assert sorted(i for chunk in offer.chunks(size=2) for i in chunk) == ["car-1", "car-2", "car-3"]


def test_of_an_offer_only_what_nobody_has_changed_since_is_withdrawn(database: Connection) -> None:
    upsert(database, [car(number) for number in range(4)])
    offer = Offer(database, ["test"])
    set_status(database, [ListingId("car-1")], "sold")
    upsert(database, [car(2, mileage_km=60_000), car(9)])
    assert [sorted(chunk) for chunk in offer.chunks()] == [["car-0", "car-3"]]
    assert offer.withdraw([ListingId(f"car-{number}") for number in (0, 1, 2, 9)]) == ["car-0"]
    status, document = row(database, "status, document", "car-1")
    assert (status, "sold_at" in document) == ("sold", True)


def test_preview_says_what_upsert_would_do(database: Connection) -> None:
    upsert(database, [car(1), car(2)])
    batch = [car(1), car(2, mileage_km=1), car(3)]
    expected = WriteResult(imported=1, updated=1, unchanged=1)
    assert repository.preview(database, batch) == expected
    assert upsert(database, batch) == expected


def test_writers_of_the_same_listings_wait_for_each_other_and_never_deadlock(
    servers: Servers, database: Connection
) -> None:
    listings = [car(number) for number in range(200)]
    failed: list[BaseException] = []

    def write(mileage: int) -> None:
        try:
            with connect(servers.database_url) as connection:
                order = listings if mileage % 2 else listings[::-1]
                for turn in range(3):
                    upsert(connection, [replace(x, mileage_km=mileage * 10 + turn) for x in order])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(mileage,)) for mileage in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert database.execute("SELECT count(*), count(DISTINCT mileage_km) FROM listing").fetchone() == (200, 1)


# --- the index -------------------------------------------------------------------------------------------------------


def index_definition(database: Connection) -> str | None:
    found = database.execute("SELECT pg_get_indexdef(to_regclass('listing_embedding'))").fetchone()
    assert found is not None
    return None if found[0] is None else str(found[0])


def is_valid(database: Connection) -> bool:
    found = database.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('listing_embedding')")
    return found.fetchone() == (True,)


@pytest.fixture
def whole_index(database: Connection) -> Any:
    yield
    ensure_index(database)


def test_a_large_load_goes_without_the_index_and_leaves_it_as_it_was(database: Connection, whole_index: None) -> None:
    before = index_definition(database)
    with bulk_index(database) as without:
        assert without
        assert index_definition(database) is None
        upsert(database, [car(number) for number in range(100)])
    assert is_valid(database)
    assert index_definition(database) == before


def test_a_load_that_fails_still_gets_its_index_back(database: Connection, whole_index: None) -> None:
    with pytest.raises(ZeroDivisionError), bulk_index(database):
        raise ZeroDivisionError
    assert is_valid(database)


@pytest.mark.parametrize(("changes", "without"), [(999, False), (1_000, True)])
def test_a_small_load_keeps_the_index(database: Connection, whole_index: None, changes: int, without: bool) -> None:
    with bulk_index(database, changes) as went_without:
        assert went_without is without


def test_of_two_large_loads_one_takes_the_index_away(servers: Servers, database: Connection, whole_index: None) -> None:
    with connect(servers.database_url) as other, bulk_index(database) as first, bulk_index(other) as second:
        assert (first, second) == (True, False)
        assert not ensure_index(other)  # a load is going on, and builds it at its end
    assert is_valid(database)


def drop(database: Connection) -> None:
    database.execute("DROP INDEX listing_embedding")


def invalidate(database: Connection) -> None:
    """Leave what a build that was killed leaves."""
    database.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'listing_embedding'::regclass")


@pytest.mark.parametrize("break_index", [drop, invalidate])
def test_a_start_repairs_what_a_crash_left(
    database: Connection, whole_index: None, break_index: Callable[[Connection], None]
) -> None:
    upsert(database, [car(number) for number in range(10)])
    before = index_definition(database)
    break_index(database)
    assert ensure_index(database)
    assert is_valid(database)
    assert index_definition(database) == before
    assert not ensure_index(database)


def test_one_listing_is_written_in_a_few_milliseconds(database: Connection) -> None:
    upsert(database, [car(number) for number in range(500)])
    seconds = []
    for number in range(500, 530):
        started = time.perf_counter()
        upsert(database, [car(number)])
        seconds.append(time.perf_counter() - started)
    assert float(np.median(seconds)) < 0.1  # 1.4 ms on a quiet machine, 29 ms on one that does much else
