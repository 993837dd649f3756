"""Models find what a made-up log has been made of, and every row of the table keeps the same promises."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pytest

from carousel.errors import InputError, UnusableFeedError
from carousel.evaluation import baselines, carousel
from carousel.evaluation.carousel import (
    CarouselCrowd,
    CrowdSettings,
    Settings,
    TasteSettings,
    TunedEase,
    blended,
    fits_ease,
    standard,
    with_popular,
)
from carousel.evaluation.choose import allowed, validation
from carousel.evaluation.dataset import Dataset, ReadOptions, load
from carousel.evaluation.models import Training, chosen
from carousel.evaluation.page import page
from carousel.evaluation.replay import MODELS, Answer, EvaluateOptions, Outcome, evaluate
from carousel.evaluation.report import Report, markdown, to_json
from carousel.evaluation.split import by_time, leave_last_out
from carousel.evaluation.stock import Listings, Stock, join, read_listings, stock_of
from carousel.market.listings import make_listings
from carousel.recommend.scorers import WEIGHTS

Write = Callable[..., Path]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LAST_ONLY = EvaluateOptions(splits=("last",))


def by_name(outcome: Outcome) -> dict[str, Answer]:
    return {answer.name: answer for answer in outcome.answers}


def test_who_had_the_same_shows_what_comes_next(crowds: Dataset) -> None:
    (outcome,) = evaluate(crowds, stock_of(crowds, all_stock=True), None, LAST_ONLY)
    hits = {name: answer.intervals["hr"].mean for name, answer in by_name(outcome).items()}
    # Of 20 items 7 are known: 3 more of the own crowd, 10 of the other.
    assert min(hits[name] for name in ("item to item", "ALS", "EASE", "Carousel")) == 1
    first = {name: answer.hit_curve[0] for name, answer in by_name(outcome).items()}
    assert first["Carousel"] > first["random"] + 0.3
    assert outcome.left_out == {"running average": "needs listings", "Carousel taste": "needs listings"}


def test_the_same_seed_gives_the_same_figures(crowds: Dataset) -> None:
    stock = stock_of(crowds, all_stock=False)
    one, again = (evaluate(crowds, stock, None, EvaluateOptions(seed=7)) for _ in range(2))
    for a, b in zip(one, again, strict=True):
        assert [(x.name, x.intervals) for x in a.answers] == [(x.name, x.intervals) for x in b.answers]


def test_with_listings_the_taste_finds_the_body_that_was_looked_at(cars: tuple[Dataset, Stock, Listings]) -> None:
    dataset, stock, listings = cars
    names = tuple(chosen(["random", "average", "taste", "carousel"], list(MODELS)))
    (outcome,) = evaluate(dataset, stock, listings, replace(LAST_ONLY, models=names))
    found = {name: answer.intervals["mrr"].mean for name, answer in by_name(outcome).items()}
    assert found["Carousel taste"] > 1.5 * found["random"]
    assert found["Carousel"] > 1.5 * found["random"]
    assert outcome.left_out == {}


def test_listings_nobody_touched_are_stock_too(cars: tuple[Dataset, Stock, Listings]) -> None:
    dataset, _, listings = cars
    touched = len(np.unique(dataset.log.items))
    assert dataset.item_count == 300 > touched
    assert (listings.rows >= 0).all()
    assert listings.matched == 1


def test_every_model_scores_any_history(cars: tuple[Dataset, Stock, Listings]) -> None:
    """Also one that nobody else's history looks like, and none at all."""
    dataset, stock, listings = cars
    split = leave_last_out(dataset.log)
    training = Training(dataset, split.train, stock, listings, by_time=False)
    queries = split.queries.batch(0, 4)
    bare = replace(queries, starts=np.zeros(5, dtype=np.intp), history=queries.history.take(np.zeros(0, dtype=np.intp)))
    for name, make in MODELS.items():
        model = make(None, True)
        model.fit(training)
        for asked in (queries, bare):
            scores = model.scores(asked)
            assert scores.shape == (4, dataset.item_count), name
            assert scores.dtype == np.float32, name
            assert not np.isposinf(scores).any(), name
            assert np.array_equal(scores, model.scores(asked), equal_nan=True), name


def test_an_item_is_in_stock_from_its_first_to_a_while_after_its_last_event(dataset_of: Callable[..., Dataset]) -> None:
    dataset = dataset_of([("a", "x", 0), ("b", "x", 100), ("a", "y", 500), ("b", "z", 1000)])
    stock = stock_of(dataset, all_stock=False)
    there = stock.at(np.array([50.0, 149.0, 151.0, 500.0]))  # a twentieth of 1,000 s after x was last seen
    assert there.tolist() == [[True, False, False], [True, False, False], [False, False, False], [False, True, False]]
    assert stock_of(dataset, all_stock=True).at(np.array([50.0])).all()


def test_newest_does_not_know_that_the_answer_is_about_to_be_seen_first(dataset_of: Callable[..., Dataset]) -> None:
    rows = [(f"u{u}", f"i{n}", 10.0 * n + u / 10) for u in range(5) for n in range(6)]
    dataset = dataset_of([*rows, ("u0", "fresh", 100.0)])
    split = leave_last_out(dataset.log)
    training = Training(dataset, split.train, stock_of(dataset, all_stock=False), by_time=False)
    model = MODELS["newest"](None, False)
    model.fit(training)
    (asked,) = (q for q in (split.queries.batch(i, i + 1) for i in range(5)) if q.users[0] == 0)
    assert np.isnan(model.scores(asked)[0, dataset.item_ids.index("fresh")])


def test_the_answer_can_always_be_shown_and_the_seen_never(crowds: Dataset) -> None:
    split = by_time(crowds.log)
    training = Training(crowds, split.train, stock_of(crowds, all_stock=False))
    there = allowed(training, split.queries)
    rows = split.queries.row_of_event()
    assert there[np.arange(len(split.queries)), split.queries.targets].all()
    assert not there[rows, split.queries.history.items].any()


def test_settings_are_chosen_without_the_questions_of_the_test(crowds: Dataset) -> None:
    split = by_time(crowds.log)
    training = Training(crowds, split.train, stock_of(crowds, all_stock=True))
    parts = validation(training)
    assert parts is not None
    earlier, queries = parts
    assert earlier.log.at.max() < split.cut_at
    assert (queries.at < split.cut_at).all()


def test_who_takes_the_same_again_and_again_is_understood(dataset_of: Callable[..., Dataset]) -> None:
    """Each user has three items of their own among many, and returns to them."""
    rng = np.random.default_rng(1)
    rows = []
    for user in range(60):
        own = rng.choice(40, 3, replace=False)
        rows += [(f"u{user}", f"i{item}", 10 * n + user / 100) for n, item in enumerate(rng.choice(own, 12))]
    dataset = dataset_of(sorted(rows, key=lambda row: row[2]))
    options = replace(LAST_ONLY, k=3, repeats=True, models=("item-to-item", "als", "carousel"))
    (outcome,) = evaluate(dataset, stock_of(dataset, all_stock=True), None, options)
    hits = {name: answer.intervals["hr"].mean for name, answer in by_name(outcome).items()}
    assert hits["item to item"] > 0.9
    assert hits["Carousel"] >= max(hits.values()) - 0.02


def test_where_the_last_item_decides_the_ones_before_hardly_count(dataset_of: Callable[..., Dataset]) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for user in range(300):
        items = [item % 60 for start in rng.choice(60, 4) for item in (start, start + 1)]
        rows += [(f"u{user}", f"i{item}", 10 * n + user / 1_000) for n, item in enumerate(items)]
    dataset = dataset_of(sorted(rows, key=lambda row: row[2]))
    split = leave_last_out(dataset.log)
    crowd = CarouselCrowd()
    crowd.fit(Training(dataset, split.train, stock_of(dataset, all_stock=True), by_time=False))
    assert crowd.settings.recency <= 0.3


def test_of_more_items_than_fit_ease_knows_the_most_popular(crowds: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "EASE_MOST_ITEMS", 15)
    monkeypatch.setattr(carousel, "EASE_MOST_ITEMS", 15)
    training = Training(crowds, crowds.log, stock_of(crowds, all_stock=True), by_time=False)
    assert int((training.users_of_item > 0).sum()) > 15
    assert fits_ease(training)
    for model in (TunedEase(), CarouselCrowd(CrowdSettings(companions="ease", blend=1))):
        model.fit(training)
        scores = model.scores(leave_last_out(crowds.log).queries)
        assert np.isfinite(scores).all()
        assert (scores.std(axis=1) > 0).all()
    monkeypatch.setattr(carousel, "EASE_MOST_ITEMS", 4)
    assert not fits_ease(training)


def test_what_is_popular_decides_as_much_as_it_is_given() -> None:
    known, popular = np.array([[2.0, 1.0, 1.0]], np.float32), np.array([[0.0, 1.0, 2.0]], np.float32)
    assert np.argsort(-with_popular(known, popular, 0.0))[0].tolist() == [0, 2, 1]  # of two that are as good
    assert np.argsort(-with_popular(known, popular, 1.0))[0].tolist() == [2, 1, 0]


def test_a_log_of_single_items_cannot_be_asked_about(log_file: Write) -> None:
    text = "user_id,item_id,timestamp\n" + "\n".join(f"u{i},i{i % 7},{1_700_000_000 + i}" for i in range(50))
    dataset = load(log_file(text))
    with pytest.raises(UnusableFeedError, match="nobody has two items"):
        evaluate(dataset, stock_of(dataset, all_stock=False), None, EvaluateOptions())


def test_days_that_leave_nothing_to_learn_from_are_refused(crowds: Dataset) -> None:
    stock = stock_of(crowds, all_stock=True)
    for splits in (("time",), ("time", "last")):
        with pytest.raises(InputError, match=r"--test-days 400: the log covers 7\.0 days.*use fewer"):
            evaluate(crowds, stock, None, EvaluateOptions(splits=splits, test_days=400))


def test_a_split_by_time_without_questions_is_missed_aloud(dataset_of: Callable[..., Dataset]) -> None:
    """The last day brought one newcomer, with a single item."""
    rows = [(f"u{u}", f"i{(u + n) % 7}", 86_400.0 * n + u) for u in range(30) for n in range(4)]
    dataset = dataset_of([*rows, ("new", "i0", 86_400.0 * 9)])
    stock, options = stock_of(dataset, all_stock=True), EvaluateOptions(models=("popular",), test_days=1)
    (outcome,) = evaluate(dataset, stock, None, options)
    assert any("no split by time: nobody with two items" in note for note in outcome.notes)
    with pytest.raises(UnusableFeedError, match=r"nobody with two items came in the time .* or use --split last"):
        evaluate(dataset, stock, None, replace(options, splits=("time",)))


def test_a_list_as_long_as_the_stock_says_that_it_proves_nothing(crowds: Dataset) -> None:
    stock = stock_of(crowds, all_stock=True)
    # Of 20 items everybody has seen 7.
    for k, warned in ((12, False), (13, True)):
        (outcome,) = evaluate(crowds, stock, None, replace(LAST_ONLY, models=("random",), k=k))
        assert any(f"60 of 60 questions have no more than {k} candidates" in n for n in outcome.notes) == warned


def test_without_times_the_models_that_need_them_are_left_out(log_file: Write, two_crowds: str) -> None:
    path = log_file("\n".join(line.rpartition(",")[0] for line in two_crowds.splitlines()))
    dataset = load(path)
    (outcome,) = evaluate(dataset, stock_of(dataset, all_stock=False), None, EvaluateOptions())
    assert {"newest", "popular lately"} <= outcome.left_out.keys()
    assert by_name(outcome)["Carousel"].intervals["hr"].mean > by_name(outcome)["random"].intervals["hr"].mean


def test_ids_that_match_no_listing(log_file: Write, two_crowds: str) -> None:
    dataset = load(log_file(two_crowds))
    with pytest.raises(UnusableFeedError, match="no item of the interactions is among the listings: items look like"):
        join(dataset, make_listings(5, seed=1, now=NOW), dated=True)


@pytest.mark.parametrize(
    ("header", "listed", "logged", "how"),
    [
        ("Ordnungszahl", "{}", "{}", ", matched by 'Ordnungszahl'."),
        ("Aktenzeichen", "{}", "{}.0", ", matched by 'Aktenzeichen' without zeros before and '.0' behind."),
        ("dossier", "000{}", "{}", ", matched by 'dossier' without zeros before and '.0' behind."),
        ("item_id", "{}", "ad-{}", ", matched by 'item_id' without what stands before the number."),
        ("item_id", "ad-{}", "{}", ", matched by 'item_id' without what stands before the number."),
        ("gibberish", "{}", "{}", ", matched by 'gibberish'."),
        ("listing_id", "{}", "{}", "."),
    ],
)
def test_listings_are_matched_by_whichever_column_holds_the_ids(
    log_file: Write, tmp_path: Path, header: str, listed: str, logged: str, how: str
) -> None:
    feed = tmp_path / "cars.csv"
    rows = "\n".join(f"{listed.format(1000 + n)},VW,Golf,{2000 + n},{9000 + n}" for n in range(20))
    feed.write_text(f"{header},make,model,year,price\n{rows}\n", encoding="utf-8")
    lines = "\n".join(f"u{n % 3},{logged.format(1000 + n)},{1_700_000_000 + n}" for n in range(12))
    cars, dated, cells = read_listings(feed)
    joined, listings = join(load(log_file(f"user_id,ad,ts\n{lines}\n")), cars, dated=dated, cells=cells)
    assert f"12 of 12 items (100% of the interactions) are among the 20 listings{how}" in joined.notes
    assert [cars[row].year for row in listings.rows[:12]] == [2000 + n for n in range(12)]


def test_a_price_is_no_id_because_it_is_one_of_the_items(log_file: Write, tmp_path: Path) -> None:
    feed = tmp_path / "cars.csv"
    feed.write_text(
        "who knows,make,model,year,price\n" + "\n".join(f"x{n}x,VW,Golf,{2000 + n},{9000 + n}" for n in range(20)),
        encoding="utf-8",
    )
    cars, dated, cells = read_listings(feed)
    dataset = load(log_file("user_id,ad,ts\na,9001,1700000000\nb,7,1700000001\nc,8,1700000002\n"))
    with pytest.raises(
        UnusableFeedError, match=r"items look like '7', listings like .*, who knows 'x0x', make 'VW', model"
    ):
        join(dataset, cars, dated=dated, cells=cells)


def test_a_blend_does_not_depend_on_scale_and_is_finite() -> None:
    one = np.array([[1, 2, 3], [5, 5, 5]], dtype=np.float32)
    two = np.array([[30, np.nan, -np.inf], [1, 2, 3]], dtype=np.float32)
    assert np.isfinite(standard(two)).all()
    assert np.allclose(blended(one, two, 0.3), blended(1000 * one, two, 0.3), atol=1e-5)
    assert blended(one, two, 0.5)[1].argmax() == 2  # who says the same of all leaves it to the other


def test_a_report_says_what_was_measured_and_the_page_needs_nothing_else(crowds: Dataset) -> None:
    names = ("popular", "item-to-item", "carousel")
    options = EvaluateOptions(models=names, seed=3)
    outcomes = evaluate(crowds, stock_of(crowds, all_stock=False), None, options)
    report = Report("carousel evaluate --interactions <log>", crowds, options, outcomes, "all", 1.0)
    text, html, data = markdown(report), page(report), orjson.loads(orjson.dumps(to_json(report)))
    for outcome, split in zip(outcomes, data["splits"], strict=True):
        for answer in outcome.answers:
            assert f"{answer.intervals['ndcg'].mean:.3f}" in text
        reached = [m["ndcg"]["mean"] for m in split["models"]]
        assert reached == sorted(reached, reverse=True)
        assert all(m["hr"]["low"] <= m["hr"]["mean"] <= m["hr"]["high"] for m in split["models"])
    assert "60 questions" in text
    assert "Only 60 questions" in text
    assert "&lt;log&gt;" in html
    assert html.count("<svg") == 5 * len(outcomes)
    assert "src=" not in html
    assert "<script" not in html
    assert page(report) == html


def test_weights_of_the_taste_change_the_figures(cars: tuple[Dataset, Stock, Listings]) -> None:
    dataset, stock, listings = cars
    options = replace(LAST_ONLY, models=("taste",))
    blind = Settings(CrowdSettings(), TasteSettings(dict.fromkeys(WEIGHTS, 0.0)))
    (with_taste,), (without,) = (
        evaluate(dataset, stock, listings, replace(options, settings=s)) for s in (None, blind)
    )
    assert with_taste.answers[0].intervals["mrr"].mean > without.answers[0].intervals["mrr"].mean


def test_a_model_that_is_none_is_named() -> None:
    with pytest.raises(InputError, match="--models magic: there is no such model; use some of random"):
        chosen(["magic"], list(MODELS))


def test_reading_with_a_minimum_still_evaluates(log_file: Write, two_crowds: str) -> None:
    dataset = load(log_file(two_crowds + "lonely,nothing,1700000000\n"), ReadOptions(min_per_user=3, min_per_item=3))
    assert "nothing" not in dataset.item_ids
    assert evaluate(dataset, stock_of(dataset, all_stock=False), None, LAST_ONLY)[0].questions == 60
