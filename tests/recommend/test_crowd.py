"""The choice model's scores where there is nothing to sell."""

from dataclasses import replace

import numpy as np
import pytest

from carousel.catalogue.snapshot import Snapshot, _row
from carousel.evaluation.simulated import NOW, ExactNeighbours, Market, cases, taste_of
from carousel.recommend.crowd import Crowd
from carousel.recommend.pipeline import Recommender
from carousel.recommend.query import Query


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(listings=400, shoppers=60)


@pytest.fixture(scope="module")
def crowd(market: Market) -> Crowd:
    return Crowd(market.trained(), version=1)


@pytest.fixture
def query(market: Market) -> Query:
    (case,) = cases(market, 1, 8)
    return Query(shopper_id="somebody", taste=taste_of(market, case), now=NOW)


async def test_when_everything_is_sold_the_page_is_empty_and_wishes_are_still_known(
    market: Market, crowd: Crowd, query: Query
) -> None:
    sold = Snapshot.of(market.listings, market.snapshot.knots)
    sold.apply([_row(no, replace(x, status="sold", sold_at=NOW)) for no, x in enumerate(market.listings, 1)])
    recommender = Recommender(ExactNeighbours(market), exact_limit=10**9)
    recommender.use(crowd)
    assert (await recommender.recommend(query, sold)).listings == ()
    assert [listing for row in await recommender.rows(query, sold) for listing in row.listings] == []
    assert len(recommender.scores(query, sold)) == sold.size
    found = recommender.interests(query.taste, sold, NOW)
    assert found
    assert all(one.wanted is not None and np.isfinite(one.wanted).all() for one in found)


async def test_a_catalogue_without_a_listing_follows_one_with_many(market: Market, crowd: Crowd, query: Query) -> None:
    class NothingNear:
        async def near(self, _query: Query, _snapshot: Snapshot) -> dict[str, list[int]]:
            return {}

    recommender = Recommender(NothingNear(), exact_limit=10**9)
    recommender.use(crowd)
    assert len((await recommender.recommend(query, market.snapshot)).listings) == query.n
    nothing = Snapshot()
    assert (await recommender.recommend(query, nothing)).listings == ()
    assert [listing for row in await recommender.rows(query, nothing) for listing in row.listings] == []
    assert len(recommender.scores(query, nothing)) == 0
    assert recommender.interests(query.taste, nothing, NOW) == ()
    somebody = np.zeros(crowd.factors.shape[1], dtype=np.float32)
    assert len(crowd.scores(somebody)) == 0
