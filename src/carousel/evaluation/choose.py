"""Choose settings on a validation split of what may be learned from; the questions of the test are never seen."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from carousel.evaluation import metrics
from carousel.evaluation.models import Model, Scores, Training
from carousel.evaluation.split import Queries, Split, by_time, leave_last_out

MOST_QUESTIONS, LEAST_QUESTIONS = 2_000, 500
MOST_CELLS = 100_000_000
"""Scores of one model over all questions, beyond which fewer are asked: settings are tried some fifty times."""
FEW_QUESTIONS = 20
BATCH_CELLS = 4_000_000
"""Scores held at a time: 16 MB."""
K = 10
M = TypeVar("M", bound=Model)


def validation(training: Training) -> tuple[Training, Queries] | None:
    """Return the earlier part of the training data and questions about the later, or None where there are too few.

    It is split the way the test was: by time, or by the last of every user.
    """
    found = training.cache.get("validation")
    if isinstance(found, tuple):
        return found
    split = _split(training)
    if len(split.queries) < FEW_QUESTIONS or not len(split.train):
        return None
    pair = (replace(training, log=split.train, cache={}), split.queries)
    training.cache["validation"] = pair
    return pair


def _split(training: Training) -> Split:
    log = training.log
    most = max(LEAST_QUESTIONS, min(MOST_QUESTIONS, MOST_CELLS // training.item_count))
    asked: dict[str, Any] = {
        "most": most, "seed": training.seed, "targets": training.targets, "repeats": training.repeats
    }  # fmt: skip
    if training.by_time and training.dataset.timed:
        split = by_time(log, **asked)
        if len(split.queries) >= 5 * FEW_QUESTIONS:
            return split
    return leave_last_out(log, **asked)


def batches(queries: Queries, training: Training) -> Iterator[Queries]:
    """Yield the questions in pieces whose scores fit in memory."""
    size = max(1, min(512, BATCH_CELLS // max(training.item_count, 1)))
    for first in range(0, len(queries), size):
        yield queries.batch(first, min(first + size, len(queries)))


def allowed(training: Training, queries: Queries) -> NDArray[np.bool_]:
    """Return what could be shown to each (q, items): in stock then, not seen before but with repeats; a target always
    could.
    """
    there = training.stock.at(queries.at)
    if not training.repeats:
        there[queries.row_of_event(), queries.history.items] = False
    there[np.repeat(np.arange(len(queries)), np.diff(queries.target_starts)), queries.targets] = True
    return there


def quality(scores: Scores, training: Training, queries: Queries) -> NDArray[np.float64]:
    """Return nDCG@10 of each question (q,) of a batch; the scores stay as they are."""
    ranked = metrics.rank(scores.copy(), allowed(training, queries), queries.target_starts, queries.targets, 0)
    return metrics.accuracy(ranked.ranks, queries.target_starts, K)["ndcg"]


def best_of(candidates: Sequence[M], training: Training) -> tuple[int, M]:
    """Return which model answers the validation questions best, and that model, fitted to what lies before them.

    Where there are no such questions it is the first, not fitted.
    """
    parts = validation(training)
    if parts is None:
        return 0, candidates[0]
    earlier, queries = parts
    best: tuple[float, int, M] | None = None
    for number, model in enumerate(candidates):
        model.fit(earlier)
        reached = 0.0
        for batch in () if len(candidates) == 1 else batches(queries, earlier):
            reached += float(quality(model.scores(batch), earlier, batch).sum())
        if best is None or reached > best[0]:
            best = reached, number, model
    assert best is not None
    return best[1:]
