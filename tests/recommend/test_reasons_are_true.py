"""Over a thousand served reasons, each held against the listing's own fields and what the shopper looked at; nothing of
the scorer is asked."""

import asyncio
import re
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from carousel.catalogue.listing import RATES_PER_EUR, Listing
from carousel.evaluation.simulated import NOW, ExactNeighbours, Market, cases, taste_of
from carousel.recommend.crowd import Crowd
from carousel.recommend.deals import Deals
from carousel.recommend.pipeline import Recommender
from carousel.recommend.query import Query, Reason
from carousel.recommend.reasons import SYMBOLS, label

FIELD = {
    "body": "body_type", "fuel": "fuel_type", "transmission": "transmission", "drivetrain": "drivetrain",
    "seller": "seller_type", "color": "color_exterior", "condition": "condition", "region": "region",
}  # fmt: skip
NEAR = 2.6  # a look at a price is evidence for prices up to the next knot but one, by ratio


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(listings=3_000, shoppers=200)


def is_true(reason: Reason, x: Listing, looked: list[Listing], popular: bool, below: float) -> bool:
    """Return whether what a reason says holds of a listing, and the shopper gave cause to say it.

    :param below: how far below the price of comparable cars the listing's is.
    """
    text, code = reason.text, reason.code
    if code == "viewed" and (named := re.fullmatch("Like the (.+) you viewed", text)):
        same = [y for y in looked if f"{y.make} {y.model}" == named[1]]
        return any((y.make, y.model) == (x.make, x.model) or y.body_type == x.body_type for y in same)
    if code == "viewed":
        return bool(looked)
    if code == "new":
        return NOW - x.listed_at <= timedelta(days=7)
    if code == "popular":
        return popular
    if code == "good_price":
        return text == f"{100 * below:.0f}% below similar cars"
    if code == "explore":
        return True
    if code in ("make", "model"):
        own = {"make": x.make, "model": f"{x.make} {x.model}"}[code]
        of_looked = [{"make": y.make, "model": f"{y.make} {y.model}"}[code] for y in looked]
        return text == f"Your interest: {own}" and own in of_looked
    if code in FIELD:
        own = getattr(x, FIELD[code])
        said = f"In {own}" if code == "region" else label(own)
        return text == said and own in [getattr(y, FIELD[code]) for y in looked]
    if code == "year":
        return text == f"From {x.year}" and any(abs((y.year or 0) - (x.year or 0)) <= 4 for y in looked)
    if code == "power":
        return text == f"{x.power_kw} kW" and _near(x.power_kw, [y.power_kw for y in looked])
    if code == "mileage":
        way, limit = re.fullmatch(r"(Under|Over) ([\d ]+) km", text).groups()  # type: ignore[union-attr]
        above = (x.mileage_km or 0) > int(limit.replace(" ", ""))
        holds = above == (way == "Over")
        return holds and _near(x.mileage_km, [y.mileage_km for y in looked], 12)
    if code == "price":
        currency = x.price_currency or ""
        if not _in_band(text, float(x.price_amount or 0), currency):
            return False
        prices = [float(y.price_eur) for y in looked if y.price_eur]
        same_band = any(_in_band(text, price * RATES_PER_EUR[currency], currency) for price in prices)
        return same_band or _near(x.price_eur, list(prices), 4)
    return False


def _near(own: float | None, looked: list[float | None], ratio: float = NEAR) -> bool:
    return own is not None and any(y and 1 / ratio <= (own + 1) / (y + 1) <= ratio for y in map(_number, looked))


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _in_band(text: str, price: float, currency: str) -> bool:
    assert text.endswith(SYMBOLS.get(currency, currency)), text
    amounts = [float(n) * {"k": 1e3, "M": 1e6, "": 1}[unit] for n, unit in re.findall(r"([\d.]+)([kM]?)", text)]
    rounding = 0.01 * RATES_PER_EUR[currency]  # the snapshot counts in euros
    if text.startswith("Under"):
        return price <= amounts[0] + rounding
    if text.startswith("Over"):
        return price >= amounts[0] - rounding
    return amounts[0] - rounding <= price <= amounts[1] + rounding


def test_a_thousand_reasons_are_true_and_have_a_cause(market: Market) -> None:
    recommender = Recommender(ExactNeighbours(market), exact_limit=10**9, exploration=0.1)
    recommender.use(Crowd(market.trained()))
    rng = np.random.default_rng(1)
    acted = set(rng.choice(len(market.listings), 400, replace=False).tolist())
    market.snapshot.set_attention([(market.listings[i].listing_id, 3.0, 60) for i in acted])
    below = Deals().refresh(market.snapshot).below
    said: Counter[str] = Counter()
    wrong: list[str] = []
    for views in (2, 6, 15):
        for case in cases(market, 12, views):
            query = Query(shopper_id="s", taste=taste_of(market, case), now=NOW, n=12)
            looked = [market.listings[row] for row in case.viewed]
            for row in asyncio.run(recommender.rows(query, market.snapshot)):
                for served in row.listings:
                    at = market.snapshot.row_of[served.listing_id]
                    assert served.reasons
                    for reason in served.reasons:
                        said[reason.code] += 1
                        if not is_true(reason, market.listings[at], looked, at in acted, float(below[at])):
                            x = market.listings[at]
                            prices = [int(y.price_eur or 0) for y in looked]
                            own = f"{x.price_amount} {x.price_currency}, {x.mileage_km} km"
                            wrong.append(f"{row.kind}: {reason} of a car of {own}; looked at {prices}")
    assert wrong[:4] == [], f"{len(wrong)} of {said.total()}"
    assert said.total() > 3_000
    assert said["good_price"] > 100
    assert len(said) >= 8  # many kinds of them
