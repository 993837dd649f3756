"""Train from what shoppers looked at: read the archive, fit choice model and factors, compare, serve what is better."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from carousel.activity.repository import looks_since
from carousel.catalogue.repository import snapshot_rows
from carousel.catalogue.snapshot import Snapshot
from carousel.crowd import factors, repository
from carousel.crowd.choice_model import EPOCHS, ChoiceModel, fit
from carousel.crowd.space import TraitSpace
from carousel.errors import InputError
from carousel.recommend.crowd import Crowd
from carousel.recommend.interests import choices, wishes_of
from carousel.recommend.placements import Placements
from carousel.recommend.query import Rows
from carousel.recommend.ranker import learn, logged_slates
from carousel.storage.postgres import Connection

History = tuple[Rows, NDArray[np.float32]]
"""Rows of the listings a shopper chose, each once, and how many choices each counts as."""

DAYS = 120
"""How far back the archive is read: tastes and stock of last year are others."""
HALF_LIFE = timedelta(days=45)
"""Age at which a look counts half for the factors."""
MOST_SHOPPERS, MOST_CHOICES = 4_000, 100_000
"""More than these teach a choice model of this size next to nothing; they are drawn anew for every training. The
factors learn from all shoppers."""
LEAST_SHOPPERS = 30
LEAST_CHOICES = 3
_HELD_OUT = 0.1
_LEAST_HELD_OUT = 3
_WORSE = 2.0
"""By how many standard errors of the difference a new model may predict worse than the served one: that is chance."""
_SLATE_DAYS = 30
"""How far back clicked slates are read: what they were chosen by is others' blend before long."""
_LOCK = 7_203_441  # any number, the same for every training


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to."""

    version: int
    served: bool
    figures: Mapping[str, float]
    why_not: str | None = None
    default_blend: str | None = None
    """Why the terms of the score count as they do by default; None where a blend was learned."""


def train_from_archive(
    connection: Connection,
    placements: Placements,
    *,
    force: bool = False,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train a new version from the archive and serve it, unless it predicts worse than the one that is served.

    :param placements: those that are served. A blend multiplies their weights, so it is learned against the same ones:
        against others it would count again what the operator's own weights say already.
    :param force: serve it whatever it predicts.
    :raises InputError: another training is under way, or too little happened to learn from.
    """
    locked = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    if not locked or not locked[0]:
        raise InputError("another training is under way; wait until it has ended", field="train")
    try:
        snapshot, learning, held_out, looks = _read(connection, seed)
        model = train(snapshot, learning, looks, seed=seed, progress=progress)
        own = gains(model, snapshot, held_out)
        figures = {**model.figures, "gain": float(own.mean()), "held_out": float(len(held_out))}
        why_not = None if force else _objection(connection, own, snapshot, held_out)
        weights = placements.knobs["home"]["weights"]
        learned = learn(logged_slates(connection, days=_SLATE_DAYS), weights, seed=seed)
        model = replace(model, figures={**figures, **learned.figures}, blend=learned.blend)
        version = repository.save(connection, model, serve=why_not is None)
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    return Trained(version, why_not is None, model.figures, why_not, learned.why_not)


def _read(connection: Connection, seed: int) -> tuple[Snapshot, list[History], list[History], csr_matrix]:
    """Return the stock, what some shoppers chose of it, what those who are held out did, and what every shopper looked
    at (shoppers, listings)."""
    looks = looks_since(connection, days=DAYS, half_life=HALF_LIFE)
    snapshot = Snapshot(revision=0)
    snapshot.apply(snapshot_rows(connection, looks.listing_ids))
    row_of = np.array([snapshot.row_of.get(i, -1) for i in looks.listing_ids], dtype=np.intp)
    there = row_of[looks.listings] >= 0  # the others were removed from the catalogue altogether
    shoppers, rows = looks.shoppers[there], row_of[looks.listings[there]]
    amounts = choices(looks.amounts[there])
    fading = looks.aged[there] / np.maximum(looks.amounts[there], 1e-9)
    matrix = csr_matrix((amounts * fading, (shoppers, rows)), shape=(looks.shopper_count, snapshot.size))
    starts = np.searchsorted(shoppers, np.arange(looks.shopper_count + 1))
    enough = np.flatnonzero(np.diff(starts) >= LEAST_CHOICES)
    drawn = np.random.default_rng(seed).permutation(enough)[:MOST_SHOPPERS]
    drawn = drawn[np.cumsum(starts[drawn + 1] - starts[drawn]) <= MOST_CHOICES]
    if len(drawn) < LEAST_SHOPPERS:
        raise InputError(
            f"nothing to learn from yet: {len(drawn)} shoppers looked at {LEAST_CHOICES} or more listings in the last "
            f"{DAYS} days; at least {LEAST_SHOPPERS} are needed",
            field="train",
        )
    drawn.sort()
    known = [(rows[a:b], amounts[a:b]) for a, b in zip(starts[drawn], starts[drawn + 1], strict=True)]
    count = _held_out(looks.hashes[drawn])
    return snapshot, known[count:], known[:count], matrix


def _held_out(hashes: NDArray[np.int64]) -> int:
    """Return how many of the shoppers are held out, the first by their hash.

    They are the same in every training, however many others join: a served model that had learned from them would
    always know them better than a new one does. Only where they would be too few some more are taken.
    """
    tenth = np.iinfo(np.int64).min + int(_HELD_OUT * 2**64)
    return max(_LEAST_HELD_OUT, int(np.searchsorted(hashes, tenth)))


def _objection(
    connection: Connection, own: NDArray[np.float64], snapshot: Snapshot, held_out: Sequence[History]
) -> str | None:
    """Return why a model should not be served: it says nothing, or surely less than the served one of the same
    shoppers.

    :param own: its gain for each of them.
    """
    if own.mean() <= 0:
        return "it predicts held-out choices no better than chance"
    now = next((v for v in repository.versions(connection) if v.served), None)
    # A version that does not say how many it held out is of before they were always the same, and learned from these.
    model = repository.load(connection, now.version) if now and "held_out" in now.figures else None
    if now is None or model is None:
        return None
    before = gains(model, snapshot, held_out)
    lost = before - own
    error = float(lost.std(ddof=1) / np.sqrt(len(lost)))
    if lost.mean() > _WORSE * error:
        return (
            f"version {now.version} predicts held-out choices better "
            f"({before.mean():.2f} against {own.mean():.2f}, by {lost.mean():.2f} ± {error:.2f})"
        )
    return None


def gains(model: ChoiceModel, snapshot: Snapshot, held_out: Iterable[History]) -> NDArray[np.float64]:
    """Return for each shopper how much likelier than by chance every second choice is, known the others: the mean
    log-ratio."""
    crowd = Crowd(model).refresh(snapshot)
    return np.array(
        [
            crowd.scores(crowd.believe(rows[::2], weights[::2]).mean)[rows[1::2]].mean(dtype=np.float64)
            for rows, weights in held_out
        ]
    )


def train(
    snapshot: Snapshot,
    histories: Iterable[History],
    looks: csr_matrix | None = None,
    *,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> ChoiceModel:
    """Fit the choice model, and the factors beside it.

    :param snapshot: with the listings of the histories and those that were there to choose from.
    :param looks: what each look of every shopper counts (shoppers, listings); those of the histories by default.
    """
    known = list(histories)
    space = TraitSpace.fit(snapshot, seed=seed)
    stock = space.matrix(snapshot)
    half = EPOCHS // 2
    steps = count(1)

    def report(_done: int, _all: int) -> None:
        if progress:
            progress(next(steps), factors.EPOCHS + half + EPOCHS)

    everybody = matrix_of(known, snapshot.size) if looks is None else looks
    with ThreadPoolExecutor(1) as pool:  # ALS leaves Python to the choice model meanwhile
        latent = pool.submit(factors.fit, stock, snapshot.ids, everybody, seed=seed, progress=report)
        # A first model tells who looks for two cars at once; the second learns from each wish by itself.
        first = fit(space, stock, known, epochs=half, seed=seed, progress=report)
        crowd = Crowd(first).refresh(snapshot)
        wishes = [wish for rows, weights in known for wish in wishes_of(snapshot, crowd, rows, weights)]
        return replace(fit(space, stock, wishes, seed=seed, progress=report), factors=latent.result())


def matrix_of(histories: Sequence[History], size: int) -> csr_matrix:
    """Return histories as a matrix (shoppers, size)."""
    rows, amounts = (np.concatenate(parts) for parts in zip(*histories, strict=True))
    ends = np.cumsum([0, *(len(own) for own, _ in histories)])
    return csr_matrix((amounts, rows, ends), shape=(len(histories), size))
