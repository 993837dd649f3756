"""What goes wrong with the log is seen and said: lost, late, gone back, standing still."""

import threading
import time
from dataclasses import replace
from typing import Any

import psutil
from prometheus_client import REGISTRY
from tests.dataflows.conftest import Marketplace, eventually, happens

from carousel.activity.log import partition, stream_key
from carousel.activity.repository import Move, advance
from carousel.dataflows.watch import LATE_SECONDS, STALL_SECONDS, Seen, Watch, look, start
from carousel.embedded.servers import Servers
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey

STREAM = "activity:0"
GOOD = Seen(STREAM, "5-0", unread=0, behind_seconds=0.0, unread_trimmed=0, went_back=False)


def seen(database: Connection, valkey: Valkey, now: float = 100.0) -> Seen:
    (one,) = look(database, valkey, "taste", [STREAM], now)
    return one


def test_it_sees_how_many_wait_and_for_how_long(database: Connection, valkey: Valkey) -> None:
    assert seen(database, valkey) == Seen(STREAM, "0-0", 0, 0.0, 0, went_back=False)
    for second in range(10, 20):
        valkey.xadd(STREAM, {"e": "x"}, id=f"{second}000-0")
    assert seen(database, valkey) == Seen(STREAM, "0-0", 10, 90.0, 0, went_back=False)
    advance(database, "taste", [Move(STREAM, "0-0", "14000-0", 5)])
    assert seen(database, valkey) == Seen(STREAM, "14000-0", 5, 85.0, 0, went_back=False)
    advance(database, "taste", [Move(STREAM, "14000-0", "19000-0", 5)])
    assert seen(database, valkey) == Seen(STREAM, "19000-0", 0, 0.0, 0, went_back=False)


def test_trimming_what_was_read_is_no_alarm_and_what_was_not_is(database: Connection, valkey: Valkey) -> None:
    for second in range(10, 20):
        valkey.xadd(STREAM, {"e": "x"}, id=f"{second}000-0")
    advance(database, "taste", [Move(STREAM, "0-0", "14000-0", 5)])
    valkey.xtrim(STREAM, maxlen=5, approximate=False)
    assert seen(database, valkey).unread_trimmed == 0
    valkey.xtrim(STREAM, maxlen=2, approximate=False)
    assert (seen(database, valkey).unread_trimmed, seen(database, valkey).unread) == (3, 2)


def test_what_is_trimmed_unread_is_seen_also_in_a_stream_that_began_anew(database: Connection, valkey: Valkey) -> None:
    advance(database, "taste", [Move(STREAM, "0-0", "9000-0", 3_000)])  # of the stream before
    for second in range(10, 15):
        valkey.xadd(STREAM, {"e": "x"}, id=f"{second}000-0")
    advance(database, "taste", [Move(STREAM, "9000-0", "14000-0", 5)])
    assert seen(database, valkey).unread == 0
    for second in range(15, 25):
        valkey.xadd(STREAM, {"e": "x"}, id=f"{second}000-0")
    assert (seen(database, valkey).unread_trimmed, seen(database, valkey).unread) == (0, 10)
    valkey.xtrim(STREAM, maxlen=2, approximate=False)
    assert (seen(database, valkey).unread_trimmed, seen(database, valkey).unread) == (8, 2)


def test_what_was_trimmed_from_a_stream_that_began_anew_while_no_flow_ran_is_seen(
    database: Connection, valkey: Valkey
) -> None:
    advance(database, "taste", [Move(STREAM, "0-0", "9000-0", 3_000)])
    for second in range(10, 20):
        valkey.xadd(STREAM, {"e": "x"}, id=f"{second}000-0")
    valkey.xtrim(STREAM, maxlen=2, approximate=False)
    assert (seen(database, valkey).unread_trimmed, seen(database, valkey).unread) == (8, 2)


def test_a_log_that_lost_its_newest_entries_is_noticed(database: Connection, valkey: Valkey) -> None:
    valkey.xadd(STREAM, {"e": "x"}, id="10000-0")
    advance(database, "taste", [Move(STREAM, "0-0", "10000-0", 1)])
    assert not seen(database, valkey).went_back
    valkey.delete(STREAM)
    assert seen(database, valkey).went_back
    valkey.xadd(STREAM, {"e": "x"}, id="9000-0")
    assert seen(database, valkey).went_back
    valkey.xadd(STREAM, {"e": "x"}, id="11000-0")
    assert not seen(database, valkey).went_back


def test_a_log_that_is_emptied_under_traffic_is_noticed_each_time(database: Connection, valkey: Valkey) -> None:
    position = "0-0"
    for loss in range(1, 4):
        for second in range(20):
            valkey.xadd(STREAM, {"e": "x"}, id=f"{loss}{second:02}000-0")
        advance(database, "taste", [Move(STREAM, position, position := f"{loss}19000-0", 20)])
        assert not seen(database, valkey).went_back
        valkey.delete(STREAM)
        for second in range(20, 25):  # read before anybody looks
            valkey.xadd(STREAM, {"e": "x"}, id=f"{loss}{second}000-0")
        advance(database, "taste", [Move(STREAM, position, position := f"{loss}24000-0", 5)])
        assert seen(database, valkey).went_back
        assert not seen(database, valkey).went_back


def watched(flow: str) -> float | None:
    return REGISTRY.get_sample_value("carousel_flow_watched_timestamp_seconds", {"flow": flow})


def test_it_says_when_it_last_saw_anything(servers: Servers, database: Connection, valkey: Valkey) -> None:
    stop, begun = threading.Event(), time.time()
    try:
        start("postgresql://nobody@127.0.0.1:1/none", valkey, "blind", [STREAM], stop)
        start(servers.database_url, valkey, "seeing", [STREAM], stop)
        eventually(lambda: (watched("seeing") or 0.0) >= begun, within=5)
    finally:
        stop.set()
    assert watched("blind") is None


def alarm(what: str) -> Any:
    return REGISTRY.get_sample_value("carousel_flow_alarm", {"flow": "taste", "stream": STREAM, "alarm": what})


def test_an_alarm_holds_as_long_as_its_reason() -> None:
    watch = Watch("taste")
    watch.judge([GOOD], 1.0)
    assert alarm("late") == 0
    watch.judge([replace(GOOD, unread=7, behind_seconds=LATE_SECONDS + 1)], 2.0)
    assert alarm("late") == 1
    watch.judge([GOOD], 3.0)
    assert alarm("late") == 0


def test_a_log_that_went_back_stays_an_alarm_when_newer_entries_have_come() -> None:
    watch = Watch("taste")
    watch.judge([GOOD], 1.0)
    assert alarm("log_went_back") == 0
    watch.judge([replace(GOOD, went_back=True)], 2.0)
    watch.judge([GOOD], 3.0)
    assert alarm("log_went_back") == 1


def test_a_loss_stays_an_alarm_after_the_flow_has_read_past_the_gap() -> None:
    watch = Watch("taste")
    watch.judge([replace(GOOD, unread_trimmed=3)], 1.0)
    watch.judge([GOOD], 2.0)
    assert alarm("unread_trimmed") == 1
    lost = {"flow": "taste", "stream": STREAM}
    assert REGISTRY.get_sample_value("carousel_flow_unread_trimmed_entries", lost) == 3


def test_what_was_trimmed_while_no_process_ran_is_an_alarm_when_one_does(
    marketplace: Marketplace, valkey: Valkey
) -> None:
    marketplace.stock({"octavia": "Skoda"})
    before, lost, kept = ([happens("view", "john", "octavia") for _ in range(10)] for _ in range(3))
    flow = marketplace.start()
    marketplace.send(before)
    marketplace.archives(before)
    flow.stop()
    marketplace.send([*lost, *kept])
    valkey.xtrim(stream_key(partition("john", 8)), maxlen=10, approximate=False)
    flow = marketplace.start()
    marketplace.archives(kept)
    eventually(lambda: '"alarm": "unread_trimmed"' in flow.log)


def test_a_process_that_stands_still_is_ended_but_not_one_that_is_slow_or_blind() -> None:
    ended: list[int] = []
    watch = Watch("taste", end_process=ended.append)
    waiting = replace(GOOD, unread=3)
    watch.judge([waiting], 0.0)
    watch.judge([waiting], STALL_SECONDS)
    watch.judge([replace(waiting, position="6-0")], STALL_SECONDS + 1)  # it moved
    watch.judge([replace(waiting, position="6-0")], 2 * STALL_SECONDS)
    watch.blind()  # the servers were away
    watch.judge([replace(waiting, position="6-0")], 3 * STALL_SECONDS)
    watch.judge([GOOD], 9 * STALL_SECONDS)  # nothing to read
    watch.judge([waiting], 9 * STALL_SECONDS + 1)
    assert ended == []
    watch.judge([waiting], 10 * STALL_SECONDS + 2)
    assert ended == [1]
    assert alarm("standing_still") == 1


def test_a_process_whose_streams_take_turns_is_not_ended() -> None:
    ended: list[int] = []
    watch = Watch("taste", end_process=ended.append)
    for turn in range(20):  # one stream moves every 20 s, the other every 100 s
        for fourth in range(4):
            at = (turn * 4 + fourth) * 5.0
            one = replace(GOOD, unread=3, position=f"{turn}-0")
            watch.judge([one, replace(one, stream="activity:1", position=f"{turn // 5}-0")], at)
    assert ended == []


def test_a_running_flow_says_where_it_stands(marketplace: Marketplace, valkey: Valkey) -> None:
    marketplace.stock({"octavia": "Skoda"})
    flow = marketplace.start()
    events = [happens("view", "john", "octavia") for _ in range(5)]
    marketplace.send(events)
    marketplace.archives(events)
    stream = stream_key(partition("john", 8))
    (one,) = look(marketplace.database, valkey, "taste", [stream], time.time())
    assert (one.unread, one.unread_trimmed, one.went_back) == (0, 0, False)
    valkey.delete(stream)
    eventually(lambda: "log_went_back" in flow.log, within=12)
    assert psutil.pid_exists(flow.process.pid)
