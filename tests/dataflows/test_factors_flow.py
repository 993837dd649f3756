"""The factors dataflow beside that of the tastes, on real servers."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from tests.dataflows.conftest import PARTITIONS, Marketplace, eventually, happens

from carousel.activity.events import encode
from carousel.activity.log import stream_keys
from carousel.activity.repository import Move, advance, positions, slowest_positions
from carousel.catalogue.snapshot import Snapshot
from carousel.crowd import repository
from carousel.crowd.choice_model import ChoiceModel
from carousel.crowd.space import TraitSpace
from carousel.dataflows.connectors import Batch, Entry
from carousel.dataflows.factors import AfterTaste
from carousel.embedded.servers import Servers
from carousel.recommend import factors
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey


@pytest.fixture
def model_version(marketplace: Marketplace) -> int:
    """Serve a model that tells makes apart, over a stock of two."""
    marketplace.stock({f"a{i}": "Audi" for i in range(4)} | {f"b{i}": "BMW" for i in range(4)})
    space = TraitSpace({"make": ("Audi", "BMW")}, {}, np.zeros((0, 2)))
    loadings = np.array([[1, 0], [0, 1]], dtype=np.float32)
    size = space.matrix(Snapshot(), np.zeros(0, dtype=np.intp)).shape[1]
    loadings = np.vstack([loadings, np.zeros((size - 2, 2), dtype=np.float32)])
    model = ChoiceModel(space, np.zeros(size, dtype=np.float32), loadings)
    return repository.save(marketplace.database, model, serve=True)


def kept(marketplace: Marketplace, shopper_id: str) -> tuple[Any, ...] | None:
    return marketplace.database.execute(
        "SELECT taste_version, crowd_version, interests FROM shopper_factors WHERE shopper_id = %s", (shopper_id,)
    ).fetchone()


def is_ready(marketplace: Marketplace, shopper_id: str) -> bool:
    """Return whether what is kept was made of the taste as it stands."""
    taste, row = marketplace.taste(shopper_id), kept(marketplace, shopper_id)
    return taste is not None and row is not None and row[0] == taste.version


def test_factors_follow_every_taste(marketplace: Marketplace, model_version: int) -> None:
    marketplace.start()
    flow = marketplace.start(name="factors")
    events = [happens("view", "s", f"a{i}") for i in range(3)]
    marketplace.send(events)
    marketplace.archives(events)
    eventually(lambda: is_ready(marketplace, "s"))
    more = [happens("view", "s", "a3")]
    marketplace.send(more)
    marketplace.archives(more)
    eventually(lambda: is_ready(marketplace, "s"))
    row = kept(marketplace, "s")
    assert row is not None
    assert row[1] == model_version
    assert sorted(i for one in row[2] for i in one["listing_ids"]) == ["a0", "a1", "a2", "a3"]
    mean = row[2][0]["mean"]
    assert mean[0] > mean[1]  # Audi, rather than BMW
    assert flow.stop() == 0


def test_it_waits_for_the_taste_and_the_taste_never_for_it(marketplace: Marketplace, model_version: int) -> None:
    assert model_version
    marketplace.start(name="factors")
    first = [happens("view", "s", "a0")]
    marketplace.send(first)
    time.sleep(1)
    assert kept(marketplace, "s") is None  # there is no taste yet
    marketplace.start()
    marketplace.archives(first)
    eventually(lambda: is_ready(marketplace, "s"))
    marketplace.close()

    marketplace.start()
    alone = [happens("view", "s", "b0")]
    marketplace.send(alone)
    marketplace.archives(alone)  # without the factors flow
    assert not is_ready(marketplace, "s")
    marketplace.start(name="factors")
    eventually(lambda: is_ready(marketplace, "s"))


def test_a_killed_flow_goes_on_where_it_was(marketplace: Marketplace, model_version: int) -> None:
    assert model_version
    marketplace.start()
    shoppers = [f"s{i}" for i in range(40)]
    flow = marketplace.start(name="factors")
    for at in range(0, 40, 10):
        marketplace.send([happens("view", s, "a1") for s in shoppers[at : at + 10]])
        flow.kill()
        flow = marketplace.start(name="factors")
    eventually(lambda: all(is_ready(marketplace, s) for s in shoppers), within=30)
    assert not marketplace.dead_letters()


def test_who_is_erased_stays_erased(marketplace: Marketplace, model_version: int) -> None:
    marketplace.start()
    flow = marketplace.start(name="factors")
    marketplace.send([happens("view", "s", "a0")])
    eventually(lambda: is_ready(marketplace, "s"))
    flow.kill()
    taste = marketplace.taste("s")
    assert taste is not None
    marketplace.database.execute("DELETE FROM taste WHERE shopper_id = 's'")
    assert kept(marketplace, "s") is None
    made = factors.Factors(taste.version, model_version, [], datetime.now(UTC))
    assert factors.save(marketplace.database, {"s": made}) == 0  # was on its way
    assert kept(marketplace, "s") is None


def test_what_was_made_of_an_older_taste_is_not_written(marketplace: Marketplace, model_version: int) -> None:
    marketplace.start()
    marketplace.send([happens("view", "s", "a0")])
    eventually(lambda: marketplace.taste("s"))
    taste = marketplace.taste("s")
    assert taste is not None
    old = factors.Factors(taste.version - 1, model_version, [], datetime.now(UTC))
    assert factors.save(marketplace.database, {"s": old}) == 0
    now = factors.Factors(taste.version, model_version, [], datetime.now(UTC))
    assert factors.save(marketplace.database, {"s": now}) == 1


def test_no_model_no_factors_and_it_holds_no_trimming_back(marketplace: Marketplace) -> None:
    marketplace.stock({"a0": "Audi"})
    marketplace.start()
    marketplace.start(name="factors")
    streams = stream_keys(PARTITIONS)
    marketplace.send([happens("view", "s", "a0")])

    def both() -> bool:
        return positions(marketplace.database, "factors", streams) == positions(marketplace.database, "taste", streams)

    eventually(lambda: marketplace.taste("s") and both())
    assert kept(marketplace, "s") is None
    advance(marketplace.database, "taste", [Move("events:other", "0-0", "9-0", 1)])
    advance(marketplace.database, "factors", [Move("events:other", "0-0", "5-0", 1)])
    assert slowest_positions(marketplace.database, ["events:other"]) == {"events:other": "9-0"}


def test_an_entry_that_is_no_event_is_buried_by_the_taste_alone(marketplace: Marketplace, valkey: Valkey) -> None:
    marketplace.stock({"a0": "Audi"})
    marketplace.start()
    marketplace.start(name="factors")
    valkey.xadd("activity:0", {"e": "{"})
    for flow in ("taste", "factors"):
        eventually(lambda flow=flow: positions(marketplace.database, flow, ["activity:0"])["activity:0"] != "0-0")
    assert marketplace.database.execute("SELECT flow FROM dead_letter").fetchall() == [("taste",)]


def test_what_was_read_together_waits_once_for_a_taste_flow_that_is_away(
    servers: Servers, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carousel.dataflows.factors._LONGEST_WAIT", 0.3)
    event = happens("view", "s", "a0")
    batches = [Batch(stream, "0-0", (Entry("5-0", encode(event), event),)) for stream in stream_keys(8)]
    after_taste = AfterTaste(servers.database_url, threading.Event())
    start = time.monotonic()
    assert after_taste(batches) == batches
    assert 0.3 <= time.monotonic() - start < 2.0
    monkeypatch.setattr("carousel.dataflows.factors._LONGEST_WAIT", 60)
    advance(database, "taste", [Move(stream, "0-0", "5-0", 1) for stream in stream_keys(8)])
    assert after_taste(batches) == batches
    assert time.monotonic() - start < 10
