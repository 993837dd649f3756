"""From a taste to a slate, over a small market whose answer is visible by eye."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from carousel.activity.events import Event
from carousel.catalogue.embedding import embed
from carousel.catalogue.listing import Listing, ListingId
from carousel.catalogue.search import Filters
from carousel.catalogue.snapshot import Snapshot
from carousel.catalogue.traits import BLOCKS, Described, describe, values_of
from carousel.recommend import pipeline
from carousel.recommend.pipeline import Recommender
from carousel.recommend.placements import load
from carousel.recommend.query import Query, Slate
from carousel.recommend.scorers import WEIGHTS, Prior, TasteScorer, _spread, counts_of, top
from carousel.recommend.slate import diversify, explore
from carousel.recommend.sources import CENTROID, last_viewed, seed_of
from carousel.taste.stated import Preference, Stated
from carousel.taste.taste import Recent, Taste, settle, update

Build = Callable[[Sequence[Listing]], Snapshot]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAKES = ["Škoda", "Volkswagen", "BMW", "Kia", "Ford", "Opel", "Fiat", "Mazda", "Seat", "Audi"]
BODIES = ["wagon", "suv", "hatchback", "sedan"]
FUELS = ["petrol", "diesel"]


def market() -> list[Listing]:
    """400 cars: every make in every body, fuel and five prices."""
    return [
        Listing(
            listing_id=ListingId(f"{make}-{body}-{fuel}-{price}".lower()), make=make, model=f"{body} line",
            body_type=body, fuel_type=fuel, price_amount=Decimal(price), price_currency="EUR",  # type: ignore[arg-type]
            model_year=2012 + price // 3_000, mileage_km=200_000 - 5 * price, power_kw=60 + price // 300,
            listed_at=NOW - timedelta(days=40 + i % 9), seller_id=f"seller {i % 37}", transmission="manual",
        )
        for i, (make, body, fuel, price) in enumerate(
            product(MAKES, BODIES, FUELS, (6_000, 10_000, 15_000, 22_000, 30_000))
        )
    ]  # fmt: skip


class PointNeighbours:
    """The neighbours of a listing by exact distance, where no database runs."""

    def __init__(self, listings: Sequence[Listing]) -> None:
        self._row = {x.listing_id: row for row, x in enumerate(listings)}
        self._points = embed(listings)

    async def near(self, query: Query, _snapshot: Snapshot) -> dict[str, Any]:
        near = {i: self._around(self._points[self._row[i]]) for i in (*query.taste.interests, *last_viewed(query))}
        if query.taste.centroid is not None:
            near[CENTROID] = self._around(query.taste.centroid)
        return near

    def _around(self, point: Any) -> Any:
        return 1 + np.argsort(((self._points - point) ** 2).sum(axis=1))[:80]


@pytest.fixture
def listings() -> list[Listing]:
    return market()


@pytest.fixture
def snapshot(snapshot_of: Build, listings: list[Listing]) -> Snapshot:
    return snapshot_of(listings)


@pytest.fixture
def recommender(listings: list[Listing]) -> Recommender:
    return Recommender(PointNeighbours(listings), exact_limit=1_000, exploration=0.1)


def taste_of(
    snapshot: Snapshot,
    viewed: Sequence[Listing],
    kind: str = "view",
    *,
    reason: str | None = None,
    before: Taste | None = None,
) -> Taste:
    taste = before or Taste.empty(NOW)
    for listing in viewed:
        described = Described(listing.listing_id, describe(values_of(listing), snapshot.knots), embed([listing])[0])
        event = Event(
            event_id=str(uuid4()), type=kind, shopper_id="s", occurred_at=NOW, received_at=NOW,  # type: ignore[arg-type]
            listing_id=listing.listing_id, reason=reason,
        )  # fmt: skip
        taste = update(taste, event, described)
    return settle(taste, {x.listing_id: e for x, e in zip(viewed, embed(viewed), strict=True)})


def scorer_of(taste: Taste, snapshot: Snapshot) -> TasteScorer:
    return TasteScorer(counts_of(taste, snapshot, NOW), snapshot, WEIGHTS)


def by_id(listings: Sequence[Listing], slate: Slate) -> list[Listing]:
    known = {x.listing_id: x for x in listings}
    return [known[ListingId(s.listing_id)] for s in slate.listings]


def skodas(listings: Sequence[Listing], n: int = 10) -> list[Listing]:
    return [x for x in listings if x.make == "Škoda"][:n]


async def test_nobody_known_still_gets_a_full_slate_with_reasons(recommender: Recommender, snapshot: Snapshot) -> None:
    slate = await recommender.recommend(Query(shopper_id="s", taste=Taste.empty(NOW), now=NOW), snapshot)
    assert len(slate.listings) == len({s.listing_id for s in slate.listings}) == 20
    assert [s.position for s in slate.listings] == list(range(1, 21))
    assert all(s.reasons for s in slate.listings)


async def test_ten_skodas_viewed_bring_skodas_but_not_only(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    taste = taste_of(snapshot, skodas(listings))
    shown = by_id(listings, await recommender.recommend(Query(shopper_id="s", taste=taste, now=NOW), snapshot))
    assert 4 <= sum(x.make == "Škoda" for x in shown) <= 12


async def test_every_reason_is_true_of_its_listing(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    taste = taste_of(snapshot, skodas(listings))
    slate = await recommender.recommend(Query(shopper_id="s", taste=taste, now=NOW), snapshot)
    for served, listing in zip(slate.listings, by_id(listings, slate), strict=True):
        for reason in served.reasons:
            if reason.code in ("make", "model"):
                assert reason.text.endswith(listing.make if reason.code == "make" else listing.model)
                assert listing.make == "Škoda"
            elif reason.code == "body":
                assert reason.text.lower() == listing.body_type
            elif reason.code == "price":
                low, high = (float(x.removesuffix("k")) * 1_000 for x in reason.text.removesuffix(" €").split("–"))
                assert low <= float(listing.price_amount or 0) <= high


async def test_what_was_opened_sold_or_hidden_is_not_shown_again(
    recommender: Recommender, snapshot_of: Build, listings: list[Listing]
) -> None:
    sold = {x.listing_id for x in listings if x.make == "Kia"}
    snapshot = snapshot_of([x if x.make != "Kia" else Listing(**{**_fields(x), "status": "sold"}) for x in listings])
    viewed = skodas(listings, 5)
    hidden = frozenset(x.listing_id for x in listings if x.make == "Ford")
    query = Query(shopper_id="s", taste=taste_of(snapshot, viewed), now=NOW, n=50, hidden=hidden)
    slate = await recommender.recommend(query, snapshot)
    shown = {s.listing_id for s in slate.listings}
    assert len(shown) == 50
    assert not shown & (sold | hidden | {x.listing_id for x in viewed})
    assert slate.removed["hidden"] > 0
    assert slate.removed["already_seen"] == 5


def _fields(listing: Listing) -> dict[str, Any]:
    return {name: getattr(listing, name) for name in Listing.__dataclass_fields__}


async def test_filters_are_limits_also_when_few_listings_are_left(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    viewed = [x for x in listings if x.make == "BMW" and x.body_type == "suv"][:3]
    filters = Filters(make=("BMW",), body=("suv",))
    query = Query(shopper_id="s", taste=taste_of(snapshot, viewed), now=NOW, filters=filters)
    shown = by_id(listings, await recommender.recommend(query, snapshot))
    assert {(x.make, x.body_type) for x in shown} == {("BMW", "suv")}
    assert len(shown) == 10  # all there are: seen ones come back before places stay empty
    assert {x.listing_id for x in shown[7:]} == {x.listing_id for x in viewed}


async def test_where_everything_was_opened_it_is_shown_again(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    viewed = [x for x in listings if x.make == "BMW" and x.body_type == "suv"]
    filters = Filters(make=("BMW",), body=("suv",))
    query = Query(shopper_id="s", taste=taste_of(snapshot, viewed), now=NOW, filters=filters)
    slate = await recommender.recommend(query, snapshot)
    assert {x.listing_id for x in slate.listings} == {x.listing_id for x in viewed}


@pytest.mark.parametrize(("n", "again"), [(25, 0), (26, 1), (30, 5), (40, 15)])
async def test_what_was_opened_fills_only_the_places_that_nothing_else_is_left_for(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing], n: int, again: int
) -> None:
    viewed = {x.listing_id for x in skodas(listings, 15)}
    taste = taste_of(snapshot, skodas(listings, 15))
    query = Query(shopper_id="s", taste=taste, now=NOW, n=n, filters=Filters(make=("Škoda",)))
    slate = await recommender.recommend(query, snapshot)
    assert [x.listing_id in viewed for x in slate.listings] == [False] * (n - again) + [True] * again
    assert [x.position for x in slate.listings] == list(range(1, n + 1))
    assert len({x.listing_id for x in slate.listings}) == n
    for at in (0, n - 1):
        trace = await recommender.trace(query, snapshot, slate.listings[at].listing_id)
        assert (trace.outcome, trace.position) == ("shown", at + 1)
    left_out = await recommender.trace(query, snapshot, next(iter(viewed)))
    assert left_out.removed_by == (None if again else "already_seen")
    assert left_out.rank is None or left_out.rank > 25


async def test_what_is_asked_for_and_what_was_said_both_hold(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    said = Stated(preferences=(Preference("fuel", "diesel", "only"),), event_id="1")
    query = Query(shopper_id="s", taste=Taste(NOW, stated=said), now=NOW, filters=Filters(make=("BMW",)), n=40)
    shown = by_id(listings, await recommender.recommend(query, snapshot))
    assert {(x.make, x.fuel_type) for x in shown} == {("BMW", "diesel")}
    assert len(shown) == 20


def test_who_looks_around_sees_more_different_cars_than_who_decides(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    looks, asks = (taste_of(snapshot, listings[:3], kind) for kind in ("view", "contact"))
    around, decided = (
        recommender.view(Query(shopper_id="s", taste=taste, now=NOW), snapshot, {}).placement.diversity
        for taste in (looks, asks)
    )
    assert around == pytest.approx(3 * decided)


async def test_the_same_shopper_gets_the_same_slate_until_something_happens(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    query = Query(shopper_id="s", taste=taste_of(snapshot, skodas(listings, 2)), now=NOW)
    first, second = [await recommender.recommend(query, snapshot) for _ in range(2)]
    assert first == second
    after = Query(shopper_id="s", taste=taste_of(snapshot, skodas(listings, 3)), now=NOW)
    assert await recommender.recommend(after, snapshot) != first


async def test_two_interests_both_have_a_place(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    family = [x for x in listings if x.make == "Ford" and x.body_type == "wagon"][:5]
    weekend = [x for x in listings if x.make == "BMW" and x.body_type == "sedan"][-5:]
    taste = taste_of(snapshot, [*family, *weekend])
    shown = by_id(listings, await recommender.recommend(Query(shopper_id="s", taste=taste, now=NOW), snapshot))
    bodies = [x.body_type for x in shown]
    assert min(bodies.count("wagon"), bodies.count("sedan")) >= 3


async def test_negative_evidence_pushes_its_like_down(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    disliked = [x for x in listings if x.body_type == "suv"][:4]
    taste = taste_of(snapshot, disliked, kind="hide")
    scores = recommender.scores(Query(shopper_id="s", taste=taste, now=NOW), snapshot)
    suv = np.array([x.body_type == "suv" for x in listings])
    assert scores[suv].mean() < scores[~suv].mean()


@pytest.mark.parametrize("viewed", [0, 10])
def test_what_is_too_dear_lowers_all_that_is_dearer_and_nothing_cheaper(
    snapshot: Snapshot, listings: list[Listing], viewed: int
) -> None:
    prices = np.array([float(x.price_amount or 0) for x in listings])
    at_15 = [x for x in listings if x.price_amount == 15_000]
    liked = taste_of(snapshot, at_15[:viewed])
    blamed = taste_of(snapshot, at_15[10:13], "hide", reason="price", before=liked)

    def of_price(taste: Taste) -> Any:
        terms = scorer_of(taste, snapshot).terms(np.arange(snapshot.size)).get("price", np.zeros(snapshot.size))
        return np.array([terms[prices == price].mean() for price in (6_000, 10_000, 15_000, 22_000, 30_000)])

    change = of_price(blamed) - of_price(liked)
    assert (change[:2] > 0.5).all()
    assert (change[2:] < 0).all()
    assert change[3] == pytest.approx(change[4])
    assert (np.diff(change) < 1e-9).all()


async def test_nobody_is_interested_in_a_car_because_another_was_hidden(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    fiats = [x for x in listings if x.make == "Fiat"]
    for viewed, kinds in (([], set()), (skodas(listings, 3), {"Škoda"})):
        taste = taste_of(snapshot, fiats[:6], "hide", before=taste_of(snapshot, viewed))
        slate = await recommender.recommend(Query(shopper_id="s", taste=taste, now=NOW), snapshot)
        said = [r for s in slate.listings for r in s.reasons]
        named = {r.text.removeprefix("Your interest: ").split(" ")[0] for r in said if r.code in ("make", "model")}
        assert named == kinds
        assert bool(viewed) == bool({r.code for r in said} & {"body", "fuel", "price", "year", "mileage"})


async def test_a_like_that_was_hidden_as_often_is_no_reason(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    fiats = [x for x in listings if x.make == "Fiat"]
    taste = taste_of(snapshot, fiats[1:9], "hide", reason="brand", before=taste_of(snapshot, fiats[:1]))
    slate = await recommender.recommend(Query(shopper_id="s", taste=taste, now=NOW), snapshot)
    assert "make" not in {r.code for s in slate.listings for r in s.reasons}


def test_few_listings_are_scored_as_all_of_them_are(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    """A search scores only what it found where that is little: the order must be that of the whole catalogue."""
    family = [x for x in listings if x.make == "Ford" and x.body_type == "wagon"][:5]
    weekend = [x for x in listings if x.make == "BMW" and x.body_type == "sedan"][-5:]
    query = Query(shopper_id="s", taste=taste_of(snapshot, [*family, *weekend]), now=NOW)
    scores = recommender.scores(query, snapshot)
    assert np.ptp(scores) > 1
    for rows in (np.arange(3, snapshot.size, 41), np.arange(1, snapshot.size, 2), np.array([], dtype=np.intp)):
        np.testing.assert_allclose(recommender.scores(query, snapshot, rows), scores[rows], atol=1e-4)


def test_fast_and_slow_scoring_agree(snapshot: Snapshot, listings: list[Listing]) -> None:
    """The look-up tables over the whole catalogue and the sum of the terms of single rows are the same score."""
    scorer = scorer_of(taste_of(snapshot, skodas(listings)), snapshot)
    fast = scorer.beyond_make() + scorer.make_and_model()
    slow = sum(scorer.terms(np.arange(snapshot.size)).values())
    np.testing.assert_allclose(fast, slow, atol=1e-4)


def test_no_evidence_scores_zero_everywhere(snapshot: Snapshot) -> None:
    scorer = scorer_of(Taste.empty(NOW), snapshot)
    assert not (scorer.beyond_make() + scorer.make_and_model()).any()


def test_the_score_is_the_smoothed_log_odds(snapshot: Snapshot, listings: list[Listing]) -> None:
    """By hand: 4 views of SUVs now, base rate 1/4, smoothing 4, weight 0.75, the session counted twice on top."""
    suvs = [x for x in listings if x.body_type == "suv"][:4]
    terms = scorer_of(taste_of(snapshot, suvs), snapshot).terms(np.arange(snapshot.size))["body"]
    suv = np.array([x.body_type == "suv" for x in listings])
    assert terms[suv] == pytest.approx(0.75 * np.log((12 + 4 / 4) / ((12 + 4) / 4)))
    assert terms[~suv] == pytest.approx(0.75 * np.log(4 / (12 + 4)))


def test_of_a_number_too_the_session_counts_twice_on_top(snapshot: Snapshot, listings: list[Listing]) -> None:
    counts = counts_of(taste_of(snapshot, listings[:1]), snapshot, NOW)
    assert {block: counts[block][0].sum() for block in ("body", "price", "year")} == pytest.approx(
        {"body": 3, "price": 3, "year": 3}
    )


def test_evidence_for_a_number_spills_to_both_its_neighbours() -> None:
    spread = _spread(np.array([[0, 0, 0, 1, 0, 0, 0.0]]))
    assert spread == pytest.approx(np.array([[0, 0, 0.2, 0.6, 0.2, 0, 0]]))


def test_a_listing_is_half_as_fresh_every_five_days(snapshot_of: Build, listings: list[Listing]) -> None:
    aged = [Listing(**{**_fields(listings[0]), "listed_at": NOW - timedelta(days=days)}) for days in (0, 5, 10)]
    assert Prior().refresh(snapshot_of(aged), NOW).freshness == pytest.approx([1, 0.5, 0.25])


@pytest.mark.parametrize("n", [1, 10, 300])
def test_top_finds_the_highest_and_never_what_is_not_finite(n: int) -> None:
    scores = np.random.default_rng(n).normal(size=20_000).astype(np.float32)
    scores[::7] = np.nan
    scores[1::7] = -np.inf
    rows = top(scores, n)
    usable = scores[np.isfinite(scores)]
    np.testing.assert_array_equal(scores[rows], np.sort(usable)[::-1][:n])


def test_top_of_a_catalogue_without_a_difference_is_any_of_it() -> None:
    assert len(top(np.zeros(20_000, dtype=np.float32), 50)) == 50
    assert len(top(np.full(20_000, -np.inf, dtype=np.float32), 50)) == 0


async def test_a_car_like_the_last_view_says_so_and_does_not_repeat_itself(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    viewed = next(x for x in listings if x.make == "Kia" and x.body_type == "suv")
    query = Query(shopper_id="s", taste=taste_of(snapshot, [viewed]), now=NOW)
    slate = await recommender.recommend(query, snapshot)
    said = {r.text for s in slate.listings for r in s.reasons if r.code == "viewed"}
    assert said == {"Like the Kia suv line you viewed"}
    for served, listing in zip(slate.listings, by_id(listings, slate), strict=True):
        codes = [reason.code for reason in served.reasons]
        if "viewed" in codes:
            assert listing.model == viewed.model or listing.body_type == viewed.body_type
            assert not (listing.make == "Kia" and listing.model == viewed.model and "model" in codes)


async def test_cars_that_do_not_say_their_body_are_not_alike(snapshot_of: Build, listings: list[Listing]) -> None:
    silent = [Listing(**{**_fields(x), "body_type": None, "model": f"{x.body_type} {x.fuel_type}"}) for x in listings]
    snapshot = snapshot_of(silent)
    query = Query(shopper_id="s", taste=taste_of(snapshot, silent[:1]), now=NOW)
    slate = await Recommender(PointNeighbours(silent), exact_limit=1_000).recommend(query, snapshot)
    alike = [
        x for x, s in zip(by_id(silent, slate), slate.listings, strict=True) if "viewed" in {r.code for r in s.reasons}
    ]
    assert {(x.make, x.model) for x in alike} == {(silent[0].make, silent[0].model)}


async def test_a_slate_for_a_page_is_like_its_car_and_fits_the_shopper(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    on_page = next(x for x in listings if x.make == "Kia" and x.body_type == "suv")
    page = {"listing_id": on_page.listing_id, "same_car": frozenset({on_page.listing_id})}
    makes = []
    for viewed in ([], skodas(listings)):
        query = Query(shopper_id="s", taste=taste_of(snapshot, viewed), now=NOW, placement="detail", n=10)
        plain = by_id(listings, await recommender.recommend(query, snapshot))
        slate = await recommender.recommend(replace(query, **page), snapshot)  # type: ignore[arg-type]
        beside = by_id(listings, slate)
        assert on_page not in beside
        assert slate.removed["on_page"] == 1
        assert (beside[0].make, beside[0].body_type) == ("Kia", "suv")
        for of, count in (("suv", lambda x: x.body_type == "suv"), ("Kia", lambda x: x.make == "Kia")):
            assert sum(map(count, beside)) > sum(map(count, plain)), of
        makes.append([x.make for x in beside])
        traits = {reason.code for served in slate.listings for reason in served.reasons} & set(BLOCKS)
        assert bool(traits) == bool(viewed)  # the car on the page is nobody's interest yet
    assert makes[1].count("Škoda") > makes[0].count("Škoda")


async def test_the_cars_nearest_to_the_last_view_are_lifted(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    viewed = listings[0]
    query = Query(shopper_id="s", taste=Taste(NOW, recent=(Recent(viewed.listing_id, 1.0, NOW.timestamp()),)), now=NOW)
    near = await PointNeighbours(listings).near(query, snapshot)
    view = recommender.view(query, snapshot, near)
    lifted = pipeline.terms_of_all(view, np.arange(snapshot.size))["likeness"]
    expected = np.zeros(snapshot.size)
    expected[view.near_to(viewed.listing_id)[:16]] = view.placement.weights["last_viewed"] * np.arange(16, 0, -1) / 16
    assert lifted == pytest.approx(expected)
    assert expected.any()


async def test_when_everything_near_is_hidden_or_sold_the_slate_is_empty(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    taste = taste_of(snapshot, listings[:1])
    hidden = frozenset(x.listing_id for x in listings)
    slate = await recommender.recommend(Query(shopper_id="s", taste=taste, now=NOW, hidden=hidden), snapshot)
    assert slate.listings == ()
    assert slate.removed["hidden"] > 0


# --- exploration


async def test_what_few_have_seen_gets_places_in_the_lower_half_with_its_chance(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    new = {x.listing_id for x in listings if x.make == "Mazda"}
    snapshot.set_attention([(x.listing_id, 0.0, 50) for x in listings if x.listing_id not in new])
    taste = taste_of(snapshot, skodas(listings))
    slates = [await recommender.recommend(Query(shopper_id=f"s{i}", taste=taste, now=NOW), snapshot) for i in range(20)]
    explored = [served for slate in slates for served in slate.listings if served.propensity < 1]
    assert len(explored) == 40  # a tenth of 20 slates of 20
    assert {served.listing_id for served in explored} <= new
    assert len({served.listing_id for served in explored}) > 10
    assert all(served.position > 10 for served in explored)
    assert all(0 < served.propensity < 1 for served in explored)


@pytest.mark.parametrize(
    ("within", "unseen"), [(Filters(), 400), (Filters(body=("wagon",)), 100), (Filters(make=("Mazda",)), 40)]
)
async def test_a_chance_to_be_explored_is_that_among_everything_few_have_seen(
    recommender: Recommender, snapshot: Snapshot, within: Filters, unseen: int
) -> None:
    """What is drawn with chance p stands for 1/p listings: together they are all that could have been drawn."""
    stands_for = []
    for i in range(200):
        query = Query(shopper_id=f"s{i:03}", taste=Taste.empty(NOW), now=NOW, n=10, filters=within)
        slate = await recommender.recommend(query, snapshot)
        (explored,) = (served for served in slate.listings if served.propensity < 1)
        stands_for.append(1 / explored.propensity)
    assert np.mean(stands_for) == pytest.approx(unseen, rel=0.1)


async def test_who_is_chosen_of_a_draw_does_not_follow_from_the_draw(
    recommender: Recommender, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same random numbers twice the first listing of 200 was explored 1.6 times as often as logged."""
    used = []

    def explored(scores: Any, candidates: Sequence[int], slots: int, rng: np.random.Generator) -> dict[int, float]:
        used.append(rng.random())
        return {}

    monkeypatch.setattr(pipeline, "explore", explored)
    query = Query(shopper_id="s", taste=Taste.empty(NOW), now=NOW)
    await recommender.recommend(query, snapshot)
    await recommender.recommend(query, snapshot)
    assert used[0] == used[1] != np.random.default_rng(seed_of(query)).random()


async def test_what_everybody_has_seen_is_not_explored(
    recommender: Recommender, snapshot: Snapshot, listings: list[Listing]
) -> None:
    snapshot.set_attention([(x.listing_id, 0.0, 50) for x in listings])
    slate = await recommender.recommend(Query(shopper_id="s", taste=Taste.empty(NOW), now=NOW), snapshot)
    assert all(served.propensity == 1 for served in slate.listings)


def test_explored_listings_come_sooner_the_better_they_suit() -> None:
    scores = np.array([0.0, 2.0, -np.inf, 4.0], dtype=np.float32)
    draws = [explore(scores, [0, 1, 2, 3], 1, np.random.default_rng(seed)) for seed in range(2_000)]
    often = Counter(at for draw in draws for at in draw)
    expected = np.exp([0.0, 2.0, 4.0]) / np.exp([0.0, 2.0, 4.0]).sum()
    assert [often[0] / 2_000, often[1] / 2_000, often[3] / 2_000] == pytest.approx(expected, abs=0.03)
    assert often[2] == 0
    assert all(chance == pytest.approx(expected[(0, 1, 3).index(at)]) for draw in draws for at, chance in draw.items())


def test_an_explored_listing_counts_towards_the_caps(snapshot: Snapshot, listings: list[Listing]) -> None:
    rows = np.array([i for i, x in enumerate(listings) if x.make in ("Kia", "Ford")])
    scores = np.array([[1.0 if listings[row].make == "Kia" else 0.0 for row in rows]], dtype=np.float32)
    kias = [i for i, row in enumerate(rows) if listings[row].make == "Kia"]
    chosen = diversify(snapshot, rows, scores, [1.0], 10, load().of("home", "s"), explored=kias[:2])
    assert len(chosen) == len(set(chosen)) == 10
    assert set(kias[:2]) <= set(chosen)
    assert sum(i in kias for i in chosen) == 6  # 60% of one make


def test_what_is_explored_stays_in_the_lower_half_where_the_caps_leave_places_empty(
    snapshot: Snapshot, listings: list[Listing]
) -> None:
    kias = np.array([i for i, x in enumerate(listings) if x.make == "Kia"])
    scores = np.linspace(1, 0, len(kias), dtype=np.float32)[np.newaxis]
    chosen = diversify(snapshot, kias, scores, [1.0], 20, load().of("home", "s"), explored=[38, 39])
    assert len(set(chosen)) == 20
    assert min(chosen.index(38), chosen.index(39)) >= 10
