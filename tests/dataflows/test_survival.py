"""Whatever is killed, every event counts exactly once."""

import os
import signal
import threading
import time
from pathlib import Path

import psycopg
import pytest
from tests.dataflows.conftest import Breakable, Marketplace, eventually, happens

from carousel.activity import partitions
from carousel.activity.events import Event, encode
from carousel.activity.repository import FencedError, positions
from carousel.dataflows.commit import CommitSink
from carousel.dataflows.connectors import Batch, Entry
from carousel.dataflows.fold import TasteWork
from carousel.embedded.servers import Servers
from carousel.rights.erase import erase
from carousel.storage.postgres import Connection, connect
from carousel.storage.valkey import Valkey
from carousel.taste.evidence import Evidence

STOCK = {"octavia": "Skoda"}


def views(count: int, shoppers: int = 10) -> list[Event]:
    return [happens("view", f"shopper-{i % shoppers}", "octavia") for i in range(count)]


def counted(marketplace: Marketplace) -> int:
    """The views that moved a taste."""
    row = marketplace.database.execute("SELECT coalesce(sum(event_count), 0) FROM taste").fetchone()
    assert row is not None
    return int(row[0])


def test_killed_at_any_moment_the_flow_resumes_where_it_committed(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    events = views(3_000)

    def send_for_four_seconds() -> None:
        for start in range(0, 3_000, 50):
            marketplace.send(events[start : start + 50])
            time.sleep(0.05)

    flow = marketplace.start()
    sender = threading.Thread(target=send_for_four_seconds)
    sender.start()
    for progress in (100, 700, 1_400, 2_000):
        eventually(lambda progress=progress: len(marketplace.archived()) > progress)
        flow.kill()
        flow = marketplace.start()
    sender.join()
    marketplace.archives(events)
    assert marketplace.archived() == {e.event_id for e in events}
    assert counted(marketplace) == 3_000


def test_of_two_processes_on_one_share_only_one_commits(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    flows = [marketplace.start(), marketplace.start()]
    events: list[Event] = []

    def one_has_ended() -> bool:
        events.extend(views(20))
        marketplace.send(events[-20:])
        return not all(flow.runs for flow in flows)

    eventually(one_has_ended)
    marketplace.archives(events)
    assert counted(marketplace) == len(events)
    ended = [flow for flow in flows if not flow.runs]
    assert [flow.process.returncode for flow in ended] == [1]
    assert "another process moved flow taste" in ended[0].log


def test_processes_share_the_streams_and_miss_none(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    for share in ((1, 3), (2, 3), (3, 3)):
        marketplace.start(share)
    events = views(500, shoppers=50)
    marketplace.send(events)
    marketplace.archives(events)
    assert counted(marketplace) == 500
    read = marketplace.database.execute("SELECT sum(entries_read), count(*) FROM stream_position").fetchone()
    assert read == (500, 8)


def test_with_another_number_of_streams_than_the_log_it_ends_before_it_reads(marketplace: Marketplace) -> None:
    partitions.keep(marketplace.database, 16)
    flow = marketplace.start()
    eventually(lambda: not flow.runs)
    assert "CAROUSEL_PARTITIONS is 8, but this event log was made with 16" in flow.log


def test_it_waits_for_killed_servers_and_goes_on_by_itself(breakable: Breakable, tmp_path: Path) -> None:
    with connect(breakable.urls.database_url) as database:
        marketplace = Marketplace(breakable.urls, database, tmp_path)
        marketplace.stock(STOCK)
    flow = marketplace.start()
    sent: list[Event] = []

    def send(count: int) -> None:
        sent.extend(views(count))
        marketplace.send(sent[-count:])

    try:
        send(200)
        for name, how in (("postgres", signal.SIGKILL), ("valkey", signal.SIGKILL), ("postgres", signal.SIGINT)):
            if name == "postgres":
                breakable.kill(name, how)
                send(200)  # the log takes events while the database is away
                time.sleep(1)
                breakable.start(name)
            else:
                time.sleep(1.1)  # everysec: what was acknowledged a second ago is on disk
                breakable.kill(name, how)
                time.sleep(1)
                breakable.start(name)
                send(200)
        with connect(breakable.urls.database_url) as database:
            marketplace.database = database
            marketplace.archives(sent)
            assert counted(marketplace) == len(sent) == 800
            assert flow.runs, "it was one process all along"
            assert not marketplace.dead_letters()
    finally:
        marketplace.close()


def test_it_ends_within_a_second_of_sigterm_even_in_a_query_that_hangs(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    flow = marketplace.start()
    first, second = views(2)
    marketplace.send([first])
    marketplace.archives([first])
    with connect(marketplace.servers.database_url) as other, other.transaction():
        other.execute("LOCK TABLE activity IN ACCESS EXCLUSIVE MODE")
        marketplace.send([second])
        eventually(
            lambda: marketplace.database.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() != (0,)
        )
        started = time.monotonic()
        assert flow.stop() == 0
        assert time.monotonic() - started < 1.2
    marketplace.start()
    marketplace.archives([first, second])
    assert counted(marketplace) == 2


def test_it_ends_within_a_second_of_sigterm_even_when_the_database_is_away(
    breakable: Breakable, tmp_path: Path
) -> None:
    with connect(breakable.urls.database_url) as database:
        marketplace = Marketplace(breakable.urls, database, tmp_path)
    try:
        healthy = marketplace.start()
        eventually(lambda: "dataflow_started" in healthy.log)
        started = time.monotonic()
        assert healthy.stop() == 0
        assert time.monotonic() - started < 1.2

        breakable.kill("postgres")
        waiting = marketplace.start()
        eventually(lambda: "postgres_away" in waiting.log)
        started = time.monotonic()
        assert waiting.stop() == 0
        assert time.monotonic() - started < 1.2
    finally:
        marketplace.close()


def test_a_taste_somebody_else_wrote_is_read_again(marketplace: Marketplace) -> None:
    marketplace.stock(STOCK)
    marketplace.start()
    first, second = views(2, shoppers=1)
    marketplace.send([first])
    marketplace.archives([first])
    theirs = Evidence.of({"make": {"Ford": (9.0, 9.0, 0.0)}})
    marketplace.database.execute("UPDATE taste SET version = version + 10, evidence = %s", (theirs.to_bytes(),))
    marketplace.send([second])
    marketplace.archives([second])
    taste = marketplace.taste("shopper-0")
    assert taste is not None
    assert taste.version == 12
    assert set(taste.evidence.nested()["make"]) == {"Ford", "Skoda"}


# --- the sink by itself ---------------------------------------------------------------------------------------------


def one_batch(previous_id: str, last_id: str, event: Event) -> Batch:
    return Batch("activity:0", previous_id, (Entry(last_id, encode(event), event),))


def test_a_commit_whose_answer_was_lost_is_not_applied_again(
    servers: Servers, database: Connection, valkey: Valkey
) -> None:
    sink = CommitSink("taste", servers.database_url, lambda: TasteWork("taste", valkey), threading.Event())
    partition = sink.build("commit", 0, 1)
    really_commit, answers = partition._commit, iter([psycopg.OperationalError("server closed the connection")])

    def commit_and_lose_the_answer(*args: object, **options: object) -> object:
        letters = really_commit(*args, **options)  # type: ignore[arg-type]
        for error in answers:
            raise error
        return letters

    partition._commit = commit_and_lose_the_answer  # type: ignore[method-assign,assignment]
    event = happens("hide", "john", "octavia")
    partition.write_batch([one_batch("0-0", "1-0", event)])
    partition.write_batch([one_batch("1-0", "2-0", happens("hide", "john", "fabia"))])
    partition.close()
    assert positions(database, "taste", ["activity:0", "activity:1"]) == {"activity:0": "2-0", "activity:1": "0-0"}
    assert database.execute("SELECT version, event_count FROM taste").fetchall() == [(2, 2)]
    assert database.execute("SELECT sum(entries_read) FROM stream_position").fetchone() == (2,)


def test_a_process_that_fell_behind_is_fenced_before_it_writes(
    servers: Servers, database: Connection, valkey: Valkey
) -> None:
    sink = CommitSink("taste", servers.database_url, lambda: TasteWork("taste", valkey), threading.Event())
    current, zombie = sink.build("commit", 0, 1), sink.build("commit", 0, 1)
    current.write_batch([one_batch("0-0", "5-0", happens("hide", "john", "octavia"))])
    with pytest.raises(FencedError, match="activity:0 at 0-0"):
        zombie.write_batch([one_batch("0-0", "3-0", happens("hide", "john", "fabia"))])
    current.close()
    zombie.close()
    assert database.execute("SELECT hidden FROM taste").fetchall() == [(["octavia"],)]


def test_an_idle_flow_hardly_uses_the_processor(marketplace: Marketplace) -> None:
    flow = marketplace.start()
    eventually(lambda: "dataflow_started" in flow.log)
    time.sleep(1.0)
    ticks = os.sysconf("SC_CLK_TCK")

    def used() -> float:
        fields = Path(f"/proc/{flow.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    before = used()
    time.sleep(2.0)
    assert (used() - before) / 2.0 < 0.10  # 2 to 3% of a core alone on a machine; the floor of Bytewax is 1.5%


def test_what_was_erased_does_not_come_back_from_another_process(
    servers: Servers, database: Connection, valkey: Valkey
) -> None:
    sink = CommitSink("taste", servers.database_url, lambda: TasteWork("taste", valkey), threading.Event())
    one, other = sink.build("commit", 0, 1), sink.build("commit", 0, 1)

    def on(stream: str, previous_id: str, last_id: str, event: Event) -> list[Batch]:
        return [Batch(stream, previous_id, (Entry(last_id, encode(event), event),))]

    other.write_batch(on("activity:1", "0-0", "1-0", happens("hide", "john", "fiat")))
    erase(database, valkey, "john", partitions=8, token_seconds=60)
    one.write_batch(on("activity:0", "0-0", "1-0", happens("hide", "john", "octavia")))
    other.write_batch(on("activity:1", "1-0", "2-0", happens("hide", "john", "fabia")))
    one.close()
    other.close()
    assert database.execute("SELECT version, hidden FROM taste").fetchall() == [(2, ["fabia", "octavia"])]
