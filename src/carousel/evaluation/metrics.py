"""What a list of recommendations is worth, for all questions at once.

Ties are resolved against the model: a target shares its rank with nothing, so whoever gives everything one score hits
nothing. Accuracy: HR@k, recall@k, nDCG@k (Järvelin and Kekäläinen 2002), MRR. Beyond it: coverage, novelty (Vargas and
Castells 2011: mean −log2 of the share of users who had the item), intra-list diversity (mean 1 − cosine of pairs),
calibration (Steck 2018: KL divergence from the history's groups, α = 0.01; lower is better), exposure Gini.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

CURVE = (1, 2, 5, 10, 20, 50, 100)
_STECK_ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a model answered.

    :ivar ranks: (targets,) the rank of each target, from 1; :ivar lists: (q, k) items, -1 where there were too few.
    """

    ranks: NDArray[np.int64]
    lists: NDArray[np.int32]


def rank(
    scores: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    target_starts: NDArray[np.intp],
    targets: NDArray[np.int32],
    k: int,
) -> Ranked:
    """Rank targets among the allowed items and return the k best of each row; none for a k of 0.

    :param scores: (q, items); NaN counts as the lowest. It is written to.
    :param allowed: (q, items), what could have been shown.
    """
    scores[~allowed] = -np.inf
    np.copyto(scores, -np.inf, where=np.isnan(scores))
    lists = top_k(scores, k) if k else np.empty((len(scores), 0), dtype=np.int32)  # half of the time
    rows = np.repeat(np.arange(len(scores)), np.diff(target_starts))
    own = scores[rows, targets]
    scores[rows, targets] = np.nan  # a target does not stand in another's way; NaN compares false
    if len(rows) == len(scores):
        above = (scores >= own[:, None]).sum(axis=1)
    else:
        above = np.array([(scores[row] >= score).sum() for row, score in zip(rows, own, strict=True)], dtype=np.int64)
    # Targets of one question are ranked among themselves by their scores.
    order = np.lexsort((-own, rows))
    among = np.empty(len(rows), dtype=np.int64)
    among[order] = np.arange(len(rows)) - target_starts[rows[order]]
    return Ranked(above + among + 1, lists)


def top_k(scores: NDArray[np.float32], k: int) -> NDArray[np.int32]:
    """Return the k best columns of each row (q, k), best first; -1 for those of −∞."""
    k_there = min(k, scores.shape[1])
    best = np.argpartition(-scores, k_there - 1, axis=1)[:, :k_there]
    values = np.take_along_axis(scores, best, axis=1)
    order = np.lexsort((best, -values), axis=1)
    best = np.take_along_axis(best, order, axis=1)
    values = np.take_along_axis(values, order, axis=1)
    lists = np.full((len(scores), k), -1, dtype=np.int32)
    lists[:, :k_there] = np.where(values > -np.inf, best, -1)
    return lists


def accuracy(ranks: NDArray[np.int64], target_starts: NDArray[np.intp], k: int) -> dict[str, NDArray[np.float64]]:
    """Return HR, nDCG, recall at k and MRR per question (q,)."""
    count = np.diff(target_starts)
    rows = np.repeat(np.arange(len(count)), count)
    hits = ranks <= k
    found = np.bincount(rows, weights=hits, minlength=len(count))
    gain = np.bincount(rows, weights=hits / np.log2(1 + ranks), minlength=len(count))
    ideal = np.concatenate([[0.0], np.cumsum(1 / np.log2(2 + np.arange(k)))])[np.minimum(count, k)]
    return {
        "hr": (found > 0).astype(np.float64),
        "ndcg": gain / ideal,
        "recall": found / count,
        "mrr": 1 / best_ranks(ranks, target_starts),
    }


def best_ranks(ranks: NDArray[np.int64], target_starts: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the rank of each question's best target (q,)."""
    best: NDArray[np.int64] = np.minimum.reduceat(ranks, target_starts[:-1])
    return best


def novelty(lists: NDArray[np.int32], users_of_item: NDArray[np.int64], user_count: int) -> NDArray[np.float64]:
    """Return the mean surprise of each list in bits (q,): −log2 of the share of users who had the item."""
    surprise = -np.log2((users_of_item + 1) / (user_count + 1))
    return _mean_of_listed(surprise[lists], lists)


def diversity(lists: NDArray[np.int32], vectors: sp.csr_matrix) -> NDArray[np.float64]:
    """Return 1 − the mean cosine of the pairs of each list (q,).

    :param vectors: (items, d) with rows of length 1; a row of zeros is like nothing else.
    """
    there = lists >= 0
    count = there.sum(axis=1)
    rows = np.repeat(np.arange(len(lists)), count)
    listed = lists[there]
    chosen = sp.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, listed)), (len(lists), vectors.shape[0]))
    total = chosen @ vectors
    squared = np.asarray(total.multiply(total).sum(axis=1)).ravel()
    own = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    pairs = np.maximum(count * (count - 1), 1)
    similar = (squared - np.bincount(rows, weights=own[listed], minlength=len(lists))) / pairs
    diverse: NDArray[np.float64] = np.where(count > 1, 1 - similar, np.nan)
    return diverse


def calibration(lists: NDArray[np.int32], history: sp.csr_matrix, groups: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how far each list's groups are from its history's, in nats (q,): 0 is in step.

    :param history: (q, items) weights; :param groups: (items,) the group of each item, -1 for none.
    """
    count = int(groups.max(initial=0)) + 1
    known = np.flatnonzero(groups >= 0)
    member = sp.csr_matrix((np.ones(len(known), dtype=np.float32), (known, groups[known])), (len(groups), count))
    wanted = _shares(np.asarray((history @ member).todense()))
    there = (lists >= 0) & (groups[lists] >= 0)
    rows, columns = np.nonzero(there)
    shown = np.zeros((len(lists), count))
    np.add.at(shown, (rows, groups[lists[rows, columns]]), 1)
    shown = _shares(shown)
    smooth = (1 - _STECK_ALPHA) * shown + _STECK_ALPHA * wanted
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(wanted > 0, wanted * np.log(wanted / smooth), 0)
    usable = (wanted.sum(axis=1) > 0) & (shown.sum(axis=1) > 0)
    divergence: NDArray[np.float64] = np.where(usable, terms.sum(axis=1), np.nan)
    return divergence


def coverage(lists: NDArray[np.int32], ever_allowed: NDArray[np.bool_]) -> float:
    """Return the share of the items that could be shown to anybody which were shown to somebody."""
    shown = np.unique(lists[lists >= 0])
    return len(shown) / max(int(ever_allowed.sum()), 1)


def gini(lists: NDArray[np.int32], ever_allowed: NDArray[np.bool_]) -> float:
    """Return how unequally places were given to the items that could be shown: 0 equally, 1 all to one."""
    exposure = np.sort(np.bincount(lists[lists >= 0], minlength=len(ever_allowed))[ever_allowed])
    total = exposure.sum()
    if not total:
        return float("nan")
    n = len(exposure)
    return float((2 * np.arange(1, n + 1) - n - 1) @ exposure / (n * total))


def _mean_of_listed(values: NDArray[np.float64], lists: NDArray[np.int32]) -> NDArray[np.float64]:
    there = lists >= 0
    count = there.sum(axis=1)
    mean: NDArray[np.float64] = np.where(
        count > 0, np.where(there, values, 0).sum(axis=1) / np.maximum(count, 1), np.nan
    )
    return mean


def _shares(counts: NDArray[np.floating]) -> NDArray[np.float64]:
    total = counts.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    return shares
