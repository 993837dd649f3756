"""What Carousel is compared with, from no idea at all to what a good library offers."""

import warnings
from copy import copy
from typing import TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from carousel.evaluation.models import NotPossibleError, Scores, Training
from carousel.evaluation.split import Queries
from carousel.evaluation.stock import first_and_last

LATELY_SHARE = 1 / 30
"""Half-life of "popular lately", as a share of the time learned from."""
NEIGHBOURS = 200
EASE_MOST_ITEMS = 8_000
"""EASE inverts a dense (items, items) matrix: 256 MB and some 20 s at this size, eight times that at twice of it."""


R = TypeVar("R")


def with_recency(model: R, recency: float) -> R:
    """Return a fitted ALS, EASE or item-to-item that weighs the steps of a history otherwise; no fit depends on it."""
    other = copy(model)
    other._recency = recency  # type: ignore[attr-defined]
    return other


class Random:
    """A draw for every question."""

    name = "random"

    def fit(self, training: Training) -> None:
        self._seed, self._items = training.seed, training.item_count

    def scores(self, queries: Queries) -> Scores:
        drawn = [np.random.default_rng((self._seed, int(u))).random(self._items, np.float32) for u in queries.users]
        return np.stack(drawn)


class Popular:
    """How many users had the item."""

    name = "popular"

    def fit(self, training: Training) -> None:
        self._users = training.users_of_item.astype(np.float32)

    def scores(self, queries: Queries) -> Scores:
        return np.repeat(self._users[None, :], len(queries), axis=0)


class PopularLately:
    """How much interest the item had, old interest fading."""

    name = "popular lately"

    def fit(self, training: Training) -> None:
        if not training.dataset.timed:
            raise NotPossibleError("needs times")
        log = training.log
        half_life = max(LATELY_SHARE * float(log.at[-1] - log.at[0]), 1.0)
        fading = np.maximum(log.weights, 0) * 2.0 ** ((log.at - log.at[-1]) / half_life)
        self.interest = np.bincount(log.items, weights=fading, minlength=training.item_count).astype(np.float32)

    def scores(self, queries: Queries) -> Scores:
        return np.repeat(self.interest[None, :], len(queries), axis=0)


class Newest:
    """When the item came; one whose first interaction is still to come is not known to be new."""

    name = "newest"

    def fit(self, training: Training) -> None:
        if not training.dataset.timed:
            raise NotPossibleError("needs times")
        first, _ = first_and_last(training.dataset.log, training.item_count)
        self._came = np.where(training.stock.dated, training.stock.since, first)
        self._dated = training.stock.dated

    def scores(self, queries: Queries) -> Scores:
        came = self._came[None, :] - queries.at[:, None]  # differences keep their seconds in 32 bits
        known = self._dated[None, :] | (came < 0)
        return np.where(known, came, np.nan).astype(np.float32)


class RunningAverage:
    """Nearest to the running average of what was viewed, Euclidean: what many sites begin with."""

    name = "running average"

    def fit(self, training: Training) -> None:
        self._points = _points(training)

    def scores(self, queries: Queries) -> Scores:
        history = queries.matrix(len(self._points))
        known = history @ sp.diags((~np.isnan(self._points[:, 0])).astype(np.float32))
        total = np.asarray(known.sum(axis=1)).ravel()
        centre = (known @ np.nan_to_num(self._points)) / np.maximum(total, 1e-9)[:, None]
        distances = _distances(centre, self._points)
        distances[total == 0] = 0
        return -distances


class NearestToLast:
    """Nearest to what was viewed last: by the listing's features, else by who viewed both."""

    name = "nearest to last"

    def fit(self, training: Training) -> None:
        self._points = _points(training) if training.listings is not None else None
        self._alike = _alike(training) if self._points is None else None
        self._items = training.item_count

    def scores(self, queries: Queries) -> Scores:
        last = np.full(len(queries), -1, dtype=np.intp)
        liked = queries.history.weights > 0
        last[queries.row_of_event()[liked]] = queries.history.items[liked]  # the last one written stays
        if self._points is not None:
            near: Scores = -_distances(np.nan_to_num(self._points[last]), self._points)
            near[np.isnan(self._points[last, 0]) | (last < 0)] = 0
            return near
        assert self._alike is not None
        alike: Scores = self._alike[last].toarray().astype(np.float32)
        alike[last < 0] = 0
        return alike


class ItemToItem:
    """Items whose users had what this user had: cosine of the columns, summed over the history."""

    name = "item to item"

    def __init__(self, recency: float = 1.0) -> None:
        self._recency = recency

    def fit(self, training: Training) -> None:
        alike = _alike(training)
        # Where the same may be right again, nothing is more like an item than itself.
        self._alike = alike + sp.identity(alike.shape[0], np.float32, "csr") if training.repeats else alike
        self._items = training.item_count

    def scores(self, queries: Queries) -> Scores:
        history = queries.matrix(self._items, self._recency)
        if self._recency == 1.0:
            history.data[:] = 1
        return np.asarray((history @ self._alike).todense(), dtype=np.float32)


class Ease:
    """EASE (Steck 2019): a closed-form linear model of each item from all others."""

    name = "EASE"

    def __init__(self, reg: float = 200.0, recency: float = 1.0) -> None:
        self._reg, self._recency = reg, recency

    def fit(self, training: Training) -> None:
        self._items = training.item_count
        known = np.flatnonzero(training.users_of_item)
        if len(known) > EASE_MOST_ITEMS:
            by_users = np.argsort(-training.users_of_item[known], kind="stable")[:EASE_MOST_ITEMS]
            known = np.sort(known[by_users])
        self._known = known
        columns = training.binary[:, known]
        gram = np.asarray((columns.T @ columns).todense(), dtype=np.float32)
        gram[np.diag_indices_from(gram)] += self._reg
        inverse = np.linalg.inv(gram)
        self._weights = (inverse / -np.diag(inverse)[None, :]).astype(np.float32)
        self._weights[np.diag_indices_from(gram)] = 0

    def scores(self, queries: Queries) -> Scores:
        history = queries.matrix(self._items, self._recency)[:, self._known]
        if self._recency == 1.0:
            history.data[:] = 1
        scores = np.full((len(queries), self._items), -1e3, dtype=np.float32)
        scores[:, self._known] = history @ self._weights
        return scores


class Als:
    """Implicit ALS (Hu, Koren, Volinsky 2008) of the library `implicit`; users are folded in from their history."""

    name = "ALS"

    def __init__(
        self, embedding_size: int = 64, reg: float = 0.05, alpha: float = 10.0, epochs: int = 15, recency: float = 1.0
    ) -> None:
        self._size, self._reg, self._alpha, self._epochs = embedding_size, reg, alpha, epochs
        self._recency = recency

    def fit(self, training: Training) -> None:
        from implicit.als import AlternatingLeastSquares

        matrix = training.matrix.copy()
        matrix.data = np.log1p(matrix.data)
        model = AlternatingLeastSquares(
            factors=self._size, regularization=self._reg, alpha=self._alpha, iterations=self._epochs,
            random_state=training.seed, use_gpu=False,
        )  # fmt: skip
        model.fit(matrix, show_progress=False)
        self._factors: NDArray[np.float32] = np.asarray(model.item_factors)
        self._factors[training.users_of_item == 0] = 0  # nobody had it: its draw at the start means nothing
        self._gram = self._factors.T @ self._factors + self._reg * np.eye(self._size, dtype=np.float32)

    def scores(self, queries: Queries) -> Scores:
        history = queries.matrix(len(self._factors), self._recency)
        confidence = self._alpha * np.log1p(history.data)
        users = np.zeros((len(queries), self._size), dtype=np.float32)
        for row in range(len(queries)):
            at = slice(history.indptr[row], history.indptr[row + 1])
            own, weights = self._factors[history.indices[at]], confidence[at]
            if len(own):
                users[row] = np.linalg.solve(self._gram + (own.T * (weights - 1)) @ own, own.T @ weights)
        return users @ self._factors.T


def _points(training: Training) -> NDArray[np.float32]:
    """Return each item's features (items, d), NaN for an item no listing describes."""
    listings = training.listings
    if listings is None:
        raise NotPossibleError("needs listings")
    points = listings.embeddings[listings.rows]
    points[listings.rows < 0] = np.nan
    return points


def _distances(centres: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return Euclidean distances (q, items)."""
    squared = (centres**2).sum(1)[:, None] + (points**2).sum(1)[None, :] - 2 * centres @ points.T
    distances: NDArray[np.float32] = np.sqrt(np.maximum(squared, 0)).astype(np.float32)
    return distances


def _alike(training: Training) -> sp.csr_matrix:
    """Return the cosine of each item with its nearest neighbours (items, items), itself left out."""
    found = training.cache.get("alike")
    if isinstance(found, sp.csr_matrix):
        return found
    from implicit.nearest_neighbours import CosineRecommender
    from implicit.utils import ParameterWarning

    model = CosineRecommender(K=NEIGHBOURS + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)  # of a matrix it makes itself
        model.fit(training.binary, show_progress=False)
    alike = model.similarity.tocsr().astype(np.float32)
    alike.setdiag(0)
    alike.eliminate_zeros()
    training.cache["alike"] = alike
    return alike
