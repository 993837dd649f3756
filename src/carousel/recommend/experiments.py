"""What slates are worth to those who see them: click and contact rates with intervals, and variants compared. No I/O.

A shopper is in one variant for good, so shoppers are what is drawn at random: rates are ratios of sums over shoppers,
and their errors follow from how much shoppers differ (the delta method), not from counting impressions as if each were
another person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from carousel.recommend.repository import ShopperCounts

_Z = 1.96
MISMATCH = 0.001
"""Below so small a probability the sizes of the variants are no chance, and nothing else about them can be believed."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A ratio with its 95% interval; None where there is nothing to divide by.

    :ivar error: standard error. It is kept beside the interval because the interval ends at 0 and 1, and its ends
        then no longer say how unsure the ratio is.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    error: float | None = None


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
    """One experiment: each variant, whether their sizes are as planned, and their differences."""

    name: str
    variants: Mapping[str, Performance]
    mismatch: float | None
    """Probability of sizes as uneven as these by chance; None where it cannot be told."""
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


def experiments(
    rows: Sequence[ShopperCounts], planned: Mapping[str, Mapping[str, float]]
) -> tuple[ExperimentFigures, ...]:
    """Return the figures of every experiment that appears.

    :param planned: per experiment the share each variant should have.
    """
    groups: dict[str, dict[str, list[ShopperCounts]]] = {}
    for row in rows:
        for part in (row.variant or "").split(","):
            name, _, variant = part.partition(":")
            if variant:
                groups.setdefault(name, {}).setdefault(variant, []).append(row)
    return tuple(_experiment(name, own, planned.get(name, {})) for name, own in sorted(groups.items()))


def _experiment(
    name: str, rows: Mapping[str, Sequence[ShopperCounts]], planned: Mapping[str, float]
) -> ExperimentFigures:
    variants = {variant: performance(own) for variant, own in sorted(rows.items())}
    # A variant that is being wound down has share 0: those it still has were served before, and no size is planned.
    shares = {variant: share for variant, share in planned.items() if share > 0}
    sizes: list[int] = [variants[v].shoppers if v in variants else 0 for v in shares]
    mismatch = None
    if len(sizes) > 1 and sum(sizes) > 0:
        from scipy.stats import chisquare  # three quarters of a second, for operators only

        mismatch = float(chisquare(sizes, np.array(list(shares.values())) * sum(sizes) / sum(shares.values())).pvalue)
    return ExperimentFigures(
        name,
        variants,
        mismatch,
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
    return Rate(value, max(0.0, value - _Z * error), min(1.0, value + _Z * error), error)


def _of_alike(value: float, count: int) -> Rate:
    """Return the rate of shoppers who do not differ: most often none of them clicked at all.

    The delta method would be sure of it after two shoppers. Wilson's score interval is not, and unlike Wald's it has a
    width at 0 and 1. It counts shoppers, not impressions: how much one shopper's impressions are alike cannot be told
    where nobody clicked, so each shopper counts as one draw, as if they were all alike; it errs on the wide side.
    """
    from scipy.stats import binomtest  # as slow to import as the other

    found = binomtest(round(value * count), count).proportion_ci(confidence_level=0.95, method="wilson")
    low, high = min(float(found.low), value), max(float(found.high), value)
    return Rate(value, low, high, max(value - low, high - value) / _Z)


def _difference(one: Rate, other: Rate) -> Rate:
    if one.value is None or other.value is None:
        return Rate(None)
    value = one.value - other.value
    if one.error is None or other.error is None:
        return Rate(value)
    error = float(np.hypot(one.error, other.error))
    return Rate(value, max(-1.0, value - _Z * error), min(1.0, value + _Z * error), error)
