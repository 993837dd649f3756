"""A backup taken under load, and everything put back from it: position, tastes and archive agree."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from tests.dataflows.conftest import Breakable, Marketplace, eventually, happens
from tests.dataflows.conftest import marketplace as marketplace  # a fixture

from carousel.activity.events import Event, merge_event
from carousel.activity.log import hidden_key, stated_key, stream_keys
from carousel.dataflows.rebuild import recompute, same
from carousel.dataflows.watch import look
from carousel.embedded.backup import BackupError, _let_older_servers_read, backup, read_manifest, restore
from carousel.embedded.prepare import prepare
from carousel.embedded.servers import Servers
from carousel.errors import InputError, StartError, UnavailableError
from carousel.rights.erase import erase
from carousel.storage.migrations import migrate, migrations_folder
from carousel.storage.postgres import Connection, connect
from carousel.storage.valkey import Valkey, make
from carousel.taste.repository import load

pytestmark = pytest.mark.whole

STOCK = {f"car-{i}": ("Skoda", "Ford")[i % 2] for i in range(10)}
STREAMS = stream_keys(8)


@pytest.fixture
def elsewhere() -> Iterator[Servers]:
    """Servers of another machine, without any table."""
    with tempfile.TemporaryDirectory(prefix="carousel-") as folder:
        servers = Breakable(Path(folder) / "home", migrated=False)
        yield servers.urls
        servers.close()


def clicks(count: int, shoppers: int = 20) -> list[Event]:
    return [happens(("view", "favourite")[i % 2], f"shopper-{i % shoppers}", f"car-{i % 10}") for i in range(count)]


def assert_whole(database: Connection, valkey: Valkey) -> None:
    """Every taste is what the archive says, and no event is both archived and on its way."""
    expected = dict(recompute(database))
    ids = [row[0] for row in database.execute("SELECT shopper_id FROM taste").fetchall()]
    stored = load(database, ids)
    assert stored.keys() == expected.keys()
    assert [i for i in stored if not same(stored[i], expected[i])] == []
    archived = {str(row[0]) for row in database.execute("SELECT event_id FROM activity").fetchall()}
    waiting = {orjson.loads(e[b"e"])["event_id"] for key in STREAMS for _, e in valkey.xrange(key)}
    assert not archived & waiting


def test_a_backup_under_load_has_every_acknowledged_event_once(
    marketplace: Marketplace, valkey: Valkey, elsewhere: Servers, tmp_path: Path
) -> None:
    marketplace.stock(STOCK)
    marketplace.start((1, 2))
    marketplace.start((2, 2))
    sent: list[Event] = []
    done = threading.Event()

    def keep_sending() -> None:
        while not done.is_set():
            events = clicks(50)
            marketplace.send(events)
            sent.extend(events)
            time.sleep(0.01)

    sender = threading.Thread(target=keep_sending)
    sender.start()
    try:
        eventually(lambda: len(sent) > 500)
        before = {event.event_id for event in list(sent)}
        file = tmp_path / "backup.tar"
        manifest = backup(marketplace.servers.database_url, valkey, file, partitions=8)
        count = len(sent)
        eventually(lambda: len(sent) > count + 200)
    finally:
        done.set()
        sender.join()
    assert [path.name for path in tmp_path.glob("*.tar")] == ["backup.tar"]
    assert manifest == read_manifest(file)

    with make(elsewhere.valkey_url) as log:
        restore(elsewhere.database_url, log, file, partitions=8, token_seconds=60)
        with connect(elsewhere.database_url) as database:
            assert_whole(database, log)
            market = Marketplace(elsewhere, database, tmp_path)
            assert len(market.archived()) == manifest.rows["activity"]
            market.start()
            more = clicks(60)
            market.send(more)
            market.archives(more)
            archived = market.archived()
            assert before <= archived
            assert archived <= {event.event_id for event in [*sent, *more]}
            assert_whole(database, Empty())
            eventually(lambda: all(one.unread == 0 for one in look(database, log, "taste", STREAMS, time.time())))
            seen = look(database, log, "taste", STREAMS, time.time())
            assert not any(one.unread_trimmed or one.went_back for one in seen)
            market.close()


class Empty:
    """A log of which everything is committed."""

    def xrange(self, _key: str) -> list[object]:
        return []


def test_what_waits_in_the_log_comes_back_in_its_place_and_caches_do_not(
    marketplace: Marketplace, valkey: Valkey, tmp_path: Path
) -> None:
    marketplace.stock(STOCK)
    flow = marketplace.start()
    first = clicks(20)
    marketplace.send(first)
    marketplace.archives(first)
    flow.kill()
    waiting = [*clicks(30), happens("hide", "shopper-1", "car-1")]
    marketplace.send(waiting)
    file = tmp_path / "backup.tar"
    assert backup(marketplace.servers.database_url, valkey, file, partitions=8).entries == 31
    marketplace.send(clicks(40))  # of after the backup: lost with a restore, as is everything of after it
    assert valkey.exists(hidden_key("shopper-1"))
    valkey.set(stated_key("shopper-1"), b"7 what they said after the backup")

    with pytest.raises(StartError, match="connections use this database"):
        restore(marketplace.servers.database_url, valkey, file, partitions=8, token_seconds=60, force=True)
    marketplace.database.close()
    with pytest.raises(StartError, match="--force"):
        restore(marketplace.servers.database_url, valkey, file, partitions=8, token_seconds=60)
    restore(marketplace.servers.database_url, valkey, file, partitions=8, token_seconds=60, force=True)
    assert sum(valkey.xlen(key) for key in STREAMS) == 31
    assert not valkey.exists(hidden_key("shopper-1"), stated_key("shopper-1"))
    with connect(marketplace.servers.database_url) as database:
        market = Marketplace(marketplace.servers, database, tmp_path)
        market.start()
        market.archives(waiting)
        assert market.archived() == {event.event_id for event in [*first, *waiting]}
        assert_whole(database, Empty())
        market.close()


def test_whoever_was_erased_since_does_not_come_back(marketplace: Marketplace, valkey: Valkey, tmp_path: Path) -> None:
    marketplace.stock(STOCK)
    marketplace.start()
    events = [*clicks(20), merge_event("shopper-3", "account", datetime.now(UTC))]
    marketplace.send(events)
    marketplace.archives(events)
    marketplace.close()
    waiting = happens("view", "shopper-3", "car-2")
    marketplace.send([waiting])
    file = tmp_path / "backup.tar"
    backup(marketplace.servers.database_url, valkey, file, partitions=8)
    erase(marketplace.database, valkey, "account", partitions=8, token_seconds=60)
    marketplace.database.close()
    restore(marketplace.servers.database_url, valkey, file, partitions=8, token_seconds=60, force=True)
    with connect(marketplace.servers.database_url) as database:
        market = Marketplace(marketplace.servers, database, tmp_path)
        market.start()
        last = happens("view", "shopper-4", "car-2")
        market.send([last, happens("view", "shopper-3", "car-2", received_at=waiting.received_at)])
        market.archives([last])
        ids = {i for row in database.execute("SELECT shopper_id, visitor_id FROM activity").fetchall() for i in row}
        assert not ids & {"account", "shopper-3"}
        assert market.taste("account") is None
        market.close()


@pytest.fixture
def erased_since(marketplace: Marketplace, valkey: Valkey, tmp_path: Path) -> Path:
    """A backup of before shopper-3 was erased; nobody uses the database."""
    marketplace.stock(STOCK)
    marketplace.start()
    events = clicks(20)
    marketplace.send(events)
    marketplace.archives(events)
    marketplace.close()
    file = tmp_path / "backup.tar"
    backup(marketplace.servers.database_url, valkey, file, partitions=8)
    erase(marketplace.database, valkey, "shopper-3", partitions=8, token_seconds=60)
    marketplace.database.close()
    return file


def known_of(url: str, shopper_id: str) -> tuple[int, int]:
    """Return how many events and tastes the database holds of a shopper."""
    with connect(url) as database:
        found = database.execute(
            "SELECT (SELECT count(*) FROM activity WHERE shopper_id = %(id)s), "
            "(SELECT count(*) FROM taste WHERE shopper_id = %(id)s)",
            {"id": shopper_id},
        ).fetchone()
    assert found is not None
    return found[0], found[1]


def test_a_restore_touches_nothing_while_valkey_is_away(marketplace: Marketplace, erased_since: Path) -> None:
    url = marketplace.servers.database_url
    with make("redis://127.0.0.1:1") as away, pytest.raises(UnavailableError, match=r"^Valkey does not answer: .*"):
        restore(url, away, erased_since, partitions=8, token_seconds=60, force=True)
    assert known_of(url, "shopper-3") == (0, 0)
    assert known_of(url, "shopper-4") == (1, 1)


@pytest.mark.parametrize("goes_on_with", ["the restore", "a start"])
def test_nobody_comes_back_by_a_restore_that_ended_halfway(
    marketplace: Marketplace, valkey: Valkey, erased_since: Path, monkeypatch: pytest.MonkeyPatch, goes_on_with: str
) -> None:
    url = marketplace.servers.database_url

    def fail(_url: str, _partitions: int) -> None:
        raise StartError("the database cannot be migrated: no space left")

    with monkeypatch.context() as patch:
        patch.setattr("carousel.embedded.backup.prepare", fail)
        with pytest.raises(BackupError, match=r"no space left; mend that, then restore again with --force$"):
            restore(url, valkey, erased_since, partitions=8, token_seconds=60, force=True)
    assert known_of(url, "shopper-3") == (1, 1)
    if goes_on_with == "a start":
        prepare(url, 8)
    else:
        restore(url, valkey, erased_since, partitions=8, token_seconds=60, force=True)
    assert known_of(url, "shopper-3") == (0, 0)
    assert known_of(url, "shopper-4") == (1, 1)
    with connect(url) as database:
        assert database.execute("SELECT count(*), to_regclass('erasure_kept') FROM erasure").fetchone() == (1, None)


def assert_a_restore_keeps_who_was_erased(marketplace: Marketplace, valkey: Valkey, file: Path) -> None:
    url = marketplace.servers.database_url
    known = marketplace.database.execute("SELECT * FROM erasure").fetchall()
    marketplace.database.close()
    restore(url, valkey, file, partitions=8, token_seconds=60, force=True)
    with connect(url) as database:
        assert database.execute("SELECT * FROM erasure").fetchall() == known


def test_of_two_erasures_of_one_person_the_later_counts(
    marketplace: Marketplace, valkey: Valkey, tmp_path: Path
) -> None:
    url, file = marketplace.servers.database_url, tmp_path / "backup.tar"

    def erase_once() -> None:
        erase(marketplace.database, valkey, "shopper-3", partitions=8, token_seconds=60)

    erase_once()
    backup(url, valkey, file, partitions=8)
    erase_once()
    assert_a_restore_keeps_who_was_erased(marketplace, valkey, file)


def test_erasures_outlive_a_backup_of_before_there_were_any(
    marketplace: Marketplace, valkey: Valkey, tmp_path: Path
) -> None:
    url, file, first = marketplace.servers.database_url, tmp_path / "backup.tar", tmp_path / "migrations"
    first.mkdir()
    shutil.copy(migrations_folder() / "0001_start.sql", first)
    marketplace.database.execute("CREATE DATABASE of_the_first_version")
    try:
        old = url.replace("/carousel?", "/of_the_first_version?")
        migrate(old, first)
        backup(old, valkey, file, partitions=8)
    finally:
        marketplace.database.execute("DROP DATABASE of_the_first_version WITH (FORCE)")
    erase(marketplace.database, valkey, "shopper-3", partitions=8, token_seconds=60)
    assert_a_restore_keeps_who_was_erased(marketplace, valkey, file)


def test_a_file_that_is_no_whole_backup_is_refused_before_anything_is_touched(
    marketplace: Marketplace, valkey: Valkey, tmp_path: Path
) -> None:
    marketplace.stock(STOCK)
    file = tmp_path / "backup.tar"
    url = marketplace.servers.database_url
    backup(url, valkey, file, partitions=8)
    with pytest.raises(InputError, match="exists"):
        backup(url, valkey, file, partitions=8)
    with pytest.raises(InputError, match="cannot be written"):
        backup(url, valkey, tmp_path / "none" / "backup.tar", partitions=8)
    marketplace.database.close()

    def refused(content: bytes, why: str, partitions: int = 8) -> None:
        bad = tmp_path / "bad.tar"
        bad.write_bytes(content)
        with pytest.raises(InputError, match=why):
            restore(url, valkey, bad, partitions=partitions, token_seconds=60, force=True)

    whole = file.read_bytes()
    refused(b"not a tar", "no backup")
    refused(whole[:2_000], "no backup")
    refused(whole[: len(whole) // 2], "backup")
    refused(whole.replace(b"PGDMP", b"PGXXX"), "damaged")
    refused(whole, "partitions", partitions=4)
    refused(_with_manifest(whole, b'{"format": 9}'), "format 9")
    newer = orjson.loads(_manifest(whole)) | {"migrations": ["9999_later"]}
    refused(_with_manifest(whole, orjson.dumps(newer)), "newer Carousel")
    with connect(url) as database:
        assert database.execute("SELECT count(*) FROM listing").fetchone() == (10,)


def test_tables_of_after_the_backup_do_not_stand_in_the_way(
    marketplace: Marketplace, valkey: Valkey, tmp_path: Path
) -> None:
    marketplace.stock(STOCK)
    file = tmp_path / "backup.tar"
    url = marketplace.servers.database_url
    backup(url, valkey, file, partitions=8)
    marketplace.database.execute("CREATE TABLE of_a_later_version (x int)")
    marketplace.database.execute("SELECT ensure_activity_month('2031-01-01')")
    marketplace.database.close()
    restore(url, valkey, file, partitions=8, token_seconds=60, force=True)
    assert migrate(url) == 0
    with connect(url) as database:
        tables = {row[0] for row in database.execute("SELECT tablename FROM pg_tables").fetchall()}
        assert not {"of_a_later_version", "activity_y2031m01"} & tables


def test_a_database_of_an_older_version_is_backed_up_as_it_is(
    marketplace: Marketplace, valkey: Valkey, tmp_path: Path
) -> None:
    url = marketplace.servers.database_url
    marketplace.database.execute("DELETE FROM _yoyo_migration WHERE migration_id = '0003_taste'")
    try:
        file = tmp_path / "backup.tar"
        command = [sys.executable, "-m", "carousel", "backup", str(file)]
        urls = {"CAROUSEL_DATABASE_URL": url, "CAROUSEL_VALKEY_URL": marketplace.servers.valkey_url}
        subprocess.run(command, env={**os.environ, **urls}, check=True, capture_output=True)
        assert "0003_taste" not in read_manifest(file).migrations
        assert known_applied(marketplace.database) == read_manifest(file).migrations
    finally:
        marketplace.database.execute(
            "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc) "
            "VALUES (encode(sha256('0003_taste'), 'hex'), '0003_taste', now())"
        )
        assert migrate(url) == 0


def known_applied(database: Connection) -> list[str]:
    return [row[0] for row in database.execute("SELECT migration_id FROM _yoyo_migration ORDER BY 1").fetchall()]


def test_a_database_without_our_tables_is_one_line(elsewhere: Servers, tmp_path: Path) -> None:
    urls = {"CAROUSEL_DATABASE_URL": elsewhere.database_url, "CAROUSEL_VALKEY_URL": elsewhere.valkey_url}
    command = [sys.executable, "-m", "carousel", "backup", str(tmp_path / "backup.tar")]
    done = subprocess.run(command, env={**os.environ, **urls}, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("carousel: this database holds nothing of Carousel")
    assert len(done.stderr.splitlines()) == 1


def test_the_script_has_no_setting_that_the_oldest_server_does_not_know(tmp_path: Path) -> None:
    script = tmp_path / "tables.sql"
    head = b"SET lock_timeout = 0;\nSET transaction_timeout = 0;\nSET client_encoding = 'UTF8';\n"
    script.write_bytes(head)
    _let_older_servers_read(script)
    assert [line for line in script.read_bytes().splitlines() if not line.startswith(b"--")] == [
        b"SET lock_timeout = 0;",
        b"SET client_encoding = 'UTF8';",
    ]


def _manifest(whole: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        return member.read()


def _with_manifest(whole: bytes, manifest: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar, tarfile.open(fileobj=out, mode="w") as changed:
        for member in tar:
            content = manifest if member.name == "manifest.json" else tar.extractfile(member).read()  # type: ignore[union-attr]
            member.size = len(content)
            changed.addfile(member, io.BytesIO(content))
    return out.getvalue()
