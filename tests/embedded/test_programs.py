"""Where the dataflows of `up` say their metrics, and what the lines of the servers are worth."""

import socket
from pathlib import Path

import pytest

from carousel.embedded.account import Account
from carousel.embedded.checks import free_port
from carousel.embedded.plan import Plan
from carousel.embedded.postgres import Postgres
from carousel.embedded.programs import child_environment, dataflow_programs
from carousel.embedded.valkey import Valkey
from carousel.errors import StartError
from carousel.settings import Settings

NOBODY = Account(0, 0, "nobody", foreign=False)


def plan(port: int, host: str = "127.0.0.1") -> Plan:
    return Plan(Settings(metrics_host=host, metrics_port=port), workers=2)


def test_a_port_that_is_set_is_the_first_of_as_many_as_there_are_dataflows() -> None:
    first = free_port("127.0.0.2", 0)
    programs = dataflow_programs(plan(first, "127.0.0.2"), {})
    assert {port: program.name for port, program in programs.items()} == {
        first: "dataflow-taste-1",
        first + 1: "dataflow-taste-2",
        first + 2: "dataflow-factors-1",
        first + 3: "dataflow-factors-2",
    }
    assert [p.environment["CAROUSEL_METRICS_PORT"] for p in programs.values()] == [str(port) for port in programs]


def test_without_one_each_gets_a_free_port() -> None:
    assert len(dataflow_programs(plan(0), {})) == 4


def test_a_port_that_is_taken_is_said_with_the_name_of_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} on 127.0.0.1 is in use: .* CAROUSEL_METRICS_PORT"):
            dataflow_programs(plan(port), {})


def test_ports_beyond_the_last_are_refused() -> None:
    with pytest.raises(StartError, match="CAROUSEL_METRICS_PORT is 65533: 4 dataflow processes"):
        dataflow_programs(plan(65_533), {})


def test_no_child_counts_in_a_folder_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/tmp/of-all")  # noqa: S108 - never made
    assert "PROMETHEUS_MULTIPROC_DIR" not in child_environment(Settings(), {}, demo=False)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("FATAL:  the database system is starting up", "info"),
        ("FATAL:  the database system is not yet accepting connections", "info"),
        ("FATAL:  the database system is in recovery mode", "error"),
        ("LOG:  database system is ready to accept connections", "info"),
        ('ERROR:  permission denied for table "listing"', "error"),
    ],
)
def test_who_asks_postgres_too_early_is_told_so_without_alarm(tmp_path: Path, line: str, level: str) -> None:
    assert Postgres(tmp_path, tmp_path, NOBODY).level(line) == (level, line.partition(":  ")[2])


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("7:M 30 Nov 2026 02:34:12.877 # Valkey is now ready to exit, bye bye...", "info"),
        ("7:M 30 Nov 2026 02:34:12.877 * Ready to accept connections unix", "info"),
        ("7:M 30 Nov 2026 02:34:12.877 # Short write while writing to the AOF file", "warning"),
    ],
)
def test_a_valkey_that_ends_as_it_was_told_warns_of_nothing(tmp_path: Path, line: str, level: str) -> None:
    assert Valkey(tmp_path, tmp_path, NOBODY).level(line) == (level, line[31:])
