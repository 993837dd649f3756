"""Everything held about a person, as one JSON document."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson

from carousel.activity import dead_letters
from carousel.activity.events import encode
from carousel.activity.log import hidden_in, hidden_key
from carousel.activity.repository import archived_events
from carousel.recommend.repository import of_shoppers
from carousel.rights.person import find, unread
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey
from carousel.taste.repository import load
from carousel.taste.taste import decayed


def export(connection: Connection, valkey: Valkey, shopper_id: str, *, partitions: int) -> Iterator[bytes]:
    """Yield the parts of the document: who they are, what we believe, and each event; as of one moment.

    A hundred thousand events need no more memory than one.
    """
    now = datetime.now(UTC)
    person = find(connection, valkey, shopper_id, partitions=partitions)
    tastes = load(connection, person.ids)
    head = {
        "exported_at": now,
        "shopper": {
            "shopper_id": person.shopper_id,
            "ids": sorted(person.ids),
            "accounts": _accounts(connection, person.ids),
        },
        "taste": {
            i: {
                "taste_version": taste.version,
                "event_count": taste.event_count,
                "evidence": decayed(taste, now),
                "recent": [{"listing_id": r.listing_id, "weight": r.weight, "at": r.at} for r in taste.recent],
                "hidden": sorted(taste.hidden),
                "interests": taste.interests,
                "merged_into": taste.merged_into,
                "stated": taste.stated.as_json(),
            }
            for i, taste in tastes.items()
        },
        "hidden_just_now": {i: overlay for i in sorted(person.ids) if (overlay := _hidden_just_now(valkey, i))},
    }
    yield orjson.dumps(head, option=orjson.OPT_UTC_Z)[:-1] + b',"events":['
    waiting = [payload for _, payload in unread(connection, valkey, person.streams(partitions))]
    yield from _comma_separated(encode(event) for event in archived_events(connection, person.shopper_id))
    yield b'],"events_on_their_way":['
    yield from _comma_separated(payload for payload in waiting if person.is_meant(payload) and _is_json(payload))
    yield b'],"slates":['
    with connection.transaction():
        slates = of_shoppers(connection, sorted(person.ids))
        yield from _comma_separated(orjson.dumps(asdict(slate)) for slate in slates)
    letters = [payload for payload in dead_letters.payloads(connection) if person.is_meant(payload)]
    yield b'],"events_set_aside":' + orjson.dumps([payload.decode(errors="replace") for payload in letters]) + b"}"


def _hidden_just_now(valkey: Valkey, shopper_id: str) -> dict[str, bool]:
    overlay: Any = valkey.hgetall(hidden_key(shopper_id))
    return hidden_in(overlay)


def _accounts(connection: Connection, ids: Iterable[str]) -> list[dict[str, object]]:
    rows = connection.execute(
        "SELECT shopper_id, kind, issuer, subject, merged_into, created_at FROM shopper WHERE shopper_id = ANY(%s)",
        (list(ids),),
    ).fetchall()
    names = ("shopper_id", "kind", "issuer", "subject", "merged_into", "created_at")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _comma_separated(parts: Iterable[bytes]) -> Iterator[bytes]:
    between = b""
    for part in parts:
        yield between + part
        between = b","


def _is_json(payload: bytes) -> bool:
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return True
