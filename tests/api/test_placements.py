"""A marketplace's placements file over HTTP: rules, caps, variants, and the cache that knows of them."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from carousel.errors import StartError
from carousel.recommend.repository import counts
from carousel.settings import Settings
from carousel.storage.postgres import Connection

Make = Callable[..., dict[str, Any]]
Running = Callable[[Settings], AbstractAsyncContextManager[httpx.AsyncClient]]
WRITER = {"Authorization": "Bearer a secret key for tests"}
MAKES = ("Škoda", "Volkswagen", "BMW", "Kia", "Ford", "Opel", "Fiat", "Mazda", "Seat", "Audi")
RULES = """
[default]
exploration = 0
diversity = 0

[email]
caps = { make = 1, model = 1, merchant = 2 }

[[rules]]
name = "never without a price"
action = "exclude"
where = { missing = "price" }
placements = ["email"]

[[rules]]
name = "dealer 3 is ours"
action = "boost"
amount = 3
where = { merchant = "dealer 3" }

[[rules]]
name = "dealer 5 has left"
action = "exclude"
where = { merchant = "dealer 5" }

[[experiments]]
name = "wider"
placements = "saved"

[experiments.variants.control]
share = 0.5

[experiments.variants.bold]
share = 0.5
caps = { make = 1 }
"""


@pytest.fixture
def stock(car: Make) -> list[dict[str, Any]]:
    """60 cars of 10 makes, make by make, from 12 dealers; every fourth without a price."""
    return [
        car(
            f"c{no}",
            make=MAKES[no // 6],
            model=f"model {no % 3}",
            seller_id=f"dealer {no % 12}",
            price_amount=None if no % 4 == 0 else 15_000,
        )
        for no in range(60)
    ]


@pytest.fixture
def with_rules(settings: Settings, tmp_path: Path) -> Settings:
    file = tmp_path / "placements.toml"
    file.write_text(RULES)
    return settings.model_copy(update={"placements_file": file})


@pytest.fixture
async def ruled(
    with_rules: Settings, stock: list[dict[str, Any]], running: Running
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API with the rules above, and the stock in it."""
    async with running(with_rules) as client:
        lines = b"\n".join(map(orjson.dumps, stock))
        answer = await client.post("/v1/listings:batch", content=lines, headers=WRITER)
        assert answer.is_success, answer.text
        yield client


async def somebody(api: httpx.AsyncClient) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await api.post('/v1/session')).json()['token']}"}


async def ask(api: httpx.AsyncClient, shopper: dict[str, str], placement: str, n: int = 10) -> dict[str, Any]:
    answer = await api.get("/v1/recommendations", params={"placement": placement, "n": n}, headers=shopper)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def dealers(slate: dict[str, Any]) -> list[str]:
    return [x["seller_id"] for x in slate["listings"]]


async def test_a_boosted_dealer_rises_and_an_excluded_one_vanishes(
    api: httpx.AsyncClient, ruled: httpx.AsyncClient
) -> None:
    shopper = await somebody(api)
    plain, slate = await ask(api, shopper, "home", 100), await ask(ruled, shopper, "home", 100)
    assert "dealer 5" in dealers(plain)
    assert "dealer 5" not in dealers(slate)
    assert dealers(plain)[:3] != ["dealer 3"] * 3
    assert dealers(slate)[:3] == ["dealer 3"] * 3
    assert Counter(dealers(await ask(ruled, shopper, "home")))["dealer 3"] <= 4


async def test_a_new_listing_of_an_excluded_dealer_is_not_shown_either(ruled: httpx.AsyncClient, car: Make) -> None:
    shopper = await somebody(ruled)
    assert "dealer 4" in dealers(await ask(ruled, shopper, "home", 100))
    for listing_id, seller in (("new", "dealer 4"), ("unwanted", "dealer 5")):
        await ruled.put(f"/v1/listings/{listing_id}", json=car(listing_id, seller_id=seller), headers=WRITER)
    found = {x["listing_id"] for x in (await ask(ruled, shopper, "home", 100))["listings"]}
    assert found & {"new", "unwanted"} == {"new"}


async def test_an_email_has_prices_and_no_make_twice_while_other_pages_do(ruled: httpx.AsyncClient) -> None:
    shopper = await somebody(ruled)
    email, home = [(await ask(ruled, shopper, placement))["listings"] for placement in ("email", "home")]
    assert len(email) == len({x["make"] for x in email}) == 10
    assert max(Counter(x["seller_id"] for x in email).values()) <= 2
    assert all(x["price_amount"] for x in email)
    everything = (await ask(ruled, shopper, "home", 100))["listings"]
    assert not all(x.get("price_amount") for x in everything)
    assert len({x["make"] for x in home}) < 10


async def test_a_shopper_stays_in_a_variant_in_every_process(
    ruled: httpx.AsyncClient, with_rules: Settings, running: Running
) -> None:
    seen = Counter[str]()
    async with running(with_rules) as other:
        for _ in range(30):
            shopper = await somebody(ruled)
            slates = [await ask(api, shopper, "saved") for api in (ruled, other, ruled)]
            variant = slates[0]["variant"]
            assert {slate["variant"] for slate in slates} == {variant}
            makes = {x["make"] for x in slates[0]["listings"]}
            assert len(makes) == 10 if variant == "wider:bold" else len(makes) < 10
            seen[variant] += 1
            assert (await ask(ruled, shopper, "home"))["variant"] is None
    assert set(seen) == {"wider:control", "wider:bold"}


async def test_another_file_makes_another_slate_at_once(
    ruled: httpx.AsyncClient, with_rules: Settings, running: Running, tmp_path: Path
) -> None:
    """Both share the cache of slates."""
    shopper = await somebody(ruled)
    before = await ask(ruled, shopper, "home")
    assert "dealer 3" in dealers(before)
    file = tmp_path / "other.toml"
    file.write_text(RULES.replace('where = { merchant = "dealer 5" }', 'where = { merchant = "dealer 3" }'))
    async with running(with_rules.model_copy(update={"placements_file": file})) as other:
        assert "dealer 3" not in dealers(await ask(other, shopper, "home"))
    assert dealers(await ask(ruled, shopper, "home")) == dealers(before)


async def test_a_bad_file_stops_the_start(settings: Settings, running: Running, tmp_path: Path) -> None:
    file = tmp_path / "placements.toml"
    file.write_text("[home]\nexplorations = 0.1\n")
    with pytest.raises(StartError, match=r"home\.explorations: there is no such key; did you mean 'exploration'\?"):
        async with running(settings.model_copy(update={"placements_file": file})):
            pass


async def test_a_slate_keeps_the_shares_it_was_served_under(ruled: httpx.AsyncClient, database: Connection) -> None:
    shopper = {"Authorization": f"Bearer {(await ruled.post('/v1/session')).json()['token']}"}
    for placement in ("saved", "email"):
        slate = (await ruled.get("/v1/recommendations", params={"placement": placement}, headers=shopper)).json()
        await ruled.get(f"/v1/recommendations/{slate['recommendation_id']}/trace", headers=WRITER)  # writes the slate
    kept = {own.placement: list(own.shares.items()) for own in counts(database, days=1)}
    assert kept == {"saved": [("wider", {"control": 0.5, "bold": 0.5})], "email": []}
