"""My taste over HTTP: what was said counts at once. No dataflow runs here: the answer alone must be enough."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from carousel.activity.events import decode, parse
from carousel.activity.repository import archive
from carousel.catalogue.listing import ListingId
from carousel.rights.person import entries
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey
from carousel.taste.evidence import Evidence
from carousel.taste.repository import save
from carousel.taste.stated import Stated, statement_event
from carousel.taste.stated import Statement as Said
from carousel.taste.taste import Recent, Taste

Make = Callable[..., dict[str, Any]]
WRITER = {"Authorization": "Bearer a secret key for tests"}


@pytest.fixture
async def stock(api: httpx.AsyncClient, car: Make) -> None:
    """40 cars: every second an automatic, half of them by Fiat, from 9,000 € upwards."""
    for i in range(40):
        said = car(
            f"c{i}", make="Fiat" if i % 4 < 2 else "Kia", model="A" if i % 4 < 2 else "B",
            transmission="automatic" if i % 2 else "manual", price_amount=9_000 + 500 * i,
            body_type="suv" if i < 20 else "city_car", lat=50.0 + i / 8, lon=10.0,
        )  # fmt: skip
        assert (await api.put(f"/v1/listings/c{i}", json=said, headers=WRITER)).status_code < 300


async def say(api: httpx.AsyncClient, shopper: dict[str, str], **body: Any) -> dict[str, Any]:
    answer = await api.put("/v1/me/taste", json=body, headers=shopper)
    assert answer.status_code == 200, answer.text
    taste: dict[str, Any] = answer.json()
    return taste


async def slate(api: httpx.AsyncClient, shopper: dict[str, str], n: int = 40) -> list[dict[str, Any]]:
    answer = (await api.get("/v1/recommendations", params={"n": n}, headers=shopper)).json()
    listings: list[dict[str, Any]] = answer["listings"]
    return listings


def level(block: str, value: str, level: str) -> dict[str, str]:
    return {"block": block, "value": value, "level": level}


@pytest.mark.usefixtures("stock")
async def test_only_automatics_and_never_a_fiat_hold_at_once(
    api: httpx.AsyncClient, second_api: httpx.AsyncClient, shopper: dict[str, str]
) -> None:
    assert len(await slate(api, shopper)) == 40
    wishes = [level("transmission", "automatic", "only"), level("make", "Fiat", "never")]
    taste = await say(api, shopper, preferences=wishes)
    assert taste["stated"]["preferences"] == wishes
    for client in (api, second_api):
        shown = await slate(client, shopper)
        assert len(shown) == 10
        assert {(x["make"], x["transmission"]) for x in shown} == {("Kia", "automatic")}
    rows = (await api.get("/v1/recommendations/rows", headers=shopper)).json()["rows"]
    assert {x["make"] for row in rows for x in row["listings"]} == {"Kia"}


@pytest.mark.usefixtures("stock")
async def test_a_budget_and_what_was_said_before_stand_together(
    api: httpx.AsyncClient, shopper: dict[str, str]
) -> None:
    await say(api, shopper, preferences=[level("transmission", "automatic", "only")])
    taste = await say(api, shopper, budget={"max": 15_000, "currency": "EUR"})
    assert taste["stated"]["preferences"] == [level("transmission", "automatic", "only")]
    shown = await slate(api, shopper)
    assert len(shown) == 6  # 9,500 to 14,500
    assert all(x["price_amount"] <= 15_000 and x["transmission"] == "automatic" for x in shown)
    assert any(reason["text"] == "Within your budget" for x in shown for reason in x["reasons"])
    await say(api, shopper, preferences=[], budget=None)
    assert len(await slate(api, shopper)) == 40


async def test_amounts_without_a_currency_are_in_the_one_of_the_catalogue(
    api: httpx.AsyncClient, shopper: dict[str, str], car: Callable[..., dict[str, Any]], valkey: Valkey
) -> None:
    body = car("t1", price_amount=950_000, price_currency="TRY")
    assert (await api.put(f"/v1/listings/{body['listing_id']}", json=body, headers=WRITER)).status_code == 200
    taste = await say(api, shopper, budget={"max": 1_000_000}, questionnaire={"budget": 900_000})
    assert taste["stated"]["budget"]["currency"] == taste["stated"]["questionnaire"]["currency"] == "TRY"
    dearer = car("t2", price_amount=1_100_000, price_currency="TRY")
    assert (await api.put("/v1/listings/t2", json=dearer, headers=WRITER)).status_code == 200
    assert [x["listing_id"] for x in await slate(api, shopper)] == ["t1"]
    search = {
        "event_id": str(uuid4()), "type": "search", "occurred_at": datetime.now(UTC).isoformat(),
        "context": {"filters": {"max_price": 1_000_000}},
    }  # fmt: skip
    answer = await api.post("/v1/events", json={"events": [search]}, headers=shopper)
    assert answer.json()["results"][0]["status"] == "accepted"
    kept = [decode(p) for i in range(8) for _, p in entries(valkey, f"activity:{i}")]
    assert [event.currency for event in kept if event.type == "search"] == ["TRY"]


@pytest.mark.usefixtures("stock")
async def test_more_and_less_move_cars_up_and_down(api: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    await say(api, shopper, preferences=[level("body", "city_car", "more"), level("make", "Fiat", "less")])
    shown = await slate(api, shopper, 10)
    assert [x["body_type"] for x in shown[:5]] == ["city_car"] * 5
    assert shown[0]["make"] == "Kia"
    assert {"code": "body", "text": "City car"} in shown[0]["reasons"]


@pytest.mark.usefixtures("stock")
async def test_four_answers_start_a_taste(api: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    answers = {"budget": 12_000, "currency": "EUR", "body_types": ["suv"], "use": "family"}
    taste = await say(api, shopper, questionnaire=answers)
    assert taste["stated"]["questionnaire"]["budget"] == 12_000
    shown = await slate(api, shopper, 10)
    assert all(x["body_type"] == "suv" and x["price_amount"] < 15_000 for x in shown[:5])


@pytest.mark.usefixtures("stock")
async def test_what_is_near_my_home_comes_first(api: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    before = await slate(api, shopper)
    taste = await say(api, shopper, home={"lat": 50.12345, "lon": 10.0})
    assert taste["stated"]["home"] == {"lat": 50.12, "lon": 10.0}  # no more than about a kilometre is kept
    shown = await slate(api, shopper)
    assert sum(x["lat"] for x in shown[:8]) < sum(x["lat"] for x in before[:8]) - 8


@pytest.mark.usefixtures("stock")
async def test_not_personalised_is_what_everybody_sees(api: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    before = [x["listing_id"] for x in await slate(api, shopper)]
    await say(api, shopper, preferences=[level("body", "city_car", "more")])
    assert [x["listing_id"] for x in await slate(api, shopper)] != before
    taste = await say(api, shopper, personalised=False)
    assert taste["personalised"] is False
    shown = await slate(api, shopper)
    assert not any(reason["text"] == "City car" for x in shown for reason in x["reasons"])
    assert {x["body_type"] for x in shown[:10]} == {"suv", "city_car"}
    again = (await api.post("/v1/me/taste/reset", headers=shopper)).json()
    assert again["personalised"] is True
    assert again["stated"] == {
        "personalised": True, "preferences": [], "budget": None, "home": None, "questionnaire": None, "together": [],
    }  # fmt: skip


@pytest.mark.usefixtures("stock")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"preferences": [level("transmission", "automtic", "only")]}, "did you mean automatic"),
        ({"preferences": [level("colour", "red", "only")]}, "color"),
        ({"budget": {"min": 20, "max": 10}}, "swap"),
        ({"home": {"lat": 99, "lon": 0}}, "lat"),
        ({"personalized": False}, "personalized"),
        ({"forget": [{"block": "brand", "value": "Fiat"}]}, "make"),
        ({"forget": [{"block": "price", "value": "cheap"}]}, "expected a number"),
        ({"drop_interests": ["c1"]}, "no interest"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    api: httpx.AsyncClient, shopper: dict[str, str], valkey: Valkey, body: dict[str, Any], words: str
) -> None:
    answer = await api.put("/v1/me/taste", json=body, headers=shopper)
    assert answer.status_code == 422
    assert words in answer.text
    assert sum(valkey.xlen(f"activity:{i}") for i in range(8)) == 0


async def test_what_could_not_be_read_again_is_refused_and_locks_nobody_out(
    api: httpx.AsyncClient, shopper: dict[str, str], valkey: Valkey
) -> None:
    much = [{"block": "region", "value": f"{i} {'x' * 90}", "level": "more"} for i in range(60)]
    forget = [{"block": "region", "value": f"{i} {'x' * 90}"} for i in range(60)]
    for body in ({"together": [["a\x00", "b"]]}, {"preferences": much, "forget": forget}):
        answer = await api.put("/v1/me/taste", json=body, headers=shopper)
        assert answer.status_code == 422, answer.text
        assert answer.json()["detail"].startswith("all that you say is kept as the context of one event, and context ")
    assert not valkey.keys("stated:*")
    shopper_id = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    valkey.set(f"stated:{shopper_id}", b"1 {}")  # nor does one that an earlier version let in
    for path in ("/v1/me/taste", "/v1/recommendations", "/v1/listings"):
        assert (await api.get(path, headers=shopper)).status_code == 200


@pytest.mark.usefixtures("stock")
async def test_what_changed_a_taste_can_be_told_in_any_language(
    api: httpx.AsyncClient, shopper: dict[str, str], event: Make, database: Connection
) -> None:
    shopper_id = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    filters = {"make": ["Fiat"], "body": ["suv"], "max_price": 12_000}
    search = {"query": "panda", "filters": filters}
    bodies = [
        event("impression", listing_ids=["c0", "c1"]), event("view", listing_id="c0"), event("view", listing_id="gone"),
        event("search", context=search, currency="CZK"), event("search", context={"page": "search"}),
    ]  # fmt: skip
    now = datetime.now(UTC)
    stated = statement_event(Said(Stated(), reset=True), shopper_id, now)
    with database.transaction():
        archive(database, [*(parse(body, shopper_id=shopper_id, received_at=now) for body in bodies), stated])
    moments = (await api.get("/v1/me/taste", headers=shopper)).json()["timeline"]
    assert [(moment["text"], moment["facts"]) for moment in reversed(moments)] == [
        ("Viewed Fiat A", {"name": "Fiat A"}),
        ("Viewed a car that is gone", {}),
        ("Searched for SUV, Fiat, 12,000", {"query": "panda", "filters": filters, "currency": "CZK"}),
        ("Searched for everything", {}),
        ("Started afresh", {"reset": True}),
    ]


@pytest.mark.usefixtures("stock")
@pytest.mark.parametrize(
    ("block", "value", "dropped"),
    [
        ("make", "Fiat", ["c0", "c1"]),
        ("make", "Fia", []),
        ("model", "Kia B", ["c2", "c39"]),
        ("price", "28500", ["c39"]),
        ("price", "", ["c0", "c1", "c2", "c39"]),
        ("color", "", []),
    ],
)
async def test_what_is_forgotten_does_not_come_back_by_the_cars_looked_at(
    api: httpx.AsyncClient, shopper: dict[str, str], database: Connection, valkey: Valkey,
    block: str, value: str, dropped: list[str],
) -> None:  # fmt: skip
    """Two Fiats were looked at, a Kia at their price of about 9,000 € and one for 28,500 €."""
    shopper_id = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    now = datetime.now(UTC)
    looks = tuple(Recent(ListingId(i), 1.0, now.timestamp()) for i in ("c0", "c1", "c2", "c39", "gone"))
    save(database, {shopper_id: (replace(Taste.empty(now), version=1, recent=looks), None)})
    interests = (await api.get("/v1/me/taste", headers=shopper)).json()["interests"]
    after = await say(api, shopper, forget=[{"block": block, "value": value}])
    (said,) = [decode(p) for i in range(8) for _, p in entries(valkey, f"activity:{i}")]
    assert said.context.get("drop", []) == dropped
    assert (after["interests"] == interests) == (not dropped)


@pytest.mark.usefixtures("stock")
async def test_what_is_believed_is_told_strongest_first_and_against_what_there_is(
    api: httpx.AsyncClient, shopper: dict[str, str], car: Make, database: Connection
) -> None:
    """Of 42 cars 20 are Kias and 20 Fiats; 9 of 10 looks were at a Kia. Two of five cars in mind are sports cars."""
    for sports in ("s0", "s1"):
        body = car(sports, make="Porsche", model="911", body_type="coupe", price_amount=200_000, power_kw=400)
        await api.put(f"/v1/listings/{sports}", json=body, headers=WRITER)
    me = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    now = datetime.now(UTC)
    learned = Evidence.of({"make": {"Fiat": (0.0, 1.0, 4.0), "Kia": (1.0, 8.0, 0.0)}})
    looks = tuple(Recent(ListingId(i), 1.0, now.timestamp()) for i in ("c0", "c1", "c4", "s0", "s1"))
    save(database, {me: (Taste(as_of=now, version=1, event_count=5, evidence=learned, recent=looks), None)})
    told = (await api.get("/v1/me/taste", headers=shopper)).json()
    kia, fiat = told["statements"]
    assert [(x["value"], x["weight"]) for x in (kia, fiat)] == [
        ("Kia", pytest.approx(9, abs=0.01)),
        ("Fiat", pytest.approx(-3, abs=0.01)),
    ]
    assert kia["low"] < kia["lift"] < kia["high"]
    of_stock = 20 / 42
    for one, looks_at_it in ((kia, 9), (fiat, 1)):  # beside four by the shares of the stock
        wanted = (looks_at_it + 4 * of_stock) / (10 + 4)
        assert one["lift"] == pytest.approx(np.log(wanted / of_stock), abs=0.01)
    assert [x["share"] for x in told["interests"]] == pytest.approx([0.6, 0.4], abs=0.01)


async def test_no_client_may_send_a_state_event(api: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    event = {
        "event_id": str(uuid4()),
        "type": "state",
        "occurred_at": datetime.now(UTC).isoformat(),
        "context": {"stated": {}},
    }
    answer = await api.post("/v1/events", json={"events": [event]}, headers=shopper)
    assert answer.json()["results"][0]["status"] == "rejected"


async def do(api: httpx.AsyncClient, shopper: dict[str, str], event: dict[str, Any]) -> None:
    answer = await api.post("/v1/events", json={"events": [event]}, headers=shopper)
    assert answer.json()["results"][0]["status"] == "accepted"


async def log_in(api: httpx.AsyncClient, visit: dict[str, str] | None = None) -> dict[str, str]:
    answer = await api.post("/v1/token", json={"email": "john@example.com"}, headers=visit)
    return {"Authorization": f"Bearer {answer.json()['token']}"}


@pytest.mark.usefixtures("stock")
async def test_what_a_visit_hid_and_said_counts_from_the_moment_of_the_log_in(
    api: httpx.AsyncClient, shopper: dict[str, str], event: Make
) -> None:
    await do(api, shopper, event("hide", listing_id="c1"))
    await do(api, shopper, event("hide", listing_id="c2"))
    await do(api, shopper, event("unhide", listing_id="c2"))
    await say(api, shopper, personalised=False)
    account = await log_in(api, shopper)
    assert {x["listing_id"] for x in await slate(api, account)} == {f"c{i}" for i in range(40) if i != 1}
    assert (await api.get("/v1/me/taste", headers=account)).json()["personalised"] is False


@pytest.mark.usefixtures("stock")
async def test_what_an_account_showed_again_or_said_is_not_changed_by_a_visit(
    api: httpx.AsyncClient, shopper: dict[str, str], event: Make
) -> None:
    await do(api, shopper, event("hide", listing_id="c1"))
    await say(api, shopper, personalised=False)
    account = await log_in(api)
    await do(api, account, event("unhide", listing_id="c1"))
    await say(api, account, budget={"max": 12_000, "currency": "EUR"})
    await log_in(api, shopper)
    taste = (await api.get("/v1/me/taste", headers=account)).json()
    assert taste["personalised"] is True
    assert "c1" in {x["listing_id"] for x in await slate(api, account)}


@pytest.mark.usefixtures("stock")
async def test_a_visit_that_became_another_account_hides_nothing_from_this_one(
    api: httpx.AsyncClient, shopper: dict[str, str], event: Make, database: Connection
) -> None:
    await do(api, shopper, event("hide", listing_id="c1"))
    visit = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    merged = replace(Taste.empty(datetime.now(UTC)), version=1, merged_into="somebody-else")
    save(database, {visit: (merged, None)})
    account = await log_in(api, shopper)
    assert "c1" in {x["listing_id"] for x in await slate(api, account)}
