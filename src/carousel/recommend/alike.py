"""The listings nearest to one by the distance of the embeddings, found in memory among the models that can have any."""

import time

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue import embedding
from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.interests import ONE_HOT_OF, standard
from carousel.recommend.query import Rows

_SHARE = 0.3
"""Of the listings: where more have to be compared, comparing all of them costs less than picking these out."""
_SECONDS = 60.0


class Alike:
    """Near listings without asking the database: exact, at a tenth of the cost of pgvector's index.

    Make and model are directions in the embedding, so the listings of another model are at least as far away as the
    two models are from each other: most often few other models have to be looked at. What is compared together is kept
    together, model by model.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._until = 0.0
        self._rows: Rows = np.empty(0, dtype=np.intp)  # on sale, model by model
        self._starts: NDArray[np.intp] = np.zeros(1, dtype=np.intp)
        self._models = self._own = self._numbers = np.zeros((0, 0), dtype=np.float32)
        self._lengths = np.zeros(0, dtype=np.float32)
        self._kind = self._rows
        self._kinds = np.zeros((0, len(ONE_HOT_OF)), dtype=np.intp)

    def near(self, snapshot: Snapshot, row: int, n: int) -> Rows | None:
        """Return the n rows nearest to one, nearest first, of those on sale up to a minute ago; None for a listing of
        a model that came since."""
        now = time.monotonic()
        if snapshot is not self._snapshot or now > self._until:
            self._read(snapshot)
            self._snapshot, self._until = snapshot, now + _SECONDS
        model = int(snapshot.codes("model")[row])
        if model >= len(self._models):
            return None
        # At least so far are the listings of each model.
        gaps = np.maximum(self._lengths + self._lengths[model] - 2 * (self._models @ self._models[model]), 0)
        order = np.argsort(gaps)
        sizes = np.diff(self._starts)[order]
        sums = sizes.cumsum()
        compared = int(np.searchsorted(sums, n + 1)) + 1
        own = self._own[:, row] if row < self._own.shape[1] else _numbers(snapshot, np.array([row]))[:, 0]
        of_kinds = self._of_kinds(snapshot, row)
        farthest = np.float32(np.inf)
        while True:
            if compared >= len(order) or sums[compared - 1] > _SHARE * len(self._rows):
                order = np.arange(len(order))
                sizes, compared = np.diff(self._starts), len(order)
                places: Rows | slice = slice(None)
            else:
                places = np.concatenate([np.arange(self._starts[m], self._starts[m + 1]) for m in order[:compared]])
            rows = self._rows[places]
            squared = np.repeat(gaps[order[:compared]], sizes[:compared])
            squared += of_kinds[self._kind[places]]
            for numbers, number in zip(self._numbers, own, strict=True):
                squared += (numbers[places] - number) ** 2
            squared[rows == row] = np.inf
            close = np.flatnonzero(squared <= farthest)  # n at least, from the second round on
            rows, squared = rows[close], squared[close]
            if len(rows) > n:
                nearest = np.argpartition(squared, n - 1)[:n]
                rows, squared = rows[nearest], squared[nearest]
            farthest = squared.max(initial=0)
            if compared == len(order) or gaps[order[compared]] > farthest:
                found: Rows = rows[np.lexsort((rows, squared))]
                others: Rows = found[found != row]
                return others
            compared = int(np.searchsorted(gaps[order], farthest, "right"))

    def _read(self, snapshot: Snapshot) -> None:
        active = np.flatnonzero(snapshot.active)
        models = snapshot.codes("model")[active]
        self._rows = active[np.argsort(models, kind="stable")]
        names = snapshot.vocabularies["model"].values
        self._starts = np.searchsorted(np.sort(models), np.arange(len(names) + 1))
        makes = [snapshot.vocabularies["make"].values[code] for code in snapshot.make_of_model]
        self._models = np.array(
            [embedding.of_model(make, name[len(make) + 1 :]) for make, name in zip(makes, names, strict=True)]
        )
        self._lengths = (self._models**2).sum(axis=1)
        self._own = _numbers(snapshot, np.arange(snapshot.size))
        self._numbers = self._own[:, self._rows]
        # Few combinations of the small traits exist.
        codes = np.stack([snapshot.codes(block)[self._rows] for block in ONE_HOT_OF])
        sizes = codes.max(axis=1, initial=0) + 1
        kinds, self._kind = np.unique(np.ravel_multi_index(tuple(codes), tuple(sizes)), return_inverse=True)
        self._kinds = np.stack(np.unravel_index(kinds, tuple(sizes)), axis=1)

    def _of_kinds(self, snapshot: Snapshot, row: int) -> NDArray[np.float32]:
        """Return how far a listing is from each combination of the small traits (kinds,), squared."""
        own = np.array([snapshot.codes(block)[row] for block in ONE_HOT_OF])
        weights = np.array(list(ONE_HOT_OF.values()), dtype=np.float32)
        # What is said takes a dimension of its own.
        dimensions = (self._kinds != own) * ((self._kinds > 0) + (own > 0).astype(np.float32))
        apart: NDArray[np.float32] = (dimensions @ weights**2).astype(np.float32)
        return apart


def _numbers(snapshot: Snapshot, rows: Rows) -> NDArray[np.float32]:
    """Return the numbers of some listings (4, m) as they are in their embeddings."""
    return np.stack([standard(snapshot, rows, name) for name in embedding.NUMERIC]).astype(np.float32)
