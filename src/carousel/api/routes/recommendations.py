"""Recommendations: from a token to a slate."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Response
from uuid_utils import uuid7

from carousel.api.dependencies import NamedShopper, Resources, Use
from carousel.api.latest import Latest
from carousel.api.routes.listings import FILTERS_DESCRIBED, FiltersQuery, currency_of, same_car
from carousel.api.schemas import PROBLEMS, Recommendations, RecommendedRows
from carousel.api.tokens import Shopper
from carousel.catalogue import repository
from carousel.catalogue.search import Filters
from carousel.catalogue.snapshot import Snapshot
from carousel.recommend import factors as recommend_factors
from carousel.recommend import query as recommend_query
from carousel.recommend.query import Placement, Served
from carousel.recommend.repository import PAGE, SlateRecord, said_of
from carousel.taste.taste import Taste
from carousel.telemetry import slates_served

router = APIRouter(prefix="/v1", tags=["recommendations"], responses=PROBLEMS)


@router.get(
    "/recommendations", operation_id="recommend", response_model=Recommendations, openapi_extra=FILTERS_DESCRIBED
)
async def recommend(
    shopper: NamedShopper,
    use: Use,
    wanted: FiltersQuery,
    placement: Annotated[Placement, Query()] = "home",
    n: Annotated[int, Query(ge=1, le=100)] = 20,
    listing_id: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=128,
            pattern=r"^[^\x00]*$",
            description="The listing on whose page they will stand: looked at now, and not among them.",
            examples=["stock-4711"],
        ),
    ] = None,
) -> Response:
    """What this shopper should see next, each listing with the reasons why. Takes the filters of search. A server asks
    with the secret key and `shopper_id`."""

    async def make(query: recommend_query.Query, snapshot: Snapshot) -> list[Made]:
        slate = await use.recommender.recommend(query, snapshot)
        return [_shape({}, slate.listings)]

    taste, variant, made = await _made(use, shopper, "slate", placement, n, wanted, make, listing_id)
    (slate,) = await _answer(use, made, shopper.shopper_id, placement, wanted, variant, taste, listing_id)
    answer = {"placement": placement, "variant": variant, "taste_version": taste.version} | slate
    return Response(orjson.dumps(answer), media_type="application/json")


@router.get(
    "/recommendations/rows",
    operation_id="recommendRows",
    response_model=RecommendedRows,
    openapi_extra=FILTERS_DESCRIBED,
)
async def recommend_rows(
    shopper: NamedShopper,
    use: Use,
    wanted: FiltersQuery,
    placement: Annotated[Placement, Query()] = "home",
    n: Annotated[int, Query(ge=1, le=50, description="Most listings of a row.")] = 12,
) -> Response:
    """The rows of a page: picked for this shopper, one per wish, and others to look around in. A server asks with the
    secret key and `shopper_id`."""

    async def make(query: recommend_query.Query, snapshot: Snapshot) -> list[Made]:
        return [
            _shape(
                {"row": row.kind, "name": row.name, "facts": dict(row.facts)}
                | ({"interest_id": row.interest_id} if row.interest_id else {})
                | ({"listing_id": row.listing_id} if row.listing_id else {}),
                row.listings,
            )
            for row in await use.recommender.rows(query, snapshot)
        ]

    taste, variant, made = await _made(use, shopper, "rows", placement, n, wanted, make)
    slates = await _answer(use, made, shopper.shopper_id, placement, wanted, variant, taste)
    rows = [row for row in slates if row["listings"]]
    answer = {
        "placement": placement,
        "variant": variant,
        "taste_version": taste.version,
        "personalised": bool(taste.event_count),
        "rows": rows,
    }
    return Response(orjson.dumps(answer), media_type="application/json")


Made = dict[str, Any]
"""A slate: what the answer says of it beside `listings`: (listing_id, score, reasons); `log` has the rest of what is
kept about each, until it has been served once, and `same_as` its first recommendation_id after that."""


async def _made(
    use: Resources,
    shopper: Shopper,
    kind: str,
    placement: str,
    n: int,
    wanted: Filters,
    make: Callable[[recommend_query.Query, Snapshot], Awaitable[list[Made]]],
    listing_id: str | None = None,
) -> tuple[Taste, str | None, list[Made]]:
    """Return the shopper's taste, the variant they are in, and the slates made by these: from the cache as long as
    nothing has changed, and a little longer while too many are asked for."""
    now, shopper_id = datetime.now(UTC), shopper.shopper_id
    async with use.pool.connection() as connection:
        known, factors, revision = await recommend_factors.load_all(connection, shopper_id)
        snapshot = await use.live.current(connection, revision)
    placements = use.recommender.placements
    variant = placements.of(placement, shopper_id).variant
    # A rule may begin or end with the day. The key does not tell whose slate it is.
    key = f"slate:{_digest(kind, shopper_id, placement, n, wanted, placements.digest, variant, now.date(), listing_id)}"
    latest, cached = await _cached(use, shopper_id, key)
    latest.refuse_erased(shopper)
    taste = latest.stated(known or Taste.empty(now))
    overlay = sorted(latest.overlay.items())
    erased_at = latest.erased_at.isoformat() if latest.erased_at else None
    state = [taste.version, [taste.stated.event_id, erased_at], snapshot.revision, use.recommender.version, overlay]
    hidden = latest.hidden(taste)
    taste = taste.as_wished()
    outcome = _outcome(cached if use.settings.slate_ttl else None, state, is_busy=use.turns.is_busy)
    slates_served.labels(placement, outcome).inc()
    if cached is not None and outcome != "miss":
        return replace(taste, version=cached["state"][0]), variant, _without(hidden, cached["slates"])
    query = recommend_query.Query(
        shopper_id=shopper_id,
        taste=taste,
        now=now,
        placement=placement,
        n=n,
        filters=wanted,
        currency=currency_of(use, snapshot, wanted),
        hidden=hidden,
        listing_id=listing_id,
        same_car=await same_car(use, listing_id) if listing_id else frozenset(),
        factors=factors if taste is known else None,  # found for no statement since
    )
    made = [slate | {"recommendation_id": str(uuid7())} for slate in await make(query, snapshot)]
    if use.settings.slate_ttl:
        again = [{**slate, "same_as": slate["recommendation_id"]} for slate in made]
        kept = [{k: v for k, v in slate.items() if k not in ("log", "recommendation_id")} for slate in again]
        await use.valkey.set(key, orjson.dumps({"state": state, "slates": kept}), ex=use.settings.slate_ttl)
    return taste, variant, made


def _outcome(cached: dict[str, Any] | None, state: list[Any], *, is_busy: bool) -> Literal["hit", "stale", "miss"]:
    """Return whether cached slates are shown, as they are or as those of a busy service, or new ones are made."""
    if cached is not None and cached["state"] == state:
        return "hit"
    # What the shopper said of themselves counts at once, whatever that costs, and so does that they were erased.
    if cached is not None and is_busy and cached["state"][1] == state[1]:
        return "stale"
    return "miss"


def _without(hidden: frozenset[str], slates: list[Made]) -> list[Made]:
    return [slate | {"listings": [x for x in slate["listings"] if x[0] not in hidden]} for slate in slates]


async def _cached(use: Resources, shopper_id: str, key: str) -> tuple[Latest, dict[str, Any] | None]:
    """Return what the shopper said and hid last, and the cached slates if there are some."""
    pipeline = use.valkey.pipeline(transaction=False)
    Latest.ask(pipeline, shopper_id)
    pipeline.get(key)
    *answers, slates = await pipeline.execute()
    return Latest.of(*answers), orjson.loads(slates) if slates else None


def _digest(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def _shape(about: dict[str, Any], listings: Sequence[Served]) -> Made:
    return about | {
        "log": [
            {
                "listing_id": x.listing_id,
                "score": x.score,
                "source": x.source,
                "propensity": x.propensity,
                "terms": dict(x.terms),
            }
            for x in listings
        ],
        "listings": [
            (served.listing_id, served.score, [{"code": r.code, "text": r.text} for r in served.reasons])
            for served in listings
        ],
    }


async def _answer(
    use: Resources,
    slates: Sequence[Made],
    shopper_id: str,
    placement: str,
    wanted: Filters,
    variant: str | None,
    taste: Taste,
    listing_id: str | None = None,
) -> list[dict[str, Any]]:
    """Read the rows as they are now: whatever was late before, a sold car ends here. Each answer is a slate of its
    own, and is kept in the log."""
    async with use.pool.connection() as connection:
        documents = await repository.active_documents(connection, [i for s in slates for i, _, _ in s["listings"]])
    filters = said_of(wanted) | ({PAGE: listing_id} if listing_id else {})
    shares = use.recommender.placements.shares(placement)
    answers = []
    for slate in slates:
        recommendation_id = slate.get("recommendation_id") or str(uuid7())
        use.slates.record(
            SlateRecord(
                recommendation_id=recommendation_id,
                same_as=slate.get("same_as"),
                shopper_id=shopper_id,
                served_at=datetime.now(UTC),
                placement=placement,
                row_kind=slate.get("row"),
                variant=variant,
                shares=shares,
                taste_version=taste.version,
                crowd_version=use.recommender.version,
                filters=filters,
                listings=slate.get("log"),
            )
        )
        said = {name: value for name, value in slate.items() if name not in ("log", "same_as")}
        said |= {"recommendation_id": recommendation_id, "listings": _documents(documents, slate["listings"])}
        answers.append(said)
    return answers


def _documents(documents: Mapping[str, str], listings: list[tuple[str, float, Any]]) -> list[orjson.Fragment]:
    shown = [(documents[i], score, reasons) for i, score, reasons in listings if i in documents]
    return [
        # The document is a JSON object: what belongs to the slate is appended to its text instead of parsing it.
        orjson.Fragment(
            document[:-1].encode() + b"," + orjson.dumps({"position": at, "score": score, "reasons": why})[1:]
        )
        for at, (document, score, why) in enumerate(shown, 1)
    ]
