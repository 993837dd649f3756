"""The choice model over one process's snapshot: appeal and factors of every listing, kept in step with both."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.snapshot import LiveSnapshot, Snapshot
from carousel.crowd import repository
from carousel.crowd.choice_model import Belief, ChoiceModel, Stock, fold_in, guess
from carousel.recommend.query import Rows
from carousel.storage.postgres import Pool
from carousel.telemetry import Repeated, crowd_version, log

if TYPE_CHECKING:
    from carousel.recommend.pipeline import Recommender

_logger = log(__name__)

_SAMPLE = 4_096
"""Listings that stand for what there is to choose from when a shopper's factors are found."""


class Crowd:
    """What similar shoppers want, as look-ups: the score of a listing is one scalar product."""

    def __init__(self, model: ChoiceModel, version: int = 0) -> None:
        self.model = model
        self.version = version
        self.appeal: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self.factors: NDArray[np.float32] = np.zeros((0, model.loadings.shape[1]), dtype=np.float32)
        own = model.factors
        self._latent = np.zeros((0, own.gram.shape[0] if own else 0), dtype=np.float32)
        self._latent_of_sample = self._latent
        self._snapshot: Snapshot | None = None
        self._changes = 0
        self._sample: Rows = np.zeros(0, dtype=np.intp)
        self._of_sample = self.appeal, self.factors
        self._of_quarter = Stock.of(self.appeal, self.factors)

    def refresh(self, snapshot: Snapshot) -> "Crowd":
        """Describe the listings that changed since the last call."""
        if snapshot is not self._snapshot:
            self._snapshot, self._changes = snapshot, -1  # below what a snapshot without listings has
            self.appeal, self.factors, self._latent = self.appeal[:0], self.factors[:0], self._latent[:0]
        # What is written while this reads is marked as changed afterwards, and read again by the next call.
        changes, size = snapshot.changes, snapshot.size
        if changes == self._changes and size == len(self.appeal):
            return self
        rows = np.flatnonzero(snapshot.changed[:size] > self._changes)
        matrix = self.model.space.matrix(snapshot, rows)
        appeal, factors = self.model.of_listings(matrix)
        more = size - len(self.appeal)
        # New arrays: a slate that is being made keeps those it began with.
        self.appeal = np.concatenate([self.appeal, np.zeros(more, dtype=np.float32)])
        self.factors = np.concatenate([self.factors, np.zeros((more, factors.shape[1]), dtype=np.float32)])
        self.appeal[rows], self.factors[rows] = appeal, factors
        if self.model.factors:
            self._latent = np.concatenate([self._latent, np.zeros((more, self._latent.shape[1]), dtype=np.float32)])
            self._latent[rows] = self.model.factors.of_listings(matrix, [snapshot.ids[row] for row in rows])
        active = np.flatnonzero(snapshot.active[:size])
        if not len(active):  # all are sold: what there was tells as much about a shopper
            active = np.arange(size)
        # Spread evenly and always the same: a reload must not change a page.
        self._sample = active[np.linspace(0, len(active) - 1, min(_SAMPLE, len(active))).astype(np.intp)]
        self._of_sample = self.appeal[self._sample], self.factors[self._sample]
        self._of_quarter = Stock.of(self.appeal[self._sample[::4]], self.factors[self._sample[::4]])
        self._latent_of_sample = self._latent[self._sample] if self.model.factors else self._latent
        self._changes = changes
        return self

    def believe(self, rows: Rows, weights: NDArray[np.float32], guessed: Belief | None = None) -> Belief:
        """Return what is believed of the factors of somebody who chose some listings.

        :param guessed: what `guess` said of the same; a few steps from there are enough.
        """
        start = (guessed or self.guess([(rows, weights)])[0]).mean
        return fold_in(*self._of_sample, self.factors[rows], weights, start=start)

    def guess(self, histories: Sequence[tuple[Rows, NDArray[np.float32]]]) -> list[Belief]:
        """Return nearly the same of each history from a quarter of the sample: enough to tell one wish from two."""
        return guess(self._of_quarter, [(self.factors[rows], weights) for rows, weights in histories])

    def fold_in(self, rows: Rows, weights: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Return the factors (d,) of somebody who chose some listings, by who else did; None without such factors."""
        return self.model.factors.fold_in(self._latent[rows], weights) if self.model.factors else None

    def latent_scores(self, shopper: NDArray[np.float32], rows: Rows | slice = slice(None)) -> NDArray[np.float32]:
        """Return how much those like a shopper look at listings (m,), in deviations from the stock's mean."""
        of_sample = self._latent_of_sample @ shopper
        deviation = max(float(of_sample.std()), 1e-6)
        scores: NDArray[np.float32] = (self._latent[rows] @ shopper - of_sample.mean()) / deviation
        return scores

    def scores(self, shopper: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the log-probability of each listing (size,) for a shopper's factors (d,), up to a constant of the
        catalogue."""
        utilities: NDArray[np.float32] = self.factors @ shopper
        utilities += self.appeal
        if not len(self._sample):  # there is no listing
            return utilities
        of_sample = utilities[self._sample]
        highest = of_sample.max(initial=0)
        utilities -= highest + np.log(np.exp(of_sample - highest).mean())
        return utilities


async def serve_newest(recommender: "Recommender", pool: Pool, live: LiveSnapshot, *, seconds: float = 5) -> None:
    """Keep to the version that is to be served, for ever; the whole catalogue is described beside the requests."""
    version: int | None = None
    trouble = Repeated(_logger, "choice model not read")
    while True:
        try:
            async with pool.connection() as connection:
                wanted, stored = await repository.served(connection, version)
            if wanted != version:
                crowd = Crowd(ChoiceModel.from_bytes(stored), wanted or 0) if stored else None
                if crowd:
                    await asyncio.to_thread(crowd.refresh, live.snapshot)
                recommender.use(crowd)
                version = wanted
                crowd_version.set(version or 0)
                _logger.info("choice_model_served", version=version)
            trouble.well()
        except Exception as error:  # the database may be away for a while; the last model goes on
            trouble.wrong(error)
        await asyncio.sleep(seconds)
