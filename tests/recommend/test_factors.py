"""Interests found ahead of the request: the same as found in it, or none."""

from datetime import timedelta

import numpy as np
import pytest

from carousel.evaluation.simulated import NOW, Market, cases, taste_of
from carousel.recommend import interests
from carousel.recommend.aims import aims_of
from carousel.recommend.crowd import Crowd
from carousel.recommend.factors import FRESH, Factors, factors_of
from carousel.recommend.placements import load
from carousel.recommend.query import Query
from carousel.taste.taste import Taste


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(listings=1_000, shoppers=200)


@pytest.fixture(scope="module")
def crowd(market: Market) -> Crowd:
    return Crowd(market.trained(), version=3).refresh(market.snapshot)


@pytest.fixture(scope="module")
def tastes(market: Market) -> list[Taste]:
    return [taste_of(market, case) for case in cases(market, 20, 12)]


def made(market: Market, crowd: Crowd, taste: Taste) -> Factors:
    found = interests.find(taste, market.snapshot, crowd, NOW)
    return factors_of(found, market.snapshot, taste_version=taste.version, crowd_version=crowd.version, now=NOW)


def test_what_is_recalled_is_what_was_found(market: Market, crowd: Crowd, tastes: list[Taste]) -> None:
    sizes = set()
    for taste in tastes:
        found = interests.find(taste, market.snapshot, crowd, NOW)
        known = made(market, crowd, taste).recall(
            market.snapshot, taste_version=taste.version, crowd_version=3, now=NOW
        )
        assert known is not None
        sizes.add(len(found))
        for a, b in zip(found, known, strict=True):
            assert (a.listing_id, a.share) == (b.listing_id, b.share)
            np.testing.assert_array_equal(a.rows, b.rows)
            np.testing.assert_array_equal(a.weights, b.weights)
            assert a.wanted is not None
            assert b.wanted is not None
            np.testing.assert_array_equal(a.wanted, b.wanted)
    assert len(sizes) > 1  # of one wish and of more


def test_another_taste_model_time_or_catalogue_is_found_again(
    market: Market, crowd: Crowd, tastes: list[Taste]
) -> None:
    taste = tastes[0]
    factors = made(market, crowd, taste)

    def known(factors: Factors = factors, taste_version: int = taste.version, model: int = 3, late: float = 0) -> bool:
        now = NOW + timedelta(seconds=late)
        of = factors.recall(market.snapshot, taste_version=taste_version, crowd_version=model, now=now)
        return of is not None

    assert known()
    assert known(late=FRESH.total_seconds() - 1)
    assert not known(late=FRESH.total_seconds() + 1)
    assert not known(taste_version=taste.version + 1)
    assert not known(model=4)
    gone = [{**one, "listing_ids": [*one["listing_ids"], "unknown"]} for one in factors.interests]
    assert not known(Factors(factors.taste_version, 3, gone, NOW))


def test_a_slate_uses_them_only_where_they_fit(
    market: Market, crowd: Crowd, tastes: list[Taste], monkeypatch: pytest.MonkeyPatch
) -> None:
    taste = tastes[0]
    weights = load().of("home", "s").weights
    fits = Query(shopper_id="s", taste=taste, now=NOW, factors=made(market, crowd, taste))
    plain = aims_of(Query(shopper_id="s", taste=taste, now=NOW), market.snapshot, crowd, weights)
    calls: list[Taste] = []
    find = interests.find

    def counted(taste: Taste, *rest: object) -> tuple[interests.Interest, ...]:
        calls.append(taste)
        return find(taste, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(interests, "find", counted)
    ahead = aims_of(fits, market.snapshot, crowd, weights)
    assert not calls
    for a, b in zip(plain, ahead, strict=True):
        np.testing.assert_array_equal(a.scores(), b.scores())
    late = Query(shopper_id="s", taste=taste, now=NOW + 2 * FRESH, factors=fits.factors)
    aims_of(late, market.snapshot, crowd, weights)
    assert len(calls) == 1


def test_what_no_model_found_is_not_kept(market: Market, tastes: list[Taste]) -> None:
    found = interests.find(tastes[0], market.snapshot, None, NOW)
    with pytest.raises(ValueError, match="without a choice model"):
        factors_of(found, market.snapshot, taste_version=1, crowd_version=0, now=NOW)
