"""Score listings for one shopper: smoothed log-odds of the taste against the catalogue, plus what needs no taste.

`score(x) = Σ_b w_b Σ_k φ_bk(x) · log((c_bk + α_b p_bk) / ((n_b + α_b) p_bk))`, with c the evidence, p the catalogue's
base rate and φ the membership; evidence against is scored the same way and subtracted. Without evidence it is 0.
Evidence against a number and all above it lies on all that the stock has from there on, in proportion to the stock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.snapshot import CONFIG, Snapshot, membership_of_steps
from carousel.catalogue.traits import CATEGORICAL, NUMERIC, positions
from carousel.recommend.query import Rows
from carousel.taste.evidence import Amounts
from carousel.taste.taste import FROM_HERE_UP, Taste, decayed

# A session's evidence counts on top of its share in the purchase's: what is looked for right now comes first.
SESSION_SHARE = 2.0
AGAINST_SHARE = 0.7

# Correlated blocks (make with model, year with mileage) would be counted twice at full weight.
WEIGHTS: dict[str, float] = {
    "make": 0.8, "model": 0.45, "body": 0.75, "fuel": 0.5, "transmission": 0.5, "drivetrain": 0.2, "seller": 0.15,
    "color": 0.15, "condition": 0.4, "region": 0.25, "price": 1.0, "year": 0.6, "mileage": 0.5, "power": 0.45,
}  # fmt: skip
# Beside the choice model, which knows the crowd's side of every trait, a taste says what is this shopper's own.
BESIDE_CROWD: dict[str, float] = {
    "make": 0.2, "model": 0.05, "body": 0.25, "fuel": 0.15, "transmission": 0.05, "drivetrain": 0.1, "seller": 0.05,
    "color": 0.05, "condition": 0.05, "region": 0.05, "price": 0.55, "year": 0.1, "mileage": 0.1, "power": 0.1,
}  # fmt: skip
# Pseudo-views spread by the catalogue's base rates: how much evidence it takes to believe a preference.
SMOOTHING: dict[str, float] = dict.fromkeys(CATEGORICAL, 4.0) | dict.fromkeys(NUMERIC, 3.0) | {"model": 8.0}

FRESHNESS_HALF_LIFE_DAYS = 5.0
FIRST_IMPRESSIONS = 50
"""So often every listing is shown before its own merits alone decide."""
HALF_DISTANCE_KM = 50.0
_SPREAD = 0.2
"""Share of numeric evidence that spills to each neighbouring knot: who views 12,000 considers 14,000."""


Counts = Mapping[str, NDArray[np.float64]]
"""Per block the evidence for and against (2, codes + 1); the last column no listing has. Of a number the codes are its
knots, and there is a third row: against it and all above it."""


class TasteScorer:
    """Evidence as look-up tables over the snapshot's codes; cheap to make, cheap to apply.

    :param weights: how much each block counts.
    """

    def __init__(self, counts: Counts, snapshot: Snapshot, weights: Mapping[str, float]) -> None:
        self._snapshot = snapshot
        self._weights = weights
        self.has_evidence = bool(counts)
        rates = snapshot.base_rates()
        self._tables: dict[str, NDArray[np.float64]] = {}
        self._causes: dict[str, NDArray[np.float64]] = {}
        for block, amounts in counts.items():
            self._put(block, _beyond_knots(amounts, rates[block]) if block in NUMERIC else amounts, rates[block])

    def _put(self, block: str, counts: NDArray[np.float64], rates: NDArray[np.float64]) -> None:
        weight, alpha = self._weights[block], SMOOTHING[block]
        liked = self._table(block, weight * _log_odds(counts[0], rates, alpha))
        self._tables[block] = self._causes[block] = liked
        if counts[1].any():
            against = AGAINST_SHARE * weight * _log_odds(counts[1], rates, alpha)
            self._tables[block] = liked - self._table(block, against)
            self._causes[block] = np.minimum(self._tables[block], liked)

    def _table(self, block: str, table: NDArray[np.float64]) -> NDArray[np.float64]:
        table[0] = 0.0  # "not said" says nothing
        if block not in NUMERIC:
            return table
        return np.concatenate([[0.0], membership_of_steps(len(table) - 1) @ table[1:]])

    def beyond_make(self) -> NDArray[np.float32]:
        """Score every listing (size,) by everything but its make and model."""
        snapshot = self._snapshot
        total = np.empty(snapshot.size, dtype=np.float32)
        scratch = np.empty(snapshot.size, dtype=np.float32)
        config = np.zeros(len(snapshot.config_codes))
        for i, block in enumerate(CONFIG):
            if block in self._tables:
                config += self._tables[block][snapshot.config_codes[:, i]]
        _take(config, snapshot.config, total)
        if "region" in self._tables:
            _add(total, self._tables["region"], snapshot.codes("region"), scratch)
        for first, second in (("price", "mileage"), ("year", "power")):
            rows, columns = self._grid_table(first), self._grid_table(second)
            _add(total, (rows[:, None] + columns[None, :]).ravel(), snapshot.pair(f"{first}_{second}"), scratch)
        return total

    def make_and_model(self) -> NDArray[np.float32]:
        """Score every listing (size,) by its make and model alone."""
        total = np.empty(self._snapshot.size, dtype=np.float32)
        _take(self._make_model_table(), self._snapshot.codes("model"), total)
        return total

    def _make_model_table(self) -> NDArray[np.float64]:
        snapshot = self._snapshot
        table = np.zeros(len(snapshot.vocabularies["model"]))
        if "model" in self._tables:
            table += self._tables["model"]
        if "make" in self._tables:
            table += self._tables["make"][snapshot.make_of_model]
        return table

    def _grid_table(self, block: str) -> NDArray[np.float64]:
        table = self._tables.get(block)
        return np.zeros(self._snapshot.grid_size(block)) if table is None else table

    def terms(self, rows: Rows) -> dict[str, NDArray[np.float64]]:
        """Return each block's part of the score of some listings (m,)."""
        return self._look_up(self._tables, rows)

    def causes(self, rows: Rows) -> dict[str, NDArray[np.float64]]:
        """Return how much of each block's part is there because of evidence for what the listing is (m,): the reasons,
        in numbers. That other values are not wanted lifts a listing, too, but nobody asked for it."""
        return self._look_up(self._causes, rows)

    def _look_up(self, tables: Mapping[str, NDArray[np.float64]], rows: Rows) -> dict[str, NDArray[np.float64]]:
        snapshot = self._snapshot
        return {
            block: table[snapshot.codes(block)[rows] if block in CATEGORICAL else snapshot.grid(block)[rows]]
            for block, table in tables.items()
        }


def counts_of(taste: Taste, snapshot: Snapshot, now: datetime) -> dict[str, NDArray[np.float64]]:
    """Return a taste's evidence, as it stands now, by the snapshot's codes."""
    evidence = decayed(taste, now)
    counted = {block: _counted(snapshot, block, evidence[block]) for block in CATEGORICAL if block in evidence}
    for block in NUMERIC:
        upwards = evidence.get(FROM_HERE_UP.get(block, ""), {})
        if block in evidence or upwards:
            counted[block] = _on_knots(snapshot, block, evidence.get(block, {}), upwards)
    return counted


def counts_of_rows(snapshot: Snapshot, rows: Rows, weights: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
    """Return the evidence for the traits of some listings, each counted `weights` (m,) times."""
    counted: dict[str, NDArray[np.float64]] = {}
    for block in CATEGORICAL:
        size = len(snapshot.vocabularies[block])
        liked = np.bincount(snapshot.codes(block)[rows], weights, minlength=size + 1).astype(np.float64)
        liked[0] = 0
        counted[block] = np.stack([liked, np.zeros(size + 1)])
    for block in NUMERIC:
        membership = membership_of_steps(len(snapshot.knots[block]))
        at = snapshot.grid(block)[rows]
        counted[block] = np.zeros((3, len(snapshot.knots[block]) + 2))
        counted[block][0, 1:-1] = np.where(at > 0, weights, 0) @ membership[np.maximum(at - 1, 0)]
    return {block: amounts for block, amounts in counted.items() if amounts.any()}


def _counted(snapshot: Snapshot, block: str, values: Mapping[str, Amounts]) -> NDArray[np.float64]:
    vocabulary = snapshot.vocabularies[block]
    size = len(vocabulary)
    counts = np.zeros((2, size + 1))
    for value, (session, purchase, against) in values.items():
        code = vocabulary.code(value)
        at = size if code is None else code
        counts[0, at] += purchase + SESSION_SHARE * session
        counts[1, at] += against
    return counts


def _on_knots(
    snapshot: Snapshot, block: str, values: Mapping[str, Amounts], upwards: Mapping[str, Amounts]
) -> NDArray[np.float64]:
    """Put evidence, which is keyed by value, on today's knots.

    :param upwards: the evidence against a value and all above it.
    """
    knots = snapshot.knots[block]
    amounts = np.array(
        [(p + SESSION_SHARE * s, a, 0) for s, p, a in values.values()] + [(0, 0, a) for _, _, a in upwards.values()]
    ).T
    at = positions(np.array([float(v) for v in (*values, *upwards)]), knots, block)
    counts = np.zeros((3, len(knots) + 2))
    counts[:, 1:-1] = amounts @ np.clip(1 - np.abs(at[:, None] - np.arange(len(knots))[None, :]), 0, 1)
    return counts


def _beyond_knots(counts: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the evidence for and against each knot (2, knots + 2) with what that at other knots says of it."""
    spread = _spread(counts[:2])
    if counts[2].any():
        above = np.maximum(np.cumsum(rates[::-1])[::-1], 1e-9)
        spread[1, :-1] += rates * np.cumsum(counts[2, :-1] / above)
    return spread


def _spread(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let a share of each knot's evidence spill to its neighbours."""
    spread = counts * (1 - 2 * _SPREAD)
    spread[:, 2:-1] += counts[:, 1:-2] * _SPREAD
    spread[:, 1:-2] += counts[:, 2:-1] * _SPREAD
    return spread


def _log_odds(counts: NDArray[np.float64], rates: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """Return log((c + αp) / ((n + α) p)) per code; a code no listing has gets what no evidence gets."""
    found = counts[:-1]
    total = counts.sum() + alpha
    table = np.empty(len(found))
    table.fill(np.log(alpha / total))
    some = found.nonzero()[0]
    some = some[rates[some] > 0]
    of_some = rates[some]
    table[some] = np.log((found[some] + alpha * of_some) / (total * of_some))
    return table


def _add(
    total: NDArray[np.float32], table: NDArray[np.float64], codes: NDArray[np.intp], scratch: NDArray[np.float32]
) -> None:
    _take(table, codes, scratch)
    np.add(total, scratch, out=total)


def _take(table: NDArray[np.float64], codes: NDArray[np.intp], out: NDArray[np.float32]) -> None:
    table.astype(np.float32).take(codes, out=out, mode="clip")


@dataclass(slots=True)
class Prior:
    """What makes a listing worth showing to anybody: popularity and freshness.

    It changes slowly, so it is kept for a minute or until the catalogue changes.
    """

    key: tuple[int, int, int] = (-1, -1, -1)
    gone: NDArray[np.bool_] = None  # type: ignore[assignment]
    popularity: NDArray[np.float64] = None  # type: ignore[assignment]
    freshness: NDArray[np.float64] = None  # type: ignore[assignment]
    newest: Rows = None  # type: ignore[assignment]
    popular: Rows = None  # type: ignore[assignment]
    unseen: Rows = None  # type: ignore[assignment]
    """Rows on sale that had fewer than `FIRST_IMPRESSIONS`."""
    blends: dict[tuple[float, float], NDArray[np.float32]] = field(default_factory=dict)

    def refresh(self, snapshot: Snapshot, now: datetime) -> "Prior":
        key = (snapshot.revision, snapshot.size, int(now.timestamp() // 60))
        if key != self.key:
            popularity = snapshot.numbers("popularity")
            listed_at = snapshot.numbers("listed_at")
            age_days = np.maximum(now.timestamp() - listed_at, 0) / 86_400
            self.popularity = np.log1p(popularity)
            self.freshness = 2.0 ** (-age_days / FRESHNESS_HALF_LIFE_DAYS)
            self.gone = ~snapshot.active
            self.blends = {}
            active = np.flatnonzero(snapshot.active)
            self.newest = active[np.argsort(-listed_at[active], kind="stable")]
            acted_on = active[popularity[active] > 0]
            self.popular = acted_on[np.argsort(-popularity[acted_on], kind="stable")]
            self.unseen = active[snapshot.numbers("impressions")[active] < FIRST_IMPRESSIONS]
            self.key = key
        return self

    def blend(self, popularity: float, freshness: float) -> NDArray[np.float32]:
        """Return the weighted sum (size,); −∞ where a listing left the market."""
        weights = (popularity, freshness)
        if weights not in self.blends:
            values = popularity * self.popularity
            values += freshness * self.freshness
            values[self.gone] = -np.inf
            self.blends[weights] = values.astype(np.float32)
        return self.blends[weights]


_GROUPS = 16


def top(scores: NDArray[np.float32], n: int) -> Rows:
    """Return the rows of the n highest scores, best first; never one of −∞ or NaN.

    The n-th highest of the maxima of groups is a lower bound of the n-th highest score, so the n best are all in the n
    groups with the highest maxima: exact, at a tenth of the cost of partitioning everything.
    """
    size = len(scores) // _GROUPS
    if n >= size:
        rows = np.arange(len(scores))
    else:
        # Group j holds rows j, j + size, j + 2 size …: a few long vector instructions instead of many short ones.
        maxima = np.fmax.reduce(scores[: size * _GROUPS].reshape(_GROUPS, size), axis=0)
        groups = np.argpartition(np.where(np.isnan(maxima), -np.inf, maxima), size - n)[size - n :]
        tail = np.arange(size * _GROUPS, len(scores))
        rows = np.concatenate([(groups[None, :] + size * np.arange(_GROUPS)[:, None]).ravel(), tail])
    rows = rows[scores[rows] > -np.inf]
    if len(rows) > n:
        rows = rows[np.argpartition(-scores[rows], n - 1)[:n]]
    return rows[np.lexsort((rows, -scores[rows]))]
