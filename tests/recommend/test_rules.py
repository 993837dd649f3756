"""Rules take away what may not be shown and lift what should; caps hold; every knob of a placement counts."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carousel.catalogue.listing import Listing, ListingId
from carousel.catalogue.search import Filters
from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.dry_run import dry_run
from carousel.recommend.pipeline import Recommender
from carousel.recommend.placements import Placements, load
from carousel.recommend.query import Query, Slate
from carousel.recommend.rules import Rule, RuleBook, Where, matches
from carousel.recommend.slate import diversify
from carousel.taste.taste import Recent, Taste

Build = Callable[[Sequence[Listing]], Snapshot]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAKES = ("Škoda", "Volkswagen", "BMW", "Kia", "Ford", "Opel", "Fiat", "Mazda", "Seat", "Audi")


def car(no: int, **fields: Any) -> Listing:
    given: dict[str, Any] = {
        "listing_id": ListingId(f"car {no}"), "make": MAKES[no % 10], "model": f"model {no % 3}", "body_type": "suv",
        "fuel_type": "petrol", "price_amount": Decimal(10_000), "price_currency": "EUR", "model_year": 2018,
        "mileage_km": 50_000, "seller_id": f"dealer {no % 20}", "listed_at": NOW - timedelta(days=40), **fields,
    }  # fmt: skip
    return Listing(**given)


class Nothing:
    """Neighbours where no database runs."""

    async def near(self, _query: Query, _snapshot: Snapshot) -> dict[str, Any]:
        return {}


@pytest.fixture
def listings() -> list[Listing]:
    """300 cars of 10 makes, 3 models each, from 20 dealers; those of dealer 7 are the oldest."""
    return [car(no, listed_at=NOW - timedelta(days=90 if no % 20 == 7 else 40)) for no in range(300)]


def placements(tmp_path: Path, text: str) -> Placements:
    file = tmp_path / "own.toml"
    file.write_text(text)
    return load(file)


async def slate_of(
    snapshot: Snapshot, tmp_path: Path, text: str, *, placement: str = "home", n: int = 20, **query: Any
) -> Slate:
    own = placements(tmp_path, text)
    recommender = Recommender(Nothing(), exact_limit=10_000, placements=own)  # type: ignore[arg-type]
    query = {"shopper_id": "s", "taste": Taste.empty(NOW), "now": NOW, "placement": placement, "n": n, **query}
    return await recommender.recommend(Query(**query), snapshot)


def dealers(slate: Slate, listings: Sequence[Listing]) -> list[str | None]:
    return [x.seller_id for x in shown(slate, listings)]


def shown(slate: Slate, listings: Sequence[Listing]) -> list[Listing]:
    known = {x.listing_id: x for x in listings}
    return [known[ListingId(s.listing_id)] for s in slate.listings]


def rows_of(listings: Sequence[Listing], **where: Any) -> list[int]:
    return np.flatnonzero(matches(Where(**where), Snapshot.of(listings), NOW)).tolist()


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"make": ("skoda",)}, [0]),
        ({"make": ("Škoda", "Kia")}, [0, 3]),
        ({"make": ("Škoda",), "max_price": 9_000.0}, []),
        ({"merchant": ("dealer 2",)}, [2]),
        ({"merchant": ("nobody",)}, []),
        ({"missing": ("price",)}, [1]),
        ({"missing": ("price", "fuel")}, []),
        ({"min_price": 0.0}, [0, 2, 3]),
        ({"listed_within_days": 7.0}, [3]),
        ({"listed_for_days": 30.0}, [0, 1, 2]),
        ({"fuel": ("diesel",)}, [2]),
        ({"near": (50.0, 14.0), "radius_km": 20.0}, [2]),
    ],
)
def test_a_rule_is_about_what_its_conditions_say(where: dict[str, Any], found: list[int]) -> None:
    stock = [
        car(0), car(1, price_amount=None, price_currency=None), car(2, fuel_type="diesel", lat=50.1, lon=14.0),
        car(3, listed_at=NOW - timedelta(days=2)),
    ]  # fmt: skip
    assert rows_of(stock, **where) == found


async def test_an_excluded_dealer_vanishes_there_and_nowhere_else(
    snapshot_of: Build, listings: list[Listing], tmp_path: Path
) -> None:
    snapshot = snapshot_of(listings)
    text = "[[rules]]\nname = 'no 3'\naction = 'exclude'\nwhere = { merchant = 'dealer 3' }\nplacements = 'email'\n"
    email = await slate_of(snapshot, tmp_path, text, placement="email", n=100)
    assert "dealer 3" not in dealers(email, listings)
    assert email.removed == {"rule:no 3": 15}
    home = await slate_of(snapshot, tmp_path, text, n=100)
    assert "dealer 3" in dealers(home, listings)
    assert home.removed == {}


async def test_a_narrow_rule_leaves_a_full_slate(snapshot_of: Build, listings: list[Listing], tmp_path: Path) -> None:
    """12 of 3,000 cars are allowed; no source would find all of them by chance."""
    many = [*listings, *(car(no, seller_id="other") for no in range(300, 3_000))]
    text = "[[rules]]\nname = 'ours'\naction = 'only'\nwhere = { merchant = ['dealer 3'], make = 'Kia' }\n"
    slate = await slate_of(snapshot_of(many), tmp_path, text, n=12)
    assert dealers(slate, many) == ["dealer 3"] * 12
    assert slate.removed == {"rule:ours": 2_985}


async def test_a_boosted_dealer_rises_within_the_caps(
    snapshot_of: Build, listings: list[Listing], tmp_path: Path
) -> None:
    snapshot = snapshot_of(listings)
    before = await slate_of(snapshot, tmp_path, "", n=10)
    assert "dealer 7" not in dealers(before, listings)[:5]
    text = "[[rules]]\nname = 'ours'\naction = 'boost'\namount = 3\nwhere = { merchant = 'dealer 7' }\n"
    after = await slate_of(snapshot, tmp_path, text, n=10)
    assert dealers(after, listings)[:3] == ["dealer 7"] * 3
    assert dealers(after, listings).count("dealer 7") <= 4
    lowered = await slate_of(snapshot, tmp_path, text.replace("= 3", "= -3"), n=100)
    assert "dealer 7" not in dealers(lowered, listings)[:85]


async def test_caps_hold_as_long_as_there_are_others(
    snapshot_of: Build, listings: list[Listing], tmp_path: Path
) -> None:
    text = "[default]\nexploration = 0\n[email.caps]\nmake = 1\nmodel = 1\nmerchant = 1\n"
    boost = "[[rules]]\nname = 'ours'\naction = 'boost'\namount = 3\nwhere = { merchant = 'dealer 7' }\n"
    for extra in ("", boost, boost.replace("merchant = 'dealer 7'", "make = 'Kia'")):
        slate = shown(await slate_of(snapshot_of(listings), tmp_path, text + extra, placement="email", n=10), listings)
        assert len(slate) == 10
        assert max(Counter(x.make for x in slate).values()) == 1
        assert max(Counter(x.seller_id for x in slate).values()) == 1
    home = shown(await slate_of(snapshot_of(listings), tmp_path, text + boost, n=10), listings)
    assert 2 <= Counter(x.seller_id for x in home)["dealer 7"] <= 4


def test_a_boosted_giant_leaves_the_others_their_places(snapshot_of: Build) -> None:
    """200 of 220 listings are of one dealer and lifted above all others, more than compete without a boost."""
    snapshot = snapshot_of([car(no, seller_id="giant" if no < 200 else f"dealer {no}") for no in range(220)])
    rows = np.arange(220)
    scores = np.where(rows < 200, 3.0, 0.0).astype(np.float32)[None]
    chosen = diversify(snapshot, rows, scores, [1.0], 10, load().of("home", "s"), boosted=True)
    assert sum(row < 200 for row in chosen) == 4


def test_a_tight_cap_lets_more_makes_compete(snapshot_of: Build, tmp_path: Path) -> None:
    """300 listings of three makes are above the 30 of others."""
    snapshot = snapshot_of([car(no, make=MAKES[no % 3 if no < 300 else no % 10]) for no in range(330)])
    rows = np.arange(330)
    scores = np.where(rows < 300, 2.0, 0.0).astype(np.float32)[None]
    email = placements(tmp_path, "[email.caps]\nmake = 1\n").of("email", "s")
    chosen = diversify(snapshot, rows, scores, [1.0], 10, email)
    assert len(set(snapshot.codes("make")[chosen])) == 10


async def test_a_full_slate_comes_before_the_caps(snapshot_of: Build, tmp_path: Path) -> None:
    stock = [car(no, make="Kia", model="Rio", seller_id="one") for no in range(12)]
    slate = await slate_of(snapshot_of(stock), tmp_path, "[home.caps]\nmodel = 1\nmake = 1\nmerchant = 1\n", n=10)
    assert len(slate.listings) == 10


async def test_a_rule_holds_from_its_first_to_its_last_day(
    snapshot_of: Build, listings: list[Listing], tmp_path: Path
) -> None:
    snapshot = snapshot_of(listings)
    text = (
        "[[rules]]\nname = 'sale'\naction = 'only'\nwhere = { make = 'Kia' }\nfrom = 2026-03-01\nuntil = 2026-03-02\n"
    )
    for days, holds in ((-1, False), (0, True), (1, True), (2, False)):
        slate = await slate_of(snapshot, tmp_path, text, now=NOW + timedelta(days=days))
        assert ({x.make for x in shown(slate, listings)} == {"Kia"}) is holds


async def test_what_was_opened_is_shown_where_the_placement_says_so(
    snapshot_of: Build, listings: list[Listing], tmp_path: Path
) -> None:
    snapshot = snapshot_of(listings[:40])
    opened = tuple(Recent(ListingId(f"car {no}"), weight=1.0, at=NOW.timestamp()) for no in range(15))
    taste = replace(Taste.empty(NOW), recent=opened)
    for seen in ("true", "false"):
        slate = await slate_of(snapshot, tmp_path, f"[detail]\nseen = {seen}\n", placement="detail", n=25, taste=taste)
        again = {s.listing_id for s in slate.listings} & {r.listing_id for r in opened}
        assert bool(again) is (seen == "true")


async def test_distance_counts_where_it_has_a_weight(snapshot_of: Build, tmp_path: Path) -> None:
    stock = [car(no, lat=48 + no / 20, lon=14.0, seller_id=None) for no in range(40)]
    near, far = Filters(near=(48.0, 14.0)), Filters(near=(50.0, 14.0))
    text = "[home]\nexploration = 0\ndiversity = 0\n[home.weights]\ndistance = 3\n"
    for wanted, nearest in ((near, "car 0"), (far, "car 39")):
        slate = await slate_of(snapshot_of(stock), tmp_path, text, n=40, filters=wanted)
        assert slate.listings[0].listing_id == nearest
        counted = {s.listing_id: s.terms["distance"] for s in slate.listings}
        for no in range(40):  # 111.2 km are a degree of latitude; what 50 km are away is worth half
            km = 111.2 * abs(48 + no / 20 - wanted.near[0])  # type: ignore[index]
            assert counted[f"car {no}"] == pytest.approx(2 ** (-km / 50), abs=1e-3)
    without = [await slate_of(snapshot_of(stock), tmp_path, "", n=5, filters=f) for f in (near, far)]
    assert without[0].listings == without[1].listings


def test_a_twin_of_a_shown_car_waits_where_the_placement_wants_different_ones(
    snapshot_of: Build, tmp_path: Path
) -> None:
    snapshot = snapshot_of([car(0), car(0, listing_id=ListingId("twin")), car(1), car(2)])
    scores = np.array([[1.0, 0.9, 0.5, 0.0]], dtype=np.float32)
    for diversity, order in ((0, [0, 1, 2]), (1, [0, 2, 1])):
        home = placements(tmp_path, f"[home]\ndiversity = {diversity}\n").of("home", "s")
        assert diversify(snapshot, np.arange(4), scores, [1.0], 3, home) == order


async def test_every_weight_counts(snapshot_of: Build, listings: list[Listing], tmp_path: Path) -> None:
    snapshot = snapshot_of([*listings[:40], car(40, listed_at=NOW - timedelta(hours=1))])
    snapshot.set_attention([("car 3", 100.0, 0)])
    for weights, first in (("popularity = 5\nfreshness = 0", "car 3"), ("popularity = 0\nfreshness = 5", "car 40")):
        slate = await slate_of(snapshot, tmp_path, f"[home]\nexploration = 0\n[home.weights]\n{weights}\n")
        assert slate.listings[0].listing_id == first


def test_what_rules_say_follows_the_clock_and_the_catalogue(snapshot_of: Build) -> None:
    rule = Rule(name="new", action="only", where=Where(listed_within_days=2.0))
    book, snapshot = RuleBook([rule]), snapshot_of([car(0, listed_at=NOW - timedelta(days=1))])

    def kept(snapshot: Snapshot, now: datetime) -> list[bool]:
        return book.of("home", snapshot, now).kept["new"].tolist()

    assert kept(snapshot, NOW) == [True]
    assert kept(snapshot, NOW + timedelta(days=2)) == [False]
    assert kept(snapshot_of([car(0), car(1, listed_at=NOW)]), NOW) == [False, True]
    assert kept(snapshot, NOW) == [True]


def test_a_dry_run_says_what_each_rule_hits_and_what_looks_wrong(
    snapshot_of: Build, listings: list[Listing], tmp_path: Path
) -> None:
    done = dry_run(
        placements(
            tmp_path,
            "[[rules]]\nname = 'only kia'\naction = 'only'\nwhere = { make = 'Kia' }\nplacements = ['email', 'home']\n"
            "[[rules]]\nname = 'two dealers'\naction = 'only'\nplacements = 'email'\n"
            "where = { merchant = ['dealer 3', 'dealer 4'] }\n"
            "[[rules]]\nname = 'typo'\naction = 'boost'\namount = 1\nwhere = { make = 'Kiaa' }\n"
            "[[rules]]\nname = 'all'\naction = 'boost'\namount = 1\nwhere = { body = 'suv' }\nplacements = 'saved'\n"
            "[[rules]]\nname = 'later'\naction = 'exclude'\nwhere = { make = 'Kia' }\nplacements = 'saved'\n"
            "from = 2027-01-01\n",
        ),
        snapshot_of(listings),
        NOW,
    )
    assert done.listings == 300
    assert [dict(tried.hits) for tried in done.rules] == [
        {"email": 30, "home": 30},
        {"email": 15},
        {"home": 0, "detail": 0, "search": 0, "saved": 0, "email": 0},
        {"saved": 300},
        {"saved": 30},
    ]
    assert [tried.today for tried in done.rules] == [True, True, True, True, False]
    assert done.left == {"home": 30, "detail": 300, "search": 300, "saved": 300, "email": 15}
    assert done.warnings == (
        "rule 'typo' hits nothing at home, detail, search, saved, email",
        "rule 'all' hits everything at saved",
        "email is left with 15 listings, fewer than 20",
    )
