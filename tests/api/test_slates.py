"""Served slates are kept, explained to operators, counted, and erased with their shopper."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from carousel import cli
from carousel.activity.events import Event
from carousel.activity.repository import archive
from carousel.api.schemas import WorthOut
from carousel.api.slates import SlateLog
from carousel.api.turns import Turns
from carousel.embedded.servers import Servers
from carousel.recommend.repository import counts, prune, seller_impressions
from carousel.storage.postgres import Connection

Make = Callable[..., dict[str, Any]]
WRITER = {"Authorization": "Bearer a secret key for tests"}


@pytest.fixture
async def stock(api: httpx.AsyncClient, car: Make) -> None:
    for i in range(60):
        body = car(f"c{i}", make=f"Make {i % 12}", model="M", price_amount=9_000 + 100 * i, seller_id=f"seller {i % 3}")
        assert (await api.put(f"/v1/listings/c{i}", json=body, headers=WRITER)).status_code < 300


async def served(api: httpx.AsyncClient, shopper: dict[str, str], n: int = 10) -> dict[str, Any]:
    slate: dict[str, Any] = (await api.get("/v1/recommendations", params={"n": n}, headers=shopper)).json()
    return slate


async def trace(api: httpx.AsyncClient, slate: dict[str, Any], listing_id: str | None = None) -> dict[str, Any]:
    answer = await api.get(
        f"/v1/recommendations/{slate['recommendation_id']}/trace",
        params={"listing_id": listing_id} if listing_id else {},
        headers=WRITER,
    )
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.usefixtures("stock")
async def test_a_slate_is_kept_as_it_was_served(api: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    slate = await served(api, shopper)
    told = await trace(api, slate)
    assert told["placement"] == "home"
    assert [(x["position"], x["listing_id"], x["score"]) for x in told["listings"]] == [
        (x["position"], x["listing_id"], x["score"]) for x in slate["listings"]
    ]
    for own in told["listings"]:
        assert {"taste", "popularity", "freshness"} <= own["terms"].keys()
        assert 0 < own["propensity"] <= 1
    again = await served(api, shopper)  # from the cache: another slate of the same listings
    assert again["recommendation_id"] != slate["recommendation_id"]
    assert (await trace(api, again))["listings"] == told["listings"]


@pytest.mark.usefixtures("stock")
async def test_every_row_is_a_slate_of_its_own(
    api: httpx.AsyncClient, shopper: dict[str, str], database: Connection
) -> None:
    rows = (await api.get("/v1/recommendations/rows", params={"n": 5}, headers=shopper)).json()["rows"]
    told = [await trace(api, row) for row in rows]
    assert [one["row_kind"] for one in told] == [row["row"] for row in rows]
    assert database.execute("SELECT count(*) FROM slate").fetchone() == (len(rows),)


@pytest.mark.usefixtures("stock")
async def test_why_not_this_car(api: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    slate = await served(api, shopper)
    ids = [x["listing_id"] for x in slate["listings"]]
    why = (await trace(api, slate, ids[0]))["why"]
    assert (why["outcome"], why["position"]) == ("shown", 1)
    assert why["reasons"]
    event = {
        "event_id": str(uuid4()),
        "type": "hide",
        "listing_id": ids[1],
        "occurred_at": datetime.now(UTC).isoformat(),
    }
    await api.post("/v1/events", json={"events": [event]}, headers=shopper)
    assert (await trace(api, slate, ids[1]))["why"]["removed_by"] == "hidden"
    await api.patch(f"/v1/listings/{ids[2]}", json={"status": "sold"}, headers=WRITER)
    assert (await trace(api, slate, ids[2]))["why"]["removed_by"] == "sold"
    wish = {"block": "make", "value": slate["listings"][3]["make"], "level": "never"}
    await api.put("/v1/me/taste", json={"preferences": [wish]}, headers=shopper)
    assert (await trace(api, slate, ids[3]))["why"]["removed_by"] == "stated"
    now = {x["listing_id"] for x in (await served(api, shopper))["listings"]}
    others = [f"c{i}" for i in range(60) if f"c{i}" not in {*now, *ids} and f"Make {i % 12}" != wish["value"]]
    whys = [(await trace(api, slate, other))["why"] for other in others[::9]]
    assert [why["outcome"] for why in whys] == ["no_room" if why["rank"] <= 10 else "outranked" for why in whys]
    why = whys[0]
    assert sum(why["terms"].values()) == pytest.approx(why["score"], abs=0.01)


@pytest.mark.usefixtures("stock")
async def test_the_slate_is_made_again_within_the_filters_of_its_request(
    api: httpx.AsyncClient, shopper: dict[str, str], car: Make
) -> None:
    for i in range(30):
        body = car(f"e{i}", make=f"Make {i % 12}", model="E", fuel_type="electric", price_amount=20_000 + 100 * i)
        await api.put(f"/v1/listings/e{i}", json=body, headers=WRITER)
    params = {"fuel": "electric", "max_price": "21900", "currency": "EUR", "n": "5"}
    for _ in range(2):  # anew, and once more from the cache
        slate = (await api.get("/v1/recommendations", params=params, headers=shopper)).json()
        told = await trace(api, slate, "c0")
        assert told["filters"] == {"fuel": ["electric"], "max_price": 21_900, "currency": "EUR"}
        assert (told["why"]["outcome"], told["why"]["removed_by"]) == ("removed", "outside_limits")
        assert (await trace(api, slate, "e25"))["why"]["removed_by"] == "outside_limits"
        why = (await trace(api, slate, slate["listings"][0]["listing_id"]))["why"]
        assert (why["outcome"], why["position"]) == ("shown", 1)
        assert 5 <= why["candidates"] <= 20
    assert (await trace(api, await served(api, shopper)))["filters"] == {}


@pytest.mark.usefixtures("stock")
async def test_what_was_shown_was_shown_whatever_would_become_of_it_now(
    api: httpx.AsyncClient, shopper: dict[str, str]
) -> None:
    slate = await served(api, shopper)
    gone = slate["listings"][2]["listing_id"]
    await api.patch(f"/v1/listings/{gone}", json={"status": "sold"}, headers=WRITER)
    why = (await trace(api, slate, gone))["why"]
    assert (why["outcome"], why["position"], why["removed_by"]) == ("shown", 3, "sold")


@pytest.mark.usefixtures("stock")
async def test_of_the_rows_of_a_page_only_the_first_is_made_again(
    api: httpx.AsyncClient, shopper: dict[str, str]
) -> None:
    first, *others = (await api.get("/v1/recommendations/rows", params={"n": 5}, headers=shopper)).json()["rows"]
    shown = first["listings"][0]["listing_id"]
    assert (await trace(api, first, shown))["why"]["position"] == 1
    assert others
    for row in others:
        path = f"/v1/recommendations/{row['recommendation_id']}/trace"
        assert (await api.get(path, headers=WRITER)).status_code == 200
        answer = await api.get(path, params={"listing_id": row["listings"][0]["listing_id"]}, headers=WRITER)
        assert answer.status_code == 422
        assert f"of the row {row['row']}, which is not made again" in answer.json()["detail"]


@pytest.mark.usefixtures("stock")
async def test_a_slate_that_another_process_has_not_written_yet_is_waited_for(
    api: httpx.AsyncClient, second_api: httpx.AsyncClient, shopper: dict[str, str]
) -> None:
    slate = await served(second_api, shopper)
    assert (await trace(api, slate))["recommendation_id"] == slate["recommendation_id"]


@pytest.mark.usefixtures("stock")
async def test_a_trace_is_for_operators_and_says_what_is_unknown(
    api: httpx.AsyncClient, shopper: dict[str, str]
) -> None:
    slate = await served(api, shopper)
    path = f"/v1/recommendations/{slate['recommendation_id']}/trace"
    assert (await api.get(path, headers=shopper)).status_code == 401
    assert (await api.get(path)).status_code == 401
    assert (await api.get(path, params={"listing_id": "nobody"}, headers=WRITER)).status_code == 404
    assert (await api.get(f"/v1/recommendations/{uuid4()}/trace", headers=WRITER)).status_code == 404


@pytest.mark.usefixtures("stock")
async def test_clicks_count_once_per_listing_and_slate(
    api: httpx.AsyncClient, shopper: dict[str, str], database: Connection
) -> None:
    me = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    slate, other = await served(api, shopper), await served(api, shopper)
    await trace(api, slate)  # all slates are written
    ids = tuple(x["listing_id"] for x in slate["listings"])
    at = datetime.now(UTC)

    def event(kind: str, recommendation_id: str, **more: Any) -> Event:
        return Event(event_id=str(uuid4()), type=kind, shopper_id=me, occurred_at=at, received_at=at,
                     recommendation_id=recommendation_id, **more)  # type: ignore[arg-type] # fmt: skip

    here, there = slate["recommendation_id"], other["recommendation_id"]
    archive(database, [
        event("impression", here, listing_ids=ids[:4]), event("impression", here, listing_ids=ids[2:6]),
        event("click", here, listing_id=ids[0]), event("view", here, listing_id=ids[0]),
        event("contact", here, listing_id=ids[0]), event("view", here, listing_id=ids[9]),
        event("test_drive", here, listing_id=ids[1]),
        event("impression", there, listing_ids=ids[:2]),
    ])  # fmt: skip
    (own,) = counts(database, days=1)
    assert (own.slates, own.impressions, own.clicks, own.contacts) == (2, 9, 2, 2)
    assert counts(database, days=1, placement="email") == []
    assert sum(seller_impressions(database, days=1).values()) == 10
    database.execute("UPDATE slate SET served_at = now() - interval '25 hours'")
    assert counts(database, days=1) == []


@pytest.mark.usefixtures("stock")
async def test_what_slates_are_worth_can_be_asked_for_over_http(
    api: httpx.AsyncClient,
    shopper: dict[str, str],
    servers: Servers,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    database: Connection,
) -> None:
    """As the command prints it."""
    me = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    slate = await served(api, shopper)
    await trace(api, slate)
    at, here = datetime.now(UTC), slate["recommendation_id"]
    ids = tuple(x["listing_id"] for x in slate["listings"])
    archive(database, [
        Event(event_id=str(uuid4()), type="impression", shopper_id=me, occurred_at=at, received_at=at,
              recommendation_id=here, listing_ids=ids[:4]),
        Event(event_id=str(uuid4()), type="click", shopper_id=me, occurred_at=at, received_at=at,
              recommendation_id=here, listing_id=ids[0]),
    ])  # fmt: skip
    database.execute("UPDATE slate SET variant = 'wider:bold'")
    answer = await api.get("/v1/experiments", params={"days": 3}, headers=WRITER)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    (place,) = told["places"]
    assert (place["placement"], place["impressions"], place["clicks"], place["ctr"]["value"]) == ("home", 4, 1, 0.25)
    assert [one["name"] for one in told["experiments"]] == ["wider"]
    WorthOut.model_validate(told, extra="forbid")

    monkeypatch.setenv("CAROUSEL_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", servers.valkey_url)
    monkeypatch.setattr(sys, "argv", ["carousel", "experiments", "--days", "3", "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    assert json.loads(capsys.readouterr().out) == told

    assert (await api.get("/v1/experiments", params={"placement": "email"}, headers=WRITER)).json()["places"] == []
    assert (await api.get("/v1/experiments", params={"placement": "attic"}, headers=WRITER)).status_code == 422
    for headers in ({}, shopper):
        assert (await api.get("/v1/experiments", headers=headers)).status_code == 401


@pytest.mark.usefixtures("stock")
async def test_slates_go_with_their_shopper_and_with_time(
    api: httpx.AsyncClient, shopper: dict[str, str], database: Connection
) -> None:
    slate = await served(api, shopper)
    await trace(api, slate)
    exported = (await api.get("/v1/me/export", headers=shopper)).json()
    assert [x["recommendation_id"] for x in exported["slates"]] == [slate["recommendation_id"]]
    old = await served(api, shopper)
    await trace(api, old)
    database.execute(
        "UPDATE slate SET served_at = now() - interval '25 hours' WHERE recommendation_id = %s",
        (old["recommendation_id"],),
    )
    assert [prune(database, days) for days in (2, 1, 1)] == [0, 1, 0]
    last = await served(api, shopper)  # mostly not written yet when its shopper goes
    receipt = (await api.delete("/v1/me", headers=shopper)).json()
    assert receipt["removed"]["slate"] in (1, 2)
    for one in (slate, last):
        answer = await api.get(f"/v1/recommendations/{one['recommendation_id']}/trace", headers=WRITER)
        assert answer.status_code == 404
    assert database.execute("SELECT count(*) FROM slate").fetchone() == (0,)


async def test_a_log_that_cannot_be_written_drops_the_oldest() -> None:
    from carousel.api import slates
    from carousel.recommend.repository import SlateRecord

    log = SlateLog(None)  # type: ignore[arg-type]
    for i in range(slates._MOST + 5):
        log.record(
            SlateRecord(
                recommendation_id=str(i), shopper_id="s", served_at=datetime.now(UTC), placement="home",
                taste_version=0, crowd_version=0,
            )
        )  # fmt: skip
    assert len(log._waiting) == slates._MOST
    assert log._waiting[0].recommendation_id == "5"


@pytest.mark.usefixtures("stock")
async def test_a_busy_service_shows_the_last_slate_without_what_was_hidden_since(
    api: httpx.AsyncClient, shopper: dict[str, str], car: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await served(api, shopper)
    ids = [x["listing_id"] for x in before["listings"]]
    hide = {
        "event_id": str(uuid4()),
        "type": "hide",
        "listing_id": ids[1],
        "occurred_at": datetime.now(UTC).isoformat(),
    }
    await api.post("/v1/events", json={"events": [hide]}, headers=shopper)
    await api.put("/v1/listings/new", json=car("new", make="Make 99", model="N", price_amount=9_900), headers=WRITER)
    monkeypatch.setattr(Turns, "is_busy", True)
    busy = await served(api, shopper)
    assert [x["listing_id"] for x in busy["listings"]] == [i for i in ids if i != ids[1]]
    assert [x["position"] for x in busy["listings"]] == list(range(1, len(ids)))
    assert busy["taste_version"] == before["taste_version"]
    # What the shopper says counts at once.
    wish = {"block": "make", "value": before["listings"][2]["make"], "level": "never"}
    await api.put("/v1/me/taste", json={"preferences": [wish]}, headers=shopper)
    told = await served(api, shopper)
    assert len(told["listings"]) == len(ids)
    assert wish["value"] not in {x["make"] for x in told["listings"]}
