"""The rows of the home page over the simulated market, where everybody's wishes are known."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from carousel.catalogue.listing import Listing, ListingId
from carousel.catalogue.snapshot import Snapshot
from carousel.evaluation.simulated import NOW, Case, ExactNeighbours, Market, cases, taste_of
from carousel.recommend import interests
from carousel.recommend.deals import Deals
from carousel.recommend.names import name_of
from carousel.recommend.pipeline import Recommender
from carousel.recommend.query import Query
from carousel.recommend.rows import Row


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(listings=2_000, shoppers=10)


@pytest.fixture(scope="module")
def two_wishes(market: Market) -> Case:
    """A shopper in whose history two wishes are found."""
    return next(
        case
        for case in cases(market, 60, 12)
        if case.both and len(interests.find(taste_of(market, case), market.snapshot, None, NOW)) == 2
    )


async def page(market: Market, case: Case | None = None) -> tuple[Row, ...]:
    recommender = Recommender(ExactNeighbours(market), exact_limit=10**9, exploration=0.1)
    empty = replace(next(cases(market, 1, 1)), viewed=np.empty(0, dtype=np.intp))
    query = Query(shopper_id="s", taste=taste_of(market, case or empty), now=NOW, n=12)
    return await recommender.rows(query, market.snapshot)


async def test_each_wish_has_its_row_under_its_own_name(market: Market, two_wishes: Case) -> None:
    rows = await page(market, two_wishes)
    wishes = [row for row in rows if row.kind == "interest"]
    assert len({row.name for row in wishes}) == len(wishes) == 2
    viewed = {market.listings[row].listing_id for row in two_wishes.viewed}
    assert {row.interest_id for row in wishes} <= viewed


async def test_no_car_stands_in_two_rows_and_none_was_viewed(market: Market, two_wishes: Case) -> None:
    rows = await page(market, two_wishes)
    shown = [served.listing_id for row in rows for served in row.listings]
    assert len(shown) == len(set(shown)) > 30
    assert not set(shown) & {market.listings[row].listing_id for row in two_wishes.viewed}


async def test_the_rows_of_a_page_come_in_their_order(market: Market, two_wishes: Case) -> None:
    kinds = [row.kind for row in await page(market, two_wishes)]
    order = ["picked_for_you", "interest", "because_you_viewed", "good_prices", "new_this_week"]
    assert kinds == sorted(kinds, key=order.index)
    assert {"picked_for_you", "because_you_viewed", "good_prices"} <= set(kinds)


async def test_because_you_viewed_names_the_last_car(market: Market, two_wishes: Case) -> None:
    (row,) = [row for row in await page(market, two_wishes) if row.kind == "because_you_viewed"]
    last = market.listings[two_wishes.viewed[-1]]
    assert row.listing_id == last.listing_id
    assert row.name == f"Because you viewed the {last.make} {last.model}"


async def test_new_this_week_is_of_this_week(market: Market, two_wishes: Case) -> None:
    (row,) = [row for row in await page(market, two_wishes) if row.kind == "new_this_week"]
    by_id = {x.listing_id: x for x in market.listings}
    assert all(NOW - by_id[s.listing_id].listed_at <= timedelta(days=7) for s in row.listings)
    assert all(s.reasons[0].text == "New this week" for s in row.listings)


async def test_who_is_new_sees_no_interests(market: Market) -> None:
    kinds = {row.kind for row in await page(market)}
    assert "picked_for_you" in kinds
    assert not kinds & {"interest", "because_you_viewed"}


# --- good prices


def golf(number: int, price: float, **more: object) -> Listing:
    said: dict[str, Any] = {
        "model_year": 2015 + number % 8, "mileage_km": 30_000 + 9_000 * (number % 11), "power_kw": 85,
        "make": "Volkswagen", "model": "Golf", "fuel_type": "petrol",
    } | more  # fmt: skip
    return Listing(
        listing_id=ListingId(f"golf-{number}"), price_amount=Decimal(round(price)), price_currency="EUR",
        listed_at=NOW, **said,
    )  # fmt: skip


def fair(number: int) -> float:
    """A price that follows from year and mileage."""
    return 20_000 * 1.08 ** (number % 8 - 8) * 0.95 ** ((30 + 9 * (number % 11)) ** 0.5)


def test_a_car_below_what_its_like_cost_is_a_good_price() -> None:
    listings = [golf(i, fair(i)) for i in range(80)] + [golf(80, 0.8 * fair(80)), golf(81, 0.2 * fair(81))]
    deals = Deals().refresh(Snapshot.of(listings))
    assert [listings[row].listing_id for row in deals.best] == ["golf-80"]  # a fifth of the price is an error
    assert deals.below[80] == pytest.approx(0.2, abs=0.04)
    assert np.abs(deals.below[:80]).max() < 0.07


def test_few_comparable_cars_give_no_good_price() -> None:
    listings = [golf(i, fair(i)) for i in range(5)] + [golf(5, 0.5 * fair(5))]
    assert len(Deals().refresh(Snapshot.of(listings)).best) == 0


def test_good_prices_without_any_price_are_none() -> None:
    listings = [replace(golf(i, 1), price_amount=None) for i in range(20)]
    assert len(Deals().refresh(Snapshot.of(listings)).best) == 0


# --- names


def named(listings: list[Listing]) -> str:
    usual = [golf(1_000 + i, 9_000, transmission="manual", body_type="sedan") for i in range(60)]
    snapshot = Snapshot.of([*listings, *usual])
    rows = np.arange(len(listings))
    return name_of(snapshot, rows, np.ones(len(rows), dtype=np.float32), "EUR").text


def some(n: int, *, makes: tuple[str, ...] = ("Kia", "Seat", "Audi", "Ford"), price: float = 20_000,
         **said: Any) -> list[Listing]:  # fmt: skip
    """Return cars of all makes, models and fuels, alike in what is said."""
    fuels = ("petrol", "diesel", "hybrid")
    return [
        golf(i, price + 400 * i, **{"make": makes[i % len(makes)], "model": f"M{i}", "fuel_type": fuels[i % 3]} | said)
        for i in range(n)
    ]


def test_names_say_what_the_cars_have_in_common() -> None:
    assert named(some(5, body_type="suv", price=19_500)) == "Family SUVs around 20 k€"
    assert named(some(5, body_type="coupe", fuel_type="diesel", price=40_000)) == "Diesel coupes around 40 k€"
    assert named(some(5, body_type="hatchback", power_kw=51, transmission="automatic", price=8_000)) == (
        "Small automatic hatchbacks around 9 k€"
    )
    assert named(some(5, makes=("BMW",), body_type="wagon")) == "BMW wagons around 21 k€"


def test_a_name_leaves_out_what_is_spread_or_usual() -> None:
    mixed = some(3, body_type="suv", price=5_000) + some(3, body_type="sedan", price=90_000, transmission="manual")
    assert named([replace(x, listing_id=ListingId(f"x{i}")) for i, x in enumerate(mixed)]) == "Cars"


def test_one_model_is_the_name() -> None:
    assert named([golf(i, 15_000, body_type="hatchback", transmission="manual") for i in range(4)]) == (
        "Volkswagen Golf around 15 k€"
    )
