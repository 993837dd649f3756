"""What a slate is for: each wish of a shopper with its evidence, and what similar shoppers want beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.snapshot import Snapshot
from carousel.recommend import interests
from carousel.recommend.crowd import Crowd
from carousel.recommend.interests import Interest
from carousel.recommend.placements import Weights
from carousel.recommend.query import Query, Rows
from carousel.recommend.scorers import BESIDE_CROWD, WEIGHTS, TasteScorer, counts_of, counts_of_rows

_SHARED = 0.2
"""Share of everything the shopper ever said in what is known of one of several wishes, or of the car on the page."""


@dataclass(frozen=True, slots=True)
class Latent:
    """What those who looked at the same listings want, worked out only where it is asked for."""

    crowd: Crowd
    shopper: NDArray[np.float32]
    weight: float

    def scores(self, rows: Rows | slice = slice(None)) -> NDArray[np.float32]:
        """Score some listings (m,), or all (size,)."""
        scores: NDArray[np.float32] = np.float32(self.weight) * self.crowd.latent_scores(self.shopper, rows)
        return scores


@dataclass(frozen=True, slots=True)
class Aim:
    """One wish, ready to score the catalogue by."""

    share: float
    scorer: TasteScorer
    crowd: NDArray[np.float32] | None
    """What similar shoppers want (size,), in units of log-odds; None where no model is trained or nothing is known."""
    interest: Interest | None
    stated: NDArray[np.float32] | None
    """What the shopper's own words add (size,)."""
    latent: Latent | None
    """Orders candidates only: a listing it could lift into a slate is among them by the rest."""
    own: TasteScorer
    """What reasons are made of: the scorer, but on the page of a car, which is nobody's interest yet, the shopper's own
    evidence."""

    @property
    def has_evidence(self) -> bool:
        return self.scorer.has_evidence or self.stated is not None

    def scores(self) -> NDArray[np.float32]:
        """Score every listing (size,)."""
        total = self.scorer.beyond_make()
        total += self.scorer.make_and_model()
        if self.crowd is not None:
            total += self.crowd
        if self.stated is not None:
            total += self.stated
        if self.latent is not None:
            total += self.latent.scores()
        return total

    def terms(self, rows: Rows) -> dict[str, NDArray[np.float64]]:
        """Return the parts of the score of some listings (m,)."""
        terms = self.scorer.terms(rows)
        beside = {"crowd": self.crowd, "stated": self.stated}
        terms |= {name: term[rows].astype(np.float64) for name, term in beside.items() if term is not None}
        return terms if self.latent is None else terms | {"factors": self.latent.scores(rows).astype(np.float64)}


def aims_of(
    query: Query, snapshot: Snapshot, crowd: Crowd | None, of: Weights, stated: NDArray[np.float32] | None = None
) -> tuple[Aim, ...]:
    """Return the shopper's wishes, the largest first: one at least, also of somebody we know nothing about.

    On the page of a car it is one like that car.

    :param of: what taste, crowd and factors count at the placement.
    :param stated: what the shopper's own words add to each score (size,).
    """
    overall = counts_of(query.taste, snapshot, query.now)
    on_page = interests.on_page(query.listing_id, snapshot, crowd) if query.listing_id is not None else None
    found = _interests(query, snapshot, crowd) if on_page is None else (on_page,)
    blocks = BESIDE_CROWD if crowd and found and of["crowd"] else WEIGHTS
    weights = {block: of["taste"] * weight for block, weight in blocks.items()}
    if len(found) < 2 and on_page is None:
        interest = found[0] if found else None
        scorer = TasteScorer(overall, snapshot, weights)
        return (_aim(1.0, scorer, scorer, crowd, interest, of, stated),)
    aims = []
    for interest in found:
        counts = {block: _SHARED * amounts for block, amounts in overall.items()}
        for block, amounts in counts_of_rows(snapshot, interest.rows, interest.weights).items():
            counts[block] = counts[block] + amounts if block in counts else amounts
        for block, amounts in overall.items():
            counts[block][1:] = amounts[1:]  # what is not wanted, is wanted for no wish
        scorer = TasteScorer(counts, snapshot, weights)
        own = scorer if on_page is None else TasteScorer(overall, snapshot, weights)
        aims.append(_aim(interest.share, scorer, own, crowd, interest, of, stated))
    return tuple(aims)


def _interests(query: Query, snapshot: Snapshot, crowd: Crowd | None) -> tuple[Interest, ...]:
    if crowd is not None and query.factors is not None:
        taste_version = query.taste.version
        known = query.factors.recall(snapshot, taste_version=taste_version, crowd_version=crowd.version, now=query.now)
        if known is not None:
            return known
    return interests.find(query.taste, snapshot, crowd, query.now)


def _aim(
    share: float,
    scorer: TasteScorer,
    own: TasteScorer,
    crowd: Crowd | None,
    interest: Interest | None,
    of: Weights,
    stated: NDArray[np.float32] | None,
) -> Aim:
    by_crowd, latent = None, None
    if crowd is not None and interest is not None:
        if interest.wanted is not None and of["crowd"]:
            by_crowd = of["crowd"] * crowd.scores(interest.wanted)
        if interest.latent is not None and of["factors"]:
            latent = Latent(crowd, interest.latent, of["factors"])
    return Aim(share, scorer, by_crowd, interest, stated, latent, own)
