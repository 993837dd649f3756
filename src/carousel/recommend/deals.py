"""Which cars cost less than others like them: the price against what the model's other listings let expect."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.query import Rows

LEAST_COMPARED = 8
"""Listings of the same model and fuel that an expectation needs."""
GOOD, TOO_GOOD = 0.08, 0.35
"""From how far below the expected price a car is a good price; still lower is more often an error or damage."""

_ODD = 0.6
"""Difference of the logarithms from which a price says nothing about others."""


@dataclass(slots=True)
class Deals:
    """How far below its expected price each listing is; kept until the catalogue changes.

    The logarithm of the price is explained by model and fuel, and by how the listing's year, mileage and power differ
    from those of its model: one least-squares fit over the whole market, 15 ms for 145,000 listings.
    """

    key: tuple[int, int] = (-1, -1)
    below: NDArray[np.float32] = None  # type: ignore[assignment]
    """Share below the expected price (size,), negative above it; NaN where too little is known."""
    best: Rows = None  # type: ignore[assignment]
    """Rows of good prices, the best first."""

    def refresh(self, snapshot: Snapshot) -> "Deals":
        key = (snapshot.changes, snapshot.size)
        if key != self.key:
            self.below = _below(snapshot)
            good = np.flatnonzero((self.below >= GOOD) & (self.below <= TOO_GOOD))
            self.best = good[np.argsort(-self.below[good], kind="stable")]
            self.key = key
        return self


def _below(snapshot: Snapshot) -> NDArray[np.float32]:
    below = np.full(snapshot.size, np.nan, dtype=np.float32)
    price = snapshot.numbers("price_eur")
    facts = np.stack([snapshot.numbers("year"), np.sqrt(snapshot.numbers("mileage")), snapshot.numbers("power")])
    model = snapshot.codes("model")
    rows = np.flatnonzero(snapshot.active & (model > 0) & (price > 0) & np.isfinite(facts[:2]).all(axis=0))
    if not len(rows):
        return below
    kinds = model[rows] * len(snapshot.vocabularies["fuel"]) + snapshot.codes("fuel")[rows]
    _, group, compared = np.unique(kinds, return_inverse=True, return_counts=True)
    # Power nobody gave is taken for the usual one.
    said = np.stack([np.log(price[rows]), *(np.nan_to_num(f[rows], nan=_middle(f[rows])) for f in facts)])
    usable = np.ones(len(rows), dtype=bool)
    for _ in range(2):
        counts = np.maximum(np.bincount(group, usable), 1)
        middles = np.stack([np.bincount(group, usable * column) / counts for column in said])
        log_price, *differ = said - middles[:, group]
        explained = np.stack(differ, axis=1)
        slopes, *_ = np.linalg.lstsq(explained[usable], log_price[usable], rcond=None)
        residual = log_price - explained @ slopes
        usable = np.abs(residual) < _ODD  # errors must not move what the others are compared with
    below[rows] = 1 - np.exp(residual)
    below[rows[compared[group] < LEAST_COMPARED]] = np.nan
    return below


def _middle(column: NDArray[np.float64]) -> float:
    known = column[np.isfinite(column)]
    return float(np.median(known)) if len(known) else 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a listing's price stands among those of comparable cars, each brought to its year, mileage and power.

    :ivar below: share below the expected price, negative above it.
    :ivar cheaper_than: share of the comparable cars that cost more.
    :ivar bins: (from, to, how many) over the comparable prices, but for the outermost of them.
    """

    compared: int
    expected: float
    below: float
    cheaper_than: float
    bins: tuple[tuple[float, float, int], ...]


_BINS = 14
_OUTERMOST = 0.02


def standing_of(deals: Deals, snapshot: Snapshot, row: int, price: float) -> Standing | None:
    """Compare a listing with others of its model and fuel; None where there are too few.

    :param price: the listing's price, in the currency the answer is in.
    """
    own = float(deals.below[row])
    if np.isnan(own):
        return None
    alike = (snapshot.codes("model") == snapshot.codes("model")[row]) & (
        snapshot.codes("fuel") == snapshot.codes("fuel")[row]
    )
    alike &= np.isfinite(deals.below)
    alike[row] = False
    expected = price / (1 - own)
    prices = expected * (1 - deals.below[alike].astype(np.float64))
    low, high = np.quantile(prices, (_OUTERMOST, 1 - _OUTERMOST))
    counts, edges = np.histogram(prices, _BINS, (min(low, price), max(high, price) + 1))
    return Standing(
        compared=len(prices),
        expected=expected,
        below=own,
        cheaper_than=float((prices > price).mean()),
        bins=tuple(
            (round(float(a), 2), round(float(b), 2), int(n))
            for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
        ),
    )
