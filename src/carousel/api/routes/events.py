"""What shoppers do comes in here."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from carousel.activity.events import Event, parse
from carousel.api.dependencies import Credentials, Resources, Use, is_secret_key
from carousel.api.live import announce
from carousel.api.routes.listings import main_currency
from carousel.api.schemas import PROBLEMS, EventResults
from carousel.catalogue import repository
from carousel.catalogue.listing import ListingId
from carousel.errors import AccessError, InputError, TooLargeError
from carousel.telemetry import events_accepted, log

router = APIRouter(prefix="/v1", tags=["events"], responses=PROBLEMS)
MOST_EVENTS = 1_000
_logger = log(__name__)


@router.post(
    "/events",
    operation_id="sendEvents",
    status_code=202,
    response_model=EventResults,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/EventsBody"}}},
        }
    },
)
async def send_events(request: Request, use: Use, credentials: Credentials) -> Response:
    """Accept 1 to 1,000 events. Each gets a status of its own: one bad event never spoils its batch, and an
    `event_id` sent before is a duplicate, not an error. The shopper is the token's; the secret key may name one
    per event and report `sold`."""
    server_side = is_secret_key(use, credentials)
    if credentials is None:
        raise AccessError("events need a token: POST /v1/session gives one for an anonymous shopper")
    shopper = None if server_side else await use.tokens.check(credentials.credentials)
    shopper_id = shopper.shopper_id if shopper else None
    received_at = datetime.now(UTC)
    results: list[dict[str, Any]] = []
    events: list[Event] = []
    for body in _read(await request.body()):
        event_id = body.get("event_id") if isinstance(body, Mapping) else None
        result: dict[str, Any] = {"event_id": event_id if isinstance(event_id, str) else None}
        results.append(result)
        try:
            event = parse(body, shopper_id=shopper_id, received_at=received_at, server_side=server_side)
        except InputError as error:
            result |= {"status": "rejected", "reason": str(error)}
            events_accepted.labels("unknown", "rejected").inc()
            continue
        if event.type == "search" and event.currency is None:
            event.currency = main_currency(use, use.live.snapshot)  # of its filters, as in the search itself
        result["at"] = len(events)
        events.append(event)
    issued_at = shopper.issued_at if shopper else None
    fresh = await use.append(events, issued_at=issued_at)
    await _take_off_the_market(use, [event for event, new in zip(events, fresh, strict=True) if new])
    for result in results:
        at = result.pop("at", None)
        if at is not None:
            result["status"] = "accepted" if fresh[at] else "duplicate"
            events_accepted.labels(events[at].type, result["status"]).inc()
    _logger.debug("events", accepted=sum(fresh), event_ids=[e.event_id for e in events[:20]])
    return Response(orjson.dumps({"results": results}), 202, media_type="application/json")


async def _take_off_the_market(use: Resources, events: list[Event]) -> None:
    """Mark what was sold before the event is acknowledged; the dataflow would be a few milliseconds too late."""
    sold = [ListingId(e.listing_id) for e in events if e.type == "sold" and e.listing_id]
    if sold:
        await use.write(lambda connection: repository.set_status(connection, sold, "sold"))
        await announce(use.valkey, list(sold), "sold")


def _read(payload: bytes) -> list[Any]:
    try:
        body = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise InputError(f"the body is not JSON: {error}", field="body") from error
    events = body.get("events") if isinstance(body, dict) else None
    if not isinstance(events, list) or not events:
        raise InputError('the body needs {"events": [...]} with 1 to 1,000 events', field="events")
    if len(events) > MOST_EVENTS:
        raise TooLargeError(
            f"events has {len(events):,} entries; send at most {MOST_EVENTS:,} a request", field="events"
        )
    return events
