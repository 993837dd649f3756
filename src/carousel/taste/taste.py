"""What a shopper wants, as decayed evidence per trait; one event in, a new taste out. No I/O.

Evidence is counted per block and value at two time scales: this session (half-life of hours) and this purchase
(half-life of weeks), with evidence against kept apart from evidence for. Amounts are stored relative to `as_of`:
an event at time t adds w · 2^((t − as_of) / half_life), so a late event is weighed by its own time, and reading at
time `now` multiplies everything by 2^(−(now − as_of) / half_life).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from carousel.activity.events import Event, weight
from carousel.catalogue.listing import ListingId, to_eur
from carousel.catalogue.traits import BLOCKS, CATEGORICAL, Described, Traits

Amounts = tuple[float, float, float]
"""Evidence for one value: (this session, this purchase, against)."""

Evidence = Mapping[str, Mapping[str, Amounts]]
"""Amounts per block and value, relative to the taste's `as_of`."""

SESSION_HALF_LIFE = timedelta(hours=3)
PURCHASE_HALF_LIFE = timedelta(weeks=3)
AGAINST_HALF_LIFE = timedelta(weeks=6)
_HALF_LIVES = tuple(h.total_seconds() for h in (SESSION_HALF_LIFE, PURCHASE_HALF_LIFE, AGAINST_HALF_LIFE))
_REBASE_AFTER = timedelta(hours=24)  # 2^8 in the fastest scale: far from overflow
_FORGET_BELOW = 1e-3

RECENT = 50
"""How many listings of the history are remembered by id."""
INTERESTS = 3
INTEREST_RADIUS = 1.35
"""Embedding distance within which two cars serve the same wish; same model, other trim and price: about 1."""

# A hide says why: only the trait that was blamed counts against the like.
_BLAMED: dict[str, tuple[str, ...]] = {
    "price": ("price",),
    "mileage": ("mileage",),
    "brand": ("make",),
    "seen": (),
}


@dataclass(frozen=True, slots=True)
class Recent:
    """A listing of the shopper's history; `dwell` is the weight of its longest look."""

    listing_id: ListingId
    weight: float
    at: datetime
    dwell: float = 0.0


@dataclass(frozen=True, slots=True)
class Taste:
    """The whole state of one shopper. `version` grows by one with every event that changed it."""

    as_of: datetime
    version: int = 0
    event_count: int = 0
    evidence: Evidence = field(default_factory=dict)
    recent: tuple[Recent, ...] = ()
    hidden: frozenset[ListingId] = frozenset()
    centroid: NDArray[np.float32] | None = None
    interests: tuple[ListingId, ...] = ()
    merged_into: str | None = None

    @classmethod
    def empty(cls, at: datetime) -> "Taste":
        """Return the taste of somebody we know nothing about."""
        return cls(as_of=at)


def update(taste: Taste, event: Event, listing: Described | None) -> Taste:
    """Return the taste after one event.

    :param listing: what the event's listing says; None when the event has none or nobody knows it.
    """
    amount = weight(event)
    if event.type == "hide":
        changed = _hide(taste, event, listing)
    elif event.type == "unhide":
        changed = _unhide(taste, event, listing)
    elif event.type == "search":
        changed = _learn(taste, _search_traits(event), amount, event.occurred_at)
    elif listing is None or amount == 0:
        changed = taste
    elif amount < 0:
        changed = _learn(taste, listing.traits, amount, event.occurred_at)
    else:
        changed = _like(taste, event, listing, amount)
    if changed is taste:
        return taste
    return replace(changed, version=taste.version + 1, event_count=taste.event_count + 1)


def _like(taste: Taste, event: Event, listing: Described, amount: float) -> Taste:
    known = next((r for r in taste.recent if r.listing_id == listing.listing_id), None)
    dwell = known.dwell if known else 0.0
    if event.type == "dwell":
        # A page reports its active seconds again and again: only what exceeds the longest look so far is news.
        amount, dwell = max(0.0, amount - dwell), max(dwell, amount)
        if amount == 0:
            return taste
    total = amount + (known.weight if known else 0.0)
    at = max(event.occurred_at, known.at) if known else event.occurred_at
    others = (r for r in taste.recent if r is not known)
    recent = sorted((*others, Recent(listing.listing_id, total, at, dwell)), key=lambda r: r.at)[-RECENT:]
    return replace(_learn(taste, listing.traits, amount, event.occurred_at), recent=tuple(recent))


def _hide(taste: Taste, event: Event, listing: Described | None) -> Taste:
    if event.listing_id is None:
        return taste
    hidden = replace(
        taste,
        hidden=taste.hidden | {ListingId(event.listing_id)},
        recent=tuple(r for r in taste.recent if r.listing_id != event.listing_id),
    )
    if listing is None:
        return hidden
    return _against(hidden, _blamed(event, listing), -weight(event), event.occurred_at)


def _unhide(taste: Taste, event: Event, listing: Described | None) -> Taste:
    if event.listing_id not in taste.hidden:
        return taste
    shown = replace(taste, hidden=taste.hidden - {ListingId(event.listing_id)})
    if listing is None:
        return shown
    return _against(shown, listing.traits, -weight(event), event.occurred_at)


def _blamed(event: Event, listing: Described) -> Traits:
    blocks = _BLAMED.get(event.reason or "", BLOCKS)
    return {block: values for block, values in listing.traits.items() if block in blocks}


def _search_traits(event: Event) -> Traits:
    """Read the filters of a search as traits: who filters for an automatic says so."""
    filters = event.context.get("filters")
    if not isinstance(filters, Mapping):
        return {}
    traits: dict[str, tuple[tuple[str, float], ...]] = {}
    for block in CATEGORICAL:
        values = filters.get(block)
        chosen = [v for v in (values if isinstance(values, list) else [values]) if isinstance(v, str) and v][:10]
        if chosen:
            traits[block] = tuple((v, 1 / len(chosen)) for v in chosen)
    highest = filters.get("max_price")
    if isinstance(highest, int | float) and highest > 0:
        currency = filters.get("currency") or event.currency or "EUR"
        try:
            price = to_eur(highest, str(currency))
        except KeyError:
            return traits
        # Shoppers buy a little below the limit they set; evidence keys are values, so no knots are needed here.
        if price:
            traits["price"] = ((f"{0.85 * price:.2g}", 1.0),)
    return traits


def _learn(taste: Taste, traits: Traits, amount: float, at: datetime) -> Taste:
    """Add evidence for traits; a negative amount takes back evidence given earlier, never below none."""
    if not traits:
        return taste
    base = _rebase(taste, at)
    session, purchase, _ = _factors(base.as_of, at)
    evidence = {block: dict(values) for block, values in base.evidence.items()}
    for block, memberships in traits.items():
        values = evidence.setdefault(block, {})
        for value, membership in memberships:
            s, p, a = values.get(value, (0.0, 0.0, 0.0))
            added = amount * membership
            values[value] = (max(0.0, s + added * session), max(0.0, p + added * purchase), a)
    return replace(base, evidence=evidence)


def _against(taste: Taste, traits: Traits, amount: float, at: datetime) -> Taste:
    """Add evidence against traits; a negative amount takes some back."""
    base = _rebase(taste, at)
    factor = _factors(base.as_of, at)[2]
    evidence = {block: dict(values) for block, values in base.evidence.items()}
    for block, memberships in traits.items():
        values = evidence.setdefault(block, {})
        for value, membership in memberships:
            s, p, a = values.get(value, (0.0, 0.0, 0.0))
            values[value] = (s, p, max(0.0, a + amount * membership * factor))
    return replace(base, evidence=evidence)


def _factors(as_of: datetime, at: datetime) -> tuple[float, float, float]:
    seconds = (at - as_of).total_seconds()
    session, purchase, against = (2.0 ** (seconds / half_life) for half_life in _HALF_LIVES)
    return session, purchase, against


def _rebase(taste: Taste, at: datetime) -> Taste:
    """Move `as_of` forward when events have run far ahead of it, and forget what has decayed to nothing."""
    if at - taste.as_of < _REBASE_AFTER:
        return taste
    return replace(taste, as_of=at, evidence=decayed(taste, at))


def decayed(taste: Taste, now: datetime) -> dict[str, dict[str, Amounts]]:
    """Return the evidence as it stands at a time, without amounts that no longer matter."""
    session, purchase, against = _factors(now, taste.as_of)
    kept: dict[str, dict[str, Amounts]] = {}
    for block, values in taste.evidence.items():
        scaled = {v: (s * session, p * purchase, a * against) for v, (s, p, a) in values.items()}
        if block_values := {v: amounts for v, amounts in scaled.items() if max(amounts) > _FORGET_BELOW}:
            kept[block] = block_values
    return kept


def settle(taste: Taste, embeddings: Mapping[str, NDArray[np.float32]]) -> Taste:
    """Recompute the centroid and the interests from the recent history; once per batch is enough.

    :param embeddings: vector (size,) per listing id; listings without one are passed over.
    """
    known = [r for r in taste.recent if r.listing_id in embeddings]
    if not known:
        return replace(taste, centroid=None, interests=())
    points = np.stack([embeddings[r.listing_id] for r in known])
    age = np.array([(known[-1].at - r.at).total_seconds() for r in known])
    weights = np.array([r.weight for r in known]) * 2.0 ** (-age / _HALF_LIVES[1])
    centroid = (weights @ points / weights.sum()).astype(np.float32)
    interests = tuple(known[i].listing_id for i in _medoids(points, weights))
    return replace(taste, centroid=centroid, interests=interests)


def _medoids(points: NDArray[np.float32], weights: NDArray[np.float64]) -> list[int]:
    """Pick up to `INTERESTS` listings that cover most of the weight, each standing for its neighbourhood."""
    squared = (points**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squared[:, None] + squared[None, :] - 2 * points @ points.T, 0))
    near = distances < INTEREST_RADIUS
    left = weights.copy()
    chosen: list[int] = []
    while len(chosen) < INTERESTS and left.sum() > 0.1 * weights.sum():
        # Ties go to the listing nearest to the others it stands for.
        cover = near @ left - 1e-6 * distances @ left
        cover[chosen] = -np.inf
        medoid = int(np.argmax(cover))
        chosen.append(medoid)
        left = np.where(near[medoid], 0.0, left)
    return chosen


def merge(account: Taste, anonymous: Taste) -> Taste:
    """Return the account's taste with an anonymous shopper's added to it."""
    as_of = max(account.as_of, anonymous.as_of)
    evidence: dict[str, dict[str, Amounts]] = {}
    for values in (decayed(account, as_of), decayed(anonymous, as_of)):
        for block, amounts in values.items():
            into = evidence.setdefault(block, {})
            for value, (s, p, a) in amounts.items():
                s0, p0, a0 = into.get(value, (0.0, 0.0, 0.0))
                into[value] = (s0 + s, p0 + p, a0 + a)
    hidden = account.hidden | anonymous.hidden
    return replace(
        account,
        as_of=as_of,
        version=account.version + 1,
        event_count=account.event_count + anonymous.event_count,
        evidence=evidence,
        recent=_merge_recent((*account.recent, *anonymous.recent), hidden),
        hidden=hidden,
    )


def _merge_recent(entries: Iterable[Recent], hidden: frozenset[ListingId]) -> tuple[Recent, ...]:
    merged: dict[str, Recent] = {}
    for entry in entries:
        if entry.listing_id in hidden:
            continue
        other = merged.get(entry.listing_id)
        if other:
            entry = Recent(
                entry.listing_id,
                entry.weight + other.weight,
                max(entry.at, other.at),
                max(entry.dwell, other.dwell),
            )
        merged[entry.listing_id] = entry
    return tuple(sorted(merged.values(), key=lambda r: r.at)[-RECENT:])
