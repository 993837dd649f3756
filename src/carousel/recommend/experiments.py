"""What slates are worth to those who see them: click and contact rates with intervals, and variants compared. No I/O.

As long as the shares stay a shopper is in one variant, so shoppers are what is drawn at random: rates are ratios of
sums over shoppers, and their errors follow from how much shoppers differ (the delta method), not from counting
impressions as if each were another person. Other shares move shoppers, so they are a trial with figures of its own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from carousel.recommend.repository import ShopperCounts

_CONFIDENCE = 0.95
MISMATCH = 0.001
"""Below so small a probability the sizes of the variants are no chance, and nothing else about them can be believed."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A ratio with its 95% interval; None where there is nothing to divide by.

    :ivar error: standard error. It is kept beside the interval because the interval ends at 0 and 1, and its ends
        then no longer say how unsure the ratio is.
    :ivar freedom: degrees of freedom of the error, in Student's sense: of few shoppers it is itself only a guess, so
        the interval is wider. None where the error is no such guess.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    error: float | None = None
    freedom: float | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """What one group of slates achieved."""

    shoppers: int
    slates: int
    impressions: int
    clicks: int
    contacts: int
    ctr: Rate
    contact_rate: Rate


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much one variant's click rate is above another's."""

    one: str
    other: str
    difference: Rate


@dataclass(frozen=True, slots=True)
class ExperimentFigures:
    """One experiment under the same shares: each variant, whether their sizes are as planned, and their differences.

    :ivar shares: of the variants when the slates were served; empty for slates of before they were kept.
    :ivar mismatch: probability of sizes as uneven as these by chance; None where it cannot be told.
    :ivar moved: how many of the shoppers were in another variant too, under other shares.
    """

    name: str
    shares: Mapping[str, float]
    variants: Mapping[str, Performance]
    mismatch: float | None
    moved: int
    comparisons: tuple[Comparison, ...]

    @property
    def is_trustworthy(self) -> bool:
        return self.mismatch is None or self.mismatch >= MISMATCH


def performance(rows: Sequence[ShopperCounts]) -> Performance:
    """Sum up what some shoppers saw and did."""
    by_shopper: dict[str, list[int]] = {}
    for row in rows:
        own = by_shopper.setdefault(row.shopper_id, [0, 0, 0, 0])
        for i, amount in enumerate((row.slates, row.impressions, row.clicks, row.contacts)):
            own[i] += amount
    table = np.array(list(by_shopper.values()), dtype=np.float64).reshape(-1, 4)
    slates, impressions, clicks, contacts = (int(total) for total in table.sum(axis=0))
    _, seen, clicked, contacted = table.T
    return Performance(
        len(table), slates, impressions, clicks, contacts, _rate(clicked, seen), _rate(contacted, seen)
    )  # fmt: skip


def by_place(rows: Iterable[ShopperCounts]) -> dict[tuple[str, str], Performance]:
    """Return the figures per placement and row ("" for a slate that is none)."""
    groups: dict[tuple[str, str], list[ShopperCounts]] = {}
    for row in rows:
        groups.setdefault((row.placement, row.row_kind or ""), []).append(row)
    return {place: performance(own) for place, own in sorted(groups.items())}


def experiments(rows: Iterable[ShopperCounts]) -> tuple[ExperimentFigures, ...]:
    """Return the figures of every experiment that appears, and of each of its shares by themselves."""
    groups: dict[tuple[str, tuple[tuple[str, float], ...]], dict[str, list[ShopperCounts]]] = {}
    variants_of: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for part in (row.variant or "").split(","):
            name, _, variant = part.partition(":")
            if variant:
                shares = tuple(row.shares.get(name, {}).items())  # another order of the variants draws anew too
                groups.setdefault((name, shares), {}).setdefault(variant, []).append(row)
                variants_of.setdefault((name, row.shopper_id), set()).add(variant)
    moved = {shopper for shopper, variants in variants_of.items() if len(variants) > 1}
    return tuple(_experiment(name, dict(shares), own, moved) for (name, shares), own in sorted(groups.items()))


def _experiment(
    name: str,
    shares: Mapping[str, float],
    rows: Mapping[str, Sequence[ShopperCounts]],
    moved: Collection[tuple[str, str]],
) -> ExperimentFigures:
    variants = {variant: performance(own) for variant, own in sorted(rows.items())}
    sizes: list[int] = [variants[v].shoppers if v in variants else 0 for v in shares]
    mismatch = None
    if len(sizes) > 1 and sum(sizes) > 0:
        from scipy.stats import chisquare  # three quarters of a second, for operators only

        mismatch = float(chisquare(sizes, np.array(list(shares.values())) * sum(sizes) / sum(shares.values())).pvalue)
    shoppers = {row.shopper_id for own in rows.values() for row in own}
    return ExperimentFigures(
        name,
        shares,
        variants,
        mismatch,
        sum((name, shopper) in moved for shopper in shoppers),
        tuple(
            Comparison(one, other, _difference(variants[one].ctr, variants[other].ctr))
            for other, one in combinations(variants, 2)
        ),
    )


def gini(amounts: Iterable[float]) -> float:
    """Return how unevenly amounts are spread: 0 all alike, near 1 one has everything."""
    ordered = np.sort(np.fromiter(amounts, dtype=np.float64))
    if not len(ordered) or not ordered.sum():
        return 0.0
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum()))


def _rate(parts: NDArray[np.float64], wholes: NDArray[np.float64]) -> Rate:
    seen = wholes > 0  # who saw nothing says nothing about how shoppers differ
    parts, wholes = parts[seen], wholes[seen]
    if not len(wholes):
        return Rate(None)
    whole, count = wholes.sum(), len(wholes)
    value = float(parts.sum() / whole)
    if count < 2:
        return Rate(value)
    if np.ptp(parts / wholes) == 0:
        return _of_alike(value, count)
    error = float(np.sqrt(((parts - value * wholes) ** 2).sum() * count / (count - 1)) / whole)
    return _within(0.0, value, error, count - 1)


def _within(least: float, value: float, error: float, freedom: float | None) -> Rate:
    """Return a ratio between `least` and 1 with the interval that its error gives."""
    reach = _quantile(freedom) * error
    return Rate(value, max(least, value - reach), min(1.0, value + reach), error, freedom)


def _quantile(freedom: float | None) -> float:
    """Return how many errors an interval reaches to either side; without a number of freedoms the normal's."""
    from scipy.special import ndtri, stdtrit

    above = (1 + _CONFIDENCE) / 2
    return float(ndtri(above) if freedom is None else stdtrit(freedom, above))


def _of_alike(value: float, count: int) -> Rate:
    """Return the rate of shoppers who do not differ: most often none of them clicked at all.

    The delta method would be sure of it after two shoppers. Wilson's score interval is not, and unlike Wald's it has a
    width at 0 and 1. It counts shoppers, not impressions: how much one shopper's impressions are alike cannot be told
    where nobody clicked, so each shopper counts as one draw, as if they were all alike; it errs on the wide side.
    """
    from scipy.stats import binomtest  # as slow to import as the other

    found = binomtest(round(value * count), count).proportion_ci(confidence_level=_CONFIDENCE, method="wilson")
    low, high = min(float(found.low), value), max(float(found.high), value)
    return Rate(value, low, high, max(value - low, high - value) / _quantile(None))


def _difference(one: Rate, other: Rate) -> Rate:
    if one.value is None or other.value is None:
        return Rate(None)
    value = one.value - other.value
    if one.error is None or other.error is None:
        return Rate(value)
    return _within(-1.0, value, float(np.hypot(one.error, other.error)), _freedom(one, other))


def _freedom(one: Rate, other: Rate) -> float | None:
    """Return the degrees of freedom of a difference (Welch and Satterthwaite)."""
    known = [(rate.error or 0.0, rate.freedom) for rate in (one, other)]
    total = sum(error**2 for error, _ in known) ** 2
    unsure = sum(error**4 / freedom for error, freedom in known if freedom is not None)
    return total / unsure if unsure else None
