"""Train the choice model from what shoppers looked at: read the archive, fit, compare, and serve what is better."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from carousel.activity.repository import choices_since
from carousel.catalogue.repository import snapshot_rows
from carousel.catalogue.snapshot import Snapshot
from carousel.crowd import repository
from carousel.crowd.choice_model import EPOCHS, ChoiceModel, fit
from carousel.crowd.space import TraitSpace
from carousel.errors import InputError
from carousel.recommend.crowd import Crowd
from carousel.recommend.interests import choices, wishes_of
from carousel.recommend.placements import load
from carousel.recommend.query import Rows
from carousel.recommend.ranker import learn, logged_slates
from carousel.storage.postgres import Connection

History = tuple[Rows, NDArray[np.float32]]
"""Rows of the listings a shopper chose, each once, and how many choices each counts as."""

DAYS = 120
"""How far back the archive is read: tastes and stock of last year are others."""
MOST_SHOPPERS = 4_000
"""More shoppers than this teach a model of this size next to nothing; they are drawn anew for every training."""
LEAST_SHOPPERS = 30
LEAST_CHOICES = 3
_HELD_OUT = 0.1
_WORSE = 0.05
"""What a new model may lose against the served one, in units of log-probability, by chance."""
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
    *,
    force: bool = False,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train a new version from the archive and serve it, unless it predicts worse than the one that is served.

    :param force: serve it whatever it predicts.
    :raises InputError: another training is under way, or too little happened to learn from.
    """
    locked = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    if not locked or not locked[0]:
        raise InputError("another training is under way; wait until it has ended", field="train")
    try:
        snapshot, known = _read(connection, seed)
        held_out = known[: max(1, int(_HELD_OUT * len(known)))]
        model = train(snapshot, known[len(held_out) :], seed=seed, progress=progress)
        figures = {**model.figures, "gain": gain(model, snapshot, held_out)}
        why_not = None if force else _objection(connection, figures["gain"], snapshot, held_out)
        learned = learn(logged_slates(connection, days=_SLATE_DAYS), load().knobs["home"]["weights"], seed=seed)
        model = replace(model, figures={**figures, **learned.figures}, blend=learned.blend)
        version = repository.save(connection, model, serve=why_not is None)
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    return Trained(version, why_not is None, model.figures, why_not, learned.why_not)


def _read(connection: Connection, seed: int) -> tuple[Snapshot, list["History"]]:
    chosen = choices_since(connection, days=DAYS, shoppers=MOST_SHOPPERS, least=LEAST_CHOICES, seed=seed)
    snapshot = Snapshot(revision=0)
    snapshot.apply(snapshot_rows(connection, {listing_id for own in chosen for listing_id in own}))
    known: list[History] = []
    for own in chosen:
        rows = {snapshot.row_of[i]: amount for i, amount in own.items() if i in snapshot.row_of}
        if len(rows) >= LEAST_CHOICES:
            known.append((np.array(list(rows), dtype=np.intp), choices(np.array(list(rows.values())))))
    if len(known) < LEAST_SHOPPERS:
        raise InputError(
            f"nothing to learn from yet: {len(known)} shoppers looked at {LEAST_CHOICES} or more listings in the last "
            f"{DAYS} days; at least {LEAST_SHOPPERS} are needed",
            field="train",
        )
    return snapshot, known


def _objection(connection: Connection, own: float, snapshot: Snapshot, held_out: Sequence["History"]) -> str | None:
    """Return why a model should not be served: it says nothing, or less than the served one of the same shoppers."""
    if own <= 0:
        return "it predicts held-out choices no better than chance"
    now = next((v for v in repository.versions(connection) if v.served), None)
    model = repository.load(connection, now.version) if now else None
    before = gain(model, snapshot, held_out) if model else -np.inf
    if now and own < before - _WORSE:
        return f"version {now.version} predicts held-out choices better ({before:.2f} against {own:.2f})"
    return None


def gain(model: ChoiceModel, snapshot: Snapshot, held_out: Iterable["History"]) -> float:
    """Return how much likelier than by chance every second choice is, known the others: the mean log-ratio."""
    crowd = Crowd(model).refresh(snapshot)
    gains = []
    for rows, weights in held_out:
        scores = crowd.scores(crowd.believe(rows[::2], weights[::2]))
        gains.append(float(scores[rows[1::2]].mean()))
    return float(np.mean(gains))


def train(
    snapshot: Snapshot,
    histories: Iterable[History],
    *,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> ChoiceModel:
    """Fit the choice model.

    :param snapshot: with the listings of the histories and those that were there to choose from.
    """
    known = list(histories)
    space = TraitSpace.fit(snapshot, seed=seed)
    stock = space.matrix(snapshot)

    def report(done: int, to_do: int) -> None:
        if progress:
            progress(done, to_do)

    # A first model tells who looks for two cars at once; the second learns from each wish by itself.
    half = EPOCHS // 2
    first = fit(space, stock, known, epochs=half, seed=seed, progress=lambda done, _: report(done, half + EPOCHS))
    crowd = Crowd(first).refresh(snapshot)
    wishes = [wish for rows, weights in known for wish in wishes_of(snapshot, crowd, rows, weights)]
    return fit(space, stock, wishes, seed=seed, progress=lambda done, _: report(half + done, half + EPOCHS))
