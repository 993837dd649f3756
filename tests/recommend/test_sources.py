"""Beyond the limit of exact scoring pgvector finds what is near; a list of near listings is kept for a minute."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest

from carousel.catalogue.embedding import embed
from carousel.catalogue.listing import Listing, ListingId
from carousel.catalogue.repository import set_status, upsert
from carousel.catalogue.snapshot import LiveSnapshot, Snapshot
from carousel.embedded.servers import Servers
from carousel.recommend import sources
from carousel.recommend.pipeline import Recommender
from carousel.recommend.query import Query
from carousel.recommend.sources import Neighbours
from carousel.storage.postgres import Connection, Pool, make_pool
from carousel.taste.taste import Taste

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def car(make: str, no: int) -> Listing:
    return Listing(
        listing_id=ListingId(f"{make} {no}"), make=make, model="1", model_year=2018, mileage_km=50_000 + 1_000 * no,
        price_amount=Decimal(9_000), price_currency="EUR", listed_at=NOW,
    )  # fmt: skip


KIAS = [car("Kia", no) for no in range(6)]
FIATS = [car("Fiat", no) for no in range(12)]


@pytest.fixture
async def pool(servers: Servers) -> AsyncIterator[Pool]:
    async with make_pool(servers.database_url, size=1) as pool:
        yield pool


async def stored(database: Connection, pool: Pool, listings: list[Listing]) -> Snapshot:
    upsert(database, listings)
    async with pool.connection() as connection:
        return await LiveSnapshot().current(connection)


async def test_beyond_the_exact_limit_what_is_on_sale_near_the_taste_is_found(
    database: Connection, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    upsert(database, KIAS)
    set_status(database, [KIAS[0].listing_id], "sold")
    snapshot = await stored(database, pool, FIATS)
    monkeypatch.setattr(sources, "NEAREST", 5)
    query = Query(shopper_id="s", taste=Taste(as_of=NOW, centroid=embed(KIAS)[0]), now=NOW)
    for limit, found in ((snapshot.size - 1, {x.listing_id for x in KIAS[1:]}), (snapshot.size, set())):
        recommender = Recommender(Neighbours(pool, exact_limit=limit), exact_limit=limit, exploration=0.0)
        shown = (await recommender.recommend(query, snapshot)).listings
        assert len(shown) == 17
        assert {x.listing_id for x in shown if x.source == "centroid"} == found


async def test_what_is_near_a_listing_is_asked_anew_after_a_minute(
    database: Connection, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(sources, "time", clock)
    snapshot = await stored(database, pool, KIAS[:3])
    neighbours = Neighbours(pool, exact_limit=0)
    query = Query(shopper_id="s", taste=Taste(as_of=NOW, interests=(KIAS[0].listing_id,)), now=NOW)
    counts = []
    for clock.now in (0.0, 59.0, 61.0):  # seconds
        counts.append(len((await neighbours.near(query, snapshot))[KIAS[0].listing_id]))
        upsert(database, KIAS[3:])
    assert counts == [2, 2, 5]
