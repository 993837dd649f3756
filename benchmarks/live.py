"""Measure live pages: how many one API process keeps open, what one costs, and how soon a message is there.

    python benchmarks/live.py [--pages 5000] [--slow 50] [--messages 2000] [--rate 200] [--rounds 4]

It starts servers and one API process of its own. `--slow` pages are opened besides and never read: they are to be let
go, their memory with them. The clients are bare sockets read in one epoll loop, so they cost little of the cores.
"""

import argparse
import contextlib
import os
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import psutil

from carousel.activity.log import shopper_channel
from carousel.embedded.checks import free_port
from carousel.embedded.servers import running_servers
from carousel.processes import leash
from carousel.storage.migrations import migrate
from carousel.storage.valkey import Valkey, make

Page = tuple[socket.socket, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=5_000)
    parser.add_argument("--slow", type=int, default=50, help="pages that never read")
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=4, help="times all pages are opened and closed")
    parser.add_argument("--rate", type=int, default=200, help="messages a second, each to one shopper")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="carousel-bench-") as folder, running_servers(Path(folder)) as servers:
        migrate(servers.database_url)
        with api(servers.database_url, servers.valkey_url) as (port, process), make(servers.valkey_url) as valkey:
            measure(port, process, valkey, options)


@contextlib.contextmanager
def api(database_url: str, valkey_url: str) -> Iterator[tuple[int, psutil.Process]]:
    """Run one API process and yield its port and the worker that answers."""
    port = free_port("127.0.0.1", 0)
    variables = {
        "CAROUSEL_DATABASE_URL": database_url, "CAROUSEL_VALKEY_URL": valkey_url, "CAROUSEL_PORT": str(port),
        "CAROUSEL_API_WORKERS": "1", "CAROUSEL_TOKEN_SECRET": "t" * 40, "CAROUSEL_LOG_LEVEL": "ERROR",
    }  # fmt: skip
    command = [sys.executable, "-m", "carousel", "api"]
    main_process = subprocess.Popen(command, env={**os.environ, **variables}, preexec_fn=leash(15))  # type: ignore[arg-type]
    try:
        for _ in range(200):
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            time.sleep(0.1)
        # Beside the worker Granian's parent has a process of its own that follows its resources.
        children = psutil.Process(main_process.pid).children()
        yield port, max(children, key=lambda child: child.memory_info().rss)
    finally:
        main_process.terminate()
        main_process.wait(10)


def measure(port: int, process: psutil.Process, valkey: Valkey, options: argparse.Namespace) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        sessions = [client.post("/v1/session").json() for _ in range(options.pages // 2 + 1)]  # two tabs each
    before = process.memory_info().rss
    descriptors = process.num_fds()
    began = time.perf_counter()
    pages = [open_page(port, sessions[i // 2]) for i in range(options.pages)]
    wait_for(pages)
    took = time.perf_counter() - began
    settled = process.memory_info().rss
    print(f"{options.pages:,} pages of {len(sessions) - 1:,} shoppers open after {took:.1f} s; "
          f"{(settled - before) / options.pages / 1024:.1f} KiB of the API's memory each")  # fmt: skip
    print(f"channels subscribed: {valkey.info('clients')['pubsub_clients']} client(s), "
          f"{len(valkey.pubsub_channels('shopper:*')):,} shoppers")  # fmt: skip
    waits = publish_and_read(valkey, pages, options)
    print(f"from published to received, {options.rate} messages/s, each to both tabs of a shopper: "
          f"p50 {percentile(waits, 50):.1f} ms, p99 {percentile(waits, 99):.1f} ms, "
          f"{len(waits):,} of {2 * options.messages:,} arrived")  # fmt: skip
    if options.slow:
        slow_readers(port, process, valkey, sessions[-1], options)
    for again in range(options.rounds):
        for connection, _ in pages:
            connection.close()
        end = time.monotonic() + 30
        while (process.num_fds() > descriptors + 5 or valkey.pubsub_channels("shopper:*")) and time.monotonic() < end:
            time.sleep(0.1)
        print(f"all closed: {process.num_fds() - descriptors:+} descriptors, "
              f"{len(valkey.pubsub_channels('shopper:*'))} channels left, "
              f"{(process.memory_info().rss - before) / 2**20:+.0f} MiB")  # fmt: skip
        if again + 1 < options.rounds:  # memory the process keeps for the next pages is no leak, more each time is
            pages = [open_page(port, sessions[i // 2]) for i in range(options.pages)]
            wait_for(pages)


def open_page(port: int, session: dict[str, str], *, buffer: int = 0) -> Page:
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.connect(("127.0.0.1", port))
    head = f"GET /v1/live HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {session['token']}\r\n\r\n"
    connection.sendall(head.encode())
    return connection, session["shopper_id"]


def wait_for(pages: list[Page]) -> None:
    """Wait until each page was told that it is connected."""
    for connection, _ in pages:
        connection.settimeout(60)
        text = b""
        while b": connected" not in text:
            part = connection.recv(4_096)
            if not part:
                raise SystemExit(f"a page was refused: {text[:300]!r}")
            text += part
        connection.setblocking(False)


def publish_and_read(valkey: Valkey, pages: list[Page], options: argparse.Namespace) -> list[float]:
    """Publish to one shopper after the other and return the seconds until each page had it."""
    selector = selectors.DefaultSelector()
    for connection, _ in pages:
        selector.register(connection, selectors.EVENT_READ)
    shoppers = list(dict.fromkeys(shopper_id for _, shopper_id in pages))
    waits: list[float] = []

    def publish() -> None:
        start = time.perf_counter()
        for i in range(options.messages):
            time.sleep(max(0.0, start + i / options.rate - time.perf_counter()))
            message = orjson.dumps({"taste_version": 1, "at": time.perf_counter()})
            valkey.publish(shopper_channel(shoppers[i * 37 % len(shoppers)]), message)

    publisher = threading.Thread(target=publish)
    publisher.start()
    quiet_since = time.perf_counter()
    while publisher.is_alive() or time.perf_counter() - quiet_since < 1:
        for key, _ in selector.select(0.1):
            text = key.fileobj.recv(65_536)  # type: ignore[union-attr]
            now = time.perf_counter()
            for line in text.splitlines():
                if line.startswith(b'data: {"taste_version"'):
                    waits.append(now - orjson.loads(line[6:])["at"])
                    quiet_since = now
    selector.close()
    return waits


def slow_readers(
    port: int, process: psutil.Process, valkey: Valkey, session: dict[str, str], options: argparse.Namespace
) -> None:  # fmt: skip
    """Flood pages that never read, and say when they were let go and what they cost until then."""
    slow = [open_page(port, session, buffer=4_096) for _ in range(options.slow)]
    wait_for(slow)
    before = process.memory_info().rss
    most = before
    others = established(process) - options.slow
    message = b'{"taste_version":1,"padding":"%s"}' % (b"x" * 10_000)  # soon more than the kernel's buffers hold
    own, began = shopper_channel(session["shopper_id"]), time.monotonic()
    while established(process) > others and time.monotonic() - began < 90:
        for _ in range(100):
            valkey.publish(own, message)
        most = max(most, process.memory_info().rss)
        time.sleep(0.05)
    left = established(process) - others
    print(f"{options.slow} pages that never read: {left} left after {time.monotonic() - began:.0f} s, "
          f"at most {(most - before) / 2**20:.0f} MiB for them")  # fmt: skip
    for connection, _ in slow:
        connection.close()


def established(process: psutil.Process) -> int:
    return sum(x.status == psutil.CONN_ESTABLISHED for x in process.net_connections("tcp4"))


def percentile(seconds: list[float], which: int) -> float:
    """Return a percentile in milliseconds."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[which - 1] * 1_000


if __name__ == "__main__":
    main()
