import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from psycopg.types.json import Json

from carousel.activity.events import Event
from carousel.activity.repository import archive
from carousel.catalogue.repository import set_status, upsert
from carousel.catalogue.snapshot import LiveSnapshot, Snapshot
from carousel.cli.training import train as train_command
from carousel.crowd import repository
from carousel.embedded.servers import Servers
from carousel.errors import InputError, StartError
from carousel.evaluation.simulated import NOW, ExactNeighbours, Market
from carousel.recommend import ranker, training
from carousel.recommend.crowd import Crowd, serve_newest
from carousel.recommend.pipeline import Recommender
from carousel.recommend.placements import Placements, load
from carousel.recommend.query import Query
from carousel.recommend.ranker import COLUMNS
from carousel.storage import postgres
from carousel.storage.postgres import Connection
from carousel.taste.taste import Taste

PACKAGED = load()


@pytest.fixture(scope="module")
def market() -> Market:
    market = Market(listings=600, shoppers=60)
    now = datetime.now(UTC)
    shift = now - max(e.occurred_at for e in market.past)
    for event in market.past:
        event.occurred_at += shift
        event.received_at = now
    return market


def filled(connection: Connection, market: Market) -> None:
    upsert(connection, market.listings)
    archive(connection, market.past)


def test_too_little_to_learn_from_is_said(database: Connection) -> None:
    with pytest.raises(InputError, match="nothing to learn from yet: 0 shoppers"):
        training.train_from_archive(database, PACKAGED)


def test_a_training_ends_in_a_served_version(database: Connection, market: Market) -> None:
    filled(database, market)
    epochs: list[tuple[int, int]] = []
    done = training.train_from_archive(database, PACKAGED, progress=lambda now, all_: epochs.append((now, all_)))
    assert done.served, done.why_not
    assert done.figures["gain"] > 0
    assert done.figures["held_out"] >= 3
    assert [v.served for v in repository.versions(database)] == [True]
    stored = repository.load(database, done.version)
    assert stored is not None
    assert stored.factors is not None
    looked_at = {e.listing_id for e in market.past if e.type in ("view", "contact", "favourite")}
    assert looked_at <= set(stored.factors.listing_ids)
    assert epochs[-1][0] == epochs[-1][1]


def test_sold_cars_teach_too(database: Connection, market: Market) -> None:
    filled(database, market)
    set_status(database, [x.listing_id for x in market.listings[::2]], "sold")
    _, learning, held_out, looks = training._read(database, 1)
    shoppers = {e.shopper_id for e in market.past}
    assert len(learning) + len(held_out) >= 0.9 * len(shoppers)
    assert looks.shape[0] == len(shoppers)


def test_two_trainings_do_not_run_at_once(database: Connection, servers: object) -> None:
    with postgres.connect(database.info.dsn + f" password={database.info.password}") as other:
        other.execute("SELECT pg_advisory_lock(%s)", (training._LOCK,))
        with pytest.raises(InputError, match="another training is under way"):
            training.train_from_archive(database, PACKAGED)


def test_a_worse_model_is_kept_but_not_served(
    database: Connection, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(database, market)
    first = training.train_from_archive(database, PACKAGED)
    monkeypatch.setattr(training, "gains", lambda model, *_: np.full(3, 1.0 if "gain" in model.figures else 0.2))
    second = training.train_from_archive(database, PACKAGED)
    assert not second.served
    assert second.why_not is not None
    assert f"version {first.version} predicts" in second.why_not
    assert {v.version: v.served for v in repository.versions(database)} == {first.version: True, second.version: False}
    assert training.train_from_archive(database, PACKAGED, force=True).served


def test_who_is_held_out_was_never_learned_from(database: Connection, market: Market) -> None:
    """A served model that had would know the held-out shoppers of the next one, and stay the better one for ever."""

    def histories(known: list[training.History], snapshot: Snapshot) -> set[frozenset[str]]:
        return {frozenset(snapshot.ids[row] for row in rows) for rows, _ in known}

    upsert(database, market.listings)
    late = set(sorted({e.shopper_id for e in market.past})[::3])
    archive(database, [e for e in market.past if e.shopper_id not in late])
    snapshot, learning, held_out, _ = training._read(database, 1)
    first = histories(learning, snapshot), histories(held_out, snapshot)
    archive(database, [e for e in market.past if e.shopper_id in late])
    snapshot, learning, held_out, _ = training._read(database, 1)
    second = histories(learning, snapshot), histories(held_out, snapshot)
    assert len(second[1]) >= len(first[1]) >= 3
    assert first[0] < second[0]
    assert not second[1] & first[0]


def test_some_are_held_out_of_few_and_a_tenth_of_many() -> None:
    rng = np.random.default_rng(1)
    hashes = np.sort(rng.integers(-(2**63), 2**63 - 1, 10_000))
    assert training._held_out(hashes) == pytest.approx(1_000, abs=100)
    assert training._held_out(hashes[-20:]) == 3  # of whose hashes none is in the lowest tenth


def test_only_what_is_surely_worse_than_a_fair_measure_is_refused(
    database: Connection, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(database, market)
    training.train_from_archive(database, PACKAGED)
    monkeypatch.setattr(training, "gains", lambda *_: np.full(4, 2.0))

    def refused(*losses: float) -> bool:
        return training._objection(database, 2 - np.array(losses), market.snapshot, ()) is not None

    assert refused(0.1, 0.12, 0.09, 0.1)
    assert not refused(0.3, -0.2, 0.1, 0.2)
    assert not refused(-0.1, -0.3, 0.2, -0.4)
    # A version of before the held-out shoppers were always the same does not say how many there were.
    database.execute("UPDATE crowd_model SET figures = figures - 'held_out'")
    assert not refused(0.1, 0.12, 0.09, 0.1)


async def test_the_api_serves_a_new_version_by_itself(database: Connection, market: Market) -> None:
    filled(database, market)
    pool = postgres.make_pool(database.info.dsn + f" password={database.info.password}", size=2)
    await pool.open()
    live = LiveSnapshot()
    recommender = Recommender(None, exact_limit=1_000, exploration=0)  # type: ignore[arg-type]
    task = asyncio.create_task(serve_newest(recommender, pool, live, seconds=0.05))
    try:
        async with pool.connection() as connection:
            await live.current(connection)
        await asyncio.sleep(0.2)
        assert recommender.version == 0
        done = await asyncio.to_thread(training.train_from_archive, database, PACKAGED)
        for _ in range(100):
            if recommender.version == done.version:
                break
            await asyncio.sleep(0.05)
        assert recommender.version == done.version
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pool.close()


def click(connection: Connection, count: int) -> None:
    """Log slates of five whose shoppers always click the best by the crowd and care for nothing else."""
    rng = np.random.default_rng(1)
    terms = rng.standard_normal((count, 5, len(COLUMNS))).round(4)
    best = (3 * terms[..., COLUMNS.index("crowd")] + rng.gumbel(size=(count, 5))).argmax(axis=1)
    now = datetime.now(UTC)
    ids = [uuid4() for _ in range(count)]
    slates = [
        [{"listing_id": f"x{at}", "terms": dict(zip(COLUMNS, terms[i, at].tolist(), strict=True))} for at in range(5)]
        for i in range(count)
    ]
    connection.cursor().executemany(
        "INSERT INTO slate (recommendation_id, shopper_id, served_at, placement, taste_version, crowd_version, "
        "listings) VALUES (%s, 'somebody', %s, 'home', 1, 0, %s)",
        [(i, now, Json(listings)) for i, listings in zip(ids, slates, strict=True)],
    )
    archive(
        connection,
        [
            Event(
                event_id=str(uuid4()), type="click", shopper_id="somebody", occurred_at=now, received_at=now,
                listing_id=f"x{best[i]}", recommendation_id=str(ids[i]), position=int(best[i]) + 1,
            )
            for i in range(count)
        ],
    )  # fmt: skip


def test_logged_slates_are_read_with_their_clicks(database: Connection) -> None:
    click(database, 40)
    database.execute("UPDATE activity SET type = 'contact' WHERE position = 1")
    # A slate shown once more from the cache has the listings of its first; a row of a page and one without clicks do
    # not count.
    first, again, row = (uuid4() for _ in range(3))
    place = [{"listing_id": f"x{at}", "terms": {"taste": float(at)}} for at in range(2)]
    for recommendation_id, same_as, kind, listings in (
        (first, None, None, place), (again, first, "picked_for_you", None), (row, None, "good_prices", place),
    ):  # fmt: skip
        database.execute(
            "INSERT INTO slate (recommendation_id, same_as, shopper_id, served_at, placement, row_kind, taste_version, "
            "crowd_version, listings) VALUES (%s, %s, 'other', now(), 'home', %s, 1, 0, %s)",
            (recommendation_id, same_as, kind, Json(listings) if listings else None),
        )
    now = datetime.now(UTC)
    archive(
        database,
        [
            Event(event_id=str(uuid4()), type="view", shopper_id="other", occurred_at=now, received_at=now,
                  listing_id="x1", recommendation_id=str(i)) for i in (again, row)
        ],
    )  # fmt: skip
    slates = ranker.logged_slates(database, days=1)
    assert len(slates) == 41
    sizes = np.bincount(slates.slate)
    (repeated,) = np.flatnonzero(sizes == 2)
    own = slates.slate == repeated
    taste = COLUMNS.index("taste")
    found = sorted(zip(slates.position[own], slates.terms[own, taste], slates.clicks[own], strict=True))
    assert found == [(1, 0.0, 0.0), (2, 1.0, 1.0)]
    clicked = slates.clicks[~own] > 0
    assert set(slates.clicks[~own][clicked & (slates.position[~own] == 1)]) == {2.0}
    assert set(slates.clicks[~own][clicked & (slates.position[~own] > 1)]) == {1.0}


def test_a_learned_blend_is_stored_with_its_version_and_served(database: Connection, market: Market) -> None:
    filled(database, market)
    click(database, ranker.LEAST_CLICKED)
    done = training.train_from_archive(database, PACKAGED)
    assert done.served
    assert done.default_blend is None
    stored = repository.load(database, done.version)
    assert stored is not None
    assert stored.blend["crowd"] > 1 > stored.blend["taste"]
    assert done.figures["blend_gain"] > 0
    recommender = Recommender(ExactNeighbours(market), exact_limit=10**9)
    recommender.use(Crowd(stored, done.version).refresh(market.snapshot))
    query = Query(shopper_id="somebody", taste=Taste.empty(NOW), now=NOW)
    usual = recommender.placements.of("home", "somebody").weights
    weights = recommender.view(query, market.snapshot, {}).placement.weights
    assert weights["crowd"] == pytest.approx(usual["crowd"] * stored.blend["crowd"])


def test_what_the_operators_own_weights_say_already_is_not_learned_again(
    database: Connection, market: Market, tmp_path: Path
) -> None:
    """Shoppers click by the crowd and care for nothing else, and so do the weights of the file."""
    filled(database, market)
    click(database, ranker.LEAST_CLICKED)
    file = tmp_path / "placements.toml"
    others = "".join(f"{term} = 0.0\n" for term in ranker.TERMS if term != "crowd")
    file.write_text(f"[home.weights]\ncrowd = 4.0\n{others}")
    done = training.train_from_archive(database, load(file))
    stored = repository.load(database, done.version)
    assert stored is not None
    assert stored.blend.get("crowd", 1.0) == pytest.approx(1, abs=0.1)


def test_the_command_trains_for_the_placements_that_are_served(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, servers: Servers, database: Connection
) -> None:
    """The scheduled training runs the same command."""
    file = tmp_path / "placements.toml"
    file.write_text("[home.weights]\ncrowd = 4.0\n")
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", servers.valkey_url)
    monkeypatch.setenv("CAROUSEL_PLACEMENTS_FILE", str(file))
    given: list[Placements] = []

    def trained(_connection: Connection, placements: Placements, **_options: object) -> training.Trained:
        given.append(placements)
        return training.Trained(1, True, {})

    monkeypatch.setattr(training, "train_from_archive", trained)
    train_command(as_json=True)
    assert [placements.knobs["home"]["weights"]["crowd"] for placements in given] == [4.0]
    file.write_text("[home.weights]\ncrowds = 4.0\n")
    with pytest.raises(StartError, match="did you mean 'crowd'"):
        train_command(as_json=True)
    assert len(given) == 1


def test_without_slates_the_default_blend_stays(database: Connection, market: Market) -> None:
    filled(database, market)
    done = training.train_from_archive(database, PACKAGED)
    assert done.default_blend == "0 slates were clicked; at least 2000 are needed"
    stored = repository.load(database, done.version)
    assert stored is not None
    assert stored.blend == {}
