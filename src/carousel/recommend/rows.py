"""The rows of the home page: what was picked, one row per wish, and three for those who want to look around."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from carousel.recommend.aims import Aim
from carousel.recommend.names import Name, name_of
from carousel.recommend.query import Rows, Served
from carousel.recommend.reasons import NEW_DAYS
from carousel.recommend.scorers import top
from carousel.recommend.sources import NEAR_INTEREST, View, last_viewed

RowKind = Literal["picked_for_you", "interest", "because_you_viewed", "new_this_week", "good_prices"]

LEAST = 3
"""A row with fewer cars is none."""
_CONSIDERED = 120


@dataclass(frozen=True, slots=True)
class Row:
    """One row: why it is there, its name in English with the facts behind it, and its slate."""

    kind: RowKind
    name: str
    listings: tuple[Served, ...]
    facts: Mapping[str, str | float] = field(default_factory=dict)
    interest_id: str | None = None
    listing_id: str | None = None
    """The car viewed, of `because_you_viewed`."""


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What a row is filled from: candidates and their scores, before what other rows show is taken out."""

    kind: RowKind
    name: Name
    rows: Rows
    scores: NDArray[np.float32]
    """Of each row for each aim (aims, m)."""
    aims: tuple[Aim, ...]
    interest_id: str | None = None
    listing_id: str | None = None


def plans(view: View, good_prices: Rows) -> Iterator[RowPlan]:
    """Plan every row below the first, in the order of the page."""
    yield from _interests(view)
    yield from _because_viewed(view)
    listed_at = view.snapshot.numbers("listed_at")
    after = view.query.now.timestamp() - NEW_DAYS * 86_400
    newest = view.prior.newest
    new = newest[: np.searchsorted(-listed_at[newest], -after, side="right")]
    named: tuple[tuple[RowKind, str, Rows], ...] = (
        ("good_prices", "Good prices", good_prices),
        ("new_this_week", "New this week", new),
    )
    for kind, name, rows in named:
        inside = rows if view.mask is None else rows[view.mask[rows]]
        scores = scores_of(view.aims, inside) + view.boosted()[inside]
        best = top(scores.max(axis=0).astype(np.float32), _CONSIDERED)
        yield RowPlan(kind, Name(name, {}), inside[best], scores[:, best], view.aims)


def _interests(view: View) -> Iterator[RowPlan]:
    found = [aim for aim in view.aims if aim.interest]
    if len(found) < 2:
        return  # one wish is what the first row is about
    for aim in found:
        interest = aim.interest
        assert interest is not None
        scores = aim.scores() + view.boosted()
        if view.mask is not None:
            scores[~view.mask] = -np.inf
        rows = top(scores, _CONSIDERED)
        name = name_of(view.snapshot, interest.rows, interest.weights, view.query.currency)
        yield RowPlan("interest", name, rows, scores[None, rows], (aim,), interest_id=interest.listing_id)


def _because_viewed(view: View) -> Iterator[RowPlan]:
    for listing_id in last_viewed(view.query)[:1]:
        row = view.snapshot.row_of.get(listing_id)
        if row is None:
            continue
        near = view.near_to(listing_id)[:NEAR_INTEREST]
        # The nearest first, and among the near ones those that fit the shopper.
        scores = (scores_of(view.aims, near) / 2 - np.linspace(0, 4, len(near))).astype(np.float32)
        viewed = view.snapshot.vocabularies["model"].values[int(view.snapshot.codes("model")[row])]
        name = Name(f"Because you viewed the {viewed}", {"model": viewed})
        yield RowPlan("because_you_viewed", name, near, scores, view.aims, listing_id=listing_id)


def scores_of(aims: tuple[Aim, ...], rows: Rows) -> NDArray[np.float32]:
    """Score some listings for each wish (aims, m)."""
    terms = [sum(aim.terms(rows).values(), np.zeros(len(rows))) for aim in aims]
    return np.stack(terms).astype(np.float32)
