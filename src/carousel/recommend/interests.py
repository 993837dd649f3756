"""The cars somebody looks for at the same time: the family car and the weekend car stay apart.

The recent history is grouped into up to three clusters by the distance of the embeddings. Two of them become one again
where the choice model finds one wish the better explanation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage

from carousel.catalogue import embedding
from carousel.catalogue.snapshot import Snapshot
from carousel.crowd.choice_model import Belief
from carousel.recommend.crowd import Crowd
from carousel.recommend.query import Rows
from carousel.taste.taste import INTERESTS, PURCHASE_HALF_LIFE, SESSION_HALF_LIFE, Taste

_LEAST_LOOKS = 2
_LEAST_SHARE = 0.12
_MOST_CUTS = 6
_FAR = 2.6
"""Distance from which two groups are two wishes where no model can tell."""
_APART, _CLEARLY = 2.8, 2.2
"""Distances from which they are two whatever a model says; the second where each group is `_TIGHTER` times tighter:
some people want a van and a convertible, but as two cars."""
_TIGHTER = 3.0

PAGE_LOOKS = 2
"""How many looks the car on a page counts as: with one its price counts for too little beside its make."""

ONE_HOT_OF = {
    "body": embedding.ONE_HOT["body_type"], "fuel": embedding.ONE_HOT["fuel_type"],
    "transmission": embedding.ONE_HOT["transmission"], "drivetrain": embedding.ONE_HOT["drivetrain"],
    "condition": embedding.ONE_HOT["condition"], "seller": embedding.ONE_HOT["seller_type"],
}  # fmt: skip
_WEIGHT_OF = {"make": embedding.MAKE_WEIGHT, "model": embedding.MODEL_WEIGHT} | ONE_HOT_OF
_COLUMN_OF = {
    "log_price_eur": ("price_eur", np.log),
    "year": ("year", np.positive),
    "sqrt_mileage_km": ("mileage", np.sqrt),
    "log_power_kw": ("power", np.log),
}


@dataclass(frozen=True, slots=True)
class Interest:
    """One wish: its listing in the middle, the rows of the history that belong to it, and its share of the whole."""

    listing_id: str
    rows: Rows
    weights: NDArray[np.float32]
    share: float
    wanted: NDArray[np.float32] | None
    """Factors (d,) by the choice model, None without one."""
    latent: NDArray[np.float32] | None = None
    """Factors (d,) by who else looked at its listings."""


def find(taste: Taste, snapshot: Snapshot, crowd: Crowd | None, now: datetime) -> tuple[Interest, ...]:
    """Return the interests of a history, the largest first; none where nothing is known."""
    known = [(snapshot.row_of[r.listing_id], r) for r in taste.recent if r.listing_id in snapshot.row_of]
    if not known:
        return ()
    rows = np.array([row for row, _ in known], dtype=np.intp)
    age = np.maximum(now.timestamp() - np.array([r.at for _, r in known]), 0)
    looks = choices(np.array([r.weight for _, r in known]))
    purchase, session = (2.0 ** (-age / h.total_seconds()) for h in (PURCHASE_HALF_LIFE, SESSION_HALF_LIFE))
    weights = (looks * purchase * (0.5 + 0.5 * session)).astype(np.float32)
    apart = distances(snapshot, rows)
    guesses = _Guesses(crowd, rows, weights) if crowd else None
    groups = _together(_groups(apart, weights, guesses), [r.listing_id for _, r in known], taste.stated.together)
    total = float(weights.sum())
    found = [
        Interest(
            snapshot.ids[rows[_middle(group, weights, apart)]], rows[group], weights[group],
            float(weights[group].sum()) / total,
            crowd.believe(rows[group], weights[group], guesses.of(group)).mean if crowd and guesses else None,
            crowd.fold_in(rows[group], weights[group]) if crowd else None,
        )
        for group in groups
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda interest: -interest.share))


def on_page(listing_id: str, snapshot: Snapshot, crowd: Crowd | None) -> Interest | None:
    """Return the wish for the car on the page; None for one sold so long ago that it is not in memory."""
    row = snapshot.row_of.get(listing_id)
    if row is None:
        return None
    rows, weights = np.array([row], dtype=np.intp), np.array([PAGE_LOOKS], dtype=np.float32)
    wanted, latent = (crowd.believe(rows, weights).mean, crowd.fold_in(rows, weights)) if crowd else (None, None)
    return Interest(listing_id, rows, weights, 1.0, wanted, latent)


def _together(groups: list[Rows], listing_ids: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[Rows]:
    """Join the groups that the shopper said are one."""
    for pair in pairs:
        at = [i for i, group in enumerate(groups) if any(listing_ids[place] in pair for place in group)]
        if len(at) == 2:
            groups = _with_one(groups, at)
    return groups


def choices(weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return how many choices evidence of some weight counts as: one look is one, a contact not quite two."""
    counts: NDArray[np.float32] = np.clip(1 + np.log2(np.maximum(weights, 0.1)) / 4, 0.5, 2).astype(np.float32)
    return counts


def wishes_of(
    snapshot: Snapshot, crowd: Crowd, rows: Rows, weights: NDArray[np.float32]
) -> list[tuple[Rows, NDArray[np.float32]]]:
    """Split a history into wishes: what the choice model is trained on."""
    groups = _groups(distances(snapshot, rows), weights, _Guesses(crowd, rows, weights))
    return [(rows[group], weights[group]) for group in groups]


class _Guesses:
    """What the choice model guesses of groups of a history, each worked out once."""

    def __init__(self, crowd: Crowd, rows: Rows, weights: NDArray[np.float32]) -> None:
        self._crowd, self._rows, self._weights = crowd, rows, weights
        self._known: dict[bytes, Belief] = {}

    def prepare(self, groups: Iterable[Rows]) -> None:
        """Work out several at once, in hardly more time than one."""
        new = {key: group for group in groups if (key := group.tobytes()) not in self._known}
        if new:
            found = self._crowd.guess([(self._rows[group], self._weights[group]) for group in new.values()])
            self._known |= zip(new, found, strict=True)

    def of(self, group: Rows) -> Belief:
        self.prepare([group])
        return self._known[group.tobytes()]


def _groups(apart: NDArray[np.float32], weights: NDArray[np.float32], guesses: _Guesses | None) -> list[Rows]:
    groups = _clusters(apart, weights)
    while len(groups) > 1 and (pair := _to_join(groups, weights, apart, guesses)):
        groups = _with_one(groups, pair)
    return groups


def _joined(groups: list[Rows], pair: Sequence[int]) -> Rows:
    return np.sort(np.concatenate([groups[i] for i in pair]))


def _with_one(groups: list[Rows], pair: Sequence[int]) -> list[Rows]:
    """Return the groups with two of them made one, the last."""
    return [group for i, group in enumerate(groups) if i not in pair] + [_joined(groups, pair)]


def _clusters(apart: NDArray[np.float32], weights: NDArray[np.float32]) -> list[Rows]:
    """Cut the tree of average distances where most groups are large enough for a wish; lone looks join the nearest."""
    everything = np.arange(len(apart))
    best = [everything]
    if len(apart) < 2 * _LEAST_LOOKS:
        return best
    tree = linkage(apart[np.triu_indices(len(apart), 1)], "average")
    for count in range(2, min(_MOST_CUTS, len(apart)) + 1):
        groups = _cut(tree, count)
        large = [g for g in groups if len(g) >= _LEAST_LOOKS and weights[g].sum() >= _LEAST_SHARE * weights.sum()]
        if len(best) < len(large) <= INTERESTS:
            best = large
    if len(best) > 1:
        nearest = np.stack([apart[:, group].mean(axis=1) for group in best]).argmin(axis=0)
        for i, group in enumerate(best):
            nearest[group] = i
        best = [np.flatnonzero(nearest == i) for i in range(len(best))]
    return best


def _cut(tree: NDArray[np.float64], count: int) -> list[Rows]:
    """Cut a tree into at most so many groups, as scipy's `fcluster` by "maxclust" in a tenth of its time.

    Lone leaves are left out; the order is that of the tree, from the left.
    """
    leaves = len(tree) + 1
    heights = tree[:, 2]
    # Merges at one height happen together, so there may be fewer groups than asked for.
    merges = int(np.searchsorted(heights, heights[leaves - count - 1], "right")) if count < leaves else 0
    groups: list[Rows] = []
    waiting = [leaves + len(tree) - 1]
    while waiting:
        node = waiting.pop()
        if node < leaves:
            continue
        if node < leaves + merges:
            groups.append(np.sort(_leaves(tree, node)))
        else:
            waiting += (int(tree[node - leaves, 1]), int(tree[node - leaves, 0]))  # the left one is taken first
    return groups


def _leaves(tree: NDArray[np.float64], node: int) -> Rows:
    found, waiting, leaves = [], [node], len(tree) + 1
    while waiting:
        node = waiting.pop()
        if node < leaves:
            found.append(node)
        else:
            waiting += (int(tree[node - leaves, 0]), int(tree[node - leaves, 1]))
    return np.array(found, dtype=np.intp)


def _to_join(
    groups: list[Rows], weights: NDArray[np.float32], apart: NDArray[np.float32], guesses: _Guesses | None
) -> tuple[int, int] | None:
    """Return the two groups that gain most by being one, or None where all are better apart."""
    between = {
        (i, j): float(apart[np.ix_(groups[i], groups[j])].mean()) for i, j in combinations(range(len(groups)), 2)
    }
    within = [float(apart[np.ix_(g, g)].sum()) / max(len(g) * (len(g) - 1), 1) for g in groups]
    near = {
        pair: far for pair, far in between.items()
        if far < _APART and (far < _CLEARLY or far < _TIGHTER * max(within[i] for i in pair))
    }  # fmt: skip
    if not near:
        return None
    if guesses is None:
        gains = {pair: _FAR - far for pair, far in near.items()}
    else:
        guesses.prepare([*(groups[i] for i in set().union(*near)), *(_joined(groups, pair) for pair in near)])
        gains = {pair: _gain(groups, pair, weights, guesses) for pair in near}
    best = max(gains, key=gains.__getitem__)
    return best if gains[best] > 0 else None


def _gain(groups: list[Rows], pair: tuple[int, int], weights: NDArray[np.float32], guesses: _Guesses) -> float:
    """Return how much better one wish explains what two groups hold than two wishes do."""
    a, b = (groups[i] for i in pair)
    of_a, of_b = float(weights[a].sum()), float(weights[b].sum())
    share = of_a / (of_a + of_b)
    which = -of_a * np.log(share) - of_b * np.log(1 - share)
    two = guesses.of(a).evidence + guesses.of(b).evidence
    # Whoever has two wishes also says which one each look is for; half of it, because looks come in sessions.
    return float(guesses.of(_joined(groups, pair)).evidence - two + which / 2)


def _middle(group: Rows, weights: NDArray[np.float32], apart: NDArray[np.float32]) -> int:
    return int(group[(apart[np.ix_(group, group)] @ weights[group]).argmin()])


def distances(snapshot: Snapshot, rows: Rows) -> NDArray[np.float32]:
    """Return how far listings are from each other (m, m), as by their embeddings, with makes at right angles."""
    numerics = np.stack([standard(snapshot, rows, name) for name in embedding.NUMERIC], axis=1)
    squared = ((numerics[:, None] - numerics[None]) ** 2).sum(axis=2)
    for block, weight in _WEIGHT_OF.items():
        codes = snapshot.codes(block)[rows]
        differ = codes[:, None] != codes[None]
        squared += differ * weight**2 * ((codes > 0)[:, None] + (codes > 0)[None].astype(np.float32))
    apart: NDArray[np.float32] = np.sqrt(squared).astype(np.float32)
    return apart


def standard(snapshot: Snapshot, rows: Rows, name: str) -> NDArray[np.float64]:
    """Return one number of listings (m,) as it is in their embeddings."""
    mean, deviation, weight = embedding.NUMERIC[name]
    column, scale = _COLUMN_OF[name]
    numbers = scale(np.maximum(snapshot.numbers(column)[rows], 1e-9))
    standard: NDArray[np.float64] = np.nan_to_num(np.clip((numbers - mean) / deviation, -3, 3) * weight)
    return standard
