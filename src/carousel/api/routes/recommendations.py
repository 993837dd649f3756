"""Recommendations: from a token to a slate."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Response
from uuid_utils import uuid7

from carousel.activity.log import hidden_key
from carousel.api.dependencies import AShopper, Resources, Use
from carousel.api.routes.listings import FILTERS_DESCRIBED, FiltersQuery, currency_of
from carousel.api.schemas import PROBLEMS, Recommendations
from carousel.catalogue import repository
from carousel.recommend import query as recommend_query
from carousel.recommend.query import Placement, Slate
from carousel.taste import repository as taste_repository
from carousel.taste.taste import Taste
from carousel.telemetry import slates_served

router = APIRouter(prefix="/v1", tags=["recommendations"], responses=PROBLEMS)


@router.get(
    "/recommendations", operation_id="recommend", response_model=Recommendations, openapi_extra=FILTERS_DESCRIBED
)
async def recommend(
    shopper: AShopper,
    use: Use,
    wanted: FiltersQuery,
    placement: Annotated[Placement, Query()] = "home",
    n: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """What this shopper should see next, each listing with the reasons why. Takes the filters of search."""
    now = datetime.now(UTC)
    async with use.pool.connection() as connection:
        known, revision = await taste_repository.load_with_revision(connection, shopper.shopper_id)
        snapshot = await use.live.current(connection, revision)
    taste = known or Taste.empty(now)
    key = f"slate:{_digest(shopper.shopper_id, placement, n, wanted)}"  # it does not tell whose it is
    overlay, cached = await _cached(use, shopper.shopper_id, key)
    hidden = _hidden(taste, overlay)
    # A slate is good as long as nothing it was made from has changed.
    state = [taste.version, snapshot.revision, use.recommender.version, sorted(overlay.items())]
    cache: Literal["hit", "miss"] = "hit"
    if cached is None or cached["state"] != state or not use.settings.slate_ttl:
        cache = "miss"
        query = recommend_query.Query(
            shopper_id=shopper.shopper_id,
            taste=taste,
            now=now,
            placement=placement,
            n=n,
            filters=wanted,
            currency=currency_of(use, snapshot, wanted),
            hidden=hidden,
        )
        cached = {"state": state, "listings": _shape(await use.recommender.recommend(query, snapshot))}
        if use.settings.slate_ttl:
            await use.valkey.set(key, orjson.dumps(cached), ex=use.settings.slate_ttl)
    slates_served.labels(placement, cache).inc()
    listings = await _read(use, cached["listings"])
    answer = {
        "recommendation_id": str(uuid7()),
        "placement": placement,
        "taste_version": taste.version,
        "listings": listings,
    }
    return Response(orjson.dumps(answer), media_type="application/json")


async def _cached(use: Resources, shopper_id: str, key: str) -> tuple[dict[str, bool], dict[str, Any] | None]:
    """Return what was hidden or shown again just now, and the cached slate if there is one."""
    pipeline = use.valkey.pipeline(transaction=False)
    pipeline.hgetall(hidden_key(shopper_id))
    pipeline.get(key)
    overlay, slate = await pipeline.execute()
    return {i.decode(): flag == b"1" for i, flag in overlay.items()}, orjson.loads(slate) if slate else None


def _hidden(taste: Taste, overlay: dict[str, bool]) -> frozenset[str]:
    hidden: set[str] = set(taste.hidden)
    for listing_id, is_hidden in overlay.items():
        (hidden.add if is_hidden else hidden.discard)(listing_id)
    return frozenset(hidden)


def _digest(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def _shape(slate: Slate) -> list[tuple[str, float, list[dict[str, str]]]]:
    return [
        (served.listing_id, served.score, [{"code": r.code, "text": r.text} for r in served.reasons])
        for served in slate.listings
    ]


async def _read(use: Resources, listings: list[tuple[str, float, list[dict[str, str]]]]) -> list[orjson.Fragment]:
    """Read the rows as they are now: whatever was late before, a sold car ends here."""
    async with use.pool.connection() as connection:
        documents = await repository.active_documents(connection, [i for i, _, _ in listings])
    shown = [(documents[i], score, reasons) for i, score, reasons in listings if i in documents]
    return [
        # The document is a JSON object: what belongs to the slate is appended to its text instead of parsing it.
        orjson.Fragment(
            document[:-1].encode() + b"," + orjson.dumps({"position": at, "score": score, "reasons": why})[1:]
        )
        for at, (document, score, why) in enumerate(shown, 1)
    ]
