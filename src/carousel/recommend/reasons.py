"""Say why a listing is shown: true sentences from the largest terms of its score."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.listing import RATES_PER_EUR
from carousel.catalogue.snapshot import STEPS, Snapshot
from carousel.catalogue.traits import CATEGORICAL
from carousel.recommend.query import Query, Reason, Rows
from carousel.recommend.scorers import TasteScorer
from carousel.recommend.stated import spoken_for

MOST = 3
LEAST_TERM = 0.12
"""A term below this did not decide anything."""
NEW_DAYS = 7

_LABELS: dict[str, str] = {
    "suv": "SUV", "city_car": "City car", "lpg": "LPG", "cng": "CNG", "plugin_hybrid": "Plug-in hybrid",
    "mild_hybrid": "Mild hybrid", "semi_automatic": "Semi-automatic", "cvt": "CVT", "fwd": "Front-wheel drive",
    "rwd": "Rear-wheel drive", "awd": "All-wheel drive", "4wd": "Four-wheel drive", "dealer": "From a dealer",
    "private": "From a private seller", "pre_registered": "Pre-registered",
}  # fmt: skip
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "INR": "₹", "PLN": "zł", "CZK": "Kč"}


def reasons_of(
    snapshot: Snapshot,
    query: Query,
    scorer: TasteScorer,
    rows: Rows,
    sources: list[str],
    viewed: Mapping[int, str],
    below: NDArray[np.float32] | None = None,
) -> list[tuple[Reason, ...]]:
    """Return one to `MOST` reasons per row.

    :param sources: the name of the source that found each row.
    :param viewed: for rows near to a last view, the listing that was viewed.
    :param below: how far below its expected price each listing of the snapshot is (size,).
    """
    terms = scorer.causes(rows)
    blocks = list(terms)
    by_row = np.stack(list(terms.values()), axis=1) if terms else np.empty((len(rows), 0))
    order = np.argsort(-by_row, axis=1).tolist()
    large = by_row.tolist()
    silent = query.taste.stated.is_empty
    found = []
    for i, row in enumerate(rows.tolist()):
        decisive = [blocks[b] for b in order[i] if large[i][b] >= LEAST_TERM]
        why = []
        if sources[i] == "good_prices" and below is not None:
            why.append(Reason("good_price", f"{below[row]:.0%} below similar cars"))
        if sources[i] == "new_this_week":
            why.append(Reason("new", "New this week"))
        other = snapshot.row_of.get(viewed.get(row, ""))
        if other is not None and any(_equal(snapshot, block, row, other) for block in ("model", "body")):
            why.append(Reason("viewed", f"Like the {_value(snapshot, 'model', other)} you viewed"))
            if _equal(snapshot, "model", row, other):
                decisive = [block for block in decisive if block not in ("make", "model")]  # said already
        spoken = [] if silent else spoken_for(query.taste.stated, snapshot, row)
        said = [block for block, _ in spoken if block not in (*decisive, "budget")]
        why += [Reason(block, _text(snapshot, block, row)) for block in said[: MOST - 1]]
        why += _for_one(snapshot, row, decisive)
        if ("budget", "") in spoken and "price" not in decisive:
            why.append(Reason("budget", "Within your budget"))
        found.append(tuple(why[:MOST]) or (_without_taste(snapshot, query, row, sources[i]),))
    return found


def _equal(snapshot: Snapshot, block: str, row: int, other: int) -> bool:
    codes = snapshot.codes(block)
    return bool(codes[row] == codes[other] > 0)  # two that do not say it are not alike


def _value(snapshot: Snapshot, block: str, row: int) -> str:
    return snapshot.vocabularies[block].values[int(snapshot.codes(block)[row])]


def _for_one(snapshot: Snapshot, row: int, decisive: list[str]) -> list[Reason]:
    """Say the blocks that decided most, largest first; the model says the make too."""
    said = [block for block in decisive if block != "make" or "model" not in decisive][:MOST]
    return [Reason(block, _text(snapshot, block, row)) for block in said]


def _text(snapshot: Snapshot, block: str, row: int) -> str:
    if block in CATEGORICAL:
        value = _value(snapshot, block, row)
        if block in ("make", "model"):
            return f"Your interest: {value}"
        if block == "region":
            return f"In {value}"
        return label(value)
    return _band(snapshot, block, row)


def _band(snapshot: Snapshot, block: str, row: int) -> str:
    """Name the knots around a value: it is always inside what the text says."""
    knots = snapshot.knots[block]
    step = int(snapshot.grid(block)[row]) - 1
    low = min(step // STEPS, len(knots) - 2)
    least, most = knots[low], knots[low + 1]
    if block == "price":
        currency = _value(snapshot, "currency", row)
        price = float(snapshot.numbers("price_eur")[row])
        return _price_band(least, most, "above" if price > most else "below" if price < least else "inside", currency)
    value = float(snapshot.numbers({"mileage": "mileage", "year": "year", "power": "power"}[block])[row])
    if block == "year":
        return f"From {value:.0f}"
    if block == "power":
        return f"{value:.0f} kW"
    if value > most:
        return f"Over {most:,.0f} km".replace(",", " ")
    return f"Under {most:,.0f} km".replace(",", " ")


@lru_cache(maxsize=10_000)
def _price_band(least: float, most: float, where: Literal["above", "below", "inside"], currency: str) -> str:
    rate = RATES_PER_EUR[currency]
    symbol = SYMBOLS.get(currency, currency)
    if where == "above":
        return f"Over {_short(most * rate)} {symbol}"
    if where == "below":
        return f"Under {_short(least * rate, up=True)} {symbol}"
    return f"{_short(least * rate)}–{_short(most * rate, up=True)} {symbol}"


def _short(amount: float, *, up: bool = False) -> str:
    """Write an amount in thousands ("9k", "12.5k"); rounded outwards so that a band stays true."""
    rounding = math.ceil if up else math.floor
    magnitude = 10.0 ** math.floor(math.log10(max(amount, 1)))
    step = magnitude / (20 if amount < 2 * magnitude else 10)  # two digits are enough: 12.5k, 28k
    rounded = rounding(amount / step - (1e-9 if up else -1e-9)) * step
    if rounded >= 1_000_000:
        return f"{rounded / 1_000_000:g}M"
    return f"{rounded / 1_000:g}k" if rounded >= 1_000 else f"{rounded:.0f}"


def label(value: str) -> str:
    """Return a code of the canonical listing as a word."""
    return _LABELS.get(value, value.replace("_", " ").capitalize())


def _without_taste(snapshot: Snapshot, query: Query, row: int, source: str) -> Reason:
    age_days = (query.now.timestamp() - float(snapshot.numbers("listed_at")[row])) / 86_400
    # On the page of a car the score is of what is like it, which is no taste of the shopper's.
    if source in ("interests", "last_viewed") or (source == "taste" and query.listing_id is not None):
        return Reason("viewed", "Similar to cars you viewed")
    if snapshot.numbers("popularity")[row] > 0 and source == "popular":
        return Reason("popular", "Other shoppers are looking at it")
    if age_days <= NEW_DAYS:
        return Reason("new", "New this week")
    if snapshot.numbers("popularity")[row] > 0:
        return Reason("popular", "Other shoppers are looking at it")
    return Reason("explore", "Something different")
