"""Connections that nobody uses for a while are still there afterwards."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from carousel.embedded.servers import Servers
from carousel.storage.postgres import connect, lasting, make_pool


@pytest.fixture
def url_over_tcp(servers: Servers) -> Iterator[str]:
    """The URL of a port that leads to the server's socket."""
    said = conninfo_to_dict(servers.database_url)
    path = Path(str(said["host"])) / f".s.PGSQL.{said.get('port', 5432)}"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_lead, args=(listener, str(path)), daemon=True).start()
        yield f"postgresql://{said['user']}@127.0.0.1:{listener.getsockname()[1]}/{said['dbname']}"


def _lead(listener: socket.socket, path: str) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:  # the test is over
            return
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        for pair in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    while said := source.recv(65_536):
        target.sendall(said)
    target.shutdown(socket.SHUT_WR)


def _kept_alive(descriptor: int) -> tuple[int, int, int]:
    with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as one:
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_USER_TIMEOUT)
        return tuple(one.getsockopt(socket.IPPROTO_TCP, option) for option in options)  # type: ignore[return-value]


async def test_connections_say_something_each_half_minute_and_are_given_up_after_another(url_over_tcp: str) -> None:
    with connect(url_over_tcp) as connection:
        assert _kept_alive(connection.fileno()) == (30, 10, 30_000)
    async with make_pool(url_over_tcp, size=1) as pool, pool.connection() as pooled:
        assert _kept_alive(pooled.fileno()) == (30, 10, 30_000)


def test_what_a_url_says_itself_counts() -> None:
    said = conninfo_to_dict(lasting("postgresql://user:p%40ss@a.example,b.example/cars?keepalives_idle=300"))
    assert (said["keepalives_idle"], said["tcp_user_timeout"]) == ("300", "30000")
    assert (said["host"], said["password"], said["dbname"]) == ("a.example,b.example", "p@ss", "cars")
