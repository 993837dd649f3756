"""How many listings of a search lie in which part of a range: what the bars above its from and to show.

The edges are round and fixed, so they never move between two requests. Every edge is a multiple of one unit: numpy
counts whole units (one `bincount`) and adds up those between two edges, with no look-up among edges per listing.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.listing import RATES_PER_EUR
from carousel.catalogue.search import matching
from carousel.catalogue.snapshot import Snapshot

# In units; the last is open upwards. Bars are narrow where most of a market's cars are.
_PRICE = (*range(10), *range(10, 20, 2), *range(20, 50, 5), *range(50, 101, 10))
_MILEAGE = (*range(10), *range(10, 20, 2), 20, 25, 30)
_POWER = (0, *range(4, 16), 18, 20, 25, 30, 40)
_YEARS = (1885, 1970, 1980, 1990, 1995)
"""Before the first there was no car; from 2000 on each year is an edge."""
_PRICE_STEP_EUR = 1_000
_MILEAGE_STEP_KM = 10_000
_POWER_STEP_KW = 10
_AT_ONCE = 16_384
"""Rows whose intermediate arrays stay in the processor's cache: 145,000 in one go take twice as long."""


def ranges(
    snapshot: Snapshot, found: dict[str, NDArray[np.bool_]], currency: str, this_year: int
) -> dict[str, dict[str, list[int]]]:
    """Return `edges` and `counts` of price (in a currency), year, mileage (km) and power (kW).

    Each is counted under all filters but its own; a listing that does not say a value is in none of its bars.
    """
    everything = np.flatnonzero(matching(snapshot, found))

    def histogram(name: str, values: NDArray[np.float64], units: Sequence[int], unit: int) -> dict[str, list[int]]:
        rows = np.flatnonzero(matching(snapshot, found, without=name)) if name in found else everything
        return {"edges": [edge * unit for edge in units], "counts": _counts(values, rows, units, unit)}

    return {
        "price": histogram("price", snapshot.prices_in(currency), _PRICE, price_step(currency)),
        "year": histogram("year", snapshot.numbers("year"), (*_YEARS, *range(2000, this_year + 1)), 1),
        "mileage": histogram("mileage", snapshot.numbers("mileage"), _MILEAGE, _MILEAGE_STEP_KM),
        "power": histogram("power", snapshot.numbers("power"), _POWER, _POWER_STEP_KW),
    }


def price_step(currency: str) -> int:
    """Return about a thousand euros in a currency, as 1, 2 or 5 times a power of ten."""
    exact = math.log10(_PRICE_STEP_EUR * RATES_PER_EUR[currency])
    power = math.floor(exact)
    digit = min((1, 2, 5, 10), key=lambda one: abs(math.log10(one) + power - exact))
    return int(digit * 10**power)


def _counts(values: NDArray[np.float64], rows: NDArray[np.intp], units: Sequence[int], unit: int) -> list[int]:
    """Count the values of some rows from each edge up to the next; those beyond the last edge are in the last bar."""
    first, last = units[0], units[-1]
    per_unit = np.zeros(last - first + 1, dtype=np.intp)
    for start in range(0, len(rows), _AT_ONCE):
        some = values[rows[start : start + _AT_ONCE]]
        some = some[~np.isnan(some)] / unit
        whole = np.clip(some, first, last).astype(np.intp) - first
        per_unit += np.bincount(whole, minlength=len(per_unit))
    counts: list[int] = np.add.reduceat(per_unit, np.array(units) - first).tolist()
    return counts
