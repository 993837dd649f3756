"""Tastes survive the database unchanged, and a late writer never overwrites a newer one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from carousel.catalogue.listing import ListingId
from carousel.storage.postgres import Connection
from carousel.taste.evidence import Evidence
from carousel.taste.repository import Mark, StaleTaste, load, save
from carousel.taste.taste import Hide, Recent, Taste

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TASTE = Taste(
    as_of=NOW,
    version=3,
    event_count=4,
    evidence=Evidence.of({"make": {"Škoda": (1.0, 2.5, 0.0)}, "price": {"12500": (0.0, 0.25, 4.0)}}),
    recent=(Recent(ListingId("a"), 2.0, 1_772_366_400.123_456, 1.5), Recent(ListingId('quote " and ,'), 1.0, 1e9)),
    hidden={ListingId("b"): Hide("price", 1_772_366_400.123_456), ListingId("c"): Hide()},
    centroid=np.arange(96, dtype=np.float32) / 64,
    interests=(ListingId("a"),),
)


def test_a_taste_comes_back_as_it_was_saved(database: Connection) -> None:
    save(database, {"s": (TASTE, None), "empty": (Taste.empty(NOW), None)})
    loaded = load(database, ["s", "empty", "unknown"])
    assert set(loaded) == {"s", "empty"}
    assert replace(loaded["s"], centroid=None) == replace(TASTE, centroid=None)
    assert np.array_equal(loaded["s"].centroid, TASTE.centroid)  # type: ignore[arg-type]


def test_of_what_an_older_version_knew_to_be_hidden_nobody_knows_why(database: Connection) -> None:
    save(database, {"s": (TASTE, None)})
    database.execute("UPDATE taste SET stated = '{}'")
    assert load(database, ["s"])["s"].hidden == {"b": Hide(), "c": Hide()}


def test_a_writer_that_loaded_an_older_version_is_told(database: Connection) -> None:
    save(database, {"s": (TASTE, None)})
    save(database, {"s": (replace(TASTE, version=4), Mark.of(TASTE))})
    with pytest.raises(StaleTaste) as raised:
        save(database, {"s": (replace(TASTE, version=9), Mark.of(TASTE)), "t": (TASTE, None)})
    assert raised.value.shopper_ids == ["s"]
    assert load(database, ["s"])["s"].version == 4


def test_two_writers_of_a_new_shopper_cannot_both_win(database: Connection) -> None:
    save(database, {"s": (TASTE, None)})
    with pytest.raises(StaleTaste):
        save(database, {"s": (TASTE, None)})


def test_an_erased_taste_does_not_come_back(database: Connection) -> None:
    save(database, {"s": (TASTE, None)})
    database.execute("DELETE FROM taste")
    with pytest.raises(StaleTaste):
        save(database, {"s": (replace(TASTE, version=4), Mark.of(TASTE))})
    assert load(database, ["s"]) == {}


def test_an_erased_taste_does_not_come_back_over_a_new_one_of_the_same_version(database: Connection) -> None:
    save(database, {"s": (TASTE, None)})
    database.execute("DELETE FROM taste")
    anew = replace(Taste.empty(NOW + timedelta(seconds=1)), version=TASTE.version)
    save(database, {"s": (anew, None)})
    with pytest.raises(StaleTaste):
        save(database, {"s": (replace(TASTE, version=4), Mark.of(TASTE))})
    assert load(database, ["s"])["s"].as_of == anew.as_of
