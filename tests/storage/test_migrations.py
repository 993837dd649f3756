"""Migrations run once, whoever starts them, and never on a database from the future."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from carousel.embedded.servers import Servers
from carousel.errors import StartError, UnavailableError
from carousel.storage.migrations import migrate, migrations_folder


@pytest.fixture
def url(servers: Servers) -> Iterator[str]:
    """An empty database beside the tests' own."""
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE fresh")
        yield servers.database_url.replace("/carousel?", "/fresh?")
        connection.execute("DROP DATABASE fresh WITH (FORCE)")


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {row[0] for row in rows}


def test_a_fresh_database_gets_every_migration_and_a_second_run_none(url: str) -> None:
    assert migrate(url) == sum(not path.stem.endswith(".rollback") for path in migrations_folder().glob("*.sql"))
    assert {"listing", "taste", "activity"} <= tables(url)
    assert migrate(url) == 0


def test_the_url_may_have_any_form_that_libpq_reads(url: str) -> None:
    assert migrate(psycopg.conninfo.make_conninfo(**psycopg.conninfo.conninfo_to_dict(url))) > 0


def test_processes_that_start_at_once_apply_each_migration_once(url: str) -> None:
    applied: list[int] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate(url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied)[:3] == [0, 0, 0]
    assert max(applied) > 0


def test_a_database_with_a_migration_we_do_not_know_is_refused_in_one_line(url: str, tmp_path: Path) -> None:
    (tmp_path / "0001_start.sql").write_text("CREATE TABLE one ()")
    (tmp_path / "9999_future.sql").write_text("CREATE TABLE two ()")
    migrate(url, tmp_path)
    (tmp_path / "9999_future.sql").unlink()
    with pytest.raises(StartError, match=r"^database is newer .*9999_future.*: install a newer Carousel$"):
        migrate(url, tmp_path)


def test_a_role_that_may_make_no_tables_is_told_which_right_it_lacks(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute('CREATE ROLE "Lesser" LOGIN')
        try:
            lesser = psycopg.conninfo.make_conninfo(url, user="Lesser")
            with pytest.raises(StartError) as refused:
                migrate(lesser)
            assert tables(url) == set()
            cure = str(refused.value).partition(": ")[2].partition(", as the")[0]
            connection.execute(cure.encode())
            with pytest.raises(StartError, match="extension"):  # the next right it lacks, in PostgreSQL's words
                migrate(lesser)
        finally:
            connection.execute('DROP OWNED BY "Lesser"')
            connection.execute('DROP ROLE "Lesser"')
    assert str(refused.value) == (
        'the role "Lesser" may not make tables in the schema public: '
        'GRANT USAGE, CREATE ON SCHEMA public TO "Lesser", as the schema\'s owner'
    )


def test_a_migration_that_fails_half_way_leaves_nothing_behind(url: str, tmp_path: Path) -> None:
    script = tmp_path / "0001_start.sql"
    script.write_text("CREATE TABLE one ();\nSELECT no_such_function();")
    with pytest.raises(StartError, match="no_such_function"):
        migrate(url, tmp_path)
    assert "one" not in tables(url)
    script.write_text("CREATE TABLE one ();")
    assert migrate(url, tmp_path) == 1


def test_the_lock_row_of_a_killed_yoyo_does_not_stop_a_start(url: str, tmp_path: Path) -> None:
    (tmp_path / "0001_start.sql").write_text("CREATE TABLE one ()")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE yoyo_lock (locked int PRIMARY KEY DEFAULT 1, ctime timestamp, pid int)")
        connection.execute("INSERT INTO yoyo_lock (pid) VALUES (1)")
    assert migrate(url, tmp_path) == 1


def test_no_server_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"^PostgreSQL does not answer") as error:
        migrate(f"postgresql://carousel@/carousel?host={tmp_path}")
    assert "\n" not in str(error.value)
