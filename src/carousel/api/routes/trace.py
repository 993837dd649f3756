"""Why is this car shown, and why not that one: for operators."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from carousel.api.dependencies import SecretKey, Use
from carousel.api.latest import Latest
from carousel.api.routes.listings import main_currency
from carousel.api.schemas import PROBLEMS, SlateTrace
from carousel.errors import NotFoundError
from carousel.recommend import query as recommend_query
from carousel.recommend import repository
from carousel.taste import repository as taste_repository
from carousel.taste.taste import Taste

router = APIRouter(prefix="/v1", tags=["operators"], responses=PROBLEMS, dependencies=[SecretKey])


@router.get("/recommendations/{recommendation_id}/trace", operation_id="traceSlate")
async def trace_slate(
    recommendation_id: UUID,
    use: Use,
    listing_id: Annotated[
        str | None, Query(max_length=128, description="Also say what becomes of this listing, shown or not.")
    ] = None,
) -> SlateTrace:
    """What was served, with source, score terms and chance of each listing. With `listing_id` also why that listing
    is there or not: the slate is made again for the same shopper, by what is known and on sale now."""
    await use.slates.flush()  # a slate of this second
    async with use.pool.connection() as connection:
        slate = await repository.read(connection, recommendation_id)
        if slate is None:
            raise NotFoundError(f"no slate {recommendation_id} is kept; slates are for {use.settings.slate_days} days")
    answer: dict[str, Any] = asdict(slate)
    answer["listings"] = [{**own, "position": at} for at, own in enumerate(answer["listings"] or (), 1)]
    if listing_id is not None:
        answer["why"] = asdict(await _why(use, slate, listing_id))
    return SlateTrace.model_validate(answer)


async def _why(use: Use, slate: repository.SlateRecord, listing_id: str) -> Any:
    now = datetime.now(UTC)
    async with use.pool.connection() as connection:
        known, revision = await taste_repository.load_with_revision(connection, slate.shopper_id)
        snapshot = await use.live.current(connection, revision)
    latest = await Latest.load(use.valkey, slate.shopper_id)
    taste = latest.stated(known or Taste.empty(now))
    query = recommend_query.Query(
        shopper_id=slate.shopper_id,
        taste=taste.as_wished(),
        now=now,
        placement=slate.placement,
        n=max(len(slate.listings or ()), 1),
        currency=main_currency(use, snapshot),
        hidden=latest.hidden(taste),
    )
    return await use.recommender.trace(query, snapshot, listing_id)
