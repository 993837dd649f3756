"""Writing, reading and searching the catalogue over HTTP."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from carousel.catalogue.listing import ListingId
from carousel.catalogue.repository import set_status
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey
from carousel.taste.repository import save
from carousel.taste.taste import Hide, Taste

Car = Callable[..., dict[str, Any]]
WRITER = {"Authorization": "Bearer a secret key for tests"}


async def put(api: httpx.AsyncClient, car: dict[str, Any]) -> dict[str, Any]:
    answer = await api.put(f"/v1/listings/{car['listing_id']}", json=car, headers=WRITER)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def found(api: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await api.get("/v1/listings", params=query)
    assert answer.status_code == 200, answer.text
    return [listing["listing_id"] for listing in answer.json()["listings"]]


async def test_a_stored_listing_can_be_read_with_every_field(api: httpx.AsyncClient, car: Car) -> None:
    sent = car("a", features=["abs"], price_amount=14_999.99, attributes={"paint": "matt"}, accident_free=True)
    assert await put(api, sent) == {"imported": 1, "updated": 0, "unchanged": 0, "rejected": []}
    read = (await api.get("/v1/listings/a")).json()
    assert {name: read[name] for name in sent} == sent
    assert read["status"] == "active"
    assert read["listed_at"].endswith("Z")


async def test_writing_the_same_again_changes_nothing(api: httpx.AsyncClient, car: Car) -> None:
    await put(api, car("a"))
    assert (await put(api, car("a")))["unchanged"] == 1
    assert (await put(api, car("a", price_amount=1_000)))["updated"] == 1


async def test_a_listing_is_found_by_the_next_request_of_any_process(
    api: httpx.AsyncClient, second_api: httpx.AsyncClient, car: Car
) -> None:
    assert await found(second_api) == []
    await put(api, car("a"))
    for client in (api, second_api):
        assert await found(client, q="skoda octa") == ["a"]


@pytest.mark.parametrize("write", ["sold", "delete"])
async def test_a_listing_that_left_the_market_is_nowhere_once_its_write_returned(
    api: httpx.AsyncClient, second_api: httpx.AsyncClient, car: Car, write: str, shopper: dict[str, str]
) -> None:
    """In a loop under load: readers in both processes, a writer in one."""
    for i in range(24):
        await put(api, car(f"c{i}", price_amount=10_000 + i))
    gone: set[str] = set()
    done = asyncio.Event()
    served = 0

    async def read(client: httpx.AsyncClient, path: str) -> None:
        nonlocal served
        while not done.is_set():
            known_gone = set(gone)
            answer = await client.get(path, headers=shopper)
            if answer.status_code != 404:
                assert answer.status_code == 200, answer.text
                shown = {listing["listing_id"] for listing in answer.json()["listings"]}
                assert not shown & known_gone, path
                served += 1

    paths = ("/v1/listings?n=50", "/v1/recommendations?n=20", "/v1/listings/c0/similar?n=20")
    readers = [asyncio.create_task(read(client, path)) for client in (api, second_api) for path in paths]
    for i in range(1, 24):
        if write == "sold":
            answer = await api.patch(f"/v1/listings/c{i}", json={"status": "sold"}, headers=WRITER)
        else:
            answer = await api.delete(f"/v1/listings/c{i}", headers=WRITER)
        assert answer.status_code in (200, 204), answer.text
        gone.add(f"c{i}")
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    done.set()
    await asyncio.gather(*readers)
    assert served > 30
    assert await found(second_api) == ["c0"]


async def test_open_pages_hear_of_every_way_a_car_leaves_the_market(
    api: httpx.AsyncClient, car: Car, valkey: Valkey
) -> None:
    with valkey.pubsub(ignore_subscribe_messages=True) as pages:
        pages.subscribe("listings")
        assert pages.get_message(timeout=2) is None
        for status in ("active", "reserved", "sold", "expired", "withdrawn"):
            await put(api, car("a", status=status))
        await put(api, car("b"))
        assert (await api.delete("/v1/listings/b", headers=WRITER)).status_code == 204
        heard = [orjson.loads(message["data"]) for _ in range(5) if (message := pages.get_message(timeout=2))]
    left = [("a", "reserved"), ("a", "sold"), ("a", "expired"), ("a", "withdrawn"), ("b", "withdrawn")]
    assert heard == [{"listing_ids": [listing_id], "status": status} for listing_id, status in left]


async def test_a_change_that_waited_for_a_sale_does_not_undo_it(
    api: httpx.AsyncClient, car: Car, database: Connection
) -> None:
    await put(api, car("a", price_amount=9_900))
    with database.transaction():
        database.execute("SELECT FROM listing WHERE listing_id = 'a' FOR UPDATE")
        change = asyncio.create_task(api.patch("/v1/listings/a", json={"price_amount": 9_000}, headers=WRITER))
        await asyncio.sleep(0.3)  # it is under way and waits
        set_status(database, [ListingId("a")], "sold")
    assert (await change).status_code == 200
    now = (await api.get("/v1/listings/a")).json()
    assert (now["status"], now["price_amount"]) == ("sold", 9_000)


async def test_a_listing_remembers_its_prices_and_can_be_sent_back_as_it_was_read(
    api: httpx.AsyncClient, car: Car
) -> None:
    for price in (9_900, 9_500):
        await put(api, car("a", price_amount=price))
    read = (await api.get("/v1/listings/a")).json()
    assert [price["amount"] for price in read["price_history"]] == [9_900, 9_500]
    assert (await put(api, read))["unchanged"] == 1
    changed = await api.patch("/v1/listings/a", json={"price_amount": 9_000, "price_history": []}, headers=WRITER)
    assert changed.status_code == 200
    history = (await api.get("/v1/listings/a")).json()["price_history"]
    assert [price["amount"] for price in history] == [9_900, 9_500, 9_000]


async def test_a_patch_dates_the_price_by_its_own_time_and_a_sale_by_its_day(api: httpx.AsyncClient, car: Car) -> None:
    long_ago = "2025-01-02T00:00:00Z"
    await put(api, car("a", price_amount=9_900, listed_at=long_ago, updated_at=long_ago))

    async def patched(**said: Any) -> dict[str, Any]:
        answer = await api.patch("/v1/listings/a", json=said, headers=WRITER)
        assert answer.status_code == 200, answer.text
        return dict((await api.get("/v1/listings/a")).json())

    first, second = (await patched(price_amount=9_500))["price_history"]
    assert first["at"] == long_ago
    assert second["at"][:4] >= "2026"
    later = "2199-01-01T00:00:00Z"
    assert (await patched(price_amount=9_000, updated_at=later))["price_history"][-1]["at"] == later
    assert (await patched(status="sold"))["sold_at"][:4] >= "2026"
    assert "sold_at" not in await patched(status="active")
    assert (await patched(status="sold", sold_at=long_ago))["sold_at"] == long_ago
    assert (await patched(doors=5))["sold_at"] == long_ago


async def test_patch_changes_only_what_it_names(api: httpx.AsyncClient, car: Car) -> None:
    await put(api, car("a", color_name="Magic Black", doors=5))
    answer = await api.patch("/v1/listings/a", json={"price_amount": 9_000, "color_name": None}, headers=WRITER)
    assert answer.status_code == 200, answer.text
    read = (await api.get("/v1/listings/a")).json()
    assert read["price_amount"] == 9_000
    assert read["doors"] == 5
    assert "color_name" not in read


async def batch(api: httpx.AsyncClient, rows: list[dict[str, Any]], **query: Any) -> dict[str, Any]:
    answer = await api.post("/v1/listings:batch", json=rows, params=query, headers=WRITER)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_batch_of_patches_changes_only_what_each_line_names(api: httpx.AsyncClient, car: Car) -> None:
    for name in ("a", "b", "c"):
        await put(api, car(name, doors=5, images=["https://p.example/1.jpg"], source="shop"))
    rows = [
        {"listing_id": "a", "price_amount": 14_000},
        {"listing_id": "b", "status": "sold", "doors": None},
        {"listing_id": "a", "mileage_km": 51_000},
        {"listing_id": "a", "price_amount": -1},
        {"listing_id": "nobody", "price_amount": 14_000},
        {"listing_id": "a\x00", "price_amount": 14_000},
        {"price_amount": 14_000},
        {"listing_id": "c", "price_amount": 15_000, "status": None},
    ]
    answer = await batch(api, rows, patch=True)
    assert (answer["imported"], answer["updated"], answer["unchanged"]) == (0, 2, 1)
    assert [(r["line"], r["field"]) for r in answer["rejected"]] == [
        (4, "price_amount"), (5, "listing_id"), (6, "listing_id"), (7, "listing_id"),
    ]  # fmt: skip
    assert "no listing has the id 'nobody'" in answer["rejected"][1]["reason"]
    a, b = [(await api.get(f"/v1/listings/{name}")).json() for name in ("a", "b")]
    assert {**a, "price_amount": 15_000, "mileage_km": 50_000}.items() >= car("a", doors=5, source="shop").items()
    assert (a["price_amount"], a["mileage_km"], a["images"]) == (14_000, 51_000, ["https://p.example/1.jpg"])
    assert (b["status"], "doors" in b, "sold_at" in b) == ("sold", False, True)
    assert set(await found(api)) == {"a", "c"}


@pytest.mark.parametrize("write", ["put", "batch"])
async def test_what_replaces_a_listing_leaves_it_to_its_feed_and_sold(
    api: httpx.AsyncClient, car: Car, write: str
) -> None:
    feed = b"id,make,model,year,price\na,Skoda,Fabia,2020,9000\nb,Skoda,Fabia,2021,9500\nc,Skoda,Fabia,2019,7000\n"
    sent = {"source": "shop", "wait": True, "currency": "EUR"}
    assert (await api.post("/v1/imports", content=feed, params=sent, headers=WRITER)).json()["state"] == "done"
    await api.patch("/v1/listings/b", json={"status": "sold"}, headers=WRITER)
    sold_at = (await api.get("/v1/listings/b")).json()["sold_at"]
    rows = [car(name, model="Fabia", price_amount=8_000) for name in ("a", "b")]
    if write == "put":
        for row in rows:
            await put(api, row)
    else:
        await batch(api, rows)
    assert set(await found(api)) == {"a", "c"}
    sold = (await api.get("/v1/listings/b")).json()
    assert (sold["status"], sold["sold_at"], sold["price_amount"], sold["source"]) == ("sold", sold_at, 8_000, "shop")
    left = feed.splitlines(keepends=True)[0] + feed.splitlines(keepends=True)[-1]
    again = {**sent, "full_feed": True, "force": True}
    assert (await api.post("/v1/imports", content=left, params=again, headers=WRITER)).json()["state"] == "done"
    assert await found(api) == ["c"]
    await batch(api, [car("b", status="active", source="mine")])
    on_sale = (await api.get("/v1/listings/b")).json()
    assert (on_sale["status"], on_sale["source"]) == ("active", "mine")


UNSTORABLE = {
    "a NUL in a list": ({"images": ["a\x00"]}, "images"),
    "a NUL deep inside": ({"attributes": {"a": [{"b\x00": 1}]}}, "attributes"),
    "half of a surrogate pair": ({"attributes": {"a": "\ud800"}}, "attributes"),
    "half of a surrogate pair in a list": ({"images": ["\ud800"]}, "images"),
    "a deep nest": ({"attributes": {"a": json.loads("[" * 300 + "]" * 300)}}, "attributes"),
    "a time before the first year": ({"listed_at": "0001-01-01T00:00:00+14:00"}, "listed_at"),
    "a time after the last year": ({"sold_at": "9999-12-31T23:59:59-14:00"}, "sold_at"),
}


@pytest.mark.parametrize(("change", "field"), UNSTORABLE.values(), ids=UNSTORABLE)
async def test_what_cannot_be_stored_is_refused_by_name(
    api: httpx.AsyncClient, car: Car, change: dict[str, Any], field: str
) -> None:
    await put(api, car("a", doors=5))
    for method, path, body in (
        ("PUT", "/v1/listings/a", car("a") | change),
        ("PATCH", "/v1/listings/a", change),
        ("POST", "/v1/listings:batch", [car("a") | change]),
        ("POST", "/v1/listings:batch?patch=true", [{"listing_id": "a"} | change]),
    ):
        sent = json.dumps(body)  # as most clients do, halves of surrogate pairs escaped
        answer = await api.request(method, path, content=sent, headers=WRITER | {"Content-Type": "application/json"})
        if answer.status_code == 200:
            assert [rejected["field"] for rejected in answer.json()["rejected"]] in ([field], ["body"]), method
        else:
            assert answer.status_code == 422, answer.text
            assert [error["field"] for error in answer.json()["errors"]] in ([field], ["body"]), method
    assert (await api.get("/v1/listings/a")).json()["doors"] == 5


async def test_numbers_near_zero_and_backslashes_are_stored(api: httpx.AsyncClient, car: Car) -> None:
    attributes = {"path": r"C:\u0000", "largest": 2**64 - 1}
    await put(api, car("a", lat=1e-320, lon=-1e-46, attributes=attributes))
    assert (await api.get("/v1/listings/a")).json()["attributes"] == attributes
    assert await found(api, near="0,0", radius_km=1) == ["a"]
    larger = await api.put("/v1/listings/a", json=car("a", attributes={"largest": 2**64}), headers=WRITER)
    assert larger.status_code == 422
    assert "64 bits" in larger.text


async def test_a_patch_of_a_listing_from_before_a_rule_names_what_to_mend(
    api: httpx.AsyncClient, car: Car, database: Connection
) -> None:
    await put(api, car("a"))
    database.execute("UPDATE listing SET document = document::jsonb || '{\"doors\": -1}'")
    answer = await api.patch("/v1/listings/a", json={"price_amount": 9_000}, headers=WRITER)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["doors"])
    mended = await api.patch("/v1/listings/a", json={"price_amount": 9_000, "doors": 4}, headers=WRITER)
    assert mended.status_code == 200


@pytest.mark.parametrize("form", ["array", "object", "ndjson"])
async def test_a_batch_stores_the_good_and_reports_the_bad(api: httpx.AsyncClient, car: Car, form: str) -> None:
    rows = [car("a"), car("b", mileage_km=-1), car("c", make=""), {"listing_id": "d"}, car("e", colour="red")]
    content = {
        "array": orjson.dumps(rows),
        "object": orjson.dumps({"listings": rows}),
        "ndjson": b"\n".join(map(orjson.dumps, rows)),
    }[form]
    answer = await api.post("/v1/listings:batch", content=content, headers=WRITER)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["imported"] == 1
    assert [(r["line"], r["field"]) for r in body["rejected"]] == [
        (2, "mileage_km"), (3, "make"), (4, "make"), (5, "colour"),
    ]  # fmt: skip
    assert body["rejected"][-1]["reason"] == "'colour' is not known here; did you mean color_name?"
    assert await found(api) == ["a"]


async def test_a_line_of_a_batch_is_counted_with_the_blank_ones(api: httpx.AsyncClient, car: Car) -> None:
    content = b"\n".join([orjson.dumps(car("a")), b"", b"  ", orjson.dumps({"listing_id": "d"})])
    body = (await api.post("/v1/listings:batch", content=content, headers=WRITER)).json()
    assert [r["line"] for r in body["rejected"]] == [4]


async def test_search_answers_with_total_facets_and_the_next_page(api: httpx.AsyncClient, car: Car) -> None:
    for i in range(5):
        await put(api, car(f"s{i}", price_amount=10_000 + i))
    await put(api, car("k", make="Kia", model="Ceed", fuel_type="petrol", price_amount=10_000))
    answer = (await api.get("/v1/listings", params={"make": "skoda", "sort": "price_asc", "n": 3})).json()
    assert [x["listing_id"] for x in answer["listings"]] == ["s0", "s1", "s2"]
    assert answer["total"] == 5
    assert answer["currency"] == "EUR"
    assert {f["value"]: f["count"] for f in answer["facets"]["make"]} == {"Škoda": 5, "Kia": 1}
    query = {"make": "skoda", "sort": "price_asc", "n": 3, "cursor": answer["next_cursor"]}
    assert await found(api, **query) == ["s3", "s4"]


async def test_search_says_how_many_cars_lie_where(api: httpx.AsyncClient, car: Car) -> None:
    for i, price in enumerate((4_200, 4_800, 12_000)):
        await put(api, car(f"s{i}", price_amount=price, power_kw=110))
    answer = (await api.get("/v1/listings", params={"max_price": 5_000, "n": 0})).json()
    assert (answer["listings"], answer["total"], answer["next_cursor"]) == ([], 2, None)
    price = answer["ranges"]["price"]
    assert [(e, n) for e, n in zip(price["edges"], price["counts"], strict=True) if n] == [(4_000, 2), (12_000, 1)]
    assert sum(answer["ranges"]["power"]["counts"]) == 2


@pytest.mark.parametrize("sort", ["recommended", "newest", "price_asc"])
async def test_a_car_the_shopper_hid_is_in_no_search_and_not_counted(
    api: httpx.AsyncClient, car: Car, shopper: dict[str, str], database: Connection, sort: str
) -> None:
    for i in range(3):
        await put(api, car(f"c{i}"))
    shopper_id = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    save(
        database,
        {shopper_id: (replace(Taste.empty(datetime.now(UTC)), version=1, hidden={ListingId("c1"): Hide()}), None)},
    )
    answer = (await api.get("/v1/listings", params={"sort": sort}, headers=shopper)).json()
    assert {x["listing_id"] for x in answer["listings"]} == {"c0", "c2"}
    assert answer["total"] == 2


async def test_what_came_since_a_moment_can_be_counted(
    api: httpx.AsyncClient, second_api: httpx.AsyncClient, car: Car
) -> None:
    """A car that its seller lists again is not new."""
    old = {"mileage_km": 91_234, "city": "Brno", "title": "Octavia combi, serviced, one owner"}
    await put(api, car("old", listed_at="2026-03-01T08:00:00Z", **old))
    await put(api, car("new", listed_at="2026-03-05T08:00:00Z"))
    await put(api, car("old-again", listed_at="2026-03-06T08:00:00Z", **old))
    assert (await api.get("/v1/listings/old-again")).json()["first_listed_at"] == "2026-03-01T08:00:00Z"
    for client in (api, second_api):
        assert await found(client, listed_after="2026-03-02T00:00:00Z") == ["new"]
        assert await found(client, listed_after="2026-03-05T09:00:00+01:00") == []
        assert await found(client) == ["old-again", "new"]


@pytest.mark.parametrize("moment", ["yesterday", "2026-03-02T00:00:00", "2026-03-02T00:00:00 01:00"])
async def test_a_moment_that_is_none_is_refused_by_name(api: httpx.AsyncClient, moment: str) -> None:
    answer = await api.get("/v1/listings", params={"listed_after": moment})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["listed_after"]


async def test_similar_listings_are_the_nearest_and_not_the_car_itself(api: httpx.AsyncClient, car: Car) -> None:
    await put(api, car("a"))
    await put(api, car("b", price_amount=14_500))
    await put(api, car("c", make="Porsche", model="911", body_type="coupe", price_amount=90_000))
    similar = (await api.get("/v1/listings/a/similar")).json()["listings"]
    assert [x["listing_id"] for x in similar] == ["b", "c"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", "/v1/listings/a", {}), ("PATCH", "/v1/listings/a", {}), ("DELETE", "/v1/listings/a", None),
     ("POST", "/v1/listings:batch", [])],
)  # fmt: skip
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic a secret key for tests"])
async def test_writes_need_the_secret_key(
    api: httpx.AsyncClient, method: str, path: str, body: Any, authorization: str | None, shopper: dict[str, str]
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    assert (await api.request(method, path, json=body, headers=headers)).status_code == 401
    assert (await api.request(method, path, json=body, headers=shopper)).status_code == 401


async def test_a_database_that_went_back_is_read_anew(api: httpx.AsyncClient, car: Car, database: Connection) -> None:
    """As after a restored backup, under an API that kept running."""
    for name in ("kept", "of-after-the-backup"):
        await api.put(f"/v1/listings/{name}", json=car(name), headers=WRITER)
    assert (await api.get("/v1/listings")).json()["total"] == 2
    database.execute("DELETE FROM listing WHERE listing_id = 'of-after-the-backup'")
    database.execute("UPDATE catalogue_state SET revision = 1")
    for _ in range(50):
        found = (await api.get("/v1/listings")).json()["total"]
        if found == 1:
            break
        await asyncio.sleep(0.1)
    assert found == 1


# --- prices and suggestions


async def test_a_price_stands_among_those_of_comparable_cars(
    api: httpx.AsyncClient, car: Callable[..., dict[str, Any]]
) -> None:
    for i in range(30):
        price = 20_000 * 1.06 ** (i % 6) * (0.8 if i == 7 else 1)
        said = car(f"c{i}", model_year=2015 + i % 6, mileage_km=90_000, price_amount=round(price), fuel_type="petrol")
        await api.put(f"/v1/listings/c{i}", json=said, headers=WRITER)
    told = (await api.get("/v1/listings/c7/price")).json()
    assert told["compared"] == 29
    assert told["below"] == pytest.approx(0.2, abs=0.05)
    assert told["cheaper_than"] > 0.9
    assert told["expected"] * (1 - told["below"]) == pytest.approx(told["price"], rel=0.01)
    assert sum(own["count"] for own in told["bins"]) >= 27
    await api.put("/v1/listings/lone", json=car("lone", make="Bugatti", model="Veyron"), headers=WRITER)
    lone = (await api.get("/v1/listings/lone/price")).json()
    assert (lone["compared"], lone["expected"], lone["bins"]) == (0, None, [])
    assert (await api.get("/v1/listings/nobody/price")).status_code == 404


async def test_typing_finds_makes_and_models(api: httpx.AsyncClient, car: Callable[..., dict[str, Any]]) -> None:
    for i, (make, model) in enumerate(
        [("Škoda", "Octavia"), ("Škoda", "Octavia"), ("Škoda", "Fabia"), ("Mazda", "MX-5")]
    ):
        await api.put(f"/v1/listings/c{i}", json=car(f"c{i}", make=make, model=model), headers=WRITER)

    async def found(typed: str) -> list[tuple[str, str, int]]:
        answer = (await api.get("/v1/suggest", params={"q": typed})).json()
        return [(one["field"], one["value"], one["count"]) for one in answer["suggestions"]]

    assert await found("sko") == [("make", "Škoda", 3), ("model", "Škoda Octavia", 2), ("model", "Škoda Fabia", 1)]
    assert await found("octa") == [("model", "Škoda Octavia", 2)]
    assert await found("skoda fab") == [("model", "Škoda Fabia", 1)]
    assert await found("mx-5") == [("model", "Mazda MX-5", 1)]
    assert await found("zzz") == await found(" - ") == []


async def test_a_field_that_there_is_not_is_named_with_the_one_that_was_meant(api: httpx.AsyncClient, car: Car) -> None:
    answer = await api.put("/v1/listings/x", json={**car("x"), "fuel": "diesel"}, headers=WRITER)
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "field": "fuel", "message": "'fuel' is not known here; did you mean fuel_type?"
    }  # fmt: skip


async def test_a_body_that_is_not_said_to_be_json_is_told_so(api: httpx.AsyncClient, car: Car) -> None:
    headers = WRITER | {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await api.put("/v1/listings/x", content=orjson.dumps(car("x")), headers=headers)
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["detail"]


async def test_a_mistyped_parameter_writes_nothing(api: httpx.AsyncClient) -> None:
    cars = b"id,make,model,year,price\n1,Skoda,Fabia,2020,9000\n"
    answer = await api.post("/v1/imports?wait=true&dryrun=true", content=cars, headers=WRITER)
    assert answer.status_code == 422
    assert "did you mean dry_run?" in answer.json()["detail"]
    assert (await api.get("/v1/listings?n=0")).json()["total"] == 0
