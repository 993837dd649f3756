"""Name a wish by what its cars have in common: "Family SUVs around 20 k€", "Small automatics"."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.listing import RATES_PER_EUR
from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.query import Rows
from carousel.recommend.reasons import SYMBOLS, label

# Share of the looks that must agree before a name says so.
_MOST = {"model": 0.7, "make": 0.7, "body": 0.6, "fuel": 0.75, "transmission": 0.75}
_USUAL = 0.6
"""What so large a share of the stock is anyway needs no mention."""
_ONE_PRICE = 0.35
"""Largest deviation of the logarithms of the prices that is still one price."""

_FAMILY = ("wagon", "minivan", "suv", "crossover")
_SMALL = ("city_car", "hatchback")
_SMALL_KW = 75.0
_PLURALS = {
    "suv": "SUVs", "city_car": "city cars", "wagon": "wagons", "hatchback": "hatchbacks", "sedan": "sedans",
    "coupe": "coupes", "convertible": "convertibles", "minivan": "minivans", "van": "vans", "pickup": "pickups",
    "crossover": "crossovers",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A name in English, and the facts it is made of for pages in other languages."""

    text: str
    facts: Mapping[str, str | float]


def name_of(snapshot: Snapshot, rows: Rows, weights: NDArray[np.float32], currency: str) -> Name:
    """Name the cars of one wish.

    :param rows: the listings looked at (m,), `weights` how much each counts (m,).
    """
    common = {block: value for block in _MOST if (value := _common(snapshot, block, rows, weights))}
    facts: dict[str, str | float] = {}
    if "model" in common:
        common.pop("make", None)  # the model says it
    for block, field in (("make", "make"), ("model", "model"), ("body", "body_type"), ("fuel", "fuel_type"),
                         ("transmission", "transmission")):  # fmt: skip
        if block in common and not (block in ("fuel", "transmission") and _is_usual(snapshot, block, common[block])):
            facts[field] = common[block]
    if facts.get("fuel_type") == "electric":
        facts.pop("transmission", None)  # all of them are automatics
    if "model" in facts:
        facts.pop("body_type", None)
    elif size := _size(snapshot, rows, weights, common.get("body")):
        facts["size"] = size
    if price := _price(snapshot, rows, weights, currency):
        facts |= {"price_amount": price, "price_currency": currency}
    return Name(_words(facts), facts)


def _common(snapshot: Snapshot, block: str, rows: Rows, weights: NDArray[np.float32]) -> str | None:
    by_code = np.bincount(snapshot.codes(block)[rows], weights)
    code = int(by_code.argmax())
    return snapshot.vocabularies[block].values[code] if code and by_code[code] >= _MOST[block] * by_code.sum() else None


def _is_usual(snapshot: Snapshot, block: str, value: str) -> bool:
    code = snapshot.vocabularies[block].code(value)
    return code is not None and float(snapshot.base_rates()[block][code]) >= _USUAL


def _size(snapshot: Snapshot, rows: Rows, weights: NDArray[np.float32], body: str | None) -> str | None:
    bodies = np.array([snapshot.vocabularies["body"].values[code] for code in snapshot.codes("body")[rows]])
    if weights[np.isin(bodies, _FAMILY)].sum() >= _MOST["body"] * weights.sum():
        return "family" if body in (None, "suv", "crossover") else None  # a wagon is one anyway
    weak = ~(snapshot.numbers("power")[rows] > _SMALL_KW)
    if body != "city_car" and weights[np.isin(bodies, _SMALL) & weak].sum() >= _MOST["body"] * weights.sum():
        return "small"
    return None


def _price(snapshot: Snapshot, rows: Rows, weights: NDArray[np.float32], currency: str) -> float | None:
    """Return the middle of the prices, rounded as people say it, or None where there is no one price."""
    prices = snapshot.numbers("price_eur")[rows]
    priced = prices > 0
    if not priced.any():
        return None
    logs, of_priced = np.log(prices[priced]), weights[priced]
    mean = np.average(logs, weights=of_priced)
    if np.sqrt(np.average((logs - mean) ** 2, weights=of_priced)) > _ONE_PRICE:
        return None
    amount = float(np.exp(mean)) * RATES_PER_EUR[currency]
    step = 10.0 ** np.floor(np.log10(amount)) / (10 if amount < 3 * 10 ** np.floor(np.log10(amount)) else 2)
    return float(round(amount / step) * step)


def _words(facts: Mapping[str, str | float]) -> str:
    adjectives = []
    if size := facts.get("size"):
        adjectives.append(str(size).capitalize())
    if fuel := facts.get("fuel_type"):
        adjectives.append(label(str(fuel)).lower() if adjectives else label(str(fuel)))
    if make := facts.get("make"):
        adjectives.append(str(make))
    body = facts.get("body_type")
    automatic = facts.get("transmission") == "automatic"
    if "model" in facts:
        noun = str(facts["model"])
    elif body:
        noun = _PLURALS.get(str(body), "cars")
    else:
        noun = "automatics" if automatic else "cars"
    if automatic and noun != "automatics":
        adjectives.append("automatic" if adjectives else "Automatic")
    text = " ".join([*adjectives, noun])
    text = text[0].upper() + text[1:]
    if price := facts.get("price_amount"):
        text += f" around {_amount(float(price), str(facts['price_currency']))}"
    return text


def _amount(amount: float, currency: str) -> str:
    symbol = SYMBOLS.get(currency, currency)
    return f"{amount / 1_000:g} k{symbol}" if amount >= 1_000 else f"{amount:.0f} {symbol}"
