"""Where candidates come from: each source finds listings for one reason and knows nothing of the others.

`BestByTasteSource` scores the whole catalogue exactly, which costs less than approximate retrieval up to a few
hundred thousand listings; above that `NearestToTasteSource` asks pgvector instead (decision 0002).
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue import repository
from carousel.catalogue.listing import ListingId
from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.aims import Aim
from carousel.recommend.alike import Alike
from carousel.recommend.placements import PlacementSettings
from carousel.recommend.query import Query, Rows
from carousel.recommend.rules import Ruled
from carousel.recommend.scorers import Prior, top
from carousel.storage.postgres import Pool

BEST_BY_TASTE = 300
BEYOND_MAKE = 120
NEAREST = 200
NEAR_INTEREST = 80
FRESH = 60
POPULAR = 60
EXPLORED = 60
BOOSTED = 60
LAST_VIEWED = 2

_PATIENCE = 0.02
"""Seconds after which a slate asks for no more near listings; on a quiet machine all of them take less."""

CENTROID = "centroid"
Near = Mapping[str, Sequence[int] | NDArray[np.int64]]
"""`no` of the listings near a listing id or the `CENTROID`, nearest first."""


@dataclass(frozen=True, slots=True)
class View:
    """The market as one request sees it: everything a source may look at."""

    query: Query
    snapshot: Snapshot
    prior: Prior
    aims: tuple[Aim, ...]
    """The shopper's wishes, the largest first; at least one."""
    mask: NDArray[np.bool_] | None
    """Listings inside the request's filters, the shopper's own limits and the placement's rules (size,); None: all."""
    stated: NDArray[np.bool_] | None
    """Listings inside the limits the shopper stated (size,), or None where there are none."""
    near: Mapping[str, Rows]
    """Rows on sale and inside the filters near a listing id or the `CENTROID`, nearest first."""
    placement: PlacementSettings
    worth: NDArray[np.float32]
    """What popularity and freshness make of each listing here (size,); −∞ where it left the market."""
    rules: Ruled
    """What the placement's rules keep and lift; `mask` has what they keep already."""
    removed: Mapping[str, int]
    """How many listings of the market each rule removed."""

    def boosted(self) -> NDArray[np.float32]:
        """Return what each listing is worth to anybody here (size,)."""
        return self.worth if self.rules.boosts is None else self.worth + self.rules.boosts

    def near_to(self, point: str) -> Rows:
        """Return the rows near a point, none where it was not asked for."""
        return self.near.get(point, np.empty(0, dtype=np.intp))


class Source(Protocol):
    """Finds candidates, best first."""

    name: str

    def find(self, view: View) -> Rows: ...


class BestByTasteSource:
    """The best of the whole catalogue, and the best when make and model are set aside (the alternatives)."""

    name = "taste"

    def find(self, view: View) -> Rows:
        return np.concatenate([self._best(view, aim) for aim in view.aims])

    def _best(self, view: View, aim: Aim) -> Rows:
        if not aim.has_evidence:
            return np.empty(0, dtype=np.intp)
        scores = aim.scorer.beyond_make()
        if aim.stated is not None:
            scores += aim.stated
        scores += view.worth
        if view.mask is not None:
            scores[~view.mask] = -np.inf
        beyond = top(scores, BEYOND_MAKE)
        scores += aim.scorer.make_and_model()
        if aim.crowd is not None:
            scores += aim.crowd
        return np.concatenate([top(scores, BEST_BY_TASTE // len(view.aims)), beyond])


class NearestToTasteSource:
    """The nearest to the centroid of the taste, by pgvector."""

    name = "centroid"

    def find(self, view: View) -> Rows:
        return view.near_to(CENTROID)


class NearestToInterestsSource:
    """The nearest to each interest, so that the family car and the weekend car stay apart."""

    name = "interests"

    def find(self, view: View) -> Rows:
        return _near_each(view, view.query.taste.interests)


class SimilarToLastViewedSource:
    """Listings like the last ones viewed."""

    name = "last_viewed"

    def find(self, view: View) -> Rows:
        return _near_each(view, last_viewed(view.query))


def last_viewed(query: Query) -> tuple[str, ...]:
    """Return the listings viewed last, the newest first; what stands on the page is looked at now."""
    viewed = [r.listing_id for r in query.taste.recent[: -LAST_VIEWED - 1 : -1]]
    if query.listing_id is not None:
        viewed.insert(0, ListingId(query.listing_id))
    return tuple(dict.fromkeys(viewed))[:LAST_VIEWED]


def _near_each(view: View, listing_ids: tuple[str, ...]) -> Rows:
    rows = [view.near_to(listing_id)[:NEAR_INTEREST] for listing_id in listing_ids]
    return np.concatenate(rows) if rows else np.empty(0, dtype=np.intp)


class FreshSource:
    """The newest listings."""

    name = "fresh"

    def find(self, view: View) -> Rows:
        return _first_inside(view, view.prior.newest, FRESH)


class PopularSource:
    """What other shoppers act on now."""

    name = "popular"

    def find(self, view: View) -> Rows:
        return _first_inside(view, view.prior.popular, POPULAR)


class BoostedSource:
    """The best for the shopper of what the placement's rules lift: a boost alone does not find them."""

    name = "boosted"

    def find(self, view: View) -> Rows:
        boosts = view.rules.boosts
        if boosts is None:
            return np.empty(0, dtype=np.intp)
        lifted = boosts > 0 if view.mask is None else (boosts > 0) & view.mask
        scores = np.maximum.reduce([aim.scores() for aim in view.aims]) + view.boosted()
        return top(np.where(lifted, scores, -np.inf), BOOSTED)


class ExplorationSource:
    """A random draw of the listings few have seen, the same until the shopper's taste changes: nobody can know yet
    whether they are liked."""

    name = "exploration"

    def find(self, view: View) -> Rows:
        inside = unseen_inside(view)
        rng = np.random.default_rng(seed_of(view.query))
        return rng.choice(inside, EXPLORED, replace=False) if len(inside) > EXPLORED else inside


def unseen_inside(view: View) -> Rows:
    """Return the listings few have seen that may be shown: what exploration draws from."""
    unseen = view.prior.unseen
    return unseen if view.mask is None else unseen[view.mask[unseen]]


def chance_drawn(view: View) -> float:
    """Return the chance each of them had to be drawn as a candidate."""
    return min(1.0, EXPLORED / max(len(unseen_inside(view)), 1))


def _first_inside(view: View, ordered: Rows, n: int) -> Rows:
    if view.mask is None:
        return ordered[:n]
    return ordered[view.mask[ordered]][:n]


def seed_of(query: Query) -> list[int]:
    """Seed randomness by shopper, day and taste: a reload shows the same page, a click may not."""
    shopper = int.from_bytes(query.shopper_id.encode()[-8:].rjust(8, b"\0"), "big")
    return [shopper, query.now.toordinal(), query.taste.version]


class FindsNear(Protocol):
    """Knows which listings are near to those of a query."""

    async def near(self, query: Query, snapshot: Snapshot) -> Near: ...


class Neighbours:
    """Lists of near listings, remembered for a minute per listing.

    A list is a property of the listing, so all shoppers who viewed it share it. Sold listings drop out where rows
    are checked, new ones come in by the other sources at once. Up to `exact_limit` listings most lists are found in
    memory; pgvector has the others, and takes 2 ms of a core for each: when `busy` look-ups are already under way, or
    this slate has waited long enough, it goes without.
    """

    def __init__(self, pool: Pool, *, exact_limit: int, keep: int = 20_000, seconds: float = 60, busy: int = 2) -> None:
        self._pool = pool
        self._exact_limit = exact_limit
        self._keep = keep
        self._seconds = seconds
        self._known: OrderedDict[str, tuple[float, NDArray[np.int64]]] = OrderedDict()
        self._free = asyncio.Semaphore(busy)
        self._alike = Alike()

    async def near(self, query: Query, snapshot: Snapshot) -> Near:
        """Ask the database for all a slate needs of it, before anything is computed from the snapshot."""
        wanted = dict.fromkeys((*last_viewed(query), *query.taste.interests))
        until = time.monotonic() + _PATIENCE
        near: dict[str, Sequence[int] | NDArray[np.int64]] = {
            i: await self._of_listing(i, snapshot, until) for i in wanted
        }
        if query.taste.centroid is not None and snapshot.size > self._exact_limit:
            async with self._pool.connection() as connection:
                near[CENTROID] = np.array(await repository.nearest_to_point(connection, query.taste.centroid, NEAREST))
        return near

    async def _of_listing(self, listing_id: str, snapshot: Snapshot, until: float) -> NDArray[np.int64]:
        now = time.monotonic()
        known = self._known.get(listing_id)
        if known is None or now - known[0] > self._seconds:
            near = self._in_memory(listing_id, snapshot)
            if near is None:
                if now > until or self._free.locked():
                    return known[1] if known else np.empty(0, dtype=np.int64)
                async with self._free, self._pool.connection() as connection:
                    near = np.array(await repository.nearest_to_listing(connection, listing_id, NEAR_INTEREST))
            known = (now, near.astype(np.int64))
            self._known[listing_id] = known
            self._known.move_to_end(listing_id)
            if len(self._known) > self._keep:
                self._known.popitem(last=False)
        return known[1]

    def _in_memory(self, listing_id: str, snapshot: Snapshot) -> NDArray[np.int64] | None:
        row = snapshot.row_of.get(listing_id)
        if row is None or snapshot.size > self._exact_limit:
            return None
        rows = self._alike.near(snapshot, row, NEAR_INTEREST)
        return None if rows is None else snapshot.no[rows]


def sources_for(snapshot: Snapshot, exact_limit: int) -> tuple[Source, ...]:
    """Choose how the catalogue's best are found, by its size."""
    best: Source = BestByTasteSource() if snapshot.size <= exact_limit else NearestToTasteSource()
    return (
        best,
        NearestToInterestsSource(),
        SimilarToLastViewedSource(),
        FreshSource(),
        PopularSource(),
        BoostedSource(),
        ExplorationSource(),
    )
