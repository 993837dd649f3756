"""Search over the snapshot: filters, facets, sorting, paging."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from carousel.catalogue import search
from carousel.catalogue.listing import Listing, ListingId, name_key, slug
from carousel.catalogue.search import Filters
from carousel.catalogue.snapshot import Snapshot, _row
from carousel.errors import InputError

Build = Callable[[Sequence[Listing]], Snapshot]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def car(
    listing_id: str, make: str = "Škoda", model: str = "Octavia", price: int | None = 10_000, **fields: Any
) -> Listing:
    fields.setdefault("model_year", 2019)
    return Listing(
        listing_id=ListingId(listing_id), make=make, model=model, listed_at=fields.pop("listed_at", NOW),
        price_amount=None if price is None else Decimal(price), price_currency=fields.pop("currency", "EUR"), **fields,
    )  # fmt: skip


@pytest.fixture
def stock(snapshot_of: Build) -> Snapshot:
    return snapshot_of(
        [
            car(
                "octavia", price=15_000, fuel_type="diesel", body_type="wagon", mileage_km=80_000, lat=50.08, lon=14.43
            ),
            car(
                "fabia",
                model="Fabia",
                price=9_000,
                fuel_type="petrol",
                body_type="hatchback",
                mileage_km=40_000,
                lat=49.2,
                lon=16.6,
                listed_at=NOW + timedelta(seconds=1),
            ),
            car(
                "golf",
                "Volkswagen",
                "Golf",
                12_000,
                fuel_type="petrol",
                body_type="hatchback",
                model_year=2021,
                power_kw=85,
            ),
            car("polo", "Volkswagen", "Polo", None, fuel_type="petrol"),
            car("gone", "Volkswagen", "Golf", 11_000, fuel_type="petrol", status="sold"),
        ]
    )


def ids(snapshot: Snapshot, filters: Filters) -> set[str]:
    mask = search.matching(snapshot, search.masks(snapshot, filters, "EUR"))
    return {snapshot.ids[row] for row in np.flatnonzero(mask)}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, {"octavia", "fabia", "golf", "polo"}),
        ({"make": ("skoda",)}, {"octavia", "fabia"}),
        ({"make": ("SKODA", "Volkswagen"), "fuel": ("petrol",)}, {"fabia", "golf", "polo"}),
        ({"model": ("Octavia",)}, {"octavia"}),
        ({"model": ("Volkswagen Golf",)}, {"golf"}),
        ({"max_price": 12_000}, {"fabia", "golf"}),
        ({"min_price": 12_000}, {"octavia", "golf"}),
        ({"min_year": 2020}, {"golf"}),
        ({"max_year": 2019}, {"octavia", "fabia", "polo"}),
        ({"max_mileage_km": 40_000}, {"fabia"}),
        ({"near": (50.0, 14.5), "radius_km": 50}, {"octavia"}),
        ({"min_power_kw": 85}, {"golf"}),
        ({"listed_after": NOW}, {"fabia"}),
        ({"make": ("Trabant",)}, set()),
    ],
)
def test_filters_find_what_they_name(stock: Snapshot, filters: dict[str, Any], found: set[str]) -> None:
    assert ids(stock, Filters(**filters)) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"make": ("лада",)}, {"vesta", "granta"}),
        ({"model": ("Лада Веста",)}, {"vesta"}),
        ({"model": ("веста",)}, {"vesta"}),
        ({"make": ("ГАЗ", "比亚迪")}, {"volga", "han"}),
        ({"make": ("???",)}, {"signs"}),
        ({"make": ("!!!",)}, set()),
        ({"make": ("",)}, set()),
    ],
)
def test_names_in_every_script_are_told_apart(snapshot_of: Build, filters: dict[str, Any], found: set[str]) -> None:
    snapshot = snapshot_of(
        [
            car("vesta", "Лада", "Веста"), car("granta", "Лада", "Гранта"), car("volga", "ГАЗ", "Волга"),
            car("han", "比亚迪", "汉"), car("signs", "???", "!"), car("octavia"),
        ]
    )  # fmt: skip
    assert ids(snapshot, Filters(**filters)) == found
    assert search.suggestions(snapshot, "Лад", 1) == [("make", "Лада", 2)]
    assert search.suggestions(snapshot, "лада ве", 9) == [("model", "Лада Веста", 1)]
    assert search.suggestions(snapshot, "?!", 9) == []


@pytest.mark.parametrize(
    "name", ["Mercedes-Benz", "Škoda", "Cee'd", "Citroën ë-C3", "Łada Ø5", "ID. Buzz", "500 ABARTH"]
)
def test_a_latin_name_is_found_by_its_slug(name: str) -> None:
    assert name_key(name) == slug(name)


def test_a_price_that_changed_counts_in_every_currency_at_once(stock: Snapshot) -> None:
    fabia = stock.row_of["fabia"]
    before = {currency: stock.prices_in(currency)[fabia] for currency in ("EUR", "CZK")}
    stock.apply([_row(2, car("fabia", model="Fabia", price=4_500))])
    assert {currency: stock.prices_in(currency)[fabia] * 2 for currency in before} == before


def test_a_price_filter_in_another_currency_compares_by_value(stock: Snapshot) -> None:
    assert ids(stock, Filters(max_price=300_000, currency="CZK")) == {"fabia", "golf"}


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"min_price": 2, "max_price": 1}, "min_price"),
        ({"radius_km": 5}, "near"),
        ({"currency": "XXX"}, "currency"),
        ({"listed_after": datetime(2026, 3, 1)}, "listed_after"),  # noqa: DTZ001 - the mistake itself
    ],
)
def test_filters_that_cannot_be_meant_name_the_field(filters: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as raised:
        Filters(**filters)
    assert raised.value.field == field


def test_a_facet_is_counted_under_all_filters_but_its_own(stock: Snapshot) -> None:
    found = search.masks(stock, Filters(make=("Skoda",), fuel=("petrol",)), "EUR")
    counted = search.facets(stock, found)
    assert {f["value"]: f["count"] for f in counted["make"]} == {"Škoda": 1, "Volkswagen": 2}
    assert {f["value"]: f["count"] for f in counted["fuel"]} == {"diesel": 1, "petrol": 1}
    assert {f["value"]: f["count"] for f in counted["model"]} == {"Škoda Fabia": 1}


@pytest.mark.parametrize("asked", [{"min_power_kw": 85}, {"listed_after": NOW}, {"near": (50.0, 14.5)}])
def test_a_search_that_asks_for_something_is_not_empty(asked: dict[str, Any]) -> None:
    assert not Filters(**asked).is_empty()
    assert Filters(currency="EUR").is_empty()


def test_a_page_of_none_only_counts(stock: Snapshot) -> None:
    page = search.page(stock.numbers("year"), stock.active, stock.no, cursor=None, n=0)
    assert (len(page.rows), page.next_cursor) == (0, None)


@pytest.mark.parametrize(
    ("sort", "field", "descending"),
    [
        ("newest", "listed_at", True),
        ("price_asc", "price_amount", False),
        ("price_desc", "price_amount", True),
        ("mileage_asc", "mileage_km", False),
        ("year_desc", "model_year", True),
    ],
)
@pytest.mark.parametrize("n", [1, 3, 7, 40])
def test_pages_show_every_listing_once_in_order(
    snapshot_of: Build, sort: search.Sort, field: str, descending: bool, n: int
) -> None:
    """Those that say the same in the order of the catalogue, and who says nothing last."""
    rng = np.random.default_rng(5)
    numbers = rng.integers(0, 6, (40, 4)).tolist()
    listings = [
        car(
            str(i), price=1_000 * price if price else None, mileage_km=mileage or None, model_year=2_000 + year,
            listed_at=NOW - timedelta(days=days),
        )
        for i, (price, mileage, year, days) in enumerate(numbers)
    ]  # fmt: skip
    snapshot = snapshot_of(listings)
    keys = search.sort_keys(snapshot, sort, currency="EUR")
    seen: list[int] = []
    cursor = None
    while True:
        page = search.page(keys, snapshot.active, snapshot.no, cursor=cursor, n=n)
        seen += page.rows.tolist()
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    said = {x.listing_id: getattr(x, field) for x in listings}
    in_order = sorted((i for i in said if said[i] is not None), key=said.__getitem__, reverse=descending)
    assert [snapshot.ids[row] for row in seen] == in_order + [i for i in said if said[i] is None]


def test_listings_that_arrive_between_pages_move_no_other(snapshot_of: Build) -> None:
    first = snapshot_of([car(str(i), price=1_000 * i) for i in range(1, 7)])
    keys = search.sort_keys(first, "price_asc", currency="EUR")
    page = search.page(keys, first.active, first.no, cursor=None, n=3)
    later = snapshot_of([*(car(str(i), price=1_000 * i) for i in range(1, 7)), car("cheap", price=1)])
    keys = search.sort_keys(later, "price_asc", currency="EUR")
    rest = search.page(keys, later.active, later.no, cursor=page.next_cursor, n=9)
    assert [later.ids[r] for r in rest.rows] == ["4", "5", "6"]


@pytest.mark.parametrize("cursor", ["", "x", "bm9uc2Vuc2U", "W10", "eyJhIjoxfQ"])
def test_a_made_up_cursor_is_refused(stock: Snapshot, cursor: str) -> None:
    with pytest.raises(InputError, match="next_cursor"):
        search.page(stock.numbers("year"), stock.active, stock.no, cursor=cursor, n=2)


def test_distance_sorts_by_the_way_there(stock: Snapshot) -> None:
    keys = search.sort_keys(stock, "distance", currency="EUR", near=(49.2, 16.6))
    page = search.page(keys, stock.active, stock.no, cursor=None, n=2)
    assert [stock.ids[r] for r in page.rows] == ["fabia", "octavia"]
    assert keys[stock.row_of["octavia"]] == pytest.approx(185, abs=5)  # Brno to Prague


def test_base_rates_are_the_shares_of_what_is_on_sale(stock: Snapshot) -> None:
    rates = stock.base_rates()
    fuels = dict(zip(stock.vocabularies["fuel"].values, rates["fuel"], strict=True))
    assert fuels["petrol"] == 0.75
    assert rates["year"].sum() == pytest.approx(1)
    assert rates["price"].sum() == pytest.approx(1)
