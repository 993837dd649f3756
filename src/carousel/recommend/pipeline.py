"""From a query to a slate: the page to read first.

find     each source proposes candidates                     sources.py
filter   what must not be shown is removed and counted       filters.py
score    taste, popularity, freshness, likeness to interests scorers.py
choose   a diverse slate with a share of exploration         slate.py
explain  every listing says why it is there                  reasons.py
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Histogram

from carousel.catalogue import search
from carousel.catalogue.snapshot import Snapshot
from carousel.catalogue.traits import BLOCKS
from carousel.errors import NotFoundError
from carousel.recommend import filters, interests
from carousel.recommend.aims import aims_of
from carousel.recommend.crowd import Crowd
from carousel.recommend.deals import Deals, Standing, standing_of
from carousel.recommend.interests import Interest
from carousel.recommend.placements import Placements, load
from carousel.recommend.query import Query, Reason, Rows, Served, Slate
from carousel.recommend.ranker import COLUMNS, blended
from carousel.recommend.reasons import reasons_of
from carousel.recommend.rows import LEAST, Row, plans, scores_of
from carousel.recommend.rules import RuleBook
from carousel.recommend.scorers import HALF_DISTANCE_KM, Prior
from carousel.recommend.slate import diversify, exploration_slots, explore
from carousel.recommend.sources import FindsNear, Near, Source, View, chance_drawn, last_viewed, seed_of, sources_for
from carousel.recommend.stated import wishes_of
from carousel.recommend.trace import Trace, full_groups, outcome_of
from carousel.taste.taste import Phase, Taste, phase
from carousel.telemetry import stage_seconds

# How far down the list of near listings being near to an interest or to one of the last views counts. A last view
# counts on top of its evidence: a click has to show on the next page.
INTEREST_REACH = 80
LAST_VIEW_REACH = 16
_FADING = {reach: 1 - np.arange(reach, dtype=np.float32) / reach for reach in (INTEREST_REACH, LAST_VIEW_REACH)}

_DIVERSITY_OF: dict[Phase, float] = {"orientation": 1.5, "decision": 0.5}
"""Who looks around sees more different cars, who is about to decide more alike."""

_FEW = 0.1
"""Share of the catalogue below which scoring one listing after another costs less than all of them at once."""

_SOURCE_OF = {"interest": "taste", "because_you_viewed": "last_viewed"}
"""The source that speaks in the reasons of a row."""


class Recommender:
    """Recommends from one process's snapshot."""

    def __init__(
        self,
        neighbours: FindsNear,
        *,
        exact_limit: int,
        placements: Placements | None = None,
        exploration: float | None = None,
    ) -> None:
        """Make one; without placements the packaged ones hold, and `exploration` replaces the share of each."""
        self._neighbours = neighbours
        self._exact_limit = exact_limit
        self.placements = placements or load()
        self._rules = RuleBook(self.placements.rules)
        self._exploration = exploration
        self._prior = Prior()
        self._deals = Deals()
        self._crowd: Crowd | None = None
        self._blend: Mapping[str, float] = {}

    @property
    def version(self) -> int:
        """Version of the choice model, 0 for none: a part of what a slate depends on."""
        return self._crowd.version if self._crowd else 0

    def use(self, crowd: Crowd | None) -> None:
        """Serve by another version of the choice model and its blend from the next slate on, or by none."""
        self._crowd = crowd
        self._blend = crowd.model.blend if crowd else {}

    async def recommend(self, query: Query, snapshot: Snapshot) -> Slate:
        """Return the slate for a query; it may be shorter than asked for, never longer."""
        with _stage("near"):
            near = await self._neighbours.near(query, snapshot)
        # Nothing is awaited from here on: the slate is made from one state of the snapshot.
        with _stage("view"):
            view = self.view(query, snapshot, near)
        return self._slate(view)

    async def rows(self, query: Query, snapshot: Snapshot) -> tuple[Row, ...]:
        """Return the rows of a page, each with up to `query.n` listings; no listing is in two of them."""
        view = self.view(query, snapshot, await self._neighbours.near(query, snapshot))
        first = self._slate(view)
        page = [Row("picked_for_you", "Picked for you", first.listings)]
        shown = [snapshot.row_of[served.listing_id] for served in first.listings]
        deals = self._deals.refresh(snapshot)
        for plan in plans(view, deals.best):
            kept, _ = filters.apply((*filters.MUST, *filters.preferred(view)), view, np.setdiff1d(plan.rows, shown))
            inside = np.isin(plan.rows, kept)
            rows, scores = plan.rows[inside], plan.scores[:, inside]
            shares = [aim.share for aim in plan.aims]
            chosen = diversify(
                snapshot, rows, scores, shares, query.n, view.placement, boosted=view.rules.boosts is not None
            )
            if len(chosen) < LEAST:
                continue
            found = {_SOURCE_OF.get(plan.kind, plan.kind): plan.rows}
            listings = self._explain(replace(view, aims=plan.aims), rows[chosen], scores[:, chosen], found)
            shown += rows[chosen].tolist()
            name = plan.name
            page.append(Row(plan.kind, name.text, listings, name.facts, plan.interest_id, plan.listing_id))
        return tuple(page)

    def interests(self, taste: Taste, snapshot: Snapshot, now: datetime) -> tuple[Interest, ...]:
        """Return what a shopper looks for at the same time."""
        return interests.find(taste, snapshot, self._crowd.refresh(snapshot) if self._crowd else None, now)

    def standing(self, snapshot: Snapshot, row: int, price: float) -> Standing | None:
        """Return how a listing's price stands among comparable ones."""
        return standing_of(self._deals.refresh(snapshot), snapshot, row, price)

    async def trace(self, query: Query, snapshot: Snapshot, listing_id: str) -> Trace:
        """Say what becomes of one listing in a slate, whether it is shown or not.

        :raises NotFoundError: the catalogue has no such listing.
        """
        row = snapshot.row_of.get(listing_id)
        if row is None:
            raise NotFoundError(f"there is no listing {listing_id[:64]!r} in memory; was it sold long ago?")
        view = self.view(query, snapshot, await self._neighbours.near(query, snapshot))
        found = find(sources_for(snapshot, self._exact_limit), view)
        rows, spare, _ = self._filter(view, found)
        at = np.array([row], dtype=np.intp)
        own = _scores(view, at)
        peers, ahead = (spare, len(rows)) if row in spare else (rows, 0)
        better = np.count_nonzero(_scores(view, peers).max(axis=0) > own.max())
        slate = self._slate(view)
        shown = next((served for served in slate.listings if served.listing_id == listing_id), None)
        removed_by = filters.removing(view, row, all_hold=not len(spare))
        rank = ahead + 1 + int(better) if row in peers else None
        return Trace(
            listing_id=listing_id,
            outcome=outcome_of(shown, removed_by, rank, query.n),
            removed_by=removed_by,
            full=() if shown else full_groups(snapshot, row, slate, view.placement.caps),
            sources=tuple(name for name, rows_found in found.items() if row in rows_found),
            rank=rank,
            candidates=len(rows) + len(spare),
            position=shown.position if shown else None,
            score=round(float(own.max()), 4) if np.isfinite(own.max()) else None,
            terms=_parts(view, at, own.argmax(axis=0))[0],
            reasons=shown.reasons if shown else (),
        )

    def _slate(self, view: View) -> Slate:
        snapshot, query = view.snapshot, view.query
        with _stage("find"):
            found = find(sources_for(snapshot, self._exact_limit), view)
        with _stage("filter"):
            rows, spare, removed = self._filter(view, found)
        with _stage("score"):
            scores = _scores(view, rows)
        with _stage("choose"):
            share = view.placement.exploration if self._exploration is None else self._exploration
            slots = exploration_slots(query.n, share)
            shares = [aim.share for aim in view.aims]
            candidates = np.flatnonzero(np.isin(rows, found["exploration"])).tolist()
            boosted = view.rules.boosts is not None
            # By other numbers than the draw: the same would choose by where the draw began, and no chance would hold.
            rng = np.random.default_rng([*seed_of(query), 1])
            explored = explore(scores.max(axis=0), candidates, slots, rng)
            chosen = diversify(
                snapshot, rows, scores, shares, query.n, view.placement, explored=explored, boosted=boosted
            )
            if len(spare):
                more = _scores(view, spare)
                left = query.n - len(chosen)
                chosen += [
                    len(rows) + at
                    for at in diversify(snapshot, spare, more, shares, left, view.placement, boosted=boosted)
                ]
                rows, scores = np.concatenate([rows, spare]), np.concatenate([scores, more], axis=1)
        with _stage("explain"):
            listings = self._explain(view, rows[chosen], scores[:, chosen], found)
            drawn = chance_drawn(view) if explored else 1.0  # who was not drawn could not be chosen
            listings = tuple(
                replace(served, propensity=drawn * explored[at]) if at in explored else served
                for at, served in zip(chosen, listings, strict=True)
            )
        return Slate(listings, query.taste.version, {**view.removed, **removed})

    def view(self, query: Query, snapshot: Snapshot, near: Near) -> View:
        """Prepare what the sources and scorers share."""
        placement = blended(self.placements.of(query.placement, query.shopper_id), self._blend)
        wider = _DIVERSITY_OF[phase(query.taste, query.now)]
        placement = replace(placement, diversity=wider * placement.diversity)
        mask, by_rules = None, dict[str, int]()
        if not query.filters.is_empty():
            mask = search.matching(snapshot, search.masks(snapshot, query.filters, query.currency))
        wishes = wishes_of(query.taste.stated, query.taste.event_count, snapshot)
        if wishes.allowed is not None:
            mask = wishes.allowed & (snapshot.active if mask is None else mask)
        rules = self._rules.of(query.placement, snapshot, query.now)
        if rules.kept:
            mask, by_rules = filters.by_rules(rules.kept, snapshot.active if mask is None else mask)
        prior = self._prior.refresh(snapshot, query.now)
        worth = prior.blend(placement.weights["popularity"], placement.weights["freshness"])
        crowd = self._crowd.refresh(snapshot) if self._crowd else None
        aims = aims_of(query, snapshot, crowd, placement.weights, wishes.bonus)
        allowed = snapshot.active if mask is None else mask
        rows_near = {point: rows[allowed[rows]] for point, rows in ((p, snapshot.rows_of(n)) for p, n in near.items())}
        return View(
            query, snapshot, prior, aims, mask, wishes.allowed, rows_near, placement, worth, rules, by_rules
        )  # fmt: skip

    def scores(self, query: Query, snapshot: Snapshot, rows: Rows | None = None) -> NDArray[np.float32]:
        """Score some listings (m,), or all (size,), for a shopper: "recommended" as a sort order."""
        view = self.view(query, snapshot, {})
        shares = np.log([[aim.share] for aim in view.aims]).astype(np.float32)
        best: NDArray[np.float32]
        if rows is not None and len(rows) < _FEW * snapshot.size:
            best = (scores_of(view.aims, rows) + shares).max(axis=0) + view.boosted()[rows]
            return best
        best = (np.stack([aim.scores() for aim in view.aims]) + shares).max(axis=0) + view.boosted()
        return best if rows is None else best[rows]

    def _filter(self, view: View, found: dict[str, Rows]) -> tuple[Rows, Rows, dict[str, int]]:
        """Return the candidates, those that may only fill what places they leave, and what was removed."""
        rows, removed = filters.apply(filters.MUST, view, np.unique(np.concatenate(list(found.values()))))
        preferred, seen = filters.apply(filters.preferred(view), view, rows)
        if len(preferred) < view.query.n:
            # A small stock: better a car seen before than an empty place.
            return preferred, np.setdiff1d(rows, preferred), removed
        return preferred, rows[:0], removed | seen

    def _explain(
        self, view: View, rows: Rows, scores: NDArray[np.float32], found: dict[str, Rows]
    ) -> tuple[Served, ...]:
        found_by = {name: set(found_rows.tolist()) for name, found_rows in found.items()}
        sources = [next(name for name, own in found_by.items() if row in own) for row in rows.tolist()]
        viewed = {
            int(row): listing_id
            for listing_id in reversed(last_viewed(view.query))
            for row in view.near_to(listing_id)[:LAST_VIEW_REACH]
        }
        serves = scores.argmax(axis=0)  # the wish each listing is best for
        reasons: list[tuple[Reason, ...]] = [()] * len(rows)
        for i, aim in enumerate(view.aims):
            at = np.flatnonzero(serves == i)
            own = reasons_of(
                view.snapshot, view.query, aim.own, rows[at], [sources[j] for j in at], viewed, self._deals.below
            )  # fmt: skip
            for j, why in zip(at.tolist(), own, strict=True):
                reasons[j] = why
        best = scores.max(axis=0).tolist()
        terms = {name: values.tolist() for name, values in unweighted(view, rows, serves).items()}
        return tuple(
            Served(
                view.snapshot.ids[row], at + 1, round(best[at], 4), sources[at], reasons[at],
                terms={name: round(values[at], 4) for name, values in terms.items()},
            )
            for at, row in enumerate(rows.tolist())
        )  # fmt: skip


def find(sources: tuple[Source, ...], view: View) -> dict[str, Rows]:
    """Ask every source; a listing may be found by several."""
    return {source.name: source.find(view) for source in sources}


def _parts(view: View, rows: Rows, serves: Rows) -> list[dict[str, float]]:
    """Return the parts of the score of each listing, for the wish it serves; those of the taste as one."""
    found: list[dict[str, float]] = [{} for _ in rows]
    of_all = terms_of_all(view, rows)
    for i, aim in enumerate(view.aims):
        at = np.flatnonzero(serves == i)
        beside = {name: values[at] for name, values in of_all.items()}
        own = aim.terms(rows[at])
        taste = sum((values for name, values in own.items() if name in BLOCKS), np.zeros(len(at)))
        parts = {"taste": taste} | {name: values for name, values in own.items() if name not in BLOCKS} | beside
        for j, place in enumerate(at.tolist()):
            found[place] = {name: round(float(values[j]), 4) for name, values in parts.items()}
    return found


def _scores(view: View, rows: Rows) -> NDArray[np.float32]:
    """Score candidates for each wish (wishes, m)."""
    scores = scores_of(view.aims, rows)
    for term in terms_of_all(view, rows).values():
        scores = scores + term
    return np.where(np.isnan(scores), -np.inf, scores).astype(np.float32)


def terms_of_all(view: View, rows: Rows) -> dict[str, NDArray[np.float32]]:
    """Return the parts of the score that are the same for every wish (m,)."""
    return {"prior": view.worth[rows], "likeness": _likeness(view, rows)} | _beside(view, rows)


def _beside(view: View, rows: Rows) -> dict[str, NDArray[np.float32]]:
    terms: dict[str, NDArray[np.float32]] = {}
    near, weight = view.query.filters.near, np.float32(view.placement.weights["distance"])
    if near is not None and weight:
        km = search.distances_km(view.snapshot, near, rows)
        terms["distance"] = weight * np.exp2(-km / HALF_DISTANCE_KM).astype(np.float32)
    if view.rules.boosts is not None:
        terms["rule"] = view.rules.boosts[rows]
    return terms


def unweighted(view: View, rows: Rows, serves: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    """Return the terms (m,) before their weights, what a blend is learned from; `fixed` are those without a weight.

    :param serves: the wish each listing is shown for (m,).
    """
    terms = {name: np.zeros(len(rows)) for name in COLUMNS}
    weights = view.placement.weights
    for i, aim in enumerate(view.aims):
        at = np.flatnonzero(serves == i)
        own = aim.terms(rows[at])
        terms["crowd"][at] = own.pop("crowd", 0.0) / (weights["crowd"] or np.inf)
        terms["factors"][at] = own.pop("factors", 0.0) / (weights["factors"] or np.inf)
        terms["fixed"][at] = own.pop("stated", 0.0)
        terms["taste"][at] = sum(own.values(), np.zeros(len(at))) / (weights["taste"] or np.inf)
    terms["popularity"], terms["freshness"] = view.prior.popularity[rows], view.prior.freshness[rows]
    for_all = _beside(view, rows)
    terms["distance"] += for_all.get("distance", 0.0) / (weights["distance"] or np.inf)
    terms["fixed"] += for_all.get("rule", 0.0)
    interests, views = _fadings(view, rows)
    counts = weights["interests"] * interests > weights["last_viewed"] * views
    terms["interests"], terms["last_viewed"] = np.where(counts, interests, 0), np.where(counts, 0, views)
    return terms


def _likeness(view: View, rows: Rows) -> NDArray[np.float32]:
    """Return what being near to an interest or to a last view adds (m,): the larger of the two."""
    interests, views = _fadings(view, rows)
    weights = view.placement.weights
    larger: NDArray[np.float32] = np.maximum(weights["interests"] * interests, weights["last_viewed"] * views)
    return larger


def _fadings(view: View, rows: Rows) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how near to an interest and to a last view listings are (m,): 1 for the nearest, fading to nothing."""
    near = (np.zeros(len(rows), dtype=np.float32), np.zeros(len(rows), dtype=np.float32))
    if not len(rows):
        return near
    order = np.argsort(rows)
    ordered = rows[order]
    kinds = ((view.query.taste.interests, INTEREST_REACH), (last_viewed(view.query), LAST_VIEW_REACH))
    for found, (points, reach) in zip(near, kinds, strict=True):
        lists = [view.near_to(point)[:reach] for point in points]
        if not lists:
            continue
        nearest = np.concatenate(lists)
        fading = np.concatenate([_FADING[reach][: len(rows)] for rows in lists])
        at = np.minimum(ordered.searchsorted(nearest), len(rows) - 1)
        known = ordered[at] == nearest
        np.maximum.at(found, order[at[known]], fading[known])
    return near


@contextmanager
def _stage(name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    _seconds_of(name).observe(time.perf_counter() - started)


@cache
def _seconds_of(name: str) -> Histogram:
    return stage_seconds.labels(name)
