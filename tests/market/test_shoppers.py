"""Simulated shoppers choose what they like, and their history says so."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from carousel.activity.events import decode, encode
from carousel.catalogue.listing import Listing, ListingId
from carousel.market.listings import make_listings
from carousel.market.shoppers import Shopper, Stock, Wish, choose, history, make_shoppers, utility, without_noise

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def stock() -> Stock:
    return Stock(make_listings(2_000, seed=1, now=NOW))


def listing(listing_id: str, **fields: object) -> Listing:
    said: dict[str, object] = {
        "make": "Skoda", "model": "Octavia", "model_year": 2022, "mileage_km": 40_000, "price_amount": Decimal(20_000),
        "price_currency": "EUR", "body_type": "wagon", "fuel_type": "petrol", "power_kw": 110, "lat": 50.1, "lon": 10.0,
        "listed_at": NOW - timedelta(days=30),
    }  # fmt: skip
    return Listing(listing_id=ListingId(listing_id), **{**said, **fields})  # type: ignore[arg-type]


def somebody(*wishes: Wish) -> Shopper:
    return Shopper(email="somebody@example.com", archetype="test", wishes=wishes)


def ranked(shopper: Shopper, *listings: Listing) -> list[str]:
    order = np.argsort(-utility(shopper, Stock(listings)))
    return [listings[i].listing_id for i in order]


def test_a_car_above_the_budget_is_worse_than_one_as_far_below_it() -> None:
    shopper = somebody(Wish(budget_eur=20_000))
    cars = [listing(i, price_amount=Decimal(p)) for i, p in (("dear", 30_000), ("right", 20_000), ("cheap", 13_333))]
    assert ranked(shopper, *cars) == ["right", "cheap", "dear"]


def test_beyond_what_can_be_lent_a_car_is_out_of_the_question() -> None:
    shopper = somebody(Wish(budget_eur=20_000))
    prices = (20_000, 25_500, 26_500)
    budget, lent, beyond = utility(shopper, Stock([listing(str(p), price_amount=Decimal(p)) for p in prices]))
    assert budget - lent < 2
    assert lent - beyond > 5


def test_likes_age_mileage_and_distance_count() -> None:
    shopper = somebody(Wish(budget_eur=20_000, likes={"make": {"Kia": 1.0}}))
    assert ranked(shopper, listing("skoda"), listing("kia", make="Kia"))[0] == "kia"
    assert ranked(shopper, listing("old", model_year=2015), listing("young"))[0] == "young"
    assert ranked(shopper, listing("driven", mileage_km=190_000), listing("fresh"))[0] == "fresh"
    assert ranked(shopper, listing("far", lat=47.0), listing("near"))[0] == "near"


def test_a_family_of_seven_wants_seven_seats() -> None:
    shopper = somebody(Wish(budget_eur=20_000, least_seats=7))
    assert ranked(shopper, listing("five", seats=5), listing("seven", seats=7))[0] == "seven"


def test_somebody_with_two_wishes_likes_the_best_of_both_the_same() -> None:
    family = Wish(budget_eur=20_000, likes={"body": {"wagon": 5.0}})
    weekend = Wish(budget_eur=20_000, likes={"body": {"convertible": 2.0}})
    cars = [listing("wagon"), listing("roadster", body_type="convertible"), listing("van", body_type="van")]
    of_each = utility(somebody(family, weekend), Stock(cars))
    assert of_each[0] == of_each[1] == 0 > of_each[2]


def test_a_listing_without_a_price_or_a_place_has_a_utility_all_the_same() -> None:
    bare = Listing(listing_id=ListingId("bare"), make="Kia", model="Rio", model_year=2020)
    assert np.isfinite(utility(somebody(Wish(budget_eur=9_000)), Stock([bare, listing("full")]))).all()


def test_choices_follow_the_logit_of_the_utilities() -> None:
    shopper = replace(somebody(Wish(budget_eur=20_000, likes={"make": {"Kia": 1.0}})), decided=1.0)
    two = Stock([listing("skoda"), listing("kia", make="Kia")])
    rng = np.random.default_rng(3)
    share = np.mean([choose(shopper, two, rng)[0] for _ in range(4_000)])
    assert share == pytest.approx(np.e / (1 + np.e), abs=0.025)


def test_who_is_decided_takes_the_best(stock: Stock) -> None:
    for shopper in make_shoppers(20):
        [row] = choose(without_noise(shopper), stock, np.random.default_rng(0))
        assert utility(shopper, stock)[row] == 0


def test_every_shopper_chooses_far_better_than_at_random(stock: Stock) -> None:
    rng = np.random.default_rng(5)
    for shopper in make_shoppers(50):
        utilities = utility(shopper, stock)
        ranks = np.argsort(np.argsort(-utilities))[choose(shopper, stock, rng, n=40, utilities=utilities)]
        assert np.median(ranks) < 0.2 * len(stock), shopper.email


def test_nothing_is_chosen_twice_and_only_what_can_be_seen(stock: Stock) -> None:
    seen = np.zeros(len(stock), dtype=bool)
    seen[:10] = True
    rows = choose(make_shoppers(1)[0], stock, np.random.default_rng(1), n=30, among=seen)
    assert sorted(rows.tolist()) == list(range(10))


def test_fifty_shoppers_are_the_same_every_time_and_of_at_least_ten_kinds() -> None:
    assert make_shoppers(50) == make_shoppers(50)
    assert [s.email for s in make_shoppers(50)] == [f"john{i}@example.com" for i in range(50)]
    assert len({s.archetype for s in make_shoppers(50)}) >= 10
    assert any(len(s.wishes) == 2 for s in make_shoppers(50))


def test_the_tours_shopper_looks_at_affordable_hatchbacks_and_never_at_a_skoda(stock: Stock) -> None:
    john1 = make_shoppers(2)[1]
    by_id = {x.listing_id: x for x in stock.listings}
    events = history(john1, stock, np.random.default_rng([1, 1, 1]), NOW)
    viewed = [by_id[ListingId(e.listing_id)] for e in events if e.type == "view" and e.listing_id]
    assert 4 <= len(viewed) <= 8
    assert {x.make for x in viewed} <= {"Volkswagen", "SEAT"}
    assert Counter(x.body_type for x in viewed)["hatchback"] >= 0.8 * len(viewed)
    assert 9_000 < np.median([x.price_eur or 0 for x in viewed]) < 19_000


def test_a_history_is_made_of_valid_events_in_sessions_of_the_last_days(stock: Stock) -> None:
    kinds: Counter[str] = Counter()
    for number, shopper in enumerate(make_shoppers(50)):
        events = history(shopper, stock, np.random.default_rng([1, number]), NOW)
        assert [decode(encode(e)) for e in events] == events
        assert all(NOW - timedelta(days=14) < e.occurred_at < NOW - timedelta(hours=1) for e in events)
        assert {e.shopper_id for e in events} == {shopper.shopper_id}
        assert 2 <= len({e.session_id for e in events}) <= 4
        kinds.update(e.type for e in events)
    assert kinds["view"] == kinds["dwell"] > 500
    assert kinds["view"] > kinds["favourite"] > kinds["contact"] > 5
    assert kinds["search"] > 30


def test_nobody_saw_a_listing_before_it_was_listed(stock: Stock) -> None:
    listed = {x.listing_id: x.listed_at for x in stock.listings}
    for shopper in make_shoppers(20):
        for event in history(shopper, stock, np.random.default_rng(2), NOW):
            if event.listing_id:
                assert listed[ListingId(event.listing_id)] < event.occurred_at


def test_event_ids_do_not_depend_on_when_the_market_is_loaded(stock: Stock) -> None:
    shopper = make_shoppers(3)[2]
    later = Stock(make_listings(2_000, seed=1, now=NOW + timedelta(hours=5)))
    before = history(shopper, stock, np.random.default_rng(4), NOW)
    after = history(shopper, later, np.random.default_rng(4), NOW + timedelta(hours=5))
    assert [(e.event_id, e.type, e.listing_id) for e in after] == [(e.event_id, e.type, e.listing_id) for e in before]


def test_a_shopper_finds_nothing_in_an_empty_market() -> None:
    empty = Stock([])
    shopper = make_shoppers(1)[0]
    assert choose(shopper, empty, np.random.default_rng(0)).size == 0
    assert all(e.type == "search" for e in history(shopper, empty, np.random.default_rng(0), NOW))
