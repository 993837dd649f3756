"""Choose and order what is shown: maximal marginal relevance with caps, and a share of exploration."""

from collections.abc import Collection, Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.snapshot import STEPS, Snapshot
from carousel.recommend.placements import Caps, PlacementSettings
from carousel.recommend.query import Rows

CONSIDERED = 160
"""Best-scored candidates that compete for a place."""
_PER_CAP = 10
"""Candidates of one make that compete, per one that ten places may have."""

# How alike two cars are, as shares of 1; `diversity` is what a twin of a shown car loses, in units of log-odds.
_LIKENESS: dict[str, float] = {"model": 0.35, "make": 0.2, "body": 0.15, "price": 0.15, "fuel": 0.15}
_TEN = 10
_LEAST_CAP = 2
"""A slate too short for a share of its places may have so many of one make, model or merchant, if ten may."""

Explored = Mapping[int, float]
"""Positions of explored listings, each with the chance it had to be chosen among the candidates that were left."""


def diversify(
    snapshot: Snapshot,
    rows: Rows,
    scores: NDArray[np.float32],
    shares: Sequence[float],
    n: int,
    placement: PlacementSettings,
    *,
    explored: Collection[int] = (),
    boosted: bool = False,
) -> list[int]:
    """Return up to n positions into `rows`, in the order shown.

    :param scores: of each row for each wish (wishes, m).
    :param shares: how much of the slate each wish gets, summing to 1.
    :param placement: how much a twin of a chosen listing loses, and the caps that hold while there are others.
    :param explored: positions that get a place whatever their score.
    :param boosted: whether rules lift some; one merchant may then have all of the best, so all rows compete.
    """
    of_a_make = _PER_CAP * placement.caps["make"]
    best = np.arange(len(rows)) if boosted else _considered(snapshot, rows, scores, of_a_make)
    slate = _greedy(snapshot, rows, scores, shares, n, list(explored), placement, best)
    if len(slate) < (places := n - len(explored)):  # the caps left some empty
        taken = {*slate, *explored}
        order = np.lexsort((rows, -scores.max(axis=0)))
        slate += [int(i) for i in order if int(i) not in taken][: places - len(slate)]
    return _interleave(slate, list(explored), n)


def explore(scores: NDArray[np.float32], candidates: Sequence[int], slots: int, rng: np.random.Generator) -> Explored:
    """Choose which candidates get a place to be seen at all: at random, sooner the more they suit the shopper.

    :param scores: of all rows (m,), in units of log-odds; `candidates` are positions in it.
    """
    left = [i for i in candidates if scores[i] > -np.inf]
    explored: dict[int, float] = {}
    while left and len(explored) < slots:
        chances = np.exp(scores[left] - scores[left].max())
        chances /= chances.sum()
        at = int(rng.choice(len(left), p=chances.astype(np.float64) / chances.sum(dtype=np.float64)))
        explored[left.pop(at)] = float(chances[at])
    return explored


def most_of(caps: Caps, places: int) -> dict[str, int]:
    """Return how many of one make, model and merchant the first places of a slate may have."""
    return {
        block: max(min(_LEAST_CAP, cap), cap * places // _TEN) for block, cap in cast("dict[str, int]", caps).items()
    }


def _considered(snapshot: Snapshot, rows: Rows, scores: NDArray[np.float32], of_a_make: int) -> NDArray[np.intp]:
    """Return the positions of the best for each wish, not too many of one make."""
    found = []
    for of_wish in scores:
        order = np.lexsort((rows, -of_wish))
        # One make the shopper loves would fill the whole competition, and then the caps could only leave places empty.
        found.append(order[_rank_within(snapshot.codes("make")[rows[order]]) < of_a_make][:CONSIDERED])
    return np.unique(np.concatenate(found)) if len(found) > 1 else found[0]


def _greedy(
    snapshot: Snapshot,
    rows: Rows,
    scores: NDArray[np.float32],
    shares: Sequence[float],
    n: int,
    explored: Sequence[int],
    placement: PlacementSettings,
    best: NDArray[np.intp],
) -> list[int]:
    """Fill the places beside the explored one by one: the wish most behind its share takes what is best for it and not
    yet shown."""
    if not len(best):
        return []
    considered = rows[best]
    features = np.stack([_feature(snapshot, block, considered) for block in _LIKENESS], axis=1)
    likeness = np.array(list(_LIKENESS.values()), dtype=np.float32)
    groups = {block: snapshot.codes(block)[considered] for block in placement.caps}
    counts = {block: np.zeros(len(snapshot.vocabularies[block]), dtype=np.intp) for block in placement.caps}
    for block, of_block in counts.items():
        np.add.at(of_block, snapshot.codes(block)[rows[list(explored)]], 1)
    places = min(n - len(explored), len(best))
    value = scores[:, best].astype(np.float32)
    closest = np.zeros(len(best), dtype=np.float32)
    worth = np.empty_like(closest)
    share = list(shares)
    given = [0] * len(share)
    chosen: list[int] = []
    free = ~np.isin(best, explored) if len(explored) else np.ones(len(best), dtype=bool)
    until, most, within = 0, dict[str, int](), free
    while len(chosen) < places:
        wish = max(range(len(share)), key=lambda i: share[i] / (2 * given[i] + 1))  # Sainte-Laguë, as in parliaments
        if len(chosen) >= until:  # the caps are those of the next ten places
            until += _TEN
            most = most_of(placement.caps, min(n, until))
            within = free & _below_caps(groups, counts, most)
        np.multiply(closest, -placement.diversity, out=worth)
        worth += value[wish]
        worth[~within] = -np.inf
        at = int(worth.argmax())
        if not within[at] or value[wish, at] == -np.inf:
            if not any(share):
                break
            share[wish] = 0.0  # nothing is left for it
            continue
        given[wish] += 1
        chosen.append(int(best[at]))
        free[at] = within[at] = False
        np.maximum(closest, (features == features[at]) @ likeness, out=closest)
        for block, codes in groups.items():
            code = codes[at]
            counts[block][code] += 1
            if code and counts[block][code] >= most[block]:  # what nobody said is no group
                within[codes == code] = False
    return chosen


def _below_caps(
    groups: Mapping[str, NDArray[np.intp]], counts: Mapping[str, NDArray[np.intp]], most: Mapping[str, int]
) -> NDArray[np.bool_]:
    """Return whose make, model and merchant have room (m,)."""
    below = []
    for block, codes in groups.items():
        full = counts[block] >= most[block]
        full[0] = False  # what nobody said is no group
        below.append(~full[codes])
    allowed: NDArray[np.bool_] = np.logical_and.reduce(below)
    return allowed


def _rank_within(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return how many earlier entries have the same code: (m,)."""
    by_code = np.argsort(codes, kind="stable")
    ordered = codes[by_code]
    starts = np.searchsorted(ordered, ordered)
    ranks = np.empty(len(codes), dtype=np.intp)
    ranks[by_code] = np.arange(len(codes)) - starts
    return ranks


def _feature(snapshot: Snapshot, block: str, rows: Rows) -> NDArray[np.intp]:
    """Return what to compare by; -1-row where a listing says nothing, so that two unknowns are not alike."""
    codes = snapshot.grid("price")[rows] // STEPS if block == "price" else snapshot.codes(block)[rows]
    return np.where(codes == 0, -1 - np.arange(len(rows)), codes)


def _interleave(chosen: list[int], fresh: list[int], n: int) -> list[int]:
    """Put exploration at even distances into the lower half: who sees only the top sees what suits them best."""
    slate = list(chosen)
    for i, row in enumerate(fresh):
        slate.insert(min(len(slate), n // 2 + round((i + 0.5) * (n - n // 2) / len(fresh))), row)
    return slate[:n]


def exploration_slots(n: int, share: float) -> int:
    """Return how many of n places exploration gets."""
    return round(n * share)
