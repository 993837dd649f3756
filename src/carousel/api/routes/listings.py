"""Search and read the catalogue, and write it with the secret key."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from redis.exceptions import RedisError

from carousel.api.dependencies import Resources, SecretKey, SomeShopper, Use
from carousel.api.latest import Latest
from carousel.api.live import announce
from carousel.api.schemas import (
    PROBLEMS,
    ListingBody,
    ListingOut,
    PriceBin,
    PriceStanding,
    RejectedListing,
    SearchResult,
    SimilarListings,
    Suggestion,
    Suggestions,
    WriteResultOut,
)
from carousel.api.tokens import Shopper
from carousel.catalogue import histograms, repository, search
from carousel.catalogue.listing import Listing, ListingId, check_json, to_document
from carousel.catalogue.repository import WriteResult
from carousel.catalogue.search import Filters
from carousel.catalogue.snapshot import Snapshot
from carousel.errors import InputError, NotFoundError, unknown_name
from carousel.recommend import query as recommend_query
from carousel.recommend.factors import load_all
from carousel.recommend.reasons import label
from carousel.storage.postgres import Connection
from carousel.taste.taste import Taste

router = APIRouter(prefix="/v1", tags=["listings"], responses=PROBLEMS)
MOST_IN_BATCH = 10_000
_NAMES = ("make", "model")  # facets whose values are names already

ListingPath = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^\x00]*$", examples=["stock-4711"])]


def _place(near: str | None) -> tuple[float, float] | None:
    if near is None:
        return None
    try:
        lat, lon = (float(part) for part in near.split(","))
        if -90 <= lat <= 90 and -180 <= lon <= 180:
            return lat, lon
    except ValueError:
        pass
    raise InputError(f"near is {near!r}; expected LAT,LON in degrees, for example 50.08,14.43", field="near")


Words = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)]


class FilterParameters(BaseModel):
    """The filters every list takes; those that take several values may be repeated."""

    make: Words = []
    model: Words = []
    body: Words = []
    fuel: Words = []
    transmission: Words = []
    drivetrain: Words = []
    color: Words = []
    seller: Words = []
    condition: Words = []
    min_price: float | None = Field(None, ge=0, le=1e10, allow_inf_nan=False)
    max_price: float | None = Field(None, ge=0, le=1e10, allow_inf_nan=False)
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="Of the prices asked for; the catalogue's by default."
    )
    min_year: int | None = Field(None, ge=1885, le=2200)
    max_year: int | None = Field(None, ge=1885, le=2200)
    max_mileage_km: int | None = Field(None, ge=0, le=10_000_000)
    min_power_kw: int | None = Field(None, ge=0, le=10_000)
    listed_after: AwareDatetime | None = Field(
        None,
        description="RFC 3339: cars first offered after that moment; one that is listed again is not new.",
        examples=["2026-03-01T08:00:00Z"],
    )
    near: str | None = Field(None, max_length=60, description="LAT,LON in degrees", examples=["50.08,14.43"])
    radius_km: float | None = Field(None, gt=0, le=21_000, allow_inf_nan=False)

    def to_filters(self) -> Filters:
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        return Filters(**{**given, "near": _place(self.near)})


_SEVERAL = frozenset(name for name, field in FilterParameters.model_fields.items() if field.default == [])


async def filters(request: Request) -> Filters:
    """Read the filters of a request in one validation; parameter by parameter it would take FastAPI 0.4 ms."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in _SEVERAL:
            given.setdefault(name, []).append(value)
        elif name in FilterParameters.model_fields:
            given[name] = value
    try:
        return FilterParameters.model_validate(given).to_filters()
    except ValidationError as error:
        raise RequestValidationError([{**e, "loc": ("query", *e["loc"])} for e in error.errors()]) from error


FiltersQuery = Annotated[Filters, Depends(filters)]
FILTERS_DESCRIBED: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in FilterParameters.model_json_schema()["properties"].items()
    ]
}


def currency_of(use: Resources, snapshot: Snapshot, wanted: Filters) -> str:
    """Return the currency prices are meant in: asked for, else the catalogue's, else the setting's."""
    return wanted.currency or main_currency(use, snapshot)


def main_currency(use: Resources, snapshot: Snapshot) -> str:
    """Return the currency most of the catalogue is priced in, else the setting's."""
    return snapshot.main_currency() or use.settings.currency


@router.get("/listings", operation_id="searchListings", response_model=SearchResult, openapi_extra=FILTERS_DESCRIBED)
async def search_listings(
    use: Use,
    shopper: SomeShopper,
    wanted: FiltersQuery,
    q: Annotated[str, Query(max_length=200, description="Words; accents and case do not matter.")] = "",
    sort: Annotated[search.Sort | None, Query(description="recommended with a token, else newest.")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    n: Annotated[int, Query(ge=0, le=100, description="0 for the counts alone.")] = 20,
) -> Response:
    """Search the catalogue. Filters may be repeated (`make=Skoda&make=Kia`); each facet and each range is counted under
    all filters but its own. Follow `next_cursor` for the next page."""
    latest = await _latest(use, shopper)
    async with use.pool.connection() as connection:
        known, factors, revision = await load_all(connection, shopper.shopper_id) if shopper else (None, None, None)
        snapshot = await use.live.current(connection, revision)
        matches = await repository.text_matches(connection, q) if q.strip() else None
        order = sort or ("recommended" if shopper else "newest")
        # From here to the page nothing is awaited: masks and columns belong to one state of the snapshot.
        taste = latest.stated(known or Taste.empty(datetime.now(UTC))).as_wished()
        currency = currency_of(use, snapshot, wanted)
        found = search.masks(snapshot, wanted, currency)
        if matches is not None:
            found["text"] = np.zeros(snapshot.size, dtype=bool)
            found["text"][snapshot.rows_of(matches)] = True
        mask = search.matching(snapshot, found)
        # What a shopper hid is in no list, whatever its order.
        mask[[snapshot.row_of[i] for i in latest.hidden(taste) if i in snapshot.row_of]] = False
        if order == "recommended":
            query = recommend_query.Query(
                shopper_id=shopper.shopper_id if shopper else "",
                taste=taste,
                now=datetime.now(UTC),
                placement="search",
                currency=currency,
                factors=factors if taste is known else None,  # found for no statement since
            )
            rows = np.flatnonzero(mask)
            keys = np.full(snapshot.size, np.inf)
            keys[rows] = -use.recommender.scores(query, snapshot, rows)
        else:
            keys = search.sort_keys(snapshot, order, currency=currency, near=wanted.near)
        page = search.page(keys, mask, snapshot.no, cursor=cursor, n=n)
        ids = [snapshot.ids[row] for row in page.rows]
        facets = search.facets(snapshot, found)
        ranges = histograms.ranges(snapshot, found, currency, datetime.now(UTC).year)
        total = int(mask.sum())
        documents = await repository.active_documents(connection, ids)
    answer = {
        "listings": [orjson.Fragment(documents[i]) for i in ids if i in documents],
        "total": total,
        "currency": currency,
        "facets": {name: [_labelled(name, entry) for entry in entries] for name, entries in facets.items()},
        "ranges": ranges,
        "next_cursor": page.next_cursor,
    }
    return Response(orjson.dumps(answer), media_type="application/json")


@router.get("/listings/{listing_id}/price", operation_id="priceStanding")
async def price_standing(listing_id: ListingPath, use: Use) -> PriceStanding:
    """How the price stands among comparable cars on sale."""
    async with use.pool.connection() as connection:
        snapshot = await use.live.current(connection)
    row = snapshot.row_of.get(listing_id)
    if row is None or not snapshot.active[row]:
        raise unknown(listing_id)
    currency = snapshot.vocabularies["currency"].values[int(snapshot.codes("currency")[row])]
    price = float(snapshot.numbers("price_amount")[row])
    found = use.recommender.standing(snapshot, row, price) if price > 0 else None
    return PriceStanding(
        currency=currency,
        price=price if price > 0 else 0,
        compared=found.compared if found else 0,
        expected=round(found.expected, 2) if found else None,
        below=round(found.below, 4) if found else None,
        cheaper_than=round(found.cheaper_than, 4) if found else None,
        bins=[PriceBin(low=low, high=high, count=count) for low, high, count in found.bins] if found else [],
    )


@router.get("/suggest", operation_id="suggest")
async def suggest(
    use: Use,
    q: Annotated[str, Query(max_length=100, description="What was typed so far; accents and case do not matter.")],
    n: Annotated[int, Query(ge=1, le=20)] = 8,
) -> Suggestions:
    """Makes and models of the stock that match what was typed, those with most cars first."""
    async with use.pool.connection() as connection:
        snapshot = await use.live.current(connection)
    return Suggestions(
        suggestions=[Suggestion(field=f, value=v, count=c) for f, v, c in search.suggestions(snapshot, q, n)]
    )


async def _latest(use: Resources, shopper: Shopper | None) -> Latest:
    if shopper:
        with suppress(RedisError, OSError):  # while Valkey is away a search knows what the dataflow has applied
            latest = await Latest.load(use.valkey, shopper.shopper_id)
            latest.refuse_erased(shopper)
            return latest
    return Latest({}, None)


def _labelled(facet: str, entry: dict[str, Any]) -> dict[str, Any]:
    value = entry["value"]
    return {"value": value, "label": value if facet in _NAMES else label(value), "count": entry["count"]}


@router.get("/listings/{listing_id}", operation_id="getListing", response_model=ListingOut)
async def get_listing(listing_id: ListingPath, use: Use) -> Response:
    """One listing with every field, also when it is no longer for sale (see `status`)."""
    async with use.pool.connection() as connection:
        document = await repository.document(connection, listing_id)
    if document is None:
        raise unknown(listing_id)
    return Response(document, media_type="application/json")


@router.get("/listings/{listing_id}/similar", operation_id="similarListings", response_model=SimilarListings)
async def similar_listings(listing_id: ListingPath, use: Use, n: Annotated[int, Query(ge=1, le=100)] = 12) -> Response:
    """The cars nearest to one, by make, model, body, fuel, price, age, mileage and power."""
    async with use.pool.connection() as connection:
        texts = await repository.documents_near(connection, listing_id, n)
        if not texts and await repository.document(connection, listing_id) is None:
            raise unknown(listing_id)
    return Response(orjson.dumps({"listings": list(map(orjson.Fragment, texts))}), media_type="application/json")


async def same_car(use: Resources, listing_id: str) -> frozenset[str]:
    """Return the listings of the car on a page; it may be sold.

    :raises NotFoundError: no listing has the id.
    """
    async with use.pool.connection() as connection:
        found = await repository.of_same_car(connection, listing_id)
    if not found:
        raise unknown(listing_id)
    return frozenset(found)


def unknown(listing_id: str) -> NotFoundError:
    return NotFoundError(f"no listing has the id {listing_id!r}", field="listing_id")


@router.put("/listings/{listing_id}", operation_id="putListing", dependencies=[SecretKey])
async def put_listing(listing_id: ListingPath, body: ListingBody, use: Use) -> WriteResultOut:  # type: ignore[valid-type]
    """Store one listing: a new one, or one that replaces what is stored under this id. A field that is not given is
    empty afterwards; only `source` stays, and a sold listing stays sold until a `status` is given. PATCH changes single
    fields. It can be found and recommended by the next request."""
    return await _write(use, [_Row(1, listing_id, body)], _replaced)


@router.patch("/listings/{listing_id}", operation_id="patchListing", dependencies=[SecretKey])
async def patch_listing(listing_id: ListingPath, body: ListingBody, use: Use) -> WriteResultOut:  # type: ignore[valid-type]
    """Change some fields of a listing; `null` empties one. `{"status": "sold"}` takes it off the market."""
    return await _write(use, [_Row(1, listing_id, body)], _patched)


@router.delete("/listings/{listing_id}", operation_id="deleteListing", dependencies=[SecretKey], status_code=204)
async def delete_listing(listing_id: ListingPath, use: Use) -> None:
    """Withdraw a listing. It is kept, as it still says what its viewers wanted, and never shown again."""
    async with use.pool.connection() as connection:
        if await repository.document(connection, listing_id) is None:
            raise unknown(listing_id)
    await use.write(lambda connection: repository.set_status(connection, [ListingId(listing_id)], "withdrawn"))
    await announce(use.valkey, [listing_id], "withdrawn")


@router.post(
    "/listings:batch",
    operation_id="batchListings",
    dependencies=[SecretKey],
    response_model=WriteResultOut,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "array", "items": {"$ref": "#/components/schemas/ListingBody"}},
                    "examples": {
                        "prices": {
                            "summary": "New prices, with patch=true",
                            "value": [{"listing_id": "stock-4711", "price_amount": 18_990, "price_currency": "EUR"}],
                        }
                    },
                },
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        }
    },
)
async def batch_listings(
    request: Request,
    use: Use,
    patch: Annotated[
        bool, Query(description="Change the fields each listing names, as PATCH does, instead of replacing it.")
    ] = False,
) -> WriteResultOut:
    """Store up to 10,000 listings: a JSON array, `{"listings": [...]}`, or one JSON object a line (NDJSON). Each
    replaces the one with its id, as PUT does; with `patch=true` each changes only the fields it names, so
    `{"listing_id": "stock-4711", "price_amount": 18990}` is a new price. Bad ones are reported with their line and do
    not keep the others out."""
    rows: list[_Row] = []
    rejected = []
    for line, said in _rows(await request.body()):
        try:
            if isinstance(said, InputError):
                raise said
            body = ListingBody.model_validate(said)
            listing_id = body.listing_id  # type: ignore[attr-defined]
            if listing_id is None:
                raise _missing("listing_id")
            check_json("listing_id", listing_id)  # before the database is asked for it
            rows.append(_Row(line, listing_id, body))
        except (InputError, ValidationError) as error:
            listing_id = said.get("listing_id") if isinstance(said, dict) else None
            rejected.append(_rejected(line, listing_id, error))
    result = await _write(use, rows, _patched if patch else _replaced, rejected)
    result.rejected = sorted(rejected, key=lambda one: one.line)
    return result


def _rows(payload: bytes) -> list[tuple[int, Any]]:
    """Return (line, what it holds); of an array its place, from 1."""
    try:
        body = orjson.loads(payload)
    except orjson.JSONDecodeError:
        lines = [(at, line) for at, line in enumerate(payload.splitlines(), 1) if line.strip()]
        return [(at, _line(line)) for at, line in _not_too_many(lines)]
    if isinstance(body, dict) and isinstance(body.get("listings"), list):
        body = body["listings"]
    return list(enumerate(_not_too_many(body if isinstance(body, list) else [body]), 1))


def _line(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return InputError(f"the line is not JSON: {error}", field="body")


def _not_too_many(rows: list[Any]) -> list[Any]:
    if not 1 <= len(rows) <= MOST_IN_BATCH:
        raise InputError(f"the batch has {len(rows):,} listings; send 1 to {MOST_IN_BATCH:,}", field="listings")
    return rows


def _why(error: Exception) -> tuple[str | None, str]:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
            return field, unknown_name(str(field), ListingBody.model_fields)
        return field, f"{field}: {first['msg']}"
    return getattr(error, "field", None), str(error)


@dataclass(frozen=True, slots=True)
class _Row:
    """A listing as a client sent it; `line` is its place in the batch."""

    line: int
    listing_id: str
    body: BaseModel


Change = Callable[[_Row, dict[str, Any] | None], Listing]
"""From what was sent and the document that is stored, if there is one, to the listing to store; raises InputError."""


_NEVER_EMPTY = ("source", "status")


def _replaced(row: _Row, stored: dict[str, Any] | None) -> Listing:
    given = _given(row.body)
    if stored is not None:
        # A full feed must still retire it, and whoever sends prices does not know what was sold.
        given.setdefault("source", stored["source"])
        if stored["status"] == "sold":
            given.setdefault("status", "sold")
    return to_listing(given, listing_id=row.listing_id)


def _patched(row: _Row, stored: dict[str, Any] | None) -> Listing:
    if stored is None:
        raise unknown(row.listing_id)
    said = {
        name: value
        for name, value in row.body.model_dump(exclude_unset=True).items()
        if value is not None or name not in _NEVER_EMPTY
    }
    document = {name: value for name, value in stored.items() if name != "updated_at"}  # of the change before this one
    if said.get("status", document["status"]) != document["status"]:
        document.pop("sold_at", None)
    try:
        changed = ListingBody.model_validate(document | said)
    except ValidationError as error:  # what is stored, from before a rule; the request itself was checked
        field, reason = _why(error)
        raise InputError(reason, field=field) from error
    return to_listing(_given(changed), listing_id=row.listing_id)


def _given(body: BaseModel) -> dict[str, Any]:
    return {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}


def to_listing(given: dict[str, Any], *, listing_id: str) -> Listing:
    """Build the canonical listing from the fields a client gave.

    :raises InputError: names the field.
    """
    if given.setdefault("listing_id", listing_id) != listing_id:
        raise InputError(
            f"listing_id is {given['listing_id']!r} in the body and {listing_id!r} in the path; make them equal",
            field="listing_id",
        )
    for name in ("make", "model"):
        if name not in given:
            raise _missing(name)
    return Listing(**given)


def _missing(name: str) -> InputError:
    return InputError(f"{name} is missing; every listing needs one", field=name)


def _rejected(line: int, listing_id: object, error: Exception) -> RejectedListing:
    field, reason = _why(error)
    shown = listing_id[:128] if isinstance(listing_id, str) else None
    return RejectedListing(line=line, listing_id=shown, field=field, reason=reason)


async def _write(
    use: Resources, rows: Sequence[_Row], change: Change, rejected: list[RejectedListing] | None = None
) -> WriteResultOut:
    """Store what `change` makes of each row, tell open pages what left the market, and the caller what became of it.

    :param rejected: takes the rows that cannot be stored; without it the first of them is raised.
    """

    def write(connection: Connection) -> tuple[WriteResult, list[Listing]]:
        result, written = WriteResult(), list[Listing]()
        for start in range(0, len(rows), repository.BATCH):
            some = rows[start : start + repository.BATCH]
            # Nobody may sell a listing between reading and writing: it would be on sale again.
            with connection.transaction():
                stored = repository.locked_documents(connection, {row.listing_id for row in some})
                listings: dict[str, Listing] = {}
                for row in some:
                    try:
                        listing = change(row, stored.get(row.listing_id))
                    except InputError as error:
                        if rejected is None:
                            raise
                        rejected.append(_rejected(row.line, row.listing_id, error))
                        continue
                    listings[row.listing_id] = listing
                    stored[row.listing_id] = to_document(listing)  # for a later row of the same listing
                result += repository.upsert(connection, list(listings.values()))
                written += listings.values()
        return result, written

    result, written = await use.write(write)
    gone: dict[str, list[str]] = {}
    for listing in written:
        if listing.status != "active":
            gone.setdefault(listing.status, []).append(listing.listing_id)
    for status, ids in gone.items():
        await announce(use.valkey, ids, status)
    return WriteResultOut(imported=result.imported, updated=result.updated, unchanged=result.unchanged)
