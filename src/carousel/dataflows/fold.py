"""What the taste dataflow does with events: archive them, fold them into tastes, and wake who looks at a slate."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import orjson
from numpy.typing import NDArray
from redis.exceptions import RedisError

from carousel.activity.events import Event, moves_taste, weight
from carousel.activity.log import LISTINGS_CHANNEL, left_message, shopper_channel
from carousel.activity.repository import FencedError, add_impressions, add_popularity, archive, give_to
from carousel.catalogue.listing import ListingId
from carousel.catalogue.repository import describe, set_sold
from carousel.catalogue.traits import Described
from carousel.dataflows.lru import Lru
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey
from carousel.taste.repository import Mark, StaleTaste, load, newest_formula, save
from carousel.taste.taste import FORMULA, Draft, Taste, merge, settle
from carousel.telemetry import flow_lag_seconds, flow_unknown_listings, log

_TASTES = 10_000  # about 12 kB each when well filled; one that is not here costs 0.3 ms to load alone
_DESCRIBED = 10_000  # about 3 kB each
_DESCRIBED_SECONDS = 60.0  # a changed price is seen by then
_POPULARITY_HALF_LIFE_SECONDS = 7 * 86_400

logger = log(__name__)


class OutdatedError(FencedError):
    """A newer Carousel computes the tastes: this process must end and leave the events to its dataflow."""


@dataclass(frozen=True, slots=True)
class Held:
    """A taste, and the mark of its row when it was read or written (None: there is no row)."""

    taste: Taste
    stored: Mark | None


class TasteWork:
    """Each event counts once: only those new to the archive are folded, in the transaction that archives them."""

    stale: tuple[type[Exception], ...] = (StaleTaste,)

    def __init__(self, flow: str, valkey: Valkey, clock: Callable[[], float] = time.monotonic) -> None:
        self._flow = flow
        self._valkey = valkey
        self._clock = clock
        self._tastes: Lru[str, Held] = Lru(_TASTES)
        self._described: Lru[str, tuple[float, Described]] = Lru(_DESCRIBED)
        self._applied: dict[str, Held] = {}
        # What to publish after the commit: {(channel, about whom): message}.
        self._calls: dict[tuple[str, str], bytes] = {}
        self._unsure: dict[tuple[str, str], bytes] = {}
        self._unknown = 0

    def apply(self, connection: Connection, events: Sequence[Event]) -> None:
        """Write what events change.

        :raises OutdatedError: the tastes are a newer Carousel's.
        """
        newest = newest_formula(connection)
        if newest > FORMULA:
            raise OutdatedError(
                f"tastes are computed by formula {newest} and this Carousel knows {FORMULA}; start the newer one: "
                "events wait for it in the log"
            )
        held = self._hold(connection, events)
        before = {shopper_id: h.taste for shopper_id, h in held.items()}
        new = archive(connection, events, {i: home(before, i) for i, t in before.items() if t.merged_into})
        moving = [event for event in new if moves_taste(event)]
        listings = self._describe(connection, {e.listing_id for e in moving if e.listing_id})
        self._unknown += sum(bool(e.listing_id) and e.listing_id not in listings for e in moving)

        tastes = fold(before, moving, listings)
        changed = {i: t for i, t in tastes.items() if t.version != before[i].version}
        settled = self._settle(connection, before, changed)

        save(connection, {i: (t, held[i].stored) for i, t in settled.items()})
        for anonymous_id, taste in changed.items():
            if taste.merged_into and not before[anonymous_id].merged_into:
                give_to(connection, home(tastes, anonymous_id), [anonymous_id])
        if moving:
            as_of = max(event.received_at for event in moving)
            add_popularity(connection, popularity(moving, as_of), as_of)
        add_impressions(connection, impressions(new))

        sold = {ListingId(e.listing_id): e.received_at for e in new if e.type == "sold" and e.listing_id}
        # Last: it locks the catalogue's revision. What the API has marked already it has announced, too.
        is_news = bool(sold) and set_sold(connection, sold) > 0

        self._applied |= {i: Held(t, Mark.of(t)) for i, t in settled.items()}
        for i in settled:
            version = tastes[home(tastes, i)].version
            self._calls[shopper_channel(i), i] = orjson.dumps({"taste_version": version})
        if is_news:
            self._calls[LISTINGS_CHANNEL, ",".join(sold)] = left_message(list(sold), "sold")

    def committed(self, events: Sequence[Event]) -> None:
        """Keep the tastes for the next batch, and wake browsers; a browser that misses it asks again by itself."""
        for shopper_id, held in self._applied.items():
            # Who became an account is asked for again each time: folding their events writes the account's row, so
            # nothing would tell us that their own has been erased since.
            if held.taste.merged_into:
                self._tastes.drop([shopper_id])
            else:
                self._tastes.put(shopper_id, held)
        flow_unknown_listings.labels(self._flow).inc(self._unknown)
        calls = self._unsure | self._calls
        self._clear()
        self._unsure = {}
        self._publish(calls)
        now = datetime.now(UTC)
        lag = flow_lag_seconds.labels(self._flow)
        for event in events[:: 1 + len(events) // 1_000]:  # behind a backlog a thousand say it as well
            lag.observe((now - event.received_at).total_seconds())

    def rolled_back(self, error: Exception) -> None:
        """Forget what was not committed, and every taste that may have been written by somebody else."""
        self._unsure |= self._calls  # the COMMIT may have passed without our hearing of it
        self._clear()
        if isinstance(error, StaleTaste):
            self._tastes.drop(error.shopper_ids)
        else:
            self._tastes.clear()

    def _clear(self) -> None:
        self._applied = {}
        self._calls = {}
        self._unknown = 0

    def _publish(self, calls: Mapping[tuple[str, str], bytes]) -> None:
        if not calls:
            return
        try:
            pipeline = self._valkey.pipeline(transaction=False)
            for (channel, _), message in calls.items():
                pipeline.publish(channel, message)
            pipeline.execute()
        except (RedisError, OSError) as error:
            logger.warning("wake_failed", calls=len(calls), error=str(error))

    def _hold(self, connection: Connection, events: Sequence[Event]) -> dict[str, Held]:
        """Return the tastes events may move: of their shoppers, and of whoever those were merged into."""
        first_seen: dict[str, datetime] = {}
        for event in events:
            first_seen.setdefault(event.shopper_id, event.occurred_at)
            if event.type == "merge" and event.reason:
                first_seen.setdefault(event.reason, event.occurred_at)
        held: dict[str, Held] = {}
        wanted = set(first_seen)
        while wanted:
            here = {i: h for i in wanted if (h := self._applied.get(i) or self._tastes.get(i))}
            absent = wanted - here.keys()
            loaded = load(connection, absent) if absent else {}
            for shopper_id in absent:
                taste = loaded.get(shopper_id)
                at = first_seen.get(shopper_id) or events[0].occurred_at
                here[shopper_id] = Held(taste, Mark.of(taste)) if taste else Held(Taste.empty(at), None)
            held |= here
            wanted = {h.taste.merged_into for h in here.values() if h.taste.merged_into} - held.keys()
        return held

    def _describe(self, connection: Connection, listing_ids: Iterable[str]) -> dict[str, Described]:
        """Return what listings say now, or said up to a minute ago."""
        fresh_after = self._clock() - _DESCRIBED_SECONDS
        found: dict[str, Described] = {}
        absent = []
        for listing_id in listing_ids:
            known = self._described.get(listing_id)
            if known and known[0] > fresh_after:
                found[listing_id] = known[1]
            else:
                absent.append(listing_id)
        if absent:
            for listing_id, described in describe(connection, absent).items():
                self._described.put(listing_id, (self._clock(), described))
                found[listing_id] = described
        return found

    def _settle(
        self, connection: Connection, before: Mapping[str, Taste], changed: Mapping[str, Taste]
    ) -> dict[str, Taste]:
        """Bring centroid and interests up to date where the recent history moved."""
        moved = {i for i, taste in changed.items() if taste.recent != before[i].recent}
        listings = self._describe(connection, {r.listing_id for i in moved for r in changed[i].recent})
        embeddings: dict[str, NDArray[np.float32]] = {i: d.embedding for i, d in listings.items()}
        return {i: settle(taste, embeddings) if i in moved else taste for i, taste in changed.items()}


def fold(tastes: Mapping[str, Taste], events: Sequence[Event], listings: Mapping[str, Described]) -> dict[str, Taste]:
    """Return tastes after events, in their order; a merge moves everything an anonymous shopper did to the account."""
    after = dict(tastes)
    drafts: dict[str, Draft] = {}
    for event in events:
        if event.type == "merge":
            for i in (event.shopper_id, home(after, event.reason or "")):
                if i in drafts:
                    after[i] = drafts.pop(i).taste()
            _fold_merge(after, event)
            continue
        whose = home(after, event.shopper_id)
        draft = drafts.get(whose)
        if draft is None:
            draft = drafts[whose] = Draft(after[whose])
        draft.add(event, listings.get(event.listing_id or ""))
    return after | {i: draft.taste() for i, draft in drafts.items()}


def _fold_merge(tastes: dict[str, Taste], event: Event) -> None:
    anonymous = tastes[event.shopper_id]
    account_id = home(tastes, event.reason or "")
    if anonymous.merged_into or account_id == event.shopper_id:
        return  # merged before, or the account itself was merged into this shopper
    if anonymous.version:
        tastes[account_id] = merge(tastes[account_id], anonymous)
    tastes[event.shopper_id] = replace(
        Taste.empty(event.occurred_at), version=anonymous.version + 1, merged_into=account_id
    )


def home(tastes: Mapping[str, Taste], shopper_id: str) -> str:
    """Return who a shopper is by now: the account they were merged into, or themselves."""
    while merged_into := tastes[shopper_id].merged_into:
        shopper_id = merged_into
    return shopper_id


def popularity(events: Sequence[Event], as_of: datetime) -> dict[str, float]:
    """Return the evidence weights of listings, halved for every 7 days before `as_of`."""
    weights: dict[str, float] = {}
    for event in events:
        amount = weight(event)
        if event.listing_id and amount:
            age = (as_of - event.occurred_at).total_seconds()
            decayed = amount * 0.5 ** (age / _POPULARITY_HALF_LIFE_SECONDS)
            weights[event.listing_id] = weights.get(event.listing_id, 0.0) + decayed
    return weights


def impressions(events: Iterable[Event]) -> Counter[str]:
    """Return how often each listing was shown."""
    return Counter(i for e in events if e.type == "impression" for i in (e.listing_ids or filter(None, [e.listing_id])))
