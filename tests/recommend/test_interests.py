from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from carousel.activity.events import Event
from carousel.evaluation.simulated import NOW, Case, Market, cases, taste_of
from carousel.recommend import interests
from carousel.recommend.crowd import Crowd
from carousel.taste.taste import Draft, Taste


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(listings=2_000, shoppers=300)


@pytest.fixture(scope="module")
def crowd(market: Market) -> Crowd:
    return Crowd(market.trained()).refresh(market.snapshot)


def viewed(market: Market, rows: list[int], days_ago: float = 0.0) -> Taste:
    draft = Draft(Taste.empty(NOW))
    for i, row in enumerate(rows):
        at = NOW - timedelta(minutes=len(rows) - i) - timedelta(days=days_ago)
        listing_id = market.listings[row].listing_id
        draft.add(
            Event(
                event_id=f"00000000-0000-4000-8000-{i:012}", type="view", shopper_id="s", occurred_at=at,
                received_at=at, listing_id=listing_id,
            ),
            market.described[listing_id],
        )  # fmt: skip
    return draft.taste()


def some(market: Market, n: int, **said: str) -> list[int]:
    rows = [i for i, x in enumerate(market.listings) if all(getattr(x, k) == v for k, v in said.items())]
    return rows[:n]


def of_body(market: Market, body: str, n: int) -> list[int]:
    """Return rows of the most common model with a body."""
    models = Counter((x.make, x.model) for x in market.listings if x.body_type == body)
    make, model = models.most_common(1)[0][0]
    return some(market, n, make=make, model=model, body_type=body)


def test_a_family_car_and_a_roadster_are_two_wishes(market: Market) -> None:
    vans, roadsters = of_body(market, "minivan", 5), of_body(market, "convertible", 5)
    found = interests.find(viewed(market, vans + roadsters), market.snapshot, None, NOW)
    assert len(found) == 2
    middles = {market.listings[market.snapshot.row_of[i.listing_id]].body_type for i in found}
    assert middles == {"minivan", "convertible"}
    assert sum(i.share for i in found) == pytest.approx(1, abs=1e-5)


def test_the_model_tells_who_looks_for_two_cars(market: Market, crowd: Crowd) -> None:
    """More often than not those with two wishes are seen to have two, and those with one mostly to have one."""
    split: dict[bool, list[bool]] = {True: [], False: []}
    for case in cases(market, 150, 20):
        found = interests.find(taste_of(market, case), market.snapshot, crowd, NOW)
        split[case.both].append(len(found) > 1)
    assert np.mean(split[True]) > np.mean(split[False]) + 0.2


def test_one_model_in_two_colours_is_one_wish(market: Market, crowd: Crowd) -> None:
    golfs = some(market, 6, make="Volkswagen", model="Golf")
    assert len(interests.find(viewed(market, golfs), market.snapshot, crowd, NOW)) == 1


def test_nothing_viewed_or_known_is_no_wish(market: Market, crowd: Crowd) -> None:
    assert interests.find(Taste.empty(NOW), market.snapshot, crowd, NOW) == ()


def test_an_interest_fades_when_it_is_not_looked_at(market: Market) -> None:
    vans, roadsters = of_body(market, "minivan", 4), of_body(market, "convertible", 4)
    old = viewed(market, vans, days_ago=28)
    draft = Draft(old)
    for i, row in enumerate(roadsters):
        listing_id = market.listings[row].listing_id
        event = Event(
            event_id=f"00000000-0000-4000-9000-{i:012}", type="view", shopper_id="s", occurred_at=NOW, received_at=NOW,
            listing_id=listing_id,
        )  # fmt: skip
        draft.add(event, market.described[listing_id])
    found = interests.find(draft.taste(), market.snapshot, None, NOW)
    assert market.listings[found[0].rows[0]].body_type == "convertible"
    assert found[0].share > 0.6


def test_distances_are_those_of_the_embeddings(market: Market) -> None:
    rows = np.arange(60)
    apart = interests.distances(market.snapshot, rows)
    points = market.embeddings[rows]
    true = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    assert np.abs(apart - true).mean() < 0.12  # random directions are nearly at right angles


def test_cases_are_the_same_for_the_same_seed(market: Market) -> None:
    first, again = (next(cases(market, 1, 8)) for _ in range(2))
    assert isinstance(first, Case)
    np.testing.assert_array_equal(first.viewed, again.viewed)
    assert taste_of(market, first).event_count == 8
