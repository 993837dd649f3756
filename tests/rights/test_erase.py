"""Whoever asks to be erased is in no store afterwards, and what they had sent does not come back."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.dataflows.conftest import Marketplace, eventually, happens

from carousel.activity import dead_letters
from carousel.activity.events import encode, merge_event
from carousel.activity.log import hidden_key, partition, stream_key, stream_keys
from carousel.activity.repository import positions
from carousel.dataflows.rebuild import recompute, same
from carousel.embedded.servers import Servers
from carousel.rights import erase as module
from carousel.rights.erase import Receipt, erase, reapply
from carousel.rights.export import export
from carousel.rights.person import entries, find
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey

PARTITIONS = 8
ACCOUNT, VISITOR, SECOND, OTHER = "a-account-7f3a", "s-visitor-91bc", "s-second-55de", "s-other-0001"
STOCK = {"octavia": "Skoda", "focus": "Ford"}


@pytest.fixture
def marketplace(servers: Servers, database: Connection, valkey: Valkey, tmp_path: Path) -> Iterator[Marketplace]:
    market = Marketplace(servers, database, tmp_path)
    market.stock(STOCK)
    yield market
    market.close()


def erased(marketplace: Marketplace, valkey: Valkey, shopper_id: str = ACCOUNT) -> Receipt:
    return erase(marketplace.database, valkey, shopper_id, partitions=PARTITIONS, token_seconds=3_600)


def everything(database: Connection, valkey: Valkey) -> bytes:
    """Return all that both stores hold: every table as text, every key of Valkey with its value."""
    whole = io.BytesIO()
    tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    for (table,) in tables:
        for row in database.execute(f'SELECT t::text FROM "{table}" t'.encode()):  # noqa: S608
            whole.write(row[0].encode())
    # Bytes are shown as hexadecimal digits.
    for (payload,) in database.execute("SELECT payload FROM dead_letter"):
        whole.write(bytes(payload))
    for key in valkey.scan_iter():
        whole.write(key)
        kind = valkey.type(key)
        if kind == b"stream":
            whole.write(repr(valkey.xrange(key)).encode())
        elif kind == b"hash":
            whole.write(repr(valkey.hgetall(key)).encode())
        else:
            whole.write(valkey.get(key) or b"")
    return whole.getvalue()


def logged_in(marketplace: Marketplace) -> None:
    """An account with two visits before it, all of it committed."""
    now = datetime.now(UTC)
    events = [
        *(happens("view", VISITOR, "octavia") for _ in range(5)),
        happens("hide", VISITOR, "focus"),
        merge_event(VISITOR, ACCOUNT, now),
        *(happens("favourite", ACCOUNT, "octavia") for _ in range(3)),
        happens("view", SECOND, "focus"),
        merge_event(SECOND, ACCOUNT, now),
        *(happens("view", OTHER, "octavia") for _ in range(4)),
        happens("view", VISITOR, "focus"),  # a tab that has not heard of the log-in
    ]
    marketplace.database.execute(
        "INSERT INTO shopper (shopper_id, kind, issuer, subject) VALUES (%s, 'account', 'demo', 'me@example.org')",
        (ACCOUNT,),
    )
    marketplace.send(events)
    marketplace.archives(events)


def put_bad(valkey: Valkey, shopper_id: str) -> bytes:
    payload = encode(happens("view", shopper_id, "octavia")).replace(b'"view"', b'"peek"')
    valkey.xadd(stream_key(partition(shopper_id, PARTITIONS)), {b"e": payload})
    return payload


def test_no_store_and_no_log_has_an_id_of_the_erased_afterwards(marketplace: Marketplace, valkey: Valkey) -> None:
    flow = marketplace.start()
    logged_in(marketplace)
    bad = [put_bad(valkey, VISITOR), put_bad(valkey, OTHER)]
    eventually(lambda: len(marketplace.dead_letters()) == len(bad))
    before = everything(marketplace.database, valkey)
    assert all(i.encode() in before for i in (ACCOUNT, VISITOR, SECOND, "me@example.org"))
    assert valkey.exists(hidden_key(VISITOR))

    receipt = erased(marketplace, valkey)

    after = everything(marketplace.database, valkey)
    assert [i for i in (ACCOUNT, VISITOR, SECOND, "me@example.org") if i.encode() in after] == []
    assert receipt.ids == 3
    assert receipt.removed == {
        "activity": 13,
        "taste": 3,
        "slate": 0,
        "shopper": 1,
        "dead_letter": 1,
        "log": 14,
        "cache": 1,
    }
    assert not any(i in flow.log for i in (ACCOUNT, VISITOR, SECOND))
    assert marketplace.taste(OTHER) is not None
    assert OTHER.encode() in after
    assert list(marketplace.dead_letters()) == [bad[1]]
    assert {i for i, _ in recompute(marketplace.database)} == {OTHER}


def test_what_was_on_its_way_is_dropped_and_a_later_visit_starts_afresh(
    marketplace: Marketplace, valkey: Valkey
) -> None:
    late = happens("favourite", ACCOUNT, "focus")  # received before the erasure, appended after it by a slow process
    flow = marketplace.start()
    logged_in(marketplace)
    flow.kill()
    marketplace.send([happens("view", ACCOUNT, "octavia"), happens("view", OTHER, "octavia")])
    marketplace.send([merge_event("s-third", ACCOUNT, datetime.now(UTC)), happens("view", "s-third", "focus")])

    receipt = erased(marketplace, valkey)
    assert receipt.ids == 4  # the visit whose log-in still waits in the log is the person's, too
    valkey.xadd(stream_key(partition(ACCOUNT, PARTITIONS)), {b"e": encode(late)})
    assert marketplace.send([happens("view", ACCOUNT, "octavia", received_at=late.received_at)]) == [False]

    again = happens("view", ACCOUNT, "octavia")
    marketplace.start()
    assert marketplace.send([again]) == [True]
    marketplace.archives([again])
    taste = marketplace.taste(ACCOUNT)
    assert taste is not None
    assert (taste.event_count, taste.hidden) == (1, {})
    assert late.event_id not in marketplace.archived()
    assert marketplace.taste("s-third") is None


def test_erasing_beside_live_traffic_leaves_only_what_came_later(marketplace: Marketplace, valkey: Valkey) -> None:
    marketplace.start((1, 2))
    marketplace.start((2, 2))
    logged_in(marketplace)
    for _ in range(5):
        sent = [happens("view", i, "octavia") for i in (ACCOUNT, OTHER) for _ in range(40)]
        marketplace.send(sent)
        receipt = erased(marketplace, valkey)
        marketplace.archives([event for event in sent if event.shopper_id == OTHER])
        eventually(lambda: all_committed(marketplace.database, valkey))
        rows = marketplace.database.execute(
            "SELECT count(*) FROM activity WHERE shopper_id = %s AND received_at <= %s", (ACCOUNT, receipt.erased_at)
        ).fetchone()
        assert rows == (0,)
    assert marketplace.dead_letters() == {}


def all_committed(database: Connection, valkey: Valkey) -> bool:
    at = dict(database.execute("SELECT stream, last_id FROM stream_position").fetchall())
    return all(
        at.get(key) == valkey.xinfo_stream(key)["last-generated-id"].decode()
        for key in stream_keys(PARTITIONS)
        if valkey.exists(key)
    )


def test_a_visit_that_became_an_account_is_not_erased_with_another_it_logs_in_to_later(
    marketplace: Marketplace, valkey: Valkey
) -> None:
    """The first log-in counts; the second one, still on its way, must not hand the visit over."""
    flow = marketplace.start()
    logged_in(marketplace)
    flow.stop()
    before = dict(recompute(marketplace.database))
    marketplace.send([merge_event(VISITOR, OTHER, datetime.now(UTC))])
    assert erased(marketplace, valkey, OTHER).ids == 1
    after = dict(recompute(marketplace.database))
    assert after.keys() == before.keys() - {OTHER}
    assert all(same(after[i], before[i]) for i in after)
    assert marketplace.taste(VISITOR) is not None
    assert find(marketplace.database, valkey, VISITOR, partitions=PARTITIONS).ids == {ACCOUNT, VISITOR, SECOND}


def test_erasing_is_repeatable_also_for_somebody_nobody_knows(marketplace: Marketplace, valkey: Valkey) -> None:
    marketplace.start()
    logged_in(marketplace)
    assert erased(marketplace, valkey, VISITOR).ids == 3  # any id of theirs will do
    assert set(erased(marketplace, valkey, VISITOR).removed.values()) == {0}
    assert set(erased(marketplace, valkey, "nobody").removed.values()) == {0}


def test_for_whoever_did_nothing_only_what_is_on_its_way_is_read(
    marketplace: Marketplace, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    marketplace.start()
    logged_in(marketplace)
    stream = stream_key(partition(ACCOUNT, PARTITIONS))
    nobody = next(f"s-{i}" for i in range(100) if stream_key(partition(f"s-{i}", PARTITIONS)) == stream)
    read: list[str] = []

    def noticed(valkey: Valkey, stream: str, start: str) -> Iterator[tuple[str, bytes]]:
        read.append(start)
        return entries(valkey, stream, start)

    monkeypatch.setattr(module, "entries", noticed)
    erased(marketplace, valkey, nobody)
    position = positions(marketplace.database, "taste", [stream])[stream]
    assert read == [position.partition("-")[0]]
    assert erased(marketplace, valkey).removed["log"] == 13


def killed(*_: object) -> int:
    raise RuntimeError("killed")


def test_what_a_crash_left_in_the_log_is_removed_by_the_next_attempt(
    marketplace: Marketplace, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL knows nothing any more of who it was, and the dataflow has dropped what was on its way."""
    flow = marketplace.start()
    first, other = happens("view", ACCOUNT, "octavia"), happens("view", OTHER, "octavia")
    marketplace.send([first, other])
    marketplace.archives([first, other])
    flow.kill()
    marketplace.send([happens("view", ACCOUNT, "focus"), happens("view", SECOND, "focus")])
    for shopper_id in (ACCOUNT, SECOND):
        with monkeypatch.context() as crashing:
            crashing.setattr(module, "_clear_stream", killed)
            with pytest.raises(RuntimeError):
                erased(marketplace, valkey, shopper_id)
    marketplace.start()
    eventually(lambda: all_committed(marketplace.database, valkey))

    assert erased(marketplace, valkey, ACCOUNT).removed["log"] == 2
    assert erased(marketplace, valkey, SECOND).removed["log"] == 1
    after = everything(marketplace.database, valkey)
    assert [i for i in (ACCOUNT, SECOND) if i.encode() in after] == []
    assert not valkey.keys("erasing:*")


def test_a_restored_backup_does_not_bring_the_erased_back(marketplace: Marketplace, valkey: Valkey) -> None:
    marketplace.start()
    logged_in(marketplace)
    put_bad(valkey, VISITOR)
    eventually(marketplace.dead_letters)
    run = marketplace.database.execute
    for table in ("activity", "taste", "shopper", "dead_letter"):
        run(f"CREATE TEMP TABLE backup_{table} AS SELECT * FROM {table}".encode())  # noqa: S608
    erased(marketplace, valkey)
    for table in ("activity", "taste", "shopper", "dead_letter"):
        run(f"INSERT INTO {table} SELECT * FROM backup_{table} ON CONFLICT DO NOTHING".encode())  # noqa: S608
    assert ACCOUNT.encode() in everything(marketplace.database, valkey)
    reapply(marketplace.database)
    after = everything(marketplace.database, valkey)
    assert [i for i in (ACCOUNT, VISITOR, SECOND) if i.encode() in after] == []
    assert OTHER.encode() in after


def test_the_export_has_everything_of_one_person_and_nothing_of_another(
    marketplace: Marketplace, valkey: Valkey
) -> None:
    flow = marketplace.start()
    logged_in(marketplace)
    bad = put_bad(valkey, SECOND)
    eventually(marketplace.dead_letters)
    flow.kill()
    waiting = happens("contact", ACCOUNT, "focus")
    marketplace.send([waiting, happens("contact", OTHER, "focus")])

    text = b"".join(export(marketplace.database, valkey, ACCOUNT, partitions=PARTITIONS))
    told = json.loads(text)
    assert told["shopper"]["ids"] == sorted({ACCOUNT, VISITOR, SECOND})
    assert told["shopper"]["accounts"][0]["subject"] == "me@example.org"
    assert len(told["events"]) == 13
    assert {event["shopper_id"] for event in told["events"]} == {ACCOUNT, VISITOR, SECOND}
    assert [event["event_id"] for event in told["events_on_their_way"]] == [waiting.event_id]
    assert told["events_set_aside"] == [bad.decode()]
    assert told["hidden_just_now"] == {VISITOR: {"focus": True}}
    assert told["taste"][ACCOUNT]["hidden"] == ["focus"]
    assert told["taste"][ACCOUNT]["evidence"]["make"]["Skoda"][1] > 15
    assert OTHER.encode() not in text


def test_a_mended_dead_letter_counts_once_however_often_it_is_sent(marketplace: Marketplace, valkey: Valkey) -> None:
    marketplace.start()
    bad = put_bad(valkey, OTHER)
    eventually(marketplace.dead_letters)
    (letter,) = dead_letters.find(marketplace.database, dead_letters.Filter(reason="PEEK"))
    with pytest.raises(ValueError, match="type is 'peek'"):
        dead_letters.retry(marketplace.database, valkey, letter, partitions=PARTITIONS)
    assert list(marketplace.dead_letters()) == [bad]

    for _ in range(3):  # a crash between the two steps, twice
        dead_letters.retry(
            marketplace.database, valkey, letter, partitions=PARTITIONS, payload=bad.replace(b"peek", b"view")
        )
    eventually(lambda: marketplace.archived())
    last = happens("view", OTHER, "focus")
    marketplace.send([last])
    marketplace.archives([last])
    taste = marketplace.taste(OTHER)
    assert taste is not None
    assert taste.event_count == 2
    assert marketplace.dead_letters() == {}
    assert dead_letters.counts(marketplace.database) == {}
