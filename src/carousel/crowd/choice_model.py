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
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import sposv
from scipy.sparse import csr_matrix

from carousel.crowd.factors import Factors
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
    """What we believe of a shopper's factors: normal with this mean (d,) and precision (d, d).

    :ivar evidence: log-probability of the history, whatever the factors: compares one interest with two.
    """

    mean: Array
    precision: Array
    evidence: float

    @property
    def covariance(self) -> Array:
        inverse: Array = np.linalg.inv(self.precision)
        return inverse


@dataclass(frozen=True, slots=True)
class Stock:
    """A fair sample of what there is to choose from: appeal (k,), factors (k, d), and their products (k, d * d)."""

    appeal: Array
    factors: Array
    products: Array

    @classmethod
    def of(cls, appeal: Array, factors: Array) -> "Stock":
        # One product of matrices then gives the covariances of all shoppers: five times as fast as one for each.
        k, d = factors.shape
        return cls(appeal, factors, (factors[:, :, None] * factors[:, None]).reshape(k, d * d))


@dataclass(frozen=True, slots=True)
class ChoiceModel:
    """The columns' weights: `appeal` (size,) to anybody, `loadings` (size, d) by a shopper's factors."""

    space: TraitSpace
    appeal: Array
    loadings: Array
    figures: Mapping[str, float] = field(default_factory=dict)
    """What it was trained on, and how well it does."""
    blend: Mapping[str, float] = field(default_factory=dict)
    """What the weight of each term of the score is multiplied with beside it; those not named with 1."""
    factors: Factors | None = None
    """What the same shoppers' looks say beyond the columns; None in a model that has none."""

    def of_listings(self, matrix: csr_matrix) -> tuple[Array, Array]:
        """Return appeal (m,) and factors (m, d) of listings by their columns (m, size)."""
        return matrix @ self.appeal, matrix @ self.loadings

    def to_bytes(self) -> bytes:
        """Return the form in the database: an npz file, which runs no code when it is read."""
        about = {"values": self.space.values, "knots": self.space.knots, "figures": dict(self.figures)}
        about["blend"] = dict(self.blend)
        file = io.BytesIO()
        arrays: dict[str, Any] = {
            "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8), "places": self.space.places,
            "appeal": self.appeal, "loadings": self.loadings,
        }  # fmt: skip
        arrays |= self.factors.arrays() if self.factors else {}
        np.savez_compressed(file, **arrays)
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
            return cls(
                space, file["appeal"], file["loadings"], about["figures"], about.get("blend", {}),
                Factors.from_arrays(file),
            )  # fmt: skip


def fold_in(
    appeal: Array,
    factors: Array,
    viewed: Array,
    weights: Array,
    *,
    steps: int = _NEWTON_STEPS,
    start: Array | None = None,
) -> Belief:
    """Return what a shopper's history says of their factors (Laplace's approximation).

    :param appeal, factors: (k,), (k, d) of a fair sample of the stock, what was there to choose from.
    :param steps: of Newton's method at most; it is exact after about six.
    :param viewed, weights: factors (v, d) of the listings of the history, and how many choices each counts as (v,).
    :param start: factors (d,) that are nearly right already.
    """
    # `_newton` for one shopper, without the dimension and the checks that cost more than the arithmetic.
    total, chosen = weights.sum(dtype=np.float32), weights @ viewed
    mode = np.zeros_like(chosen) if start is None else start
    identity = np.eye(len(mode), dtype=np.float32)
    precision = identity
    for _ in range(steps):
        share = _shares(appeal + factors @ mode)
        expected = share @ factors
        share *= share > _MATTERS
        spread = factors.T @ (share[:, None] * factors)
        precision = total * (spread - expected[:, None] * expected) + identity
        _, step, _ = sposv(precision, chosen - total * expected - mode)
        length = float(np.sqrt(step @ step))
        mode = mode + step * np.float32(min(1, _LONGEST_STEP / max(length, 1e-9)))
        if length < 0.02:
            break
    liked = float(weights @ (viewed @ mode)) - float(total * _normaliser(appeal + factors @ mode))
    return _belief(mode, precision, liked)


def guess(stock: Stock, histories: Sequence[tuple[Array, Array]], *, steps: int = 4) -> list[Belief]:
    """Return nearly what `fold_in` does, of several histories at once.

    :param histories: the factors (v, d) of the listings of each, and how many choices each listing counts as (v,).
    """
    chosen = np.stack([weights @ viewed for viewed, weights in histories])
    counts = np.array([weights.sum() for _, weights in histories], dtype=np.float32)
    modes, precisions = _newton(_FromStock(stock, chosen, counts), steps=steps)
    liked = (chosen * modes).sum(axis=1) - counts * _normaliser(stock.appeal + modes @ stock.factors.T)
    return [_belief(*one) for one in zip(modes, precisions, liked.tolist(), strict=True)]


def fold_in_sets(appeal: Array, factors: Array, chosen: NDArray[np.intp], *, steps: int = _NEWTON_STEPS) -> Belief:
    """Return what choices between few known alternatives say of somebody's factors (Laplace's approximation).

    :param appeal, factors: (s, j), (s, j, d) of the j alternatives of each of s choice sets.
    :param chosen: which of them was chosen (s,).
    """
    mean, precision = _newton(_FromSets(appeal[None], factors[None], chosen[None]), steps=steps)
    share = _softmax(appeal + factors @ mean[0])
    liked = float(np.log(np.take_along_axis(share, chosen[:, None], axis=1)).sum())
    return _belief(mean[0], precision[0], liked)


def chances(belief: Belief, appeal: Array, factors: Array, *, draws: int = 500, seed: int = 1) -> Array:
    """Return the probability of each alternative (j,) of a choice set, averaged over what is believed.

    :param appeal, factors: (j,), (j, d).
    """
    spread = np.linalg.cholesky(belief.covariance + 1e-6 * np.eye(len(belief.mean)))
    noise = np.random.default_rng(seed).standard_normal((draws, len(belief.mean)))
    drawn = (belief.mean + noise @ spread.T).astype(np.float32)
    averaged: Array = _softmax(appeal + drawn @ factors.T).mean(axis=0)
    return averaged


def _belief(mode: Array, precision: Array, liked: float) -> Belief:
    evidence = liked - 0.5 * float(mode @ mode) - 0.5 * float(np.linalg.slogdet(precision)[1])
    return Belief(mode, precision, evidence)


def _normaliser(utilities: Array) -> Array:
    """Return the log of the mean of the exponentials (…) of utilities (…, k)."""
    highest = utilities.max(axis=-1)
    normaliser: Array = highest + np.log(np.exp(utilities - highest[..., None]).mean(axis=-1))
    return normaliser


class _Choices(Protocol):
    """What b shoppers chose, and what there was to choose from."""

    @property
    def chosen(self) -> Array:
        """Sum of the factors of what each chose (b, d)."""
        ...

    def expected(self, z: Array) -> tuple[Array, Array]:
        """Return what that sum is expected to be given their factors z (b, d), and its covariances (b, d, d)."""
        ...


@dataclass(frozen=True, slots=True)
class _FromStock:
    """All choose from the same stock; `counts` (b,) is how many choices."""

    stock: Stock
    chosen: Array
    counts: Array

    def shares(self, z: Array) -> Array:
        """Return the probability of each alternative (b, k)."""
        return _softmax(self.stock.appeal + z @ self.stock.factors.T)

    def expected(self, z: Array) -> tuple[Array, Array]:
        share = self.shares(z)
        mean = share @ self.stock.factors
        spread = (share @ self.stock.products).reshape(len(z), z.shape[1], -1) - mean[:, :, None] * mean[:, None]
        return self.counts[:, None] * mean, self.counts[:, None, None] * spread


@dataclass(frozen=True, slots=True)
class _FromSets:
    """Each choice has its own alternatives, of appeal (b, s, j) and factors (b, s, j, d); `which` (b, s) was chosen."""

    appeal: Array
    factors: Array
    which: NDArray[np.intp]

    @property
    def chosen(self) -> Array:
        picked: Array = np.take_along_axis(self.factors, self.which[..., None, None], axis=2)[:, :, 0].sum(axis=1)
        return picked

    def shares(self, z: Array) -> Array:
        """Return the probability of each alternative (b, s, j)."""
        return _softmax(self.appeal + np.einsum("bsjd,bd->bsj", self.factors, z))

    def expected(self, z: Array) -> tuple[Array, Array]:
        share = self.shares(z)[..., None]
        mean = (share * self.factors).sum(axis=2, keepdims=True)
        apart = self.factors - mean
        return mean.sum(axis=(1, 2)), np.einsum("bsjd,bsje->bde", share * apart, apart)


def _newton(choices: _Choices, start: Array | None = None, *, steps: int) -> tuple[Array, Array]:
    """Return the modes (b, d) of shoppers' factors and their precisions (b, d, d)."""
    chosen = choices.chosen
    mode = np.zeros_like(chosen) if start is None else start.copy()
    for _ in range(steps):
        expected, precision = choices.expected(mode)
        precision += np.eye(mode.shape[1], dtype=np.float32)
        gradient = chosen - expected - mode
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
    """Fit the model to what shoppers looked at.

    :param stock: columns (n, size) of all listings, on sale or not.
    :param histories: per interest of a shopper the rows of `stock` and how many choices each counts as.
    :param progress: is told the epochs done and to do.
    """
    count = stock.shape[0]
    viewed = np.concatenate([rows for rows, _ in histories])
    # Few of a uniform draw are cars anybody considers: what is looked at is drawn too, weighed by how likely that is.
    likely = np.log(_UNIFORM / count + _VIEWED * np.bincount(viewed, minlength=count) / len(viewed)).astype(np.float32)

    def sample(batch: NDArray[np.intp], appeal: Array, loadings: Array, rng: np.random.Generator) -> _Sample:
        drawn = np.concatenate([rng.integers(0, count, _UNIFORM), rng.choice(viewed, _VIEWED)])
        alternatives = stock[drawn]
        chosen = stock[np.concatenate([histories[i][0] for i in batch])]
        weights = np.concatenate([histories[i][1] for i in batch])
        whose = np.repeat(np.arange(len(batch)), [len(histories[i][0]) for i in batch])
        counts = np.bincount(whose, weights, minlength=len(batch)).astype(np.float32)
        by_shopper = csr_matrix((weights, (whose, np.arange(len(whose)))), shape=(len(batch), len(whose)))
        sums = by_shopper @ (chosen @ loadings)
        choices = _FromStock(Stock.of(alternatives @ appeal - likely[drawn], alternatives @ loadings), sums, counts)

        def slope(z: Array) -> tuple[Array, Array]:
            expected = counts[:, None] * choices.shares(z)
            liked = chosen.T @ (weights[:, None] * z[whose])
            return (
                chosen.T @ weights - alternatives.T @ expected.sum(axis=0),
                liked - alternatives.T @ (expected.T @ z),
            )

        return _Sample(choices, float(counts.sum()), slope)

    appeal, loadings = _learn(
        sample, len(histories), space.size,
        embedding_size=embedding_size, epochs=epochs, reg=reg, seed=seed, progress=progress,
    )  # fmt: skip
    return ChoiceModel(space, appeal, loadings, {"histories": len(histories), "choices": float(len(viewed))})


def fit_sets(
    alternatives: Array,
    chosen: NDArray[np.intp],
    *,
    embedding_size: int = EMBEDDING_SIZE,
    epochs: int = EPOCHS,
    reg: float = REG,
    seed: int = 1,
) -> tuple[Array, Array]:
    """Fit the same model to choices between few known alternatives; return appeal (size,) and loadings (size, d).

    :param alternatives: columns (people, s, j, size) of the j alternatives of each person's s choice sets.
    :param chosen: which of them was chosen (people, s).
    """

    def sample(batch: NDArray[np.intp], appeal: Array, loadings: Array, _rng: np.random.Generator) -> _Sample:
        offered, which = alternatives[batch], chosen[batch]
        choices = _FromSets(offered @ appeal, offered @ loadings, which)

        def slope(z: Array) -> tuple[Array, Array]:
            surprise = -choices.shares(z)
            np.put_along_axis(
                surprise, which[..., None], 1 + np.take_along_axis(surprise, which[..., None], axis=2), axis=2
            )
            by_person = np.einsum("bsj,bsjc->bc", surprise, offered)
            return by_person.sum(axis=0), by_person.T @ z

        return _Sample(choices, float(which.size), slope)

    return _learn(
        sample, len(chosen), alternatives.shape[3],
        embedding_size=embedding_size, epochs=epochs, reg=reg, seed=seed,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Sample:
    """The choices of a batch of shoppers, `total` of them.

    :ivar slope: of their log-probability given factors (b, d), by the columns' appeal (size,) and loadings (size, d).
    """

    choices: _Choices
    total: float
    slope: Callable[[Array], tuple[Array, Array]]


def _learn(
    sample: Callable[[NDArray[np.intp], Array, Array, np.random.Generator], _Sample],
    shoppers: int,
    size: int,
    *,
    embedding_size: int,
    epochs: int,
    reg: float,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Array, Array]:
    """Return appeal (size,) and loadings (size, d), by stochastic EM: draw shoppers' factors, then Adam.

    :param sample: returns the choices of some shoppers, given the weights as they are.
    """
    rng = np.random.default_rng(seed)
    appeal = np.zeros(size, dtype=np.float32)
    loadings = (0.05 * rng.standard_normal((size, embedding_size))).astype(np.float32)
    adam = (_Adam(appeal), _Adam(loadings))
    modes = np.zeros((shoppers, embedding_size), dtype=np.float32)
    order = np.arange(shoppers)
    for epoch in range(epochs):
        rng.shuffle(order)
        rate = _LEARNING_RATE * (1 - 0.9 * epoch / epochs)
        for start in range(0, shoppers, _BATCH):
            batch = order[start : start + _BATCH]
            seen = sample(batch, appeal, loadings, rng)
            modes[batch], precision = _newton(seen.choices, modes[batch], steps=2)
            slopes = seen.slope(_draw(modes[batch], precision, rng))
            adam[0].step(slopes[0] / seen.total - reg * appeal, rate)
            adam[1].step(slopes[1] / seen.total - reg * loadings, rate)
        if progress:
            progress(epoch + 1, epochs)
    return appeal, loadings


def _shares(utilities: Array) -> Array:
    """Return the softmax (k,), in place."""
    utilities -= utilities.max()
    np.exp(utilities, out=utilities)
    utilities /= utilities.sum()
    return utilities


def _softmax(utilities: Array) -> Array:
    share: Array = np.exp(utilities - utilities.max(axis=-1, keepdims=True))
    share /= share.sum(axis=-1, keepdims=True)
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
