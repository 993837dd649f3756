"""The shapes of requests and answers, as the OpenAPI page shows them.

Listings go out as the JSON text PostgreSQL holds, unparsed; the models here describe them.
"""

from dataclasses import fields
from datetime import datetime
from typing import Any, Literal, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model, model_validator

from carousel.catalogue.listing import DERIVED, LENGTHS, RANGES, Listing
from carousel.recommend.experiments import ExperimentFigures, Performance
from carousel.recommend.rows import RowKind
from carousel.recommend.trace import Outcome
from carousel.taste.stated import Level
from carousel.taste.taste import Phase

_NEEDED = ("listing_id", "make", "model")
_EXAMPLE: dict[str, JsonValue] = {
    "listing_id": "stock-4711", "make": "Škoda", "model": "Octavia", "variant": "Combi 2.0 TDI Style",
    "model_year": 2021, "mileage_km": 48_200, "price_amount": 19_990, "price_currency": "EUR", "body_type": "wagon",
    "fuel_type": "diesel", "transmission": "automatic", "power_kw": 110, "seller_type": "dealer", "country": "DE",
    "city": "Leipzig", "lat": 51.34, "lon": 12.37,
}  # fmt: skip


class PriceOut(BaseModel):
    """What a car was offered for from some moment on."""

    at: datetime
    amount: float
    currency: str


_PAST: dict[str, Any] = {
    "first_listed_at": (
        datetime | None, Field(None, description="When the car was first offered, if that was another listing of it.")
    ),
    "price_history": (
        list[PriceOut] | None, Field(None, description="Its prices, oldest first, if there was more than one.")
    ),
}  # fmt: skip


def _listing_model(
    name: str, needed: tuple[str, ...], *, extra: Literal["forbid", "allow"], doc: str
) -> type[BaseModel]:
    hints: dict[str, Any] = get_type_hints(Listing)
    if extra == "allow":  # what goes out: money is a JSON number
        hints |= dict.fromkeys(("price_amount", "msrp_amount"), float | None)
    described: dict[str, Any] = {}
    for field in fields(Listing):
        hint = hints[field.name]
        if field.name in needed:
            described[field.name] = (hint, _limits(field.name, ...))
        else:
            described[field.name] = (hint | None, _limits(field.name, None))
    if extra == "allow":
        described |= _PAST
    config = ConfigDict(extra=extra, json_schema_extra={"example": _EXAMPLE})
    # A listing that was read and is sent back has what Carousel keeps itself; it is passed over.
    passing_over: dict[str, Any] = (
        {"pass_over": model_validator(mode="before")(_without_the_past)} if extra == "forbid" else {}
    )
    return create_model(name, __config__=config, __doc__=doc, __validators__=passing_over, **described)


def _without_the_past(said: Any) -> Any:
    return {k: v for k, v in said.items() if k not in DERIVED} if isinstance(said, dict) else said


def _limits(name: str, default: Any) -> Any:
    if name in RANGES:
        low, high = RANGES[name]
        if name == "model_year":
            high = 2_200  # next year is the limit, but a document that changes every New Year is no interface
        return Field(default, ge=low, le=high)
    return Field(default, max_length=LENGTHS[name]) if name in LENGTHS else Field(default)


ListingBody = _listing_model(
    "ListingBody", (), extra="forbid", doc="A listing to store. Needs make, model and a year; the rest if it is known."
)
ListingOut = _listing_model(
    "Listing", _NEEDED, extra="allow", doc="A listing. Fields the source did not give are absent."
)


class ReasonOut(BaseModel):
    """Why a listing is shown: `code` is the trait or source, `text` says it to the shopper."""

    code: str = Field(examples=["body"])
    text: str = Field(examples=["SUV"])


RecommendedOut = create_model(
    "RecommendedListing",
    __base__=ListingOut,
    __doc__="A listing in a slate.",
    position=(int, Field(ge=1, description="Place in the slate, from 1.")),
    score=(float, Field(description="Log-odds of the taste plus popularity, freshness and likeness.")),
    reasons=(list[ReasonOut], Field(description="At least one.")),
)


VARIANT = Field(
    description="Variants of the experiments this shopper is in, separated by commas; null without any.",
    examples=["wider:bold"],
)


class Recommendations(BaseModel):
    """One slate; send `recommendation_id` and `position` back with the events it causes."""

    recommendation_id: str
    placement: str
    variant: str | None = VARIANT
    taste_version: int
    listings: list[RecommendedOut]


class RowOut(BaseModel):
    """One row of a page: a slate of its own, so send its `recommendation_id` with the events it causes."""

    recommendation_id: str
    row: RowKind
    name: str = Field(description="In English.", examples=["Family SUVs around 20 k€"])
    facts: dict[str, str | float] = Field(
        description="What the name is made of, for other languages: make, model, body_type, fuel_type, transmission, "
        "size (small or family), price_amount with price_currency.",
        examples=[{"size": "family", "body_type": "suv", "price_amount": 20_000, "price_currency": "EUR"}],
    )
    interest_id: str | None = Field(None, description="Of an interest: the listing in its middle.")
    listing_id: str | None = Field(None, description="Of `because_you_viewed`: the listing viewed.")
    listings: list[RecommendedOut]


class RecommendedRows(BaseModel):
    """The rows of a page; no listing is in two of them, and a row with fewer than three cars is left out."""

    placement: str
    variant: str | None = VARIANT
    taste_version: int
    personalised: bool = Field(description="Whether the shopper's taste was used.")
    rows: list[RowOut]


class TracedListing(BaseModel):
    listing_id: str
    position: int
    score: float
    source: str = Field(description="The first source that found it.", examples=["taste"])
    propensity: float = Field(description="Its chance to be shown here; 1 unless it was explored.")
    terms: dict[str, float] = Field(
        description="The parts of its score before the placement's weights.", examples=[{"taste": 1.2, "crowd": 3.4}]
    )


class Why(BaseModel):
    """What becomes of one listing when the slate is made again now; if the slate that was served has it, it is `shown`
    at that `position`, and the rest says how it would stand now."""

    listing_id: str
    outcome: Outcome = Field(
        description="shown; removed by a filter; not_found by any source; no_room because of caps or its likeness to "
        "others; outranked by better ones."
    )
    removed_by: str | None = Field(
        description="sold, stated, outside_limits, hidden, on_page, already_seen or rule:NAME."
    )
    full: list[str] = Field(description="What it shares with as many listings of the slate as may: make, model …")
    sources: list[str]
    rank: int | None = Field(description="Among the candidates by score, from 1.")
    candidates: int
    position: int | None
    score: float | None
    terms: dict[str, float]
    reasons: list[ReasonOut]


class SlateTrace(BaseModel):
    """A slate as it was served."""

    recommendation_id: str
    shopper_id: str
    served_at: datetime
    placement: str
    row_kind: str | None
    variant: str | None
    taste_version: int
    crowd_version: int = Field(description="Version of the choice model; 0 for none.")
    filters: dict[str, Any] = Field(
        description="What the request asked for.", examples=[{"fuel": ["electric"], "body": ["suv"]}]
    )
    listings: list[TracedListing]
    why: Why | None = None


# Made from what the command prints, so that both say the same.
PlaceOut = create_model(
    "PlaceFigures",
    __doc__="What the slates of one place of the site achieved.",
    placement=(str, Field(examples=["home"])),
    row=(str, Field(description="Kind of row; empty for a slate that is none.", examples=["picked_for_you"])),
    **get_type_hints(Performance),
)
ExperimentOut = create_model(
    "ExperimentFigures",
    __doc__="One experiment: its variants, whether their sizes are as planned, and their differences.",
    **get_type_hints(ExperimentFigures),
    trustworthy=(bool, Field(description="False: the sizes of the variants are no chance.")),
)


class SellersOut(BaseModel):
    seen: int = Field(description="How many sellers were seen.", examples=[412])
    gini: float = Field(description="How unevenly: 0 all alike, near 1 one has everything.", examples=[0.38])


class WorthOut(BaseModel):
    """What the slates of the last days were worth; docs/experiments.md explains the figures."""

    days: int
    places: list[PlaceOut]
    experiments: list[ExperimentOut]
    sellers: SellersOut


class FacetValue(BaseModel):
    value: str = Field(examples=["Škoda"])
    label: str = Field(examples=["Škoda"])
    count: int = Field(examples=[112])


class Histogram(BaseModel):
    """How many listings lie where: `counts[i]` from `edges[i]` up to, not including, `edges[i + 1]`; the last without
    an upper end. The edges are round and always the same for a currency."""

    edges: list[int] = Field(examples=[[0, 1_000, 2_000]])
    counts: list[int] = Field(examples=[[3, 12, 40]])


class SearchResult(BaseModel):
    """One page of a search."""

    listings: list[ListingOut]  # type: ignore[valid-type]
    total: int
    currency: str = Field(description="Currency of min_price, max_price and the price sorts.", examples=["EUR"])
    facets: dict[str, list[FacetValue]]
    ranges: dict[str, Histogram] = Field(description="Of price (in `currency`), year, mileage (km) and power (kW).")
    next_cursor: str | None = None


class PriceBin(BaseModel):
    low: float
    high: float
    count: int


class PriceStanding(BaseModel):
    """How a price stands among comparable cars: same model and fuel, brought to this one's year, mileage and power."""

    currency: str
    price: float
    compared: int = Field(description="Comparable listings; with fewer than 8 there is no comparison.")
    expected: float | None = Field(description="What such a car costs; null without a comparison.")
    below: float | None = Field(description="Share below that, negative above it.", examples=[0.12])
    cheaper_than: float | None = Field(description="Share of the comparable cars that cost more.")
    bins: list[PriceBin]


class Suggestion(BaseModel):
    """A make or model that begins with what was typed."""

    field: Literal["make", "model"]
    value: str = Field(examples=["Škoda Octavia"])
    count: int = Field(description="Listings on sale.")


class Suggestions(BaseModel):
    suggestions: list[Suggestion]


class SimilarListings(BaseModel):
    listings: list[ListingOut]  # type: ignore[valid-type]


class LoginBody(BaseModel):
    email: str = Field(
        max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$", examples=["john1@example.com"]
    )
    anonymous_token: str | None = Field(
        None, max_length=8_192, description="Token of the anonymous shopper whose activity this account takes over."
    )


class MergeBody(BaseModel):
    token: str = Field(max_length=8_192, description="Token of the anonymous shopper whose activity I take over.")


class TokenOut(BaseModel):
    token: str
    shopper_id: str
    name: str | None = None


class Me(BaseModel):
    shopper_id: str
    kind: Literal["account", "anonymous"]
    name: str | None = None
    demo: bool = Field(description="Whether this service lets anybody log in by email.")


class MyAccount(BaseModel):
    """One id a person is known by, and whose it is to the sign-in service."""

    shopper_id: str
    kind: str
    issuer: str | None
    subject: str | None
    merged_into: str | None = Field(description="The account that an anonymous visit became.")
    created_at: datetime


class MyIds(BaseModel):
    shopper_id: str
    ids: list[str] = Field(description="The account and its anonymous visits.")
    accounts: list[MyAccount]


class MyData(BaseModel):
    """Everything held about me; docs/shoppers-data.md explains it."""

    exported_at: datetime
    shopper: MyIds
    taste: dict[str, dict[str, Any]] = Field(description="By id: what is believed, and what I said.")
    hidden_just_now: dict[str, dict[str, bool]] = Field(
        description="By id: listings hidden (true) or shown again (false) lately."
    )
    events: list[dict[str, Any]] = Field(
        description="What I did, the oldest first.",
        examples=[[{"event_id": "0198c0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f", "type": "view", "listing_id": "stock-4711"}]],
    )
    events_on_their_way: list[dict[str, Any]] = Field(description="What I did just now.")
    slates: list[dict[str, Any]] = Field(description="What was recommended to me, the oldest first.")
    events_set_aside: list[str] = Field(description="What was sent in my name and could not be read.")


class ReceiptOut(BaseModel):
    """What was erased, without saying whose it was."""

    receipt_id: UUID
    erased_at: datetime
    ids: int = Field(description="Under how many ids the person was known: the account and its anonymous visits.")
    removed: dict[str, int] = Field(
        description="Removed rows and entries per store.", examples=[{"activity": 120, "taste": 2, "log": 14}]
    )


class Statement(BaseModel):
    """One thing the site believes about a shopper."""

    block: str = Field(examples=["make"])
    value: str = Field(examples=["Škoda"])
    text: str = Field(examples=["Škoda"])
    weight: float = Field(description="Evidence in units of one view, decayed to now; below 0 is against.")
    lift: float = Field(description="How much likelier than in the stock it is wanted, as a logarithm; 0 is as likely.")
    low: float = Field(description="Lower end of the 90% credible interval of `lift`.")
    high: float = Field(description="Upper end of it.")
    stated: Level | None = Field(None, description="What I said about it.")


class PreferenceBody(BaseModel):
    """A wish about one value of a block."""

    model_config = ConfigDict(extra="forbid")

    block: str = Field(examples=["transmission"])
    value: str = Field(min_length=1, max_length=128, examples=["automatic"])
    level: Level


class BudgetBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    min: float | None = Field(None, gt=0)
    max: float | None = Field(None, gt=0, examples=[20_000])
    currency: str | None = Field(None, description="The one most of the catalogue is priced in by default.")


class HomeBody(BaseModel):
    """Where I would collect a car from; kept to about a kilometre."""

    model_config = ConfigDict(extra="forbid")

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class QuestionnaireBody(BaseModel):
    """Four questions for who is new; the answers fade as there is evidence."""

    model_config = ConfigDict(extra="forbid")

    budget: float | None = Field(None, gt=0)
    currency: str | None = Field(None, description="The one most of the catalogue is priced in by default.")
    body_types: list[str] = Field([], max_length=20)
    fuel_types: list[str] = Field([], max_length=20)
    use: Literal["city", "family", "work", "fun"] | None = None


class StatedBody(BaseModel):
    """What I said about my taste."""

    model_config = ConfigDict(extra="forbid")

    personalised: bool = True
    preferences: list[PreferenceBody] = []
    budget: BudgetBody | None = None
    home: HomeBody | None = None
    questionnaire: QuestionnaireBody | None = None
    together: list[tuple[str, str]] = Field(
        [], max_length=20, description="Pairs of interests that are one; the cars in their middles."
    )


class TraitBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    block: str = Field(examples=["make"])
    value: str = Field("", max_length=128, description="Empty: everything of the block.", examples=["Fiat"])


class TasteBody(StatedBody):
    """What to say from now on; what is absent stays as it was said."""

    forget: list[TraitBody] = Field([], max_length=60, description="Learned evidence to drop, once.")
    drop_interests: list[str] = Field([], max_length=10, description="Interests whose cars count no more.")


class InterestOut(BaseModel):
    """One of the things somebody looks for at the same time."""

    interest_id: str = Field(description="The listing in its middle.")
    name: str = Field(examples=["Family SUVs around 20 k€"])
    facts: dict[str, str | float]
    share: float = Field(description="Of what was looked at.")


class Moment(BaseModel):
    """Something that changed my taste."""

    at: datetime
    type: str
    listing_id: str | None = None
    text: str = Field(description="In English.", examples=["Viewed Škoda Octavia"])
    facts: dict[str, JsonValue] = Field(
        description="What the text is made of, for other languages: the `name` of a car that is still known; `query`, "
        "`filters` and `currency` of a search; `reset` if all was forgotten.",
        examples=[{"name": "Škoda Octavia"}],
    )


class TasteOut(BaseModel):
    taste_version: int
    event_count: int
    personalised: bool
    phase: Phase = Field(description="Whether I am looking around or about to decide.")
    statements: list[Statement]
    stated: StatedBody
    interests: list[InterestOut]
    timeline: list[Moment] = Field(description="Newest first.")


class EventBody(BaseModel):
    """One event; docs/events.md says which fields each type needs."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "event_id": "01941f29-7c00-7aaa-8bbb-0123456789ab",
                "type": "view",
                "occurred_at": "2026-01-31T12:00:00Z",
                "listing_id": "stock-4711",
            }
        }
    )

    event_id: str = Field(description="UUID made by the client: the idempotency key.")
    type: str
    occurred_at: datetime
    sent_at: datetime | None = None
    session_id: str | None = None
    listing_id: str | None = None
    listing_ids: list[str] | None = None
    value: float | None = None
    currency: str | None = None
    reason: str | None = None
    recommendation_id: str | None = None
    placement: str | None = None
    position: int | None = None
    context: dict[str, Any] | None = None


class EventsBody(BaseModel):
    events: list[EventBody] = Field(min_length=1, max_length=1_000)


class EventResult(BaseModel):
    event_id: str | None
    status: Literal["accepted", "duplicate", "rejected"]
    reason: str | None = None


class EventResults(BaseModel):
    results: list[EventResult]


class RejectedListing(BaseModel):
    line: int = Field(description="Place in the batch, from 1.")
    listing_id: str | None = None
    field: str | None = None
    reason: str


class WriteResultOut(BaseModel):
    """What became of the listings written."""

    imported: int = Field(examples=[0])
    updated: int = Field(examples=[1])
    unchanged: int = Field(examples=[0])
    rejected: list[RejectedListing] = []


ImportState = Literal["running", "done", "failed", "interrupted"]


class ImportStarted(BaseModel):
    """An import that has begun; `Location` says where to look at it."""

    import_id: UUID
    state: ImportState


class ImportOut(BaseModel):
    """One import: how far it is, and what it did."""

    import_id: UUID
    state: ImportState
    sources: list[str] = Field(description="Names of the feed; none while nobody knows.")
    files: list[str] = Field(description="As given, addresses without their secrets.")
    requested_by: Literal["cli", "api", "sync"]
    dry_run: bool
    started_at: datetime
    finished_at: datetime | None
    seconds: float = Field(description="How long it took, or takes so far.")
    share: float = Field(ge=0, le=1, description="How much of the files is read.")
    rows_read: int
    rejected: int
    counts: dict[str, Any] | None = Field(
        description="The report, when there is one.",
        examples=[{"read": 1204, "imported": 3, "updated": 17, "unchanged": 1180, "duplicates": 0, "rejected": 4,
                   "rejected_by_reason": {"no_model": 4}, "withdrawn": 9, "seconds": 1.9}],
    )  # fmt: skip
    mapping: dict[str, str] | None = Field(
        description="Which column each field came from.", examples=[{"make": "Marke", "price_amount": "Preis"}]
    )
    error: str | None = Field(description="Why it failed or was interrupted.")


class ImportPage(BaseModel):
    imports: list[ImportOut]
    next_cursor: UUID | None = None


class RejectOut(BaseModel):
    """A row that became no listing; docs/listings.md explains the reasons."""

    number: int = Field(description="From 1, in the order of the files.")
    file: str
    line: int
    reason: str = Field(examples=["no_model"])
    detail: str
    row: dict[str, str] = Field(description="Its own cells.", examples=[{"Marke": "Skoda", "Modell": ""}])


class RejectPage(BaseModel):
    rejects: list[RejectOut]
    total: int = Field(description="All rejected rows of the run, also those not kept.")
    next_cursor: int | None = None


class ProblemField(BaseModel):
    """What is wrong with one field."""

    field: str = Field(examples=["min_price"])
    message: str = Field(examples=["min_price is 5000, above max_price 4000; swap them"])


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str = Field(examples=["Invalid input"])
    status: int = Field(examples=[422])
    detail: str = Field(description="What was wrong, the value, and what to do.")
    errors: list[ProblemField] = Field([], description="Per field, where it is about fields.")


def problem_response(title: str) -> dict[str, Any]:
    """Describe an answer that is a problem document; with `model` FastAPI would say that it is application/json."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"description": title, "content": {"application/problem+json": {"schema": schema}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: problem_response(title)
    for status, title in (
        (400, "Bad request"),
        (401, "Not authenticated"),
        (403, "Not allowed"),
        (404, "Not found"),
        (405, "Method not allowed"),
        (413, "Too large"),
        (422, "Invalid input"),
        (503, "Temporarily unavailable"),
    )
}
