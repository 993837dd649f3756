"""The listings nearest to one by the distance of the embeddings, found in memory among the models that can have any."""

import time

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue import embedding
from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.interests import ONE_HOT_OF, standard
from carousel.recommend.query import Rows

_MOST_COMPARED = 20_000
"""Rows that are compared in about a millisecond; where it takes more, pgvector costs less."""
_SECONDS = 60.0


class Alike:
    """Near listings without asking the database: exact, at a tenth of the cost of pgvector's index.

    Make and model are directions in the embedding, so the listings of another model are at least as far away as the
    two models are from each other: most often no other model has to be looked at.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._until = 0.0
        self._by_model: Rows = np.empty(0, dtype=np.intp)  # active rows, model by model
        self._starts: NDArray[np.intp] = np.zeros(1, dtype=np.intp)
        self._models = np.zeros((0, 0), dtype=np.float32)
        self._numbers = np.zeros((0, 0), dtype=np.float32)

    def near(self, snapshot: Snapshot, row: int, n: int) -> Rows | None:
        """Return the n rows nearest to one, nearest first, of those on sale up to a minute ago; None where too many
        would have to be compared."""
        now = time.monotonic()
        if snapshot is not self._snapshot or now > self._until:
            self._read(snapshot)
            self._snapshot, self._until = snapshot, now + _SECONDS
        if row >= len(self._numbers):
            return None  # listed since
        own = self._models[snapshot.codes("model")[row]]
        # At least so far are the listings of each model.
        gaps = np.maximum((self._models**2).sum(axis=1) + own @ own - 2 * (self._models @ own), 0)
        order = np.argsort(gaps, kind="stable")
        counts = np.diff(self._starts)[order].cumsum()
        compared = int(np.searchsorted(counts, n + 1)) + 1
        while True:
            if counts[min(compared, len(counts)) - 1] > _MOST_COMPARED:
                return None
            rows: Rows = np.concatenate(
                [self._by_model[self._starts[m] : self._starts[m + 1]] for m in order[:compared]]
            )
            rows = rows[rows != row]
            squared = gaps[snapshot.codes("model")[rows]] + self._squared(snapshot, row, rows)
            if len(rows) > n:
                nearest = np.argpartition(squared, n - 1)[:n]
                rows, squared = rows[nearest], squared[nearest]
            if compared >= len(order) or gaps[order[compared]] > squared.max(initial=0):
                best: Rows = rows[np.lexsort((rows, squared))]
                return best
            compared = int(np.searchsorted(gaps[order], squared.max(), "right"))

    def _read(self, snapshot: Snapshot) -> None:
        active = np.flatnonzero(snapshot.active)
        models = snapshot.codes("model")[active]
        self._by_model = active[np.argsort(models, kind="stable")]
        names = snapshot.vocabularies["model"].values
        self._starts = np.searchsorted(np.sort(models), np.arange(len(names) + 1))
        makes = [snapshot.vocabularies["make"].values[code] for code in snapshot.make_of_model]
        self._models = np.array(
            [embedding.of_model(make, name[len(make) + 1 :]) for make, name in zip(makes, names, strict=True)]
        )
        everything = np.arange(snapshot.size)
        self._numbers = np.stack([standard(snapshot, everything, name) for name in embedding.NUMERIC], axis=1).astype(
            np.float32
        )

    def _squared(self, snapshot: Snapshot, row: int, rows: Rows) -> NDArray[np.float32]:
        """Return the squared distances (m,) but for make and model."""
        apart = self._numbers[rows] - self._numbers[row]
        squared: NDArray[np.float32] = np.einsum("ij,ij->i", apart, apart)
        for block, weight in ONE_HOT_OF.items():
            codes, own = snapshot.codes(block)[rows], snapshot.codes(block)[row]
            # What is said takes a dimension of its own.
            differ = (codes != own) * ((codes > 0) + np.float32(own > 0))
            squared += np.float32(weight**2) * differ
        return squared
