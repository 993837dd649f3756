"""What shoppers do: the types of events, what each needs, what each weighs, and their form on the stream.

Events are facts. `parse` reads what a client sent, `encode` and `decode` are the form on the stream; all of
them hold an event to the same rules, so whatever was put straight into the stream is checked as well.
docs/events.md is the page for client authors.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args
from uuid import uuid4

import orjson

from carousel.errors import InputError

EventType = Literal[
    "impression", "click", "view", "dwell", "search", "favourite", "unfavourite", "compare", "share", "contact",
    "test_drive", "hide", "unhide", "sold", "merge", "state",
]  # fmt: skip

# How much one event says about what its shopper wants; below zero is evidence against (conventions of GA4, the
# Automotive Standards Council, Recombee and Meta, brought to one scale).
WEIGHTS: dict[EventType, float] = {
    "impression": 0.0,  # exposure, not interest
    "click": 1.0,
    "view": 1.0,
    "dwell": 2.0,  # after a minute; less in proportion
    "search": 1.5,  # for what its filters name
    "favourite": 5.0,
    "unfavourite": -3.0,
    "compare": 2.0,
    "share": 3.0,
    "contact": 10.0,
    "test_drive": 15.0,
    "hide": -4.0,  # to similar listings; this one is never shown again
    "unhide": 4.0,  # takes the hide back
    "sold": 20.0,
    "merge": 0.0,
    "state": 0.0,  # what a shopper says about their taste; made by the API
}
FULL_DWELL_SECONDS = 60.0

CLIENT_TYPES: tuple[EventType, ...] = tuple(t for t in get_args(EventType) if t not in ("sold", "merge", "state"))
SERVER_TYPES: tuple[EventType, ...] = (*CLIENT_TYPES, "sold")
HIDE_REASONS = ("price", "mileage", "brand", "seen", "other")
NO_LISTING_NEEDED = ("impression", "search", "merge", "state")

MOST_LISTING_IDS = 200
MOST_CONTEXT_BYTES = 8_192
MOST_AHEAD = timedelta(minutes=10)
OLDEST_THAT_MOVES_TASTE = timedelta(days=30)
LENGTHS = {"listing_id": 128, "session_id": 128, "placement": 64, "reason": 64, "shopper_id": 64}
HIGHEST_VALUE = 1e12
HIGHEST_POSITION = 10_000
# Nobody shopped here before; and a far earlier year cannot be shown in every time zone.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
# An escaped NUL in JSON text, but not the six characters after an escaped backslash.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(slots=True, kw_only=True)  # nobody changes one; `frozen` would be a fifth of the time to read one
class Event:
    """One thing one shopper did; times are aware and UTC, `occurred_at` is corrected for the client's clock.

    A `merge` (internal) says that the anonymous `shopper_id` is the account named by `reason`; a `state` (internal)
    holds in its context what the shopper said (taste/stated.py).
    """

    event_id: str
    type: EventType
    shopper_id: str
    occurred_at: datetime
    received_at: datetime
    listing_id: str | None = None
    listing_ids: tuple[str, ...] = ()
    value: float | None = None
    currency: str | None = None
    reason: str | None = None
    session_id: str | None = None
    recommendation_id: str | None = None
    placement: str | None = None
    position: int | None = None
    context: dict[str, Any] = field(default_factory=dict)


def weight(event: Event) -> float:
    """Return what an event says in units of one view; a dwell grows with its seconds up to `FULL_DWELL_SECONDS`."""
    if event.type == "dwell":
        return WEIGHTS["dwell"] * min((event.value or 0.0) / FULL_DWELL_SECONDS, 1.0)
    return WEIGHTS[event.type]


def moves_taste(event: Event) -> bool:
    """Return whether an event was recent enough, when it reached us, to say what its shopper wants."""
    return event.received_at - event.occurred_at <= OLDEST_THAT_MOVES_TASTE


def merge_event(anonymous_id: str, account_id: str, at: datetime) -> Event:
    """Return the entry that folds an anonymous shopper into an account."""
    return Event(
        event_id=str(uuid4()), type="merge", shopper_id=anonymous_id, reason=account_id, occurred_at=at, received_at=at
    )


def parse(
    body: Mapping[str, Any], *, shopper_id: str | None, received_at: datetime, server_side: bool = False
) -> Event:
    """Read one event of a client.

    `shopper_id` is the token's. Only with `server_side` may the event name one itself, or be a `sold`. A field we
    do not know is an error, because it is most often a misspelt one; what is your own belongs in `context`.

    :raises InputError: names the field, its value and what is expected.
    """
    _refuse_unknown(body, _SERVER_FIELDS if server_side else _CLIENT_FIELDS)
    if server_side and body.get("shopper_id") is not None:
        shopper_id = body["shopper_id"]
    if shopper_id is None:
        raise InputError("shopper_id is missing; a server-side event must name its shopper", field="shopper_id")
    kind = body.get("type")
    allowed = SERVER_TYPES if server_side else CLIENT_TYPES
    if kind not in allowed:
        only = "; only a server-side key may send it" if kind == "sold" else f"; use one of {', '.join(allowed)}"
        raise InputError(f"type is {_shown(kind)}{only}", field="type")
    occurred_at = _moment(body, "occurred_at")
    if body.get("sent_at") is not None:
        occurred_at = _shift(occurred_at, received_at - _moment(body, "sent_at"))
    return _checked(body, shopper_id, occurred_at, received_at)


def encode(event: Event) -> bytes:
    """Return the form of an event on the stream: JSON without what is empty."""
    said = {name: value for name in FIELD_NAMES if (value := getattr(event, name)) not in (None, (), {})}
    return orjson.dumps(said, option=orjson.OPT_UTC_Z)


def decode(payload: bytes) -> Event:
    """Read an event from the stream, trusting nothing.

    :raises InputError: it is not JSON, or not an event; says which field and why.
    """
    try:
        body = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error}", field="e") from error
    if not isinstance(body, dict):
        raise InputError(f"not an object but {type(body).__name__}", field="e")
    _refuse_unknown(body, FIELD_NAMES)
    return _checked(body, body.get("shopper_id"), _moment(body, "occurred_at"), _moment(body, "received_at"))


def _checked(body: Mapping[str, Any], shopper_id: Any, occurred_at: datetime, received_at: datetime) -> Event:
    """Build an event from values of any type and check them all."""
    if occurred_at > received_at + MOST_AHEAD:
        raise InputError(
            f"occurred_at is {occurred_at.isoformat()}, more than 10 minutes ahead; set the clock or give sent_at",
            field="occurred_at",
        )
    kind = body.get("type")
    if not isinstance(kind, str) or kind not in WEIGHTS:
        raise InputError(f"type is {_shown(kind)}; use one of {', '.join(SERVER_TYPES)}", field="type")
    event = Event(
        event_id=_uuid(body, "event_id") or _missing("event_id", "a UUID made by the client"),
        type=kind,
        shopper_id=_text({"shopper_id": shopper_id}, "shopper_id") or _missing("shopper_id", "who did it"),
        occurred_at=occurred_at,
        received_at=received_at,
        listing_id=_text(body, "listing_id"),
        listing_ids=_listing_ids(body),
        value=_value(body),
        currency=_currency(body),
        reason=_text(body, "reason"),
        session_id=_text(body, "session_id"),
        recommendation_id=_uuid(body, "recommendation_id"),
        placement=_text(body, "placement"),
        position=_position(body),
        context=_context(body),
    )
    _check_needs(event)
    return event


def _check_needs(event: Event) -> None:
    """Raise when an event lacks what its type needs."""
    kind = event.type
    if event.listing_id is None and kind not in NO_LISTING_NEEDED:
        _missing("listing_id", f"a {kind} is about one listing")
    if kind == "impression" and not event.listing_ids and event.listing_id is None:
        _missing("listing_ids", "an impression names the listings that were shown")
    if kind == "dwell" and event.value is None:
        _missing("value", "a dwell says its active seconds")
    if kind == "hide" and event.reason is not None and event.reason not in HIDE_REASONS:
        raise InputError(f"reason is {_shown(event.reason)}; use one of {', '.join(HIDE_REASONS)}", field="reason")
    if kind == "merge" and event.reason in (None, event.shopper_id):
        raise InputError(
            f"reason is {_shown(event.reason)}; a merge names another shopper, the account", field="reason"
        )


def _refuse_unknown(body: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if not isinstance(body, Mapping):
        raise InputError(f"an event is {_shown(body)}; expected an object", field="events")
    for name in () if _KNOWN[known] >= body.keys() else body:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            cure = f"did you mean {close[0]}?" if close else "put what is your own into context"
            raise InputError(f"{_shown(name)} is not a field of an event; {cure}", field=str(name)[:64])


def _missing(name: str, why: str) -> Any:
    raise InputError(f"{name} is missing; {why}", field=name)


def _shown(value: object) -> str:
    """Return a value short enough for one line of an error."""
    try:
        text = ascii(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists in lists
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}…"


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError(f"{name} is {_shown(value)}; expected text", field=name)
    if not value.strip():
        raise InputError(f"{name} is empty; leave it out or fill it", field=name)
    if len(value) > LENGTHS[name]:
        raise InputError(f"{name} has {len(value)} characters; at most {LENGTHS[name]} are allowed", field=name)
    if "\x00" in value:
        raise InputError(f"{name} is {_shown(value)} with a NUL byte; remove it", field=name)
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise InputError(f"{name} is {_shown(value)} with half a character (lone surrogate); remove it", field=name)
    return value


def _uuid(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        example = "0198c0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f"
        raise InputError(f"{name} is {_shown(value)}; expected a UUID such as {example}", field=name)
    return value.lower()


def _moment(body: Mapping[str, Any], name: str) -> datetime:
    value = body.get(name)
    if value is None:
        _missing(name, "when, as RFC 3339 such as 2026-01-31T12:00:00Z")
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value.upper())
            if moment.tzinfo is not UTC:
                moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # a 31st of February, a 25th hour
        else:
            if moment >= EARLIEST:
                return moment
    raise InputError(
        f"{name} is {_shown(value)}; expected RFC 3339 with a time zone, since 2000, such as 2026-01-31T12:00:00Z",
        field=name,
    )


def _shift(occurred_at: datetime, skew: timedelta) -> datetime:
    """Correct a client's clock by the difference between its `sent_at` and our `received_at`."""
    try:
        shifted = occurred_at + skew
    except OverflowError as error:
        raise InputError(f"sent_at is {skew} away from now; set the clock", field="sent_at") from error
    if shifted < EARLIEST:
        raise InputError(f"sent_at is {-skew} ahead of now; set the clock", field="sent_at")
    return shifted


def _listing_ids(body: Mapping[str, Any]) -> tuple[str, ...]:
    value = body.get("listing_ids")
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise InputError(f"listing_ids is {_shown(value)}; expected a list of listing ids", field="listing_ids")
    if len(value) > MOST_LISTING_IDS:
        raise InputError(
            f"listing_ids has {len(value)} ids; at most {MOST_LISTING_IDS} are allowed, one event per slate",
            field="listing_ids",
        )
    for listing_id in value:
        if not isinstance(listing_id, str) or _problem_of_id(listing_id):
            raise InputError(
                f"listing_ids holds {_shown(listing_id)}; expected ids of 1 to 128 characters", field="listing_ids"
            )
    return tuple(value)


def _problem_of_id(listing_id: str) -> bool:
    try:
        _text({"listing_id": listing_id}, "listing_id")
    except InputError:
        return True
    return False


def _value(body: Mapping[str, Any]) -> float | None:
    value = body.get("value")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= HIGHEST_VALUE:
        raise InputError(f"value is {_shown(value)}; expected a number from 0 to {HIGHEST_VALUE:g}", field="value")
    return float(value)


def _currency(body: Mapping[str, Any]) -> str | None:
    value = body.get("currency")
    if value is None:
        return None
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise InputError(f"currency is {_shown(value)}; expected ISO 4217 such as EUR", field="currency")
    return value


def _position(body: Mapping[str, Any]) -> int | None:
    value = body.get("position")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= HIGHEST_POSITION:
        raise InputError(
            f"position is {_shown(value)}; expected a whole number from 1 to {HIGHEST_POSITION}", field="position"
        )
    return value


def _context(body: Mapping[str, Any]) -> dict[str, Any]:
    value = body.get("context")
    if not value and value in (None, {}):
        return {}
    if not isinstance(value, dict):
        raise InputError(f"context is {_shown(value)}; expected an object", field="context")
    try:
        text = orjson.dumps(value)
    except TypeError as error:  # half a character, a number beyond 64 bits, too deep
        raise InputError(
            f"context is not plain JSON: {error}; send text, numbers and lists", field="context"
        ) from error
    if len(text) > MOST_CONTEXT_BYTES:
        raise InputError(
            f"context has {len(text)} bytes of JSON; at most {MOST_CONTEXT_BYTES} are allowed", field="context"
        )
    if _ESCAPED_NUL.search(text):
        raise InputError("context holds a NUL byte; remove it", field="context")
    if not isinstance(value.get("query", ""), str):
        raise InputError(f"context.query is {_shown(value['query'])}; expected text", field="context")
    if not isinstance(value.get("filters", {}), dict):
        raise InputError(f"context.filters is {_shown(value['filters'])}; expected an object", field="context")
    context: dict[str, Any] = orjson.loads(text)  # what the archive will hold: NaN became null
    return context


FIELD_NAMES: tuple[str, ...] = tuple(Event.__dataclass_fields__)
_CLIENT_FIELDS = (*(name for name in FIELD_NAMES if name not in ("shopper_id", "received_at")), "sent_at")
_SERVER_FIELDS = (*_CLIENT_FIELDS, "shopper_id")
_KNOWN = {names: frozenset(names) for names in (FIELD_NAMES, _CLIENT_FIELDS, _SERVER_FIELDS)}
