"""Sessions, tokens, events, recommendations and bad input over HTTP."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import orjson
import pytest

from carousel.activity import partitions
from carousel.api.checks import check_partitions
from carousel.errors import StartError
from carousel.settings import Settings
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey

Make = Callable[..., dict[str, Any]]
WRITER = {"Authorization": "Bearer a secret key for tests"}


def entries(valkey: Valkey) -> int:
    return sum(valkey.xlen(f"activity:{i}") for i in range(8))


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["detail"]
    return body


async def test_an_anonymous_shopper_gets_a_slate_where_every_listing_has_a_reason(
    api: httpx.AsyncClient, shopper: dict[str, str], car: Make
) -> None:
    for i in range(30):
        await api.put(f"/v1/listings/c{i}", json=car(f"c{i}", price_amount=9_000 + 500 * i), headers=WRITER)
    slate = (await api.get("/v1/recommendations", params={"n": 20}, headers=shopper)).json()
    assert slate["placement"] == "home"
    assert slate["taste_version"] == 0
    assert [x["position"] for x in slate["listings"]] == list(range(1, 21))
    assert all(x["reasons"] and x["make"] == "Škoda" for x in slate["listings"])


async def test_rows_are_slates_of_their_own_without_a_car_twice(
    api: httpx.AsyncClient, shopper: dict[str, str], car: Make
) -> None:
    for i in range(40):
        await api.put(f"/v1/listings/c{i}", json=car(f"c{i}", price_amount=9_000 + 500 * i), headers=WRITER)
    page = (await api.get("/v1/recommendations/rows", params={"n": 8}, headers=shopper)).json()
    assert page["placement"] == "home"
    assert page["personalised"] is False
    assert [row["row"] for row in page["rows"]] == ["picked_for_you", "good_prices", "new_this_week"]
    assert len({row["recommendation_id"] for row in page["rows"]}) == 3
    shown = [x["listing_id"] for row in page["rows"] for x in row["listings"]]
    assert len(shown) == len(set(shown)) > 16
    assert all([x["position"] for x in row["listings"]][:3] == [1, 2, 3] for row in page["rows"])
    again = (await api.get("/v1/recommendations/rows", params={"n": 8}, headers=shopper)).json()
    assert [x["listing_id"] for row in again["rows"] for x in row["listings"]] == shown
    await api.patch(f"/v1/listings/{shown[0]}", json={"status": "sold"}, headers=WRITER)
    later = (await api.get("/v1/recommendations/rows", params={"n": 8}, headers=shopper)).json()
    assert shown[0] not in [x["listing_id"] for row in later["rows"] for x in row["listings"]]


async def test_a_new_listing_can_be_recommended_by_the_next_request(
    api: httpx.AsyncClient, shopper: dict[str, str], car: Make
) -> None:
    assert (await api.get("/v1/recommendations", headers=shopper)).json()["listings"] == []
    await api.put("/v1/listings/new", json=car("new"), headers=WRITER)
    listings = (await api.get("/v1/recommendations", headers=shopper)).json()["listings"]
    assert [x["listing_id"] for x in listings] == ["new"]


async def test_a_hidden_listing_is_never_served_once_the_hide_was_acknowledged(
    api: httpx.AsyncClient, second_api: httpx.AsyncClient, shopper: dict[str, str], car: Make, event: Make
) -> None:
    """No dataflow runs here: the acknowledgement alone must be enough."""
    for i in range(4):
        await api.put(f"/v1/listings/c{i}", json=car(f"c{i}"), headers=WRITER)

    async def shown(client: httpx.AsyncClient) -> set[str]:
        answer = await client.get("/v1/recommendations", headers=shopper)
        recommended = {x["listing_id"] for x in answer.json()["listings"]}
        for order in ("recommended", "newest"):
            found = await client.get("/v1/listings", params={"sort": order}, headers=shopper)
            assert {x["listing_id"] for x in found.json()["listings"]} == recommended
        return recommended

    assert await shown(api) == {"c0", "c1", "c2", "c3"}
    for kind, expected in (("hide", {"c0", "c1", "c3"}), ("unhide", {"c0", "c1", "c2", "c3"})):
        sent = await api.post("/v1/events", json={"events": [event(kind, listing_id="c2")]}, headers=shopper)
        assert sent.json()["results"][0]["status"] == "accepted"
        assert await shown(second_api) == expected
        assert await shown(api) == expected


async def test_a_hide_whose_reason_follows_can_be_undone(
    api: httpx.AsyncClient, shopper: dict[str, str], car: Make, event: Make
) -> None:
    """As the page does it: the reason is said with the hide taken back, in one request."""
    await api.put("/v1/listings/c0", json=car("c0"), headers=WRITER)
    steps: tuple[tuple[list[dict[str, Any]], bool], ...] = (
        ([event("hide", listing_id="c0")], False),
        ([event("unhide", listing_id="c0"), event("hide", listing_id="c0", reason="price")], False),
        ([event("unhide", listing_id="c0")], True),
    )
    for events, is_shown in steps:
        sent = await api.post("/v1/events", json={"events": events}, headers=shopper)
        assert {result["status"] for result in sent.json()["results"]} == {"accepted"}
        answer = await api.get("/v1/recommendations", headers=shopper)
        assert bool(answer.json()["listings"]) == is_shown


async def test_one_bad_event_never_spoils_its_batch(
    api: httpx.AsyncClient, shopper: dict[str, str], event: Make, valkey: Valkey
) -> None:
    good = event(listing_id="a")
    next_year = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    batch = [
        good, event(listing_id="a", occurred_at=next_year), event("stare", listing_id="a"), event(), 7,
        event(listing_id="a\x00b"), good, event("sold", listing_id="a"), event(listing_id="a", shopper_id="other"),
    ]  # fmt: skip
    answer = await api.post("/v1/events", json={"events": batch}, headers=shopper)
    assert answer.status_code == 202
    results = answer.json()["results"]
    assert [r["status"] for r in results] == ["accepted", *["rejected"] * 5, "duplicate", "rejected", "rejected"]
    assert results[1]["reason"].startswith("occurred_at is")
    assert entries(valkey) == 1


async def test_the_server_may_name_a_shopper_and_report_a_sale(
    api: httpx.AsyncClient, event: Make, car: Make, valkey: Valkey
) -> None:
    sent = event("sold", listing_id="a", shopper_id="s-1")
    await api.put("/v1/listings/a", json=car("a"), headers=WRITER)
    answer = await api.post("/v1/events", json={"events": [sent]}, headers=WRITER)
    assert answer.json()["results"][0]["status"] == "accepted"
    assert entries(valkey) == 1
    assert (await api.get("/v1/listings/a")).json()["status"] == "sold"
    assert (await api.get("/v1/listings")).json()["total"] == 0
    # On sale again: the same event sent once more is a duplicate and changes nothing.
    await api.patch("/v1/listings/a", json={"status": "active"}, headers=WRITER)
    again = await api.post("/v1/events", json={"events": [sent]}, headers=WRITER)
    assert again.json()["results"][0]["status"] == "duplicate"
    assert (await api.get("/v1/listings/a")).json()["status"] == "active"


@pytest.mark.parametrize(
    ("content", "status", "field"),
    [
        (b"{", 422, "body"),
        (b"[]", 422, "events"),
        (b'{"events": []}', 422, "events"),
        (orjson.dumps({"events": [{}] * 10_000}), 413, "events"),
        (b'{"events": [' + b" " * 3_000_000 + b"]}", 413, "body"),
    ],
)
async def test_a_body_that_cannot_be_read_names_the_field(
    api: httpx.AsyncClient, shopper: dict[str, str], content: bytes, status: int, field: str
) -> None:
    answer = await api.post("/v1/events", content=content, headers=shopper)
    assert problem(answer, status)["errors"][0]["field"] == field


async def test_a_body_of_undeclared_length_is_limited_too(api: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 100_000

    problem(await api.post("/v1/events", content=endless(), headers=shopper), 413)


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/v1/listings/no-such-listing", 404, "listing_id"),
        ("/v1/listings/no-such-listing/similar", 404, "listing_id"),
        ("/v1/listings?min_year=abc", 422, "min_year"),
        ("/v1/listings?min_price=5&max_price=4", 422, "min_price"),
        ("/v1/listings?near=north", 422, "near"),
        ("/v1/listings?sort=distance", 422, "near"),
        ("/v1/listings?sort=best", 422, "sort"),
        ("/v1/listings?cursor=nonsense", 422, "cursor"),
        ("/v1/listings?currency=XXX", 422, "currency"),
        ("/v1/listings?n=-1", 422, "n"),
        ("/v1/listings?maxprice=4000", 422, "maxprice"),
        ("/v1/recommendations?placment=home", 422, "placment"),
        ("/v1/recommendations?placement=moon", 422, "placement"),
        ("/v1/recommendations?max_price=nan", 422, "max_price"),
        ("/v1/nothing", 404, None),
    ],
)
async def test_bad_input_is_a_problem_that_names_the_field(
    api: httpx.AsyncClient, shopper: dict[str, str], path: str, status: int, field: str | None
) -> None:
    body = problem(await api.get(path, headers=shopper), status)
    if field:
        assert body["errors"][0]["field"] == field


@pytest.mark.parametrize("q", ["a\x00b", "'; DROP TABLE listing; --", ":* & |", "🚗", "x" * 200, "  "])
async def test_any_text_can_be_searched_for(api: httpx.AsyncClient, q: str) -> None:
    assert (await api.get("/v1/listings", params={"q": q})).status_code == 200


def _token(secret: str = "t" * 40, algorithm: str = "HS256", **claims: Any) -> str:
    now = datetime.now(UTC)
    base = {"iss": "carousel", "aud": "carousel", "sub": "s-1", "kind": "anonymous", "exp": now + timedelta(hours=1)}
    return jwt.encode({**base, **claims}, secret, algorithm=algorithm)


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "a.b.c",
        _token("another secret that is long enough to sign"),
        _token(exp=datetime.now(UTC) - timedelta(minutes=1)),
        _token(iss="https://elsewhere.example"),
        _token(aud="another service"),
        jwt.encode({"sub": "s-1", "iss": "carousel", "aud": "carousel"}, "t" * 40, algorithm="HS256"),
        jwt.encode({"sub": "s-1"}, "", algorithm="none"),
        _token("t" * 64, "HS512"),
        "x" * 10_000,
    ],
)
async def test_a_forged_expired_or_foreign_token_is_refused(api: httpx.AsyncClient, token: str) -> None:
    for path in ("/v1/recommendations", "/v1/me", "/v1/listings"):
        answer = await api.get(path, headers={"Authorization": f"Bearer {token}"})
        problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_good_token_passes_and_says_who_it_is(api: httpx.AsyncClient) -> None:
    me = await api.get("/v1/me", headers={"Authorization": f"Bearer {_token()}"})
    assert me.json() == {"shopper_id": "s-1", "kind": "anonymous", "name": None, "demo": True}


async def test_log_in_is_the_same_shopper_every_time_and_takes_the_session_along(
    api: httpx.AsyncClient, shopper: dict[str, str], valkey: Valkey
) -> None:
    first = (await api.post("/v1/token", json={"email": "John1@Example.com"}, headers=shopper)).json()
    second = (await api.post("/v1/token", json={"email": "john1@example.com"})).json()
    assert first["shopper_id"] == second["shopper_id"]
    assert "john" not in first["shopper_id"]
    assert entries(valkey) == 1  # the merge


async def test_an_account_is_never_merged_into_another(api: httpx.AsyncClient, valkey: Valkey) -> None:
    one, other = [
        (await api.post("/v1/token", json={"email": f"{name}@example.org"})).json()["token"] for name in ("ann", "bob")
    ]
    headers = {"Authorization": f"Bearer {other}"}
    assert (await api.post("/v1/me/merge", json={"token": one}, headers=headers)).status_code == 204
    assert (await api.post("/v1/token", json={"email": "cy@example.org"}, headers=headers)).status_code == 200
    assert entries(valkey) == 0


@pytest.mark.parametrize("email", ["", "john", "a@b", "a\x00@example.com", "x" * 300 + "@example.com", 5])
async def test_log_in_refuses_what_is_no_email(api: httpx.AsyncClient, email: Any) -> None:
    assert problem(await api.post("/v1/token", json={"email": email}), 422)["errors"][0]["field"] == "email"


async def test_live_ends_its_streams_when_the_service_stops_and_wakes_a_browser(
    api: httpx.AsyncClient, shopper: dict[str, str], valkey: Valkey
) -> None:
    me = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    hub = api._transport.app.state.resources.hub  # type: ignore[attr-defined]
    async with hub.listen(me) as listener:
        await asyncio.sleep(0.1)
        valkey.publish(f"shopper:{me}", b'{"taste_version":7}')
        valkey.publish("shopper:somebody-else", b'{"taste_version":8}')
        messages = [await asyncio.wait_for(listener.get(), 2)]
        while messages[-1] == b"event: taste\ndata: {}\n\n":  # the wake-up after connecting
            messages.append(await asyncio.wait_for(listener.get(), 2))
        assert messages[-1] == b'event: taste\ndata: {"taste_version":7}\n\n'
        hub.close()
        assert await asyncio.wait_for(listener.get(), 1) is None


async def test_health_and_metrics_answer(api: httpx.AsyncClient) -> None:
    assert (await api.get("/livez")).json() == {"status": "alive"}
    assert (await api.get("/readyz")).json() == {"status": "ready"}
    metrics = (await api.get("/metrics")).text
    assert 'carousel_http_requests_total{method="GET",route="/readyz",status="200"}' in metrics


async def test_an_api_with_another_number_of_partitions_does_not_start_or_is_never_ready(
    api: httpx.AsyncClient,
    settings: Settings,
    database: Connection,
    running: Callable[[Settings], AbstractAsyncContextManager[httpx.AsyncClient]],
) -> None:
    partitions.keep(database, 16)
    cure = "CAROUSEL_PARTITIONS is 8, but this event log was made with 16, for life; set it to 16"
    with pytest.raises(StartError, match=cure):
        check_partitions(settings)
    with pytest.raises(StartError, match=cure):
        async with running(settings):
            pass
    assert problem(await api.get("/readyz"), 500)["detail"] == cure  # it began before the number was known
    async with running(settings.model_copy(update={"partitions": 16})) as other:
        assert (await other.get("/readyz")).status_code == 200


async def test_the_openapi_page_names_every_call_of_the_public_interface(api: httpx.AsyncClient) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]
    assert set(paths) >= {
        "/v1/token", "/v1/session", "/v1/me", "/v1/me/taste", "/v1/listings", "/v1/listings/{listing_id}",
        "/v1/listings/{listing_id}/similar", "/v1/recommendations", "/v1/events", "/v1/live", "/v1/listings:batch",
        "/livez", "/readyz", "/metrics",
    }  # fmt: skip
