"""What similar shoppers want: a mixed logit whose listings' factors follow from their traits.

A shopper with factors z draws from listing x the utility `appeal(x) + f(x)·z`, chooses by a softmax over the stock, and
z is normal over shoppers (McFadden & Train 2000). `appeal` and `f` are linear in the listing's columns, so a listing
nobody has seen has both, and what was learned outlives sold cars. The factors play the part of those of matrix
factorisation: `fold_in` finds a shopper's from what they looked at, with how sure that is.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from carousel.crowd.space import TraitSpace

Array = NDArray[np.float32]

EMBEDDING_SIZE = 16
EPOCHS = 12
REG = 0.004
"""Pulls weights of columns to 0: larger, and values with little behaviour say less."""

_LEARNING_RATE = 0.02
_BATCH = 128
_UNIFORM, _VIEWED = 1_500, 1_000  # the alternatives a batch is compared with: of the stock, and of what is looked at
_NEWTON_STEPS = 8
_LONGEST_STEP = 2.0
_MATTERS = 1e-5


@dataclass(frozen=True, slots=True)
class Belief:
    """What we believe of a shopper's factors: normal with this mean (d,) and covariance (d, d).

    :ivar evidence: log-probability of the history, whatever the factors: compares one interest with two.
    """

    mean: Array
    covariance: Array
    evidence: float


@dataclass(frozen=True, slots=True)
class ChoiceModel:
    """The columns' weights: `appeal` (size,) to anybody, `loadings` (size, d) by a shopper's factors."""

    space: TraitSpace
    appeal: Array
    loadings: Array
    figures: Mapping[str, float] = field(default_factory=dict)
    """What it was trained on, and how well it does."""

    def of_listings(self, matrix: csr_matrix) -> tuple[Array, Array]:
        """Return appeal (m,) and factors (m, d) of listings by their columns (m, size)."""
        return matrix @ self.appeal, matrix @ self.loadings

    def to_bytes(self) -> bytes:
        """Return the form in the database: an npz file, which runs no code when it is read."""
        about = {"values": self.space.values, "knots": self.space.knots, "figures": dict(self.figures)}
        file = io.BytesIO()
        np.savez_compressed(
            file, about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8), places=self.space.places,
            appeal=self.appeal, loadings=self.loadings,
        )  # fmt: skip
        return file.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "ChoiceModel":
        """Read what `to_bytes` wrote.

        :raises ValueError: it is something else.
        """
        with np.load(io.BytesIO(stored), allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes())
            space = TraitSpace(
                {block: tuple(values) for block, values in about["values"].items()},
                {block: tuple(knots) for block, knots in about["knots"].items()},
                file["places"],
            )
            return cls(space, file["appeal"], file["loadings"], about["figures"])


def fold_in(appeal: Array, factors: Array, viewed: Array, weights: Array, *, steps: int = _NEWTON_STEPS) -> Belief:
    """Return what a shopper's history says of their factors (Laplace's approximation).

    :param appeal, factors: (k,), (k, d) of a fair sample of the stock, what was there to choose from.
    :param steps: of Newton's method at most; it is exact after about six.
    :param viewed, weights: factors (v, d) of the listings of the history, and how many choices each counts as (v,).
    """
    mean, precision = _newton(
        appeal, factors, (weights @ viewed)[None], np.array([weights.sum()], dtype=np.float32), steps=steps
    )
    mode = mean[0]
    utilities = appeal + factors @ mode
    highest = float(utilities.max())
    normaliser = highest + float(np.log(np.exp(utilities - highest).mean()))
    liked = float(weights @ (viewed @ mode)) - float(weights.sum()) * normaliser
    evidence = liked - 0.5 * float(mode @ mode) - 0.5 * float(np.linalg.slogdet(precision[0])[1])
    return Belief(mode, np.linalg.inv(precision[0]).astype(np.float32), evidence)


def _newton(
    appeal: Array, factors: Array, chosen: Array, counts: Array, start: Array | None = None, *, steps: int
) -> tuple[Array, Array]:
    """Return the modes (b, d) of shoppers' factors and their precisions (b, d, d).

    :param chosen: sum of the factors of what each shopper chose (b, d); `counts` (b,) how many choices.
    """
    size = factors.shape[1]
    mode = np.zeros_like(chosen) if start is None else start.copy()
    precision = np.empty((len(chosen), size, size), dtype=np.float32)
    for _ in range(steps):
        share = _softmax(appeal + mode @ factors.T)
        expected = share @ factors
        for i, row in enumerate(share):
            some = np.flatnonzero(row > _MATTERS)
            near = factors[some]
            precision[i] = counts[i] * ((near * row[some, None]).T @ near - np.outer(expected[i], expected[i]))
        precision += np.eye(size, dtype=np.float32)
        gradient = chosen - counts[:, None] * expected - mode
        step = np.linalg.solve(precision, gradient[:, :, None])[:, :, 0]
        length = np.linalg.norm(step, axis=1, keepdims=True)
        mode = mode + (step * np.minimum(1, _LONGEST_STEP / np.maximum(length, 1e-9))).astype(np.float32)
        if length.max(initial=0) < 0.02:
            break
    return mode, precision


def fit(
    space: TraitSpace,
    stock: csr_matrix,
    histories: Sequence[tuple[NDArray[np.intp], Array]],
    *,
    embedding_size: int = EMBEDDING_SIZE,
    epochs: int = EPOCHS,
    reg: float = REG,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> ChoiceModel:
    """Fit the model to what shoppers looked at, by stochastic EM: draw their factors, then Adam.

    :param stock: columns (n, size) of all listings, on sale or not.
    :param histories: per interest of a shopper the rows of `stock` and how many choices each counts as.
    :param progress: is told the epochs done and to do.
    """
    rng = np.random.default_rng(seed)
    count = stock.shape[0]
    appeal = np.zeros(space.size, dtype=np.float32)
    loadings = (0.05 * rng.standard_normal((space.size, embedding_size))).astype(np.float32)
    adam = (_Adam(appeal), _Adam(loadings))
    viewed = np.concatenate([rows for rows, _ in histories])
    # Few of a uniform draw are cars anybody considers: what is looked at is drawn too, weighed by how likely that is.
    likely = np.log(_UNIFORM / count + _VIEWED * np.bincount(viewed, minlength=count) / len(viewed)).astype(np.float32)
    modes = np.zeros((len(histories), embedding_size), dtype=np.float32)
    order = np.arange(len(histories))
    for epoch in range(epochs):
        rng.shuffle(order)
        rate = _LEARNING_RATE * (1 - 0.9 * epoch / epochs)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            drawn = np.concatenate([rng.integers(0, count, _UNIFORM), rng.choice(viewed, _VIEWED)])
            alternatives = stock[drawn]
            appeals, factors = alternatives @ appeal - likely[drawn], alternatives @ loadings
            chosen = stock[np.concatenate([histories[i][0] for i in batch])]
            weights = np.concatenate([histories[i][1] for i in batch])
            whose = np.repeat(np.arange(len(batch)), [len(histories[i][0]) for i in batch])
            counts = np.bincount(whose, weights, minlength=len(batch)).astype(np.float32)
            by_shopper = csr_matrix((weights, (whose, np.arange(len(whose)))), shape=(len(batch), len(whose)))
            sums = by_shopper @ (chosen @ loadings)
            mode, precision = _newton(appeals, factors, sums, counts, modes[batch], steps=2)
            modes[batch] = mode
            drawn_factors = _draw(mode, precision, rng)
            expected = counts[:, None] * _softmax(appeals + drawn_factors @ factors.T)
            total = counts.sum()
            adam[0].step((chosen.T @ weights - alternatives.T @ expected.sum(axis=0)) / total - reg * appeal, rate)
            liked = chosen.T @ (weights[:, None] * drawn_factors[whose])
            adam[1].step((liked - alternatives.T @ (expected.T @ drawn_factors)) / total - reg * loadings, rate)
        if progress:
            progress(epoch + 1, epochs)
    return ChoiceModel(space, appeal, loadings, {"histories": len(histories), "choices": float(len(viewed))})


def _softmax(utilities: Array) -> Array:
    share: Array = np.exp(utilities - utilities.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    return share


def _draw(mode: Array, precision: Array, rng: np.random.Generator) -> Array:
    """Draw factors (b, d) from what is believed of them."""
    spread = np.linalg.cholesky(np.linalg.inv(precision) + 1e-6 * np.eye(mode.shape[1]))
    drawn: Array = (mode + np.einsum("bij,bj->bi", spread, rng.standard_normal(mode.shape))).astype(np.float32)
    return drawn


class _Adam:
    """Adam (Kingma & Ba 2015), upwards."""

    def __init__(self, weights: Array) -> None:
        self._weights = weights
        self._mean, self._square = np.zeros_like(weights), np.zeros_like(weights)
        self._steps = 0

    def step(self, gradient: Array, rate: float) -> None:
        """Move the weights in place."""
        self._steps += 1
        self._mean += 0.1 * (gradient - self._mean)
        self._square += 0.01 * (gradient**2 - self._square)
        mean, square = self._mean / (1 - 0.9**self._steps), self._square / (1 - 0.99**self._steps)
        self._weights += (rate * mean / (np.sqrt(square) + 1e-5)).astype(np.float32)
