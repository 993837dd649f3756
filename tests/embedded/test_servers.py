"""The embedded servers keep what they acknowledged, and start again whatever was left behind."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from carousel.embedded.account import servers_account
from carousel.embedded.home import Home
from carousel.embedded.postgres import DURABLE, Postgres
from carousel.embedded.servers import Servers, environment, make_servers, running_servers
from carousel.embedded.valkey import Valkey
from carousel.errors import StartError
from carousel.storage.valkey import make

pytestmark = pytest.mark.whole


def ask(url: str, sql: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(sql.encode()).fetchone()
    return "" if row is None else str(row[0])


def do(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


def test_postgres_is_durable_and_has_pgvector(servers: Servers) -> None:
    assert {name: ask(servers.database_url, f"SHOW {name}") for name in DURABLE} == dict.fromkeys(DURABLE, "on")
    assert ask(servers.database_url, "SHOW server_version_num")[:2] == "18"
    assert ask(servers.database_url, "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'") == "1"


def test_what_the_servers_say_is_for_their_owner_alone(servers: Servers) -> None:
    home = Path(servers.database_url.partition("host=")[2]).parent
    for name in ("postgres", "valkey"):
        (log,) = home.rglob(f"{name}.log")
        assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_postgres_knows_unicode(servers: Servers) -> None:
    assert ask(servers.database_url, "SHOW server_encoding") == "UTF8"
    assert ask(servers.database_url, "SELECT lower('ŠKODA Ünï')") == "škoda ünï"
    assert ask(servers.database_url, "SELECT to_tsvector('simple', 'ŠKODA')") == "'škoda':1"


def test_valkey_appends_every_write_and_never_evicts(servers: Servers) -> None:
    with make(servers.valkey_url) as client:
        found = client.config_get("appendonly", "appendfsync", "maxmemory-policy", "port")
    assert found == {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction", "port": "0"}


def test_the_servers_listen_on_private_sockets_only(servers: Servers) -> None:
    sockets = Path(servers.database_url.partition("host=")[2])
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    names = {psutil.Process(pid).name(): pid for pid in psutil.pids() if _works_below(pid, sockets.parent)}
    assert names
    listening = [c for pid in names.values() for c in psutil.Process(pid).net_connections("inet")]
    assert listening == []


def _works_below(pid: int, folder: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).cwd().startswith(str(folder))
    return False


def test_a_postgres_that_was_told_not_to_be_durable_is_refused(servers: Servers, tmp_path: Path) -> None:
    sockets = Path(servers.database_url.partition("host=")[2])
    postgres = Postgres(tmp_path, sockets, servers_account())
    do(servers.database_url, "ALTER DATABASE carousel SET synchronous_commit = off")
    try:
        with pytest.raises(StartError, match="synchronous_commit is off, not on"):
            postgres.verify()
    finally:
        do(servers.database_url, "ALTER DATABASE carousel RESET synchronous_commit")
    postgres.verify()


def test_a_valkey_that_syncs_less_often_than_asked_is_refused(servers: Servers, tmp_path: Path) -> None:
    sockets = Path(servers.valkey_url.removeprefix("unix://")).parent
    with pytest.raises(StartError, match="appendfsync is everysec, not always"):
        Valkey(tmp_path, sockets, servers_account(), fsync="always").verify()


def test_a_second_start_finds_the_data_of_the_first(tmp_path: Path) -> None:
    with running_servers(tmp_path) as first, make(first.valkey_url) as client:
        do(first.database_url, "CREATE TABLE note AS SELECT 'kept' AS text")
        client.xadd("activity:0", {"e": "kept"})
    with running_servers(tmp_path) as second, make(second.valkey_url) as client:
        assert ask(second.database_url, "SELECT text FROM note") == "kept"
        assert client.xlen("activity:0") == 1


def test_two_homes_run_side_by_side(tmp_path: Path) -> None:
    with running_servers(tmp_path / "a") as a, running_servers(tmp_path / "b") as b:
        do(a.database_url, "CREATE TABLE only_a ()")
        assert ask(b.database_url, "SELECT to_regclass('only_a')") == "None"


def test_a_home_is_used_by_one_process_at_a_time(tmp_path: Path) -> None:
    Home(tmp_path).prepare()
    with (
        Home(tmp_path).lock(),
        pytest.raises(StartError, match=f"home {tmp_path} is in use"),
        running_servers(tmp_path),
    ):
        pass


def test_a_home_whose_sockets_would_have_too_long_a_path_uses_a_short_private_folder(tmp_path: Path) -> None:
    home = tmp_path / ("long-" * 20) / ("path-" * 20)
    with running_servers(home) as running, make(running.valkey_url) as client:
        assert client.ping()
        sockets = Path(running.database_url.partition("host=")[2])
    assert len(str(sockets)) < 80
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    shutil.rmtree(sockets)


def test_a_socket_folder_made_by_someone_else_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder in another user's name")
    home = Home(tmp_path / ("long-" * 20) / ("path-" * 20))
    home.prepare()
    home.sockets().mkdir()
    os.chown(home.sockets(), 12345, 12345)
    try:
        with pytest.raises(StartError, match="belongs to user 12345"):
            make_servers(home)
    finally:
        home.sockets().rmdir()


def test_names_with_spaces_and_signs_are_fine(tmp_path: Path) -> None:
    with running_servers(tmp_path / "my cars & 50% more?") as running, make(running.valkey_url) as client:
        assert client.ping()
        assert ask(running.database_url, "SELECT 1") == "1"


def test_servers_that_a_killed_up_left_behind_are_stopped(tmp_path: Path) -> None:
    with running_servers(tmp_path) as running:
        do(running.database_url, "CREATE TABLE note AS SELECT 'kept' AS text")
    home = Home(tmp_path)
    left = []
    for server in make_servers(home):
        left.append(
            subprocess.Popen(
                server.command(), cwd=server.folder, env=environment(), stderr=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, start_new_session=True, **server.account.run_as(),
            )
        )  # fmt: skip
    assert (tmp_path / "postgres" / "postmaster.pid").exists() or left[0].poll() is None
    with running_servers(tmp_path) as running:
        assert ask(running.database_url, "SELECT text FROM note") == "kept"
        assert [process.wait(5) is not None for process in left] == [True, True]


def test_backends_that_outlive_a_killed_postgres_do_not_stop_the_next(tmp_path: Path) -> None:
    with running_servers(tmp_path) as running:
        connection = psycopg.connect(running.database_url, autocommit=True)
        # Busy, it does not look whether its postmaster still lives.
        connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1e9)")
        os.kill(int((tmp_path / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    connection.close()
    with running_servers(tmp_path) as running:
        assert ask(running.database_url, "SELECT 1") == "1"


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_stop_a_start(tmp_path: Path) -> None:
    with running_servers(tmp_path):
        pid_file = (tmp_path / "postgres" / "postmaster.pid").read_text()
    stranger = subprocess.Popen(["/bin/sleep", "60"], **servers_account().run_as())
    try:
        lines = [str(stranger.pid), *pid_file.splitlines()[1:]]
        (tmp_path / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")
        with running_servers(tmp_path) as running:
            assert ask(running.database_url, "SELECT 1") == "1"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_start_killed_while_it_made_the_database_is_made_good_by_the_next(tmp_path: Path) -> None:
    half_made = tmp_path / "postgres.new"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with running_servers(tmp_path) as running:
        assert ask(running.database_url, "SELECT 1") == "1"


def test_data_of_another_postgres_version_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    servers_account().own(tmp_path / "postgres")
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    with (
        pytest.raises(StartError, match="holds data of PostgreSQL 16, this Carousel runs 18"),
        running_servers(tmp_path),
    ):
        pass


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder in root's home, which other users may not enter, itself closed too."""
    if os.geteuid() != 0:
        pytest.skip("needs root: only then do the servers run as another user")
    before = stat.S_IMODE(Path("/root").stat().st_mode)
    Path("/root").chmod(0o700)
    with tempfile.TemporaryDirectory(dir="/root") as folder:
        yield Path(folder)
    Path("/root").chmod(before)


@pytest.mark.alone
def test_a_home_under_root_works_and_opens_nothing_but_the_way_through(closed_folder: Path) -> None:
    with running_servers(closed_folder / "home") as running, make(running.valkey_url) as client:
        assert client.ping()
        assert ask(running.database_url, "SELECT 1") == "1"
        owners = {p.name: p.stat().st_uid for p in (closed_folder / "home").iterdir() if p.is_dir()}
        assert set(owners.values()) == {servers_account().uid}
    assert stat.S_IMODE(Path("/root").stat().st_mode) == 0o701
    assert stat.S_IMODE(closed_folder.stat().st_mode) == 0o701
    assert stat.S_IMODE((closed_folder / "home" / "postgres").stat().st_mode) == 0o700
