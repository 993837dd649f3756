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
    """A ratio with its 95% interval; None where there is nothing to divide by."""

    value: float | None
    low: float | None = None
    high: float | None = None


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
    sizes: list[int] = [variants[v].shoppers if v in variants else 0 for v in planned]
    mismatch = None
    if len(sizes) > 1 and sum(sizes) > 0 and min(planned.values()) > 0:
        from scipy.stats import chisquare  # three quarters of a second, for operators only

        mismatch = float(chisquare(sizes, np.array(list(planned.values())) * sum(sizes) / sum(planned.values())).pvalue)
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
    whole = wholes.sum()
    if not whole:
        return Rate(None)
    value = float(parts.sum() / whole)
    if len(parts) < 2:
        return Rate(value)
    error = _Z * float(np.sqrt(((parts - value * wholes) ** 2).sum() * len(parts) / (len(parts) - 1)) / whole)
    return Rate(value, max(0.0, value - error), min(1.0, value + error))


def _difference(one: Rate, other: Rate) -> Rate:
    if one.value is None or other.value is None:
        return Rate(None)
    value = one.value - other.value
    if one.high is None or other.high is None:
        return Rate(value)
    error = float(np.hypot(one.high - one.value, other.high - other.value))
    return Rate(value, value - error, value + error)
