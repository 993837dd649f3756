"""Why is this car shown, and why not that one: for operators."""

import asyncio
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from carousel.api.dependencies import SecretKey, Use
from carousel.api.latest import Latest
from carousel.api.routes.listings import currency_of, same_car
from carousel.api.schemas import PROBLEMS, SlateTrace
from carousel.api.slates import SECONDS
from carousel.errors import InputError, NotFoundError
from carousel.recommend import query as recommend_query
from carousel.recommend import repository
from carousel.taste import repository as taste_repository
from carousel.taste.taste import Taste

router = APIRouter(prefix="/v1", tags=["operators"], responses=PROBLEMS, dependencies=[SecretKey])

_NEW_SECONDS = 5
"""A slate of these last seconds that is not there may still wait in another process."""


@router.get("/recommendations/{recommendation_id}/trace", operation_id="traceSlate")
async def trace_slate(
    recommendation_id: UUID,
    use: Use,
    listing_id: Annotated[
        str | None,
        Query(
            max_length=128,
            description="Also say what becomes of this listing, shown or not.",
            examples=["stock-4711"],
        ),
    ] = None,
) -> SlateTrace:
    """What was served, with source, score terms and chance of each listing. With `listing_id` also why that listing
    is there or not: the slate is made again for the same shopper and the same filters, by what is known and on sale
    now. Of the rows of a page only the first, `picked_for_you`, can be made again."""
    slate = await _kept(use, recommendation_id)
    if listing_id is not None and slate.row_kind not in (None, "picked_for_you"):
        raise InputError(
            f"listing_id is {listing_id[:64]!r} of the row {slate.row_kind}, which is not made again: it was chosen "
            "from what the rows above it left; leave listing_id out, or ask about the row picked_for_you",
            field="listing_id",
        )
    answer: dict[str, Any] = asdict(slate)
    answer["listings"] = [{**own, "position": at} for at, own in enumerate(answer["listings"] or (), 1)]
    if listing_id is not None:
        answer["why"] = asdict(await _why(use, slate, listing_id))
    return SlateTrace.model_validate(answer)


async def _kept(use: Use, recommendation_id: UUID) -> repository.SlateRecord:
    await use.slates.flush()  # a slate of this second
    served_ms = recommendation_id.int >> 80 if recommendation_id.version == 7 else 0
    is_new = abs(datetime.now(UTC).timestamp() - served_ms / 1_000) < _NEW_SECONDS
    for wait in (0, 1.5 * SECONDS) if is_new else (0,):
        await asyncio.sleep(wait)
        async with use.pool.connection() as connection:
            slate = await repository.read(connection, recommendation_id)
        if slate is not None:
            return slate
    raise NotFoundError(f"no slate {recommendation_id} is kept; slates are for {use.settings.slate_days} days")


async def _why(use: Use, slate: repository.SlateRecord, listing_id: str) -> Any:
    now = datetime.now(UTC)
    async with use.pool.connection() as connection:
        known, revision = await taste_repository.load_with_revision(connection, slate.shopper_id)
        snapshot = await use.live.current(connection, revision)
    latest = await Latest.load(use.valkey, slate.shopper_id)
    taste = latest.stated(known or Taste.empty(now))
    filters, page = repository.filters_of(slate), slate.filters.get(repository.PAGE)
    query = recommend_query.Query(
        shopper_id=slate.shopper_id,
        taste=taste.as_wished(),
        now=now,
        placement=slate.placement,
        n=max(len(slate.listings or ()), 1),
        filters=filters,
        currency=currency_of(use, snapshot, filters),
        hidden=latest.hidden(taste),
        listing_id=page,
        same_car=await same_car(use, page) if page else frozenset(),
    )
    trace = await use.recommender.trace(query, snapshot, listing_id)
    served_at = next((at for at, own in enumerate(slate.listings or (), 1) if own["listing_id"] == listing_id), None)
    if served_at is None:
        return trace
    return replace(trace, outcome="shown", position=served_at, full=())  # whatever would become of it now
