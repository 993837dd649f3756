import asyncio
from datetime import UTC, datetime

import pytest

from carousel.activity.repository import archive
from carousel.catalogue.repository import set_status, upsert
from carousel.catalogue.snapshot import LiveSnapshot
from carousel.crowd import repository
from carousel.errors import InputError
from carousel.evaluation.simulated import Market
from carousel.recommend import training
from carousel.recommend.crowd import serve_newest
from carousel.recommend.pipeline import Recommender
from carousel.storage import postgres
from carousel.storage.postgres import Connection


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
        training.train_from_archive(database)


def test_a_training_ends_in_a_served_version(database: Connection, market: Market) -> None:
    filled(database, market)
    epochs: list[tuple[int, int]] = []
    done = training.train_from_archive(database, progress=lambda now, all_: epochs.append((now, all_)))
    assert done.served, done.why_not
    assert done.figures["gain"] > 0
    assert [v.served for v in repository.versions(database)] == [True]
    assert epochs[-1][0] == epochs[-1][1]


def test_sold_cars_teach_too(database: Connection, market: Market) -> None:
    filled(database, market)
    set_status(database, [x.listing_id for x in market.listings[::2]], "sold")
    _, known = training._read(database, 1)
    shoppers = {e.shopper_id for e in market.past}
    assert len(known) >= 0.9 * len(shoppers)


def test_two_trainings_do_not_run_at_once(database: Connection, servers: object) -> None:
    with postgres.connect(database.info.dsn + f" password={database.info.password}") as other:
        other.execute("SELECT pg_advisory_lock(%s)", (training._LOCK,))
        with pytest.raises(InputError, match="another training is under way"):
            training.train_from_archive(database)


def test_a_worse_model_is_kept_but_not_served(
    database: Connection, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(database, market)
    first = training.train_from_archive(database)
    monkeypatch.setattr(training, "gain", lambda model, *_: 1.0 if "gain" in model.figures else 0.2)
    second = training.train_from_archive(database)
    assert not second.served
    assert second.why_not is not None
    assert f"version {first.version} predicts" in second.why_not
    assert {v.version: v.served for v in repository.versions(database)} == {first.version: True, second.version: False}
    assert training.train_from_archive(database, force=True).served


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
        done = await asyncio.to_thread(training.train_from_archive, database)
        for _ in range(100):
            if recommender.version == done.version:
                break
            await asyncio.sleep(0.05)
        assert recommender.version == done.version
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pool.close()
