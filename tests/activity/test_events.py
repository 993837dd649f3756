"""An event says what it must, and errors say what to change."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carousel.activity.events import (
    CLIENT_TYPES,
    HIDE_REASONS,
    SERVER_TYPES,
    WEIGHTS,
    Event,
    decode,
    encode,
    merge_event,
    moves_taste,
    parse,
    weight,
)
from carousel.errors import InputError

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def body(**changes: Any) -> dict[str, Any]:
    """A view as a client sends it."""
    basic = {
        "event_id": "0198C0DE-7a1b-7c3d-8e4f-5a6b7c8d9e0f",
        "type": "view",
        "listing_id": "octavia",
        "occurred_at": "2026-05-04T11:59:58.250Z",
    }
    return {name: value for name, value in (basic | changes).items() if value is not ...}


def read(*, server_side: bool = False, **changes: Any) -> Event:
    return parse(body(**changes), shopper_id="john", received_at=NOW, server_side=server_side)


def test_a_view_is_read_with_the_shopper_of_the_token() -> None:
    event = read(session_id="s1", position=3, placement="home", recommendation_id=str(uuid4()).upper())
    assert event.event_id == "0198c0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f"
    assert (event.shopper_id, event.type, event.listing_id, event.position) == ("john", "view", "octavia", 3)
    assert event.occurred_at == datetime(2026, 5, 4, 11, 59, 58, 250_000, tzinfo=UTC)
    assert event.received_at == NOW


@pytest.mark.parametrize("kind", CLIENT_TYPES)
def test_every_type_is_accepted_with_what_it_needs(kind: str) -> None:
    event = read(type=kind, listing_ids=["octavia", "fabia"], value=12)
    assert event.type == kind


def test_an_impression_needs_listings_and_a_search_needs_nothing() -> None:
    assert read(type="impression", listing_id=..., listing_ids=["octavia"]).listing_ids == ("octavia",)
    assert read(type="search", listing_id=..., context={"query": "skoda"}).context == {"query": "skoda"}
    with pytest.raises(InputError, match="listing_ids is missing"):
        read(type="impression", listing_id=...)


# field, value, what the error says beside the field's name
WRONG: list[tuple[str, Any, str]] = [
    ("event_id", ..., "missing"),
    ("event_id", 7, "7; expected a UUID"),
    ("event_id", "{0198c0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f}", "expected a UUID"),
    ("type", ..., "use one of"),
    ("type", "teleport", "'teleport'; use one of impression"),
    ("type", ["view"], "use one of"),
    ("type", "merge", "use one of"),
    ("type", "sold", "only a server-side key"),
    ("listing_id", ..., "missing; a view is about one listing"),
    ("listing_id", "", "empty"),
    ("listing_id", "   ", "empty"),
    ("listing_id", "x" * 129, "129 characters; at most 128"),
    ("listing_id", "a\x00b", "NUL"),
    ("listing_id", "a\ud800", "lone surrogate"),
    ("listing_id", 12, "expected text"),
    ("listing_ids", "octavia", "expected a list"),
    ("listing_ids", ["x"] * 201, "201 ids; at most 200"),
    ("listing_ids", ["a\x00"], "expected ids of 1 to 128"),
    ("listing_ids", [1], "expected ids"),
    ("occurred_at", ..., "missing"),
    ("occurred_at", 1_700_000_000, "expected RFC 3339"),
    ("occurred_at", "2026-05-04", "expected RFC 3339"),
    ("occurred_at", "2026-05-04T12:00:00", "time zone"),
    ("occurred_at", "2026-02-30T12:00:00Z", "expected RFC 3339"),
    ("occurred_at", "2026-05-04T25:00:00Z", "expected RFC 3339"),
    ("occurred_at", "0001-01-01T00:00:00+23:00", "since 2000"),
    ("occurred_at", "٢٠٢٦-05-04T12:00:00Z", "expected RFC 3339"),
    ("occurred_at", "2026-05-04T12:10:01Z", "more than 10 minutes ahead"),
    ("occurred_at", "2027-05-04T12:00:00Z", "more than 10 minutes ahead"),
    ("sent_at", "yesterday", "expected RFC 3339"),
    ("sent_at", "9999-12-31T23:59:59Z", "set the clock"),
    ("value", -1, "-1; expected a number from 0"),
    ("value", float("nan"), "expected a number"),
    ("value", float("inf"), "expected a number"),
    ("value", 10**400, "expected a number"),
    ("value", True, "expected a number"),
    ("value", "12", "expected a number"),
    ("currency", "euro", "ISO 4217"),
    ("reason", "x" * 65, "at most 64"),
    ("session_id", "x" * 129, "at most 128"),
    ("recommendation_id", "home-1", "expected a UUID"),
    ("placement", "a\x00", "NUL"),
    ("position", 0, "0; expected a whole number from 1"),
    ("position", 1.5, "whole number"),
    ("position", True, "whole number"),
    ("position", 40_000, "from 1 to 10000"),
    ("context", [], "expected an object"),
    ("context", {"query": "x" * 8_200}, "at most 8192"),
    ("context", {"query": "a\x00b"}, "NUL"),
    ("context", {"a": {"b\x00": 1}}, "NUL"),
    ("context", {"query": 5}, "context.query is 5; expected text"),
    ("context", {"filters": "make=Skoda"}, "context.filters"),
    ("context", {"page": 2**70}, "not plain JSON"),
    ("context", {"page": "\ud800"}, "not plain JSON"),
    ("shopper_id", "mary", "not a field"),
    ("listingId", "octavia", "did you mean listing_id?"),
    ("received_at", "2026-05-04T12:00:00Z", "not a field"),
    ("colour", "red", "put what is your own into context"),
]


@pytest.mark.parametrize(("field", "value", "says"), WRONG, ids=[f"{f}-{i}" for i, (f, _, _) in enumerate(WRONG)])
def test_a_wrong_field_is_named_with_its_value_and_a_cure(field: str, value: Any, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(**{field: value})
    assert caught.value.field == field
    assert field in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("field", ["type", "listing_id", "listing_ids", "value", "context", "occurred_at"])
def test_lists_in_lists_without_an_end_are_refused_by_name(field: str) -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(InputError, match=field):
        read(**{field: deep})


def test_backslashes_that_look_like_a_nul_are_no_nul() -> None:
    assert read(context={"query": r"\u0000"}).context == {"query": r"\u0000"}


@pytest.mark.parametrize("reason", HIDE_REASONS)
def test_a_hide_may_say_why_in_known_words(reason: str) -> None:
    assert read(type="hide", reason=reason).reason == reason
    with pytest.raises(InputError, match="reason is 'ugly'; use one of price, mileage, brand, seen, other"):
        read(type="hide", reason="ugly")


def test_a_dwell_says_its_seconds() -> None:
    with pytest.raises(InputError, match="value is missing"):
        read(type="dwell")


def test_only_a_server_names_shoppers_and_sales() -> None:
    event = read(server_side=True, type="sold", shopper_id="mary")
    assert (event.type, event.shopper_id) == ("sold", "mary")
    with pytest.raises(InputError, match="shopper_id is missing"):
        parse(body(type="sold"), shopper_id=None, received_at=NOW, server_side=True)
    with pytest.raises(InputError, match="at most 64"):
        read(server_side=True, shopper_id="x" * 65)


def test_a_clients_wrong_clock_is_corrected_by_when_it_sent() -> None:
    # Two hours fast: it happened three seconds before it was sent.
    event = read(occurred_at="2026-05-04T14:00:00Z", sent_at="2026-05-04T14:00:03Z")
    assert event.occurred_at == NOW - timedelta(seconds=3)
    # An event kept offline for a day is a day old, whatever the clock says.
    event = read(occurred_at="2020-01-01T00:00:00+02:00", sent_at="2020-01-02T00:00:00+02:00")
    assert event.occurred_at == NOW - timedelta(days=1)


def test_thirty_days_are_the_longest_a_taste_looks_back() -> None:
    assert moves_taste(read(occurred_at="2026-04-04T12:00:00Z"))
    assert not moves_taste(read(occurred_at="2026-04-04T11:59:59Z"))


@pytest.mark.parametrize(("seconds", "expected"), [(0, 0.0), (15, 0.5), (60, 2.0), (3_600, 2.0)])
def test_a_dwell_weighs_up_to_two_after_a_minute(seconds: float, expected: float) -> None:
    assert weight(read(type="dwell", value=seconds)) == expected


def test_contact_outweighs_favourite_outweighs_view() -> None:
    assert WEIGHTS["contact"] > WEIGHTS["favourite"] > WEIGHTS["view"] > WEIGHTS["impression"] == 0 > WEIGHTS["hide"]
    assert weight(read(type="contact")) == 10


# --- the form on the stream -----------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), min_size=1, max_size=64).filter(
    lambda text: text.strip() != ""
)
moments = st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
events = st.builds(
    Event,
    event_id=st.uuids().map(str),
    type=st.sampled_from([t for t in SERVER_TYPES if t != "hide"]),
    shopper_id=texts,
    occurred_at=moments,
    received_at=moments,
    listing_id=texts,
    listing_ids=st.lists(texts, max_size=5).map(tuple),
    value=st.floats(0, 1e9),
    currency=st.none() | st.just("EUR"),
    reason=st.none() | texts,
    session_id=st.none() | texts,
    recommendation_id=st.none() | st.uuids().map(str),
    placement=st.none() | texts,
    position=st.none() | st.integers(1, 10_000),
    context=st.dictionaries(texts.filter(lambda t: t not in ("query", "filters")), json_values, max_size=3),
).map(lambda event: replace(event, occurred_at=min(event.occurred_at, event.received_at)))


@given(events)
def test_what_is_encoded_is_decoded_unchanged(event: Event) -> None:
    assert decode(encode(event)) == event


def test_a_merge_travels_like_any_event() -> None:
    event = merge_event("visitor", "john", NOW)
    assert decode(encode(event)) == event
    assert event.reason == "john"


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_an_input_error(payload: bytes) -> None:
    with pytest.raises(InputError):
        decode(payload)


@given(st.dictionaries(st.sampled_from(sorted(Event.__dataclass_fields__)), json_values | st.floats(), max_size=14))
def test_any_json_object_is_an_event_or_an_input_error(fields: dict[str, Any]) -> None:
    with contextlib.suppress(InputError):
        assert parse(fields, shopper_id="john", received_at=NOW).shopper_id == "john"
