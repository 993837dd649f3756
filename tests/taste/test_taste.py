"""One event in, a new taste out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from carousel.activity.events import Event, EventType
from carousel.catalogue.listing import ListingId
from carousel.catalogue.traits import Described
from carousel.taste.taste import (
    AGAINST_HALF_LIFE,
    MOST_HIDDEN,
    MOST_TRAITS,
    RECENT,
    Taste,
    decayed,
    merge,
    phase,
    settle,
    update,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUV = Described(ListingId("suv"), {"body": (("suv", 1.0),), "price": (("9000", 0.25), ("12500", 0.75))}, np.zeros(4))
WAGON = Described(ListingId("wagon"), {"body": (("wagon", 1.0),)}, np.ones(4, dtype=np.float32))
OTHER_SUV = Described(ListingId("other suv"), SUV.traits, SUV.embedding)


def event(kind: EventType, listing: Described | None = SUV, *, at: datetime = NOW, **fields: Any) -> Event:
    return Event(
        event_id=str(uuid4()),
        type=kind,
        shopper_id="s",
        occurred_at=at,
        received_at=at,
        listing_id=listing.listing_id if listing else None,
        **fields,
    )


def after(*steps: tuple[EventType, Described | None]) -> Taste:
    taste = Taste.empty(NOW)
    for kind, listing in steps:
        taste = update(taste, event(kind, listing), listing)
    return taste


def purchase(taste: Taste, block: str, value: str, at: datetime = NOW) -> float:
    return decayed(taste, at).get(block, {}).get(value, (0.0, 0.0, 0.0))[1]


def against(taste: Taste, block: str, value: str) -> float:
    return decayed(taste, NOW).get(block, {}).get(value, (0.0, 0.0, 0.0))[2]


def test_a_view_counts_for_every_trait_by_its_membership() -> None:
    taste = after(("view", SUV))
    assert purchase(taste, "body", "suv") == 1
    assert purchase(taste, "price", "9000") == 0.25
    assert purchase(taste, "price", "12500") == 0.75


def test_a_contact_says_more_than_a_favourite_than_a_view() -> None:
    amounts = [purchase(after((kind, SUV)), "body", "suv") for kind in ("view", "favourite", "contact")]
    assert amounts == sorted(set(amounts))


def test_the_version_grows_by_one_with_each_change_and_not_otherwise() -> None:
    assert after(("view", SUV), ("view", WAGON)).version == 2
    assert after(("view", SUV), ("impression", SUV)).version == 1
    assert after(("view", None)).version == 0


@pytest.mark.parametrize(
    ("kind", "scale", "later"),
    [("view", 0, timedelta(hours=3)), ("view", 1, timedelta(weeks=3)), ("hide", 2, timedelta(weeks=6))],
)
def test_a_session_a_purchase_and_a_dislike_fade_at_their_own_pace(
    kind: EventType, scale: int, later: timedelta
) -> None:
    taste = after((kind, SUV))
    at_once, halved = (decayed(taste, at)["body"]["suv"][scale] for at in (NOW, NOW + later))
    assert halved == pytest.approx(at_once / 2)


def test_the_order_of_arrival_does_not_matter() -> None:
    early, late = event("view", SUV, at=NOW - timedelta(days=3)), event("view", WAGON, at=NOW)
    in_order = update(update(Taste.empty(NOW), early, SUV), late, WAGON)
    reversed_ = update(update(Taste.empty(NOW), late, WAGON), early, SUV)
    for block, value in (("body", "suv"), ("body", "wagon")):
        assert purchase(in_order, block, value) == pytest.approx(purchase(reversed_, block, value))
    assert [r.listing_id for r in in_order.recent] == [r.listing_id for r in reversed_.recent] == ["suv", "wagon"]


def test_years_between_two_events_neither_overflow_nor_lose_the_new_one() -> None:
    taste = update(after(("view", SUV)), event("view", WAGON, at=NOW + timedelta(days=3_000)), WAGON)
    assert purchase(taste, "body", "wagon", NOW + timedelta(days=3_000)) == 1
    assert "suv" not in decayed(taste, NOW + timedelta(days=3_000))["body"]


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=400)])
def test_evidence_of_a_clock_that_was_ahead_does_not_grow(ahead: timedelta) -> None:
    taste = update(Taste.empty(NOW + ahead), event("view", SUV, at=NOW + ahead), SUV)
    assert decayed(taste, NOW)["body"]["suv"] == (1, 1, 0)


def test_a_contact_is_a_decision_for_three_weeks() -> None:
    taste = after(*(("view", replace(SUV, listing_id=ListingId(f"suv-{i}"))) for i in range(6)), ("contact", WAGON))
    assert phase(taste, NOW + timedelta(days=20)) == "decision"
    assert phase(taste, NOW + timedelta(days=22)) == "orientation"


def test_few_models_are_a_decision_as_long_as_they_were_looked_at_lately() -> None:
    cars = [Described(ListingId(f"{i}"), {"model": (("Skoda Octavia", 1.0),)}, np.zeros(4)) for i in range(6)]
    taste = after(*(("view", car) for car in cars))
    assert phase(taste, NOW) == "decision"
    assert phase(taste, NOW + timedelta(days=22)) == "orientation"


def test_only_the_longest_look_of_a_page_counts() -> None:
    taste = Taste.empty(NOW)
    for seconds in (15, 30, 30, 20):
        taste = update(taste, event("dwell", SUV, value=seconds), SUV)
    assert purchase(taste, "body", "suv") == pytest.approx(1.0)  # 30 of 60 s, times 2


def test_a_hidden_listing_is_remembered_and_its_like_loses() -> None:
    taste = after(("view", SUV), ("hide", SUV))
    assert taste.hidden.keys() == {"suv"}
    assert against(taste, "body", "suv") == pytest.approx(4)
    assert [r.listing_id for r in taste.recent] == []


@pytest.mark.parametrize(
    ("reason", "blamed"),
    [
        ("price", ["price_from=9000"]), ("mileage", ["mileage_from=90000"]), ("brand", ["make=Fiat"]), ("seen", []),
        ("other", ["make=Fiat", "body=suv", "mileage=90000", "price=9000"]),
        (None, ["make=Fiat", "body=suv", "mileage=90000", "price=9000"]),
    ],
)  # fmt: skip
def test_a_hide_counts_against_what_its_reason_blames(reason: str | None, blamed: list[str]) -> None:
    fiat = {"make": "Fiat", "body": "suv", "mileage": "90000", "price": "9000"}
    listing = Described(ListingId("fiat"), {block: ((x, 1.0),) for block, x in fiat.items()}, SUV.embedding)
    taste = update(Taste.empty(NOW), event("hide", listing, reason=reason), listing)
    assert set(taste.evidence.traits) == set(blamed)


def test_unhide_takes_the_hide_back() -> None:
    taste = after(("hide", SUV), ("unhide", SUV))
    assert not taste.hidden
    assert against(taste, "body", "suv") == 0


def hidden(taste: Taste, listing: Described, reason: str | None = None, *, at: datetime = NOW) -> Taste:
    return update(taste, event("hide", listing, at=at, reason=reason), listing)


def shown_again(taste: Taste, listing: Described, *, at: datetime = NOW) -> Taste:
    return update(taste, event("unhide", listing, at=at), listing)


@pytest.mark.parametrize("reason", [None, "price", "seen"])
def test_unhide_takes_nothing_of_other_hides_back(reason: str | None) -> None:
    alone = hidden(Taste.empty(NOW), SUV)
    after_both = shown_again(hidden(alone, OTHER_SUV, reason), OTHER_SUV)
    assert after_both.evidence == alone.evidence
    assert after_both.hidden == alone.hidden


def test_unhide_takes_back_what_has_not_faded() -> None:
    later = NOW + AGAINST_HALF_LIFE
    taste = hidden(hidden(Taste.empty(NOW), SUV), OTHER_SUV, at=later)
    taste = shown_again(taste, SUV, at=later)
    assert decayed(taste, later)["body"]["suv"][2] == pytest.approx(4)


def test_a_listing_is_hidden_once_however_often_that_is_said() -> None:
    taste = hidden(hidden(Taste.empty(NOW), SUV), SUV)
    assert against(taste, "body", "suv") == 4
    assert not decayed(shown_again(taste, SUV), NOW)
    assert not decayed(shown_again(shown_again(taste, SUV), SUV), NOW)


@pytest.mark.parametrize("between", [(), ("unhide",)])
def test_a_reason_said_afterwards_takes_the_place_of_the_first_and_can_be_undone(between: tuple[EventType]) -> None:
    """The page hides at once, and says why when it is told."""
    taste = hidden(Taste.empty(NOW), SUV)
    for kind in between:
        taste = update(taste, event(kind, SUV), SUV)
    taste = hidden(taste, SUV, "price")
    assert decayed(taste, NOW) == decayed(hidden(Taste.empty(NOW), SUV, "price"), NOW)
    assert decayed(hidden(taste, SUV), NOW) == decayed(taste, NOW)  # said with less words, it was known before
    assert not decayed(shown_again(taste, SUV), NOW)


def test_a_hide_of_what_nobody_knew_takes_nothing_back() -> None:
    taste = update(hidden(Taste.empty(NOW), SUV), event("hide", OTHER_SUV), None)
    assert against(shown_again(taste, OTHER_SUV), "body", "suv") == 4


def test_unfavourite_takes_evidence_back_but_never_below_none() -> None:
    taste = after(("favourite", SUV), ("unfavourite", SUV), ("unfavourite", SUV), ("unfavourite", SUV))
    assert purchase(taste, "body", "suv") == 0


def test_a_search_says_what_its_filters_say() -> None:
    search = event("search", None, context={"filters": {"body": ["suv", "wagon"], "max_price": 10_000, "make": 7}})
    taste = update(Taste.empty(NOW), search, None)
    assert purchase(taste, "body", "suv") == purchase(taste, "body", "wagon") > 0
    assert list(taste.evidence.nested()["price"]) == ["8.5e+03"]
    assert "make" not in taste.evidence.nested()


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"max_year": 2010}, "2008"),
        ({"min_year": 2010}, "2012"),
        ({"min_price": 10_000, "currency": "EUR"}, "1.2e+04"),
        ({"min_price": 5_000, "max_price": 20_000, "currency": "EUR"}, "1e+04"),
        ({"max_price": 250_000}, "8.7e+03"),  # in the currency of the event
    ],
)
def test_a_limit_speaks_for_what_lies_within(filters: dict[str, Any], said: str) -> None:
    search = event("search", None, currency="CZK", context={"filters": filters})
    ((value,),) = update(Taste.empty(NOW), search, None).evidence.nested().values()
    assert value == said


def test_a_search_with_nonsense_in_its_filters_changes_nothing() -> None:
    for filters in ([], {"max_price": -1}, {"max_price": 5, "currency": "???"}, {"body": [1, None, ""]}):
        taste = update(Taste.empty(NOW), event("search", None, context={"filters": filters}), None)
        assert taste.version == 0


def test_two_kinds_of_cars_are_two_interests() -> None:
    family = [Described(ListingId(f"f{i}"), {}, np.array([0, i / 10], dtype=np.float32)) for i in range(4)]
    weekend = [Described(ListingId(f"w{i}"), {}, np.array([9, i / 10], dtype=np.float32)) for i in range(2)]
    taste = after(*(("view", car) for car in (*family, *weekend)))
    settled = settle(taste, {car.listing_id: car.embedding for car in (*family, *weekend)})
    assert {interest[0] for interest in settled.interests} == {"f", "w"}
    assert len(settled.interests) == 2
    assert settled.centroid is not None
    assert 0 < settled.centroid[0] < 9


def test_the_middle_of_a_taste_follows_what_was_looked_at_lately() -> None:
    taste = update(after(("view", SUV)), event("view", WAGON, at=NOW + timedelta(weeks=3)), WAGON)
    settled = settle(taste, {"suv": SUV.embedding, "wagon": WAGON.embedding})
    assert settled.centroid == pytest.approx(np.full(4, 2 / 3))  # the older look counts half


def test_settling_without_known_listings_leaves_no_point() -> None:
    settled = settle(after(("view", SUV)), {})
    assert settled.centroid is None
    assert settled.interests == ()


def test_merging_adds_both_histories() -> None:
    account, anonymous = after(("view", SUV)), after(("view", WAGON), ("hide", SUV))
    merged = merge(account, anonymous)
    assert purchase(merged, "body", "wagon") == 1
    assert purchase(merged, "body", "suv") == 1
    assert merged.hidden.keys() == {"suv"}
    assert [r.listing_id for r in merged.recent] == ["wagon"]
    assert merged.event_count == 3
    assert merged.version == account.version + 1


def test_of_a_long_history_the_newest_stay() -> None:
    taste = Taste.empty(NOW)
    cars = [Described(ListingId(f"c{i}"), {}, SUV.embedding) for i in range(RECENT + 5)]
    for minute, car in enumerate(cars):
        taste = update(taste, event("view", car, at=NOW + timedelta(minutes=minute)), car)
    assert [r.listing_id for r in taste.recent] == [car.listing_id for car in cars[5:]]
    visit = update(Taste.empty(NOW), event("view", SUV, at=NOW + timedelta(days=1)), SUV)
    assert [r.listing_id for r in merge(taste, visit).recent] == [*(car.listing_id for car in cars[6:]), "suv"]


@pytest.mark.parametrize(
    ("kind", "models", "expected"),
    [
        ("view", "abcdef", "orientation"),
        ("view", "aaabbb", "decision"),
        ("view", "aabb", "orientation"),  # too few looks
        ("contact", "a", "decision"),
    ],
)
def test_who_looks_at_few_models_or_asks_narrows_down(kind: EventType, models: str, expected: str) -> None:
    cars = [Described(ListingId(f"c{i}"), {"model": ((x, 1.0),)}, SUV.embedding) for i, x in enumerate(models)]
    assert phase(after(*((kind, car) for car in cars)), NOW) == expected


def test_nobody_s_taste_grows_without_end() -> None:
    taste = after(("view", SUV), ("view", SUV))
    for start in range(0, 3 * MOST_TRAITS, 10):
        filters = {"make": [f"make {start + i}" for i in range(10)], "model": ["x" * 129]}
        taste = update(taste, event("search", None, context={"filters": filters}), None)
    assert MOST_TRAITS // 4 < len(taste.evidence.traits) <= MOST_TRAITS
    assert purchase(taste, "body", "suv") == 2  # what there is most evidence of stays
    assert "model" not in decayed(taste, NOW)
    for i in range(MOST_HIDDEN + 5):
        taste = update(taste, replace(event("hide", None), listing_id=f"car-{i}"), None)
    assert len(taste.hidden) == MOST_HIDDEN
