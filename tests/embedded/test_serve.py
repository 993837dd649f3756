"""The API's server: stops although streams are open, replaces a killed worker, and leaves none behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from carousel.embedded.checks import free_port
from carousel.errors import StartError
from carousel.processes import share_metrics

pytestmark = pytest.mark.whole


@pytest.fixture
def port() -> int:
    return free_port("127.0.0.1", 0)


@pytest.fixture
def server(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("small_app.py")), str(port)])
    until(lambda: worker(port) is not None)
    yield process
    process.kill()
    process.wait()


def worker(port: int) -> int | None:
    """The number of the process that answers, if one does."""
    try:
        return int(httpx.get(f"http://127.0.0.1:{port}/", timeout=2).text)
    except httpx.HTTPError:
        return None


def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def port_is_free(port: int) -> bool:
    try:
        return free_port("127.0.0.1", port) == port
    except StartError:
        return False


def test_it_stops_within_five_seconds_although_a_stream_is_open(server: "subprocess.Popen[bytes]", port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.sendall(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
        assert b"200" in stream.recv(100)
        began = time.monotonic()
        server.terminate()
        server.wait(10)
    assert time.monotonic() - began < 5


def test_a_killed_worker_is_replaced(server: "subprocess.Popen[bytes]", port: int) -> None:
    killed = worker(port)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    until(lambda: worker(port) not in (None, killed))
    assert server.poll() is None


def test_no_worker_outlives_the_main_process(server: "subprocess.Popen[bytes]", port: int) -> None:
    server.kill()
    server.wait()
    until(lambda: port_is_free(port), 3)


def test_a_port_that_another_carousel_has_is_one_line(server: "subprocess.Popen[bytes]", port: int) -> None:
    variables = {
        **os.environ,
        "CAROUSEL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "CAROUSEL_VALKEY_URL": "redis://127.0.0.1:1",
        "CAROUSEL_TOKEN_SECRET": "t" * 32,
    }
    command = [sys.executable, "-m", "carousel", "api", "--port", str(port)]
    second = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 1
    assert second.stderr == (
        f"carousel: port {port} on 127.0.0.1 is in use: stop what uses it, or choose another with --port\n"
    )
    assert server.poll() is None


def test_metrics_start_from_zero_and_nothing_else_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    (tmp_path / "counter_1.db").touch()
    (tmp_path / "my.txt").touch()
    with share_metrics():
        assert [file.name for file in tmp_path.iterdir()] == ["my.txt"]
    assert [file.name for file in tmp_path.iterdir()] == ["my.txt"]
