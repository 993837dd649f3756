"""Streams are trimmed of what everybody has committed, and of nothing else."""

import time

from carousel.activity.repository import Move, advance
from carousel.dataflows.janitor import KEPT_MS, trim
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey

DAY = KEPT_MS


def test_only_what_the_slowest_flow_committed_over_a_day_ago_is_removed(database: Connection, valkey: Valkey) -> None:
    now = int(time.time() * 1_000)
    ages = [4, 3, 2, 1, 0]  # days
    for age in ages:
        for i in range(200):
            valkey.xadd("activity:0", {"e": "x"}, id=f"{now - age * DAY}-{i + 1}")
    advance(database, "taste", [Move("activity:0", "0-0", f"{now}-9", 1)])
    advance(database, "search_filters", [Move("activity:0", "0-0", f"{now - 2 * DAY + 5}-10", 1)])

    removed = trim(database, valkey, ["activity:0", "activity:1"])

    left = valkey.xrange("activity:0")
    ids = [int(entry_id.split(b"-")[0]) for entry_id, _ in left]
    assert removed == 1_000 - len(ids)
    assert sum(i == now - 4 * DAY for i in ids) < 200, "the oldest day is gone, but for a part of a node"
    assert sum(i > now - 3 * DAY for i in ids) == 600, "nothing that is newer than a day before the slowest flow"


def test_a_stream_nobody_has_read_is_left_alone(database: Connection, valkey: Valkey) -> None:
    valkey.xadd("activity:0", {"e": "x"}, id="1-1")
    assert trim(database, valkey, ["activity:0"]) == 0
    assert valkey.xlen("activity:0") == 1
