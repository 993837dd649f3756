"""What a shopper wants, as decayed evidence per trait; one event in, a new taste out. No I/O.

Evidence is counted per block and value at two time scales: this session (half-life of hours) and this purchase
(half-life of weeks), with evidence against kept apart from evidence for. Amounts are stored relative to `as_of`:
an event at time t adds w · 2^((t − as_of) / half_life), so a late event is weighed by its own time, and reading at
time `now` multiplies everything by 2^(−(now − as_of) / half_life).
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from carousel.activity.events import Event, weight
from carousel.catalogue.listing import ListingId, to_eur
from carousel.catalogue.traits import CATEGORICAL, Described, TraitRows, Traits, trait_rows
from carousel.taste.evidence import NONE, Amounts, Evidence, Tally
from carousel.taste.stated import NOTHING, Stated, Statement, statement_of

FORMULA = 5
"""Grows with every change of what is computed or stored here: stored tastes are then recomputed from the archive."""

SESSION_HALF_LIFE = timedelta(hours=3)
PURCHASE_HALF_LIFE = timedelta(weeks=3)
AGAINST_HALF_LIFE = timedelta(weeks=6)
_HALF_LIVES = tuple(h.total_seconds() for h in (SESSION_HALF_LIFE, PURCHASE_HALF_LIFE, AGAINST_HALF_LIFE))
_REBASE_AFTER = timedelta(hours=24)  # 2^8 in the fastest scale: far from overflow
_FORGET_BELOW = 1e-3
_LONGEST = 128  # characters of a filter's value

RECENT = 50
"""How many listings of the history are remembered by id."""
MOST_TRAITS, MOST_HIDDEN = 2_000, 5_000
"""More than anybody's taste needs: a script with a visitor's token must not make one that no process can hold."""
INTERESTS = 3
INTEREST_RADIUS = 1.35
"""Embedding distance within which two cars serve the same wish; same model, other trim and price: about 1."""

FROM_HERE_UP: Mapping[str, str] = {"price": "price_from", "mileage": "mileage_from"}
"""Numeric blocks, and those of evidence against a value and all above it: what is too dear at 13,000 is at 20,000."""

# A hide says why: only what was blamed counts against the like.
_BLAMED: Mapping[str, Mapping[str, str]] = {
    "price": {"price": FROM_HERE_UP["price"]},
    "mileage": {"mileage": FROM_HERE_UP["mileage"]},
    "brand": {"make": "make"},
    "seen": {},
}
"""Per reason the blocks of the listing, and those their values count against."""


@dataclass(frozen=True, slots=True)
class Recent:
    """A listing of the shopper's history: when last (seconds since the epoch), and the weight of its longest look."""

    listing_id: ListingId
    weight: float
    at: float
    dwell: float = 0.0


@dataclass(frozen=True, slots=True)
class Hide:
    """Why a listing was hidden and when (seconds since the epoch): what to take back when it is shown again.

    Without a time that is nothing: nobody knew the listing, or all that was learned has been forgotten since.
    """

    reason: str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Taste:
    """The whole state of one shopper; evidence is relative to `as_of`.

    `version` grows by one with every event that says something, even where it changed nothing else: two events that
    were applied side by side are then always noticed.
    """

    as_of: datetime
    version: int = 0
    event_count: int = 0
    evidence: Evidence = NONE
    recent: tuple[Recent, ...] = ()
    hidden: Mapping[ListingId, Hide] = field(default_factory=dict)
    centroid: NDArray[np.float32] | None = None
    interests: tuple[ListingId, ...] = ()
    merged_into: str | None = None
    stated: Stated = NOTHING

    @classmethod
    def empty(cls, at: datetime) -> "Taste":
        """Return the taste of somebody we know nothing about."""
        return cls(as_of=at)

    def as_wished(self) -> "Taste":
        """Return what may be used of it: all, or as good as nothing where its shopper does not want to be known."""
        return self if self.stated.personalised else self.impersonal()

    def impersonal(self) -> "Taste":
        """Return it without all that was learned or said, for a shopper who does not want to be known."""
        return replace(Taste.empty(self.as_of), version=self.version, hidden=self.hidden)


def update(taste: Taste, event: Event, listing: Described | None) -> Taste:
    """Return the taste after one event.

    :param listing: what the event's listing says; None when the event has none or nobody knows it.
    """
    draft = Draft(taste)
    draft.add(event, listing)
    return draft.taste()


class Draft:
    """A copy of a taste that takes many events before it is a taste again."""

    def __init__(self, taste: Taste) -> None:
        self._before = taste
        self._as_of = taste.as_of
        self._version = taste.version
        self._tally = Tally(taste.evidence)
        self._recent = {r.listing_id: r for r in taste.recent}  # the newest last
        self._hidden = dict(taste.hidden)
        self._stated = taste.stated

    @property
    def version(self) -> int:
        return self._version

    def taste(self) -> Taste:
        """Return what the events made of it."""
        before = self._before
        if self._version == before.version:
            return before
        return Taste(
            as_of=self._as_of,
            version=self._version,
            event_count=before.event_count + self._version - before.version,
            evidence=self._tally.evidence(),
            recent=tuple(self._recent.values()),
            hidden=dict(self._hidden),
            centroid=before.centroid,
            interests=before.interests,
            merged_into=before.merged_into,
            stated=self._stated,
        )

    def add(self, event: Event, listing: Described | None) -> None:
        """Take one event, in the order they were received."""
        if self._version == 0:
            self._as_of = event.occurred_at  # whoever has said nothing yet begins here, however events are batched
        amount = weight(event)
        if event.type == "hide":
            self._hide(event, listing, -amount)
        elif event.type == "unhide":
            self._unhide(event, listing, amount)
        elif event.type == "state":
            self._state(statement_of(event))
        elif event.type == "search":
            traits = _search_traits(event)
            if traits.names:
                self._learn(traits, amount, event.occurred_at)
                self._version += 1
        elif listing is not None and amount > 0:
            self._like(event, listing, amount)
        elif listing is not None and amount < 0:
            self._learn(listing.rows, amount, event.occurred_at)
            self._version += 1
        # With every event, and not once per batch: a replay has to forget the same.
        if self._tally.size > MOST_TRAITS:
            self._tally.keep_strongest(MOST_TRAITS // 2)

    def _like(self, event: Event, listing: Described, amount: float) -> None:
        self._version += 1
        listing_id, at = listing.listing_id, event.occurred_at.timestamp()
        known = self._recent.get(listing_id)
        dwell = known.dwell if known else 0.0
        if event.type == "dwell":
            # A page reports its active seconds again and again: only what exceeds the longest look so far is news.
            amount, dwell = max(0.0, amount - dwell), max(dwell, amount)
            if amount == 0:
                return
        if known:
            del self._recent[listing_id]
        new = (
            Recent(listing_id, amount + known.weight, max(at, known.at), dwell)
            if known
            else Recent(listing_id, amount, at, dwell)
        )
        late = bool(self._recent) and new.at < next(reversed(self._recent.values())).at
        self._recent[listing_id] = new
        if late:
            self._recent = {r.listing_id: r for r in sorted(self._recent.values(), key=_when)}
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        self._learn(listing.rows, amount, event.occurred_at)

    def _hide(self, event: Event, listing: Described | None, amount: float) -> None:
        if event.listing_id is None:
            return
        self._version += 1
        listing_id = ListingId(event.listing_id)
        self._recent.pop(listing_id, None)
        before = self._hidden.get(listing_id)
        if before is not None:
            if event.reason in (None, before.reason) or listing is None:
                return  # said already; another reason takes the place of the first
            self._take_back(before, listing, amount)
        if before is not None or len(self._hidden) < MOST_HIDDEN:
            self._hidden[listing_id] = Hide(event.reason, event.occurred_at.timestamp()) if listing else Hide()
        if listing:
            self._dislike(_blamed(event.reason, listing), amount, event.occurred_at)

    def _unhide(self, event: Event, listing: Described | None, amount: float) -> None:
        self._version += 1
        hide = self._hidden.pop(ListingId(event.listing_id or ""), None)
        if hide is not None:
            self._take_back(hide, listing, amount)

    def _take_back(self, hide: Hide, listing: Described | None, amount: float) -> None:
        """Take back what is left of a hide, and nothing of what other hides said."""
        if listing and hide.at is not None:
            self._dislike(_blamed(hide.reason, listing), -amount, datetime.fromtimestamp(hide.at, UTC))

    def _state(self, statement: Statement) -> None:
        self._version += 1
        self._stated = statement.stated
        if statement.reset:
            self._tally = Tally(NONE)
            self._recent = {}
            self._hidden = dict.fromkeys(self._hidden, Hide())
        for listing_id in statement.drop:
            self._recent.pop(ListingId(listing_id), None)
        for block, value in statement.forget:
            self._tally.forget(partial(_says, block, value))

    def _learn(self, traits: TraitRows, amount: float, at: datetime) -> None:
        """Add evidence for traits; a negative amount takes back evidence given earlier, never below none."""
        session, purchase, _ = self._factors(at)
        change = self._tally.like if amount > 0 else self._tally.take_back
        change(traits, amount * session, amount * purchase)

    def _dislike(self, traits: TraitRows, amount: float, at: datetime) -> None:
        self._tally.dislike(traits, amount * self._factors(at)[2])

    def _factors(self, at: datetime) -> Amounts:
        """Return what evidence of a time weighs relative to `as_of`, which follows when events run far ahead of it."""
        if at - self._as_of >= _REBASE_AFTER:
            self._tally.scale(_factors(at, self._as_of), _FORGET_BELOW)
            self._as_of = at
        return _factors(self._as_of, at)


def _when(recent: Recent) -> float:
    return recent.at


def _blamed(reason: str | None, listing: Described) -> TraitRows:
    """Return what a hide counts against: without a reason of its own, all that the listing is."""
    blocks = _BLAMED.get(reason or "")
    if blocks is None:
        return listing.rows
    return trait_rows({against: listing.traits[block] for block, against in blocks.items() if block in listing.traits})


def _says(block: str, value: str, trait: str) -> bool:
    """Return whether a trait says a value of a block, or where `value` is empty any: a model says its make, too."""
    own, _, said = trait.partition("=")
    if (block, own) == ("make", "model"):
        return said.startswith(f"{value} ") if value else True
    return own in (block, FROM_HERE_UP.get(block)) and value in ("", said)


def _search_traits(event: Event) -> TraitRows:
    return trait_rows(_filters(event))


def _filters(event: Event) -> Traits:
    """Read the filters of a search as traits: who filters for an automatic says so."""
    filters = event.context.get("filters")
    if not isinstance(filters, Mapping):
        return {}
    traits: dict[str, tuple[tuple[str, float], ...]] = {}
    for block in CATEGORICAL:
        given = filters.get(block)
        values = given if isinstance(given, list) else [given]
        chosen = [v for v in values if isinstance(v, str) and 0 < len(v) <= _LONGEST][:10]
        if chosen:
            traits[block] = tuple((v, 1 / len(chosen)) for v in chosen)
    currency = filters.get("currency") or event.currency or "EUR"
    for block, (low, high) in _LIMITS.items():
        value = _wished(block, _number(filters.get(low)), _number(filters.get(high)))
        if value is None or (block == "price" and not (value := _in_eur(value, str(currency)))):
            continue
        # Evidence keys are values, so no knots are needed here.
        traits[block] = ((f"{value:.0f}" if block == "year" else f"{value:.2g}", 1.0),)
    return traits


_LIMITS = {
    "price": ("min_price", "max_price"),
    "year": ("min_year", "max_year"),
    "mileage": ("min_mileage_km", "max_mileage_km"),
    "power": ("min_power_kw", "max_power_kw"),
}
# Within a limit of one side: shoppers buy a little below the price they set, and a little newer than they have to.
_BELOW_MOST = {"price": 0.85, "mileage": 0.65, "power": 0.85}
_ABOVE_LEAST = {"price": 1.2, "mileage": 1.2, "power": 1.15}
_YEARS_WITHIN = 2


def _wished(block: str, low: float | None, high: float | None) -> float | None:
    """Return the number that limits of a search speak for, None where there are none."""
    if low is None and high is None:
        return None
    if block == "year":
        return ((low or (high or 0) - 2 * _YEARS_WITHIN) + (high or (low or 0) + 2 * _YEARS_WITHIN)) / 2
    if low is not None and high is not None:
        return float(np.sqrt(low * high))
    return high * _BELOW_MOST[block] if high is not None else (low or 0) * _ABOVE_LEAST[block]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _in_eur(amount: float, currency: str) -> float | None:
    try:
        converted = to_eur(amount, currency)
    except KeyError:
        return None
    return float(converted) if converted else None


Phase = Literal["orientation", "decision"]
_LEAST_LOOKS = 5
_FEW_MODELS = 3.5
_CONTACT = 10.0


def phase(taste: Taste, now: datetime) -> Phase:
    """Return whether somebody looks around or narrows down: by a contact, or by looking at few models, both lately."""
    since = now.timestamp() - PURCHASE_HALF_LIFE.total_seconds()
    lately = [r for r in taste.recent if r.at >= since]
    if any(r.weight >= _CONTACT for r in lately):
        return "decision"
    evidence = _decayed(taste, now)
    of_model = np.array([trait.startswith("model=") for trait in evidence.traits], dtype=bool)
    if len(lately) < _LEAST_LOOKS or not of_model.any():
        return "orientation"
    amounts = evidence.amounts[:2].sum(axis=0)[of_model]
    # The effective number of models: 1 / Σ share².
    return "decision" if amounts.sum() ** 2 / max(float((amounts**2).sum()), 1e-9) <= _FEW_MODELS else "orientation"


def _factors(as_of: datetime, at: datetime) -> Amounts:
    seconds = (at - as_of).total_seconds()
    session, purchase, against = (2.0 ** (seconds / half_life) for half_life in _HALF_LIVES)
    return session, purchase, against


def decayed(taste: Taste, now: datetime) -> dict[str, dict[str, Amounts]]:
    """Return the evidence as it stands at a time, per block and value, without amounts that no longer matter."""
    return _decayed(taste, now).nested()


def _decayed(taste: Taste, now: datetime) -> Evidence:
    # A clock that was ahead may have left evidence of a time to come: it has not faded, and must not grow.
    return taste.evidence.scaled(_factors(max(now, taste.as_of), taste.as_of), _FORGET_BELOW)


def settle(taste: Taste, embeddings: Mapping[str, NDArray[np.float32]]) -> Taste:
    """Recompute the centroid and the interests from the recent history; once per batch is enough.

    :param embeddings: vector (size,) per listing id; listings without one are passed over.
    """
    known = [r for r in taste.recent if r.listing_id in embeddings]
    if not known:
        return replace(taste, centroid=None, interests=())
    points = np.concatenate([embeddings[r.listing_id] for r in known]).reshape(len(known), -1)
    age = known[-1].at - np.array([r.at for r in known])
    weights = np.array([r.weight for r in known]) * 2.0 ** (-age / _HALF_LIVES[1])
    centroid = (weights @ points / weights.sum()).astype(np.float32)
    interests = tuple(known[i].listing_id for i in _medoids(points, weights))
    return replace(taste, centroid=centroid, interests=interests)


def _medoids(points: NDArray[np.float32], weights: NDArray[np.float64]) -> list[int]:
    """Pick up to `INTERESTS` listings that cover most of the weight, each standing for its neighbourhood."""
    squared = np.einsum("ij,ij->i", points, points)
    distances = np.sqrt(np.maximum(squared[:, None] + squared - 2 * (points @ points.T), 0))
    # Ties go to the listing nearest to the others it stands for.
    near = distances < INTEREST_RADIUS
    worth = near - 1e-6 * distances
    left = weights.copy()
    enough = 0.1 * weights.sum()
    chosen: list[int] = []
    while len(chosen) < INTERESTS and left.sum() > enough:
        cover = worth @ left
        cover[chosen] = -np.inf
        medoid = int(cover.argmax())
        chosen.append(medoid)
        left[near[medoid]] = 0.0
    return chosen


def merge(account: Taste, anonymous: Taste) -> Taste:
    """Return the account's taste with an anonymous shopper's added to it."""
    as_of = max(account.as_of, anonymous.as_of) if account.version else anonymous.as_of
    evidence = _decayed(account, as_of).joined(_decayed(anonymous, as_of))
    hidden = {**account.hidden, **anonymous.hidden}
    return replace(
        account,
        as_of=as_of,
        version=account.version + 1,
        event_count=account.event_count + anonymous.event_count,
        evidence=evidence,
        recent=_merge_recent((*account.recent, *anonymous.recent), hidden),
        hidden=hidden,
        stated=_merge_stated(account.stated, anonymous.stated),
    )


def _merge_stated(account: Stated, anonymous: Stated) -> Stated:
    """Return what the account said, else what the visit did; the later of their events has been heard in any case."""
    heard = max(account.event_id, anonymous.event_id)
    return replace(anonymous if account.is_empty else account, event_id=heard)


def _merge_recent(entries: Iterable[Recent], hidden: Container[ListingId]) -> tuple[Recent, ...]:
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
    return tuple(sorted(merged.values(), key=_when)[-RECENT:])
