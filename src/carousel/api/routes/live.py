"""Push to browsers."""

from collections.abc import AsyncIterator

from fastapi import APIRouter
from sse_starlette import EventSourceResponse, ServerSentEvent

from carousel.api.dependencies import AShopper, Use
from carousel.api.schemas import PROBLEMS

router = APIRouter(prefix="/v1", tags=["shopper"], responses=PROBLEMS)
_HEARTBEAT_SECONDS = 20


@router.get("/live", operation_id="live", response_class=EventSourceResponse)
async def live(shopper: AShopper, use: Use) -> EventSourceResponse:
    """Server-sent events: `taste` when my taste changed ({"taste_version"}; without a number after an interruption),
    `listing` when one left the market ({"listing_id", "status"})."""

    async def messages() -> AsyncIterator[ServerSentEvent]:
        async with use.hub.listen(shopper.shopper_id) as listener:
            yield ServerSentEvent(comment="connected", retry=1_000)
            while (message := await listener.get()) is not None:
                yield ServerSentEvent(data=message["data"], event=str(message["event"]))

    return EventSourceResponse(messages(), ping=_HEARTBEAT_SECONDS)
