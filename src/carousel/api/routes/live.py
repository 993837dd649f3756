"""Push to browsers."""

from fastapi import APIRouter

from carousel.api.dependencies import AShopper, Use
from carousel.api.live import LiveResponse
from carousel.api.schemas import PROBLEMS

router = APIRouter(prefix="/v1", tags=["shopper"], responses=PROBLEMS)


# The status is said here because FastAPI otherwise looks for it among the parameters of the response class.
@router.get("/live", operation_id="live", status_code=200, response_class=LiveResponse)
async def live(shopper: AShopper, use: Use) -> LiveResponse:
    """Server-sent events: `taste` when my taste changed ({"taste_version"}; without a number after an interruption),
    `listing` when one left the market ({"listing_id", "status"})."""
    return LiveResponse(use.hub, shopper)
