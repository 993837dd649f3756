"""A server asks for recommendations of its shoppers, with the secret key: nightly mail, pages made on a server."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from carousel.api.turns import Turns
from carousel.catalogue.listing import ListingId
from carousel.storage.postgres import Connection
from carousel.taste.repository import save
from carousel.taste.stated import Stated
from carousel.taste.taste import Recent, Taste

Make = Callable[..., dict[str, Any]]
WRITER = {"Authorization": "Bearer a secret key for tests"}
PATHS = ("/v1/recommendations", "/v1/recommendations/rows")


@pytest.fixture(autouse=True)
async def stock(api: httpx.AsyncClient, car: Make) -> None:
    rows = [car(f"c{i}", make=f"Make {i % 12}", model="M", price_amount=9_000 + 100 * i) for i in range(60)]
    assert (await api.post("/v1/listings:batch", json=rows, headers=WRITER)).json()["imported"] == 60


async def asked(api: httpx.AsyncClient, shopper_id: str, headers: dict[str, str] = WRITER, **query: Any) -> Any:
    answer = await api.get("/v1/recommendations", params={"shopper_id": shopper_id, **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def id_of(api: httpx.AsyncClient, shopper: dict[str, str]) -> str:
    shopper_id: str = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    return shopper_id


def ids(slate: dict[str, Any]) -> list[str]:
    return [listing["listing_id"] for listing in slate["listings"]]


async def test_a_server_gets_what_the_shopper_themselves_would_get(
    api: httpx.AsyncClient, shopper: dict[str, str], database: Connection
) -> None:
    me = await id_of(api, shopper)
    viewed = tuple(Recent(ListingId(f"c{i}"), 5.0, datetime.now(UTC).timestamp()) for i in (0, 12, 24))
    save(database, {me: (replace(Taste.empty(datetime.now(UTC)), version=3, event_count=3, recent=viewed), None)})
    own = (await api.get("/v1/recommendations", params={"placement": "email"}, headers=shopper)).json()
    asked_for = await asked(api, me, placement="email")
    assert ids(asked_for) == ids(own)
    assert asked_for["taste_version"] == 3
    assert not {"c0", "c12", "c24"} & set(ids(asked_for))
    assert (await asked(api, "s-somebody-else", placement="email"))["taste_version"] == 0
    rows = await api.get("/v1/recommendations/rows", params={"shopper_id": me}, headers=WRITER)
    assert rows.json()["personalised"] is True


async def test_the_slate_belongs_to_the_shopper_it_was_made_for(
    api: httpx.AsyncClient, shopper: dict[str, str]
) -> None:
    me = await id_of(api, shopper)
    slates = [await asked(api, one) for one in (me, "a-other", me)]
    assert len({slate["recommendation_id"] for slate in slates}) == 3
    for slate, owner in zip(slates, (me, "a-other", me), strict=True):
        told = await api.get(f"/v1/recommendations/{slate['recommendation_id']}/trace", headers=WRITER)
        assert told.json()["shopper_id"] == owner
    kept = (await api.get("/v1/me/export", headers=shopper)).json()["slates"]
    assert {slate["recommendation_id"] for slate in kept} == {
        slates[0]["recommendation_id"],
        slates[2]["recommendation_id"],
    }


@pytest.mark.parametrize("path", PATHS)
async def test_only_the_secret_key_names_a_shopper(
    api: httpx.AsyncClient, shopper: dict[str, str], path: str, database: Connection
) -> None:
    for named in ("a-other", await id_of(api, shopper)):
        refused = await api.get(path, params={"shopper_id": named}, headers=shopper)
        assert refused.status_code == 403
        assert [error["field"] for error in refused.json()["errors"]] == ["shopper_id"]
        assert (await api.get(path, params={"shopper_id": named})).status_code == 401
        wrong = {"Authorization": "Bearer another key"}
        assert (await api.get(path, params={"shopper_id": named}, headers=wrong)).status_code == 401
    for query in ({}, {"shopper_id": ""}, {"shopper_id": "a\x00"}, {"shopper_id": "a" * 65}):
        unnamed = await api.get(path, params=query, headers=WRITER)
        assert unnamed.status_code == 422
        assert [error["field"] for error in unnamed.json()["errors"]] == ["shopper_id"]
    assert database.execute("SELECT count(*) FROM slate").fetchone() == (0,)


async def test_what_a_shopper_hid_and_said_counts_for_the_server_too(
    api: httpx.AsyncClient, shopper: dict[str, str], event: Make, database: Connection
) -> None:
    me = await id_of(api, shopper)
    first = ids(await asked(api, me, n=60))[0]
    await api.post("/v1/events", json={"events": [event("hide", listing_id=first, shopper_id=me)]}, headers=WRITER)
    assert first not in ids(await asked(api, me, n=60))
    assert first in ids(await asked(api, "a-other", n=60))
    viewed = tuple(Recent(ListingId(f"c{i}"), 5.0, datetime.now(UTC).timestamp()) for i in range(4))
    unwilling = replace(
        Taste.empty(datetime.now(UTC)), version=5, event_count=4, recent=viewed, stated=Stated(personalised=False)
    )
    save(database, {"a-unwilling": (unwilling, None)})
    rows = await api.get("/v1/recommendations/rows", params={"shopper_id": "a-unwilling"}, headers=WRITER)
    assert rows.json()["personalised"] is False


async def test_nothing_of_an_erased_shopper_is_shown_again_also_while_it_is_busy(
    api: httpx.AsyncClient, shopper: dict[str, str], database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slates stay in the cache for minutes, and a busy service shows the last one."""
    me = await id_of(api, shopper)
    save(database, {me: (replace(Taste.empty(datetime.now(UTC)), version=7, event_count=7), None)})
    assert (await asked(api, me))["taste_version"] == 7
    assert (await api.delete("/v1/me", headers=shopper)).status_code == 200
    monkeypatch.setattr(Turns, "is_busy", True)
    assert (await asked(api, me))["taste_version"] == 0
    assert (await api.get("/v1/recommendations", headers=shopper)).status_code == 401


async def test_a_slate_for_a_page_is_about_its_car_and_leaves_it_out(
    api: httpx.AsyncClient, shopper: dict[str, str], car: Make
) -> None:
    bodies = ("wagon", "suv", "coupe")
    cars = [
        car(f"{make}{i}", make=make, model="M", body_type=body, price_amount=price + 50 * i, mileage_km=40_000 + i)
        for make, body, price in zip(("Kia", "BMW", "Fiat"), bodies, (18_000, 60_000, 6_000), strict=True)
        for i in range(20)
    ]
    await api.post("/v1/listings:batch", json=cars, headers=WRITER)
    plain = (await api.get("/v1/recommendations", params={"placement": "detail"}, headers=shopper)).json()
    on = {"placement": "detail", "listing_id": "BMW3"}
    for headers, named in ((shopper, {}), (WRITER, {"shopper_id": "a-other"})):
        answer = await api.get("/v1/recommendations", params=on | named, headers=headers)
        beside = answer.json()
        assert "BMW3" not in ids(beside)
        path = f"/v1/recommendations/{beside['recommendation_id']}/trace"
        for listing_id, outcome in (("BMW3", ("removed", "on_page")), (ids(beside)[0], ("shown", None))):
            told = (await api.get(path, params={"listing_id": listing_id}, headers=WRITER)).json()
            assert (told["why"]["outcome"], told["why"]["removed_by"]) == outcome
            assert told["filters"] == {"listing_id": "BMW3"}
        assert beside["recommendation_id"]
        assert beside["listings"][0]["make"] == "BMW"
        assert {"code": "viewed", "text": "Like the BMW M you viewed"} in beside["listings"][0]["reasons"]
        made_by = [listing["make"] for listing in beside["listings"]]
        assert made_by.count("BMW") > [listing["make"] for listing in plain["listings"]].count("BMW")
    other = await api.get("/v1/recommendations", params=on | {"listing_id": "Fiat1"}, headers=shopper)
    assert other.json()["listings"][0]["make"] == "Fiat"
    unknown = await api.get("/v1/recommendations", params=on | {"listing_id": "nobody"}, headers=shopper)
    assert unknown.status_code == 404
    assert unknown.json()["errors"][0]["field"] == "listing_id"


async def test_a_page_of_a_sold_listing_does_not_show_the_same_car_as_its_alternative(
    api: httpx.AsyncClient, second_api: httpx.AsyncClient, shopper: dict[str, str], car: Make
) -> None:
    said = {"mileage_km": 91_234, "city": "Brno", "title": "Octavia combi, serviced, one owner"}
    for name, month in (("old", "01"), ("older", "02"), ("again", "03")):
        await api.put(
            f"/v1/listings/{name}", json=car(name, listed_at=f"2026-{month}-01T00:00:00Z", **said), headers=WRITER
        )
        if name != "again":
            await api.patch(f"/v1/listings/{name}", json={"status": "sold"}, headers=WRITER)
    for client in (api, second_api):
        shown = ids((await client.get("/v1/recommendations", params={"n": 100}, headers=shopper)).json())
        assert "again" in shown
        for name in ("old", "older", "again"):
            query = {"n": 100, "listing_id": name}
            beside = ids((await client.get("/v1/recommendations", params=query, headers=shopper)).json())
            assert set(shown) - set(beside) == {"again"}
