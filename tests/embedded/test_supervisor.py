"""`carousel up` starts everything, keeps it running, and leaves nothing behind."""

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis

from carousel.embedded.checks import free_port
from carousel.embedded.home import Home
from carousel.embedded.servers import Servers
from carousel.storage.valkey import make

pytestmark = pytest.mark.whole

UP = (sys.executable, str(Path(__file__).with_name("small_up.py")), "up", "--port", "0")
READY = "Carousel is ready at http://127.0.0.1:"


@dataclass
class Running:
    """One `up`, its log in a file."""

    process: subprocess.Popen[str]
    log_file: Path
    home: Path
    ready: str

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def events(self, process: str) -> list[str]:
        return [line["event"] for line in self.log if line["process"] == process]

    def pid(self, child: str) -> int:
        """The child's number, by its latest start."""
        return int([line["pid"] for line in self.log if line.get("child") == child and line["event"] == "started"][-1])

    def modes(self) -> set[str]:
        return {line["demo"] for line in self.log if line["event"] == "serving"}

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float, str]:
        """Return its exit code, the seconds it took, and what else it said on standard output."""
        began = time.monotonic()
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=15)
        return self.process.returncode, time.monotonic() - began, rest


Start = Callable[..., Running]


@contextlib.contextmanager
def starting(folder: Path) -> Iterator[Start]:
    running: list[Running] = []

    def begin(*options: str, variables: dict[str, str] | None = None) -> Running:
        log_file = folder / f"log-{len(running)}"
        with log_file.open("w") as log:
            process = subprocess.Popen(
                [*UP, "--home", str(folder / "home"), *options],
                stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **(variables or {})},
                start_new_session=True,
            )  # fmt: skip
        assert process.stdout is not None
        found = Running(process, log_file, folder / "home", process.stdout.readline().strip())
        running.append(found)
        return found

    try:
        yield begin
    finally:
        for left in running:
            if left.process.poll() is None:
                left.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with starting(tmp_path) as begin:
        yield begin


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One `up` for every test that leaves it running."""
    folder = tmp_path_factory.mktemp("shared")
    with starting(folder) as begin:
        yield begin("--demo")


@pytest.fixture
def external(servers: Servers, database: object) -> dict[str, str]:
    """The tests' own servers by URL, empty: an `up` on them starts in half the time."""
    return {"CAROUSEL_DATABASE_URL": servers.database_url, "CAROUSEL_VALKEY_URL": servers.valkey_url}


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def answers(running: Running) -> bool:
    port = int(running.ready.rpartition(":")[2])
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_when_everything_answers_it_says_so(shared: Running) -> None:
    assert shared.ready.startswith(READY)
    assert answers(shared)


def test_its_log_is_json_and_names_the_process(shared: Running) -> None:
    assert {"up", "api", "dataflow", "load-market", "postgres", "valkey"} <= {line["process"] for line in shared.log}


def test_keys_are_kept_in_a_private_file_and_shown_nowhere(shared: Running) -> None:
    file = shared.home / "secrets.json"
    keys = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(keys["token_secret"]) >= 32
    children = psutil.Process(shared.process.pid).children(recursive=True)
    shown = shared.log_file.read_text() + "".join(" ".join(child.cmdline()) for child in children)
    assert not any(key in shown for key in keys.values())
    assert str(file) in shown


def test_what_runs_is_found_through_the_home(shared: Running) -> None:
    run = Home(shared.home).running()
    assert run is not None
    assert stat.S_IMODE((shared.home / "run.json").stat().st_mode) == 0o600
    assert (run["pid"], run["url"]) == (shared.process.pid, shared.ready.rpartition(" ")[2])


def test_metrics_are_where_they_were_wanted_and_listed_with_what_runs(start: Start, external: dict[str, str]) -> None:
    first = free_port("127.0.0.2", 0)
    wanted = {"CAROUSEL_METRICS_HOST": "127.0.0.2", "CAROUSEL_METRICS_PORT": str(first)}
    up = start("--no-demo", variables=external | wanted)
    run = Home(up.home).running()
    assert run is not None
    assert run["metrics"] == {
        "api": f"{run['url']}/metrics",
        "dataflow-taste": f"http://127.0.0.2:{first}/metrics",
        "dataflow-factors": f"http://127.0.0.2:{first + 1}/metrics",
    }


def test_a_second_up_on_the_same_home_is_one_line(shared: Running) -> None:
    found = refused("--home", str(shared.home))
    assert (found.code, found.out) == (1, "")
    assert found.last_line == (
        f"carousel: home {shared.home} is in use by process {shared.process.pid}: "
        "stop it, or choose another home with --home"
    )


@pytest.mark.parametrize("child", ["api", "dataflow-taste", "postgres", "valkey"])
def test_a_child_that_is_killed_is_started_again(shared: Running, child: str) -> None:
    before = shared.pid(child)
    os.kill(before, signal.SIGKILL)
    until(lambda: shared.pid(child) != before)
    until(lambda: answers(shared) and serves(shared))
    assert ("signal SIGKILL", child) in {(line.get("why"), line.get("child")) for line in shared.log}


def serves(up: Running) -> bool:
    run = Home(up.home).running()
    assert run is not None
    try:
        with psycopg.connect(str(run["database_url"])) as database, make(str(run["valkey_url"])) as valkey:
            return database.execute("SELECT 1 FROM listing").fetchone() == (1,) and bool(valkey.ping())
    except (psycopg.Error, redis.RedisError):
        return False


def test_it_stops_who_writes_before_what_is_written_to_and_starts_again_as_it_was(start: Start) -> None:
    issuer = "https://login.cars.example"
    first = start(variables={"CAROUSEL_OIDC_ISSUER": issuer, "CAROUSEL_OIDC_AUDIENCE": "cars"})
    assert "market loaded" in first.events("load-market")  # the catalogue was empty
    keys = (first.home / "secrets.json").read_bytes()
    code, seconds, rest = first.stop()
    assert (code, rest) == (0, "")
    assert seconds < 10
    order = [(line["process"], line["event"]) for line in first.log]
    moments = [
        order.index(("api", "SIGTERM")),
        next(i for i, (who, what) in enumerate(order) if who == "valkey" and "bye" in what),
        order.index(("postgres", "database system is shut down")),
        order.index(("up", "stopped")),
    ]
    assert moments == sorted(moments)
    assert Home(first.home).running() is None

    second = start()
    assert second.events("load-market") == []
    assert second.modes() == {"true"}
    assert (first.home / "secrets.json").read_bytes() == keys
    assert Home(first.home).read_mode() == {"demo": True, "oidc_issuer": issuer}


def test_when_it_is_killed_itself_nothing_stays_behind_and_the_next_start_works(start: Start) -> None:
    up = start("--no-demo")
    children = psutil.Process(up.process.pid).children(recursive=True)
    assert len(children) >= 4
    up.process.kill()
    up.process.wait()
    until(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children))
    assert start("--no-demo").ready.startswith(READY)


def test_ctrl_c_in_a_terminal_reaches_each_child_once(start: Start, external: dict[str, str]) -> None:
    up = start("--no-demo", variables=external)
    assert up.modes() == {"false"}
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(10) == 0
    assert up.events("api")[1:] == ["SIGTERM"]
    assert up.events("dataflow").count("SIGTERM") == 2  # one of each flow


def test_a_child_that_does_not_want_to_stop_is_killed_within_ten_seconds(
    start: Start, external: dict[str, str]
) -> None:
    up = start("--no-demo", variables=external | {"STUBBORN": "1"})
    code, seconds, _ = up.stop()
    assert code == 0
    assert 4 < seconds < 10


def test_a_stop_while_it_still_starts_is_as_clean(tmp_path: Path) -> None:
    command = [*UP, "--home", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: (tmp_path / "valkey").exists())
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")
    assert not any(child.is_running() for child in children)


def test_a_file_given_is_imported_instead_of_the_market_and_workers_share_the_partitions(
    start: Start, external: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "cars.csv").write_text("make,model\nSkoda,Octavia\n")
    up = start("--demo", "--import", str(tmp_path / "cars.csv"), "--workers", "2", variables=external)
    assert up.events("load-market") == []
    assert [line["summary"] for line in up.log if line["event"] == "imported"] == ['{"read": 1}']
    shares = [line["arguments"][-1] for line in up.log if line["event"] == "serving" and line["process"] == "dataflow"]
    assert sorted(shares) == ["1/2", "1/2", "2/2", "2/2"]  # of both flows
    assert not (tmp_path / "home" / "postgres").exists()


@dataclass
class Refused:
    code: int
    last_line: str
    out: str
    log: list[dict[str, Any]] = field(default_factory=list, compare=False)


def refused(*options: str, variables: dict[str, str] | None = None) -> Refused:
    """Run an `up` that must not start; its log lines aside, it says one line."""
    found = subprocess.run(
        [*UP, *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **(variables or {})},
    )
    plain = [line for line in found.stderr.splitlines() if not line.startswith("{")]
    assert len(plain) == 1, found.stderr
    log = [json.loads(line) for line in found.stderr.splitlines() if line.startswith("{")]
    return Refused(found.returncode, plain[0], found.stdout, log)


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = refused("--home", str(tmp_path), "--port", str(port))
    line = f"carousel: port {port} on 127.0.0.1 is in use: stop what uses it, or choose another with --port"
    assert found == Refused(1, line, "")


def test_a_key_that_is_too_short_is_one_line_before_anything_starts(tmp_path: Path) -> None:
    found = refused("--home", str(tmp_path / "home"), variables={"CAROUSEL_SECRET_KEY": "short"})
    assert found == Refused(1, "carousel: CAROUSEL_SECRET_KEY is too short; use at least 16 random characters", "")
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = refused("--home", str(tmp_path / "file" / "home"))
    assert found.code == 1
    assert found.last_line.startswith(f"carousel: home {tmp_path}/file/home is not writable (Not a directory)")


def test_a_newer_database_is_one_line(external: dict[str, str], tmp_path: Path) -> None:
    url = external["CAROUSEL_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO _yoyo_migration VALUES ('x', '9999_future', now())")
        try:
            found = refused("--home", str(tmp_path), variables=external)
        finally:
            connection.execute("DELETE FROM _yoyo_migration WHERE migration_id = '9999_future'")
    assert found.code == 1
    assert "database is newer" in found.last_line
    assert "install a newer Carousel" in found.last_line


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"CAROUSEL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "PostgreSQL does not answer"),
        ({"CAROUSEL_VALKEY_URL": "redis://127.0.0.1:1"}, "Valkey does not answer"),
    ],
)
def test_an_external_server_that_does_not_answer_is_one_line(
    external: dict[str, str], tmp_path: Path, variables: dict[str, str], line: str
) -> None:
    found = refused("--home", str(tmp_path), variables=external | variables)
    assert found.code == 1
    assert found.last_line.startswith(f"carousel: {line}")


def test_a_file_that_cannot_be_imported_is_one_line(external: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "cars.pdf").touch()
    found = refused("--home", str(tmp_path / "home"), "--import", str(tmp_path / "cars.pdf"), variables=external)
    assert found.code == 1
    assert found.last_line.endswith("cars.pdf is not a table: give a CSV file")


def test_an_api_that_cannot_start_is_tried_again_ever_more_slowly_and_then_one_line(
    external: dict[str, str], tmp_path: Path
) -> None:
    found = refused("--home", str(tmp_path / "home"), "--no-demo", variables=external | {"CRASHING": "1"})
    assert found == Refused(1, "carousel: api ended 5 times while starting: no such table", "")
    assert [line["pause_seconds"] for line in found.log if "pause_seconds" in line][:4] == [0.1, 0.2, 0.4, 0.8]
