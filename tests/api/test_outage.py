"""The API while PostgreSQL is frozen; as a process of its own while its Valkey stops, dies, reads a large file and
comes back; and live pages."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from redis.exceptions import RedisError
from starlette.types import Message
from tests.api.conftest import WRITER
from uuid_utils import uuid7

from carousel.activity.log import ERASED_MESSAGE, LISTINGS_CHANNEL, left_message, shopper_channel
from carousel.api import threads
from carousel.api.live import Hub, LiveResponse
from carousel.api.tokens import Shopper
from carousel.embedded.checks import free_port
from carousel.embedded.home import Home
from carousel.embedded.servers import Servers, environment, make_servers
from carousel.processes import leash
from carousel.storage import postgres
from carousel.storage.valkey import make, make_async

pytestmark = pytest.mark.whole


class OwnValkey:
    """A Valkey that a test may stop and kill."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder)
        home.prepare()
        _, self._server = make_servers(home)
        self.url = self._server.url
        self.start()

    def start(self, *, wait: bool = True) -> None:
        self._server.prepare()
        self.process = subprocess.Popen(
            self._server.command(), cwd=self._server.folder, env=environment(), stdout=subprocess.DEVNULL,
            umask=0o077, preexec_fn=leash(signal.SIGTERM), **self._server.account.run_as(),
        )  # fmt: skip
        while wait:
            with contextlib.suppress(RedisError, OSError), make(self.url) as client:
                client.ping()
                return
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def valkey_server(tmp_path: Path) -> Iterator[OwnValkey]:
    server = OwnValkey(tmp_path / "own")
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.kill()


class Api:
    """One API process, and a client of it."""

    def __init__(self, servers: Servers, valkey_url: str, **variables: str) -> None:
        self.port = free_port("127.0.0.1", 0)
        given = {
            "CAROUSEL_DATABASE_URL": servers.database_url, "CAROUSEL_VALKEY_URL": valkey_url,
            "CAROUSEL_PORT": str(self.port), "CAROUSEL_API_WORKERS": "1", "CAROUSEL_TOKEN_SECRET": "t" * 40,
            "CAROUSEL_LOG_LEVEL": "ERROR", **variables,
        }  # fmt: skip
        self.process = subprocess.Popen([sys.executable, "-m", "carousel", "api"], env={**os.environ, **given})
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=5)

    def arrive(self) -> None:
        """Wait until it answers, and come as a new shopper."""
        until(self._ready)
        self.shopper = self.client.post("/v1/session").json()
        self.headers = {"Authorization": f"Bearer {self.shopper['token']}"}

    def _ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return self.client.get("/readyz").status_code == 200
        return False

    def worker(self) -> psutil.Process:
        return max(psutil.Process(self.process.pid).children(), key=lambda child: child.memory_info().rss)

    def send(self, *events: dict[str, Any]) -> httpx.Response:
        return self.client.post("/v1/events", json={"events": events}, headers=self.headers)

    def page(self) -> socket.socket:
        """Open a live page whose connection holds little, and return when it is connected."""
        page = socket.socket()
        page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        page.settimeout(10)
        page.connect(("127.0.0.1", self.port))
        page.sendall(
            f"GET /v1/live HTTP/1.1\r\nHost: here\r\nAuthorization: {self.headers['Authorization']}\r\n\r\n".encode()
        )
        text = b""
        while b": connected" not in text:
            text += page.recv(4_096)
        return page


@pytest.fixture
def start_api(servers: Servers) -> Iterator[Callable[..., Api]]:
    started: list[Api] = []

    def start(valkey_url: str, **variables: str) -> Api:
        api = Api(servers, valkey_url, **variables)
        started.append(api)  # stopped also if it never answers
        api.arrive()
        return api

    yield start
    for api in started:
        api.client.close()
        api.process.terminate()
        api.process.wait(10)


def view(listing_id: str = "octavia") -> dict[str, Any]:
    return {
        "event_id": str(uuid7()),
        "type": "view",
        "listing_id": listing_id,
        "occurred_at": datetime.now(UTC).isoformat(),
    }


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


@pytest.mark.alone
async def test_while_postgresql_is_frozen_all_that_needs_it_hears_503_soon_and_nothing_else_waits(
    api: httpx.AsyncClient,
    shopper: dict[str, str],
    car: Callable[..., dict[str, Any]],
    database: postgres.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "BEGIN_SECONDS", 1.0)
    monkeypatch.setattr(postgres, "_SILENT_SECONDS", 1.0)

    async def ask(method: str, path: str, headers: dict[str, str], **more: Any) -> tuple[int, float]:
        began = time.perf_counter()
        answer = await api.request(method, path, headers=headers, **more)
        return answer.status_code, time.perf_counter() - began

    def put() -> Any:
        return ask("PUT", "/v1/listings/c1", WRITER, json=car("c1"))

    assert (await put())[0] in (200, 201)
    server = psutil.Process(database.info.backend_pid).parent()
    assert server is not None
    frozen = [server, *server.children()]
    for process in frozen:
        process.suspend()
    try:
        needing = [put() for _ in range(60)]
        needing += [
            ask(method, path, shopper)
            for method, path in (
                ("GET", "/readyz"), ("GET", "/v1/listings"), ("GET", "/v1/me/taste"), ("GET", "/v1/me/export"),
                ("DELETE", "/v1/me"), ("GET", "/v1/recommendations"),
            )
        ]  # fmt: skip
        answers = asyncio.gather(*needing)
        await asyncio.sleep(0.2)
        for path in ("/livez", "/metrics", "/nowhere"):
            status, seconds = await ask("GET", path, {})
            assert status in (200, 404)
            assert seconds < 0.7
        assert {status for status, _ in await answers} == {503}
        assert max(seconds for _, seconds in await answers) < 7  # the pool waits for 5
    finally:
        for process in reversed(frozen):
            process.resume()
    until_ready = time.monotonic() + 10
    while (await ask("GET", "/readyz", {}))[0] != 200:
        assert time.monotonic() < until_ready
    assert (await put())[0] == 200


@pytest.mark.alone
@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_without_valkey_every_request_hears_503_within_a_second_and_nothing_grows_and_it_recovers_by_itself(
    how: str, valkey_server: OwnValkey, start_api: Callable[..., Api]
) -> None:
    api = start_api(valkey_server.url)
    assert api.send(view()).status_code == 202
    worker = api.worker()
    threads, memory = worker.num_threads(), worker.memory_info().rss
    valkey_server.process.send_signal(signal.SIGSTOP) if how == "stopped" else valkey_server.kill()
    retried = view()

    def refused(_: int) -> float:
        began = time.perf_counter()
        answer = api.send(retried)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        return time.perf_counter() - began

    with ThreadPoolExecutor(8) as pool:
        slowest = max(pool.map(refused, range(40 if how == "stopped" else 400)))
    assert slowest < 1.1  # with the time of eight clients in this process
    unready = api.client.get("/readyz")
    assert (unready.status_code, unready.json()["detail"]) == (503, "Valkey does not answer")
    assert api.client.get("/v1/listings", headers=api.headers).status_code == 200  # a search needs PostgreSQL alone
    assert worker.num_threads() <= threads + 1
    assert worker.memory_info().rss < memory + 20 * 2**20
    if how == "stopped":
        valkey_server.process.send_signal(signal.SIGCONT)
    else:
        valkey_server.start()
    until(lambda: api.send(view()).status_code == 202, 3)
    # What a frozen Valkey had received already may have been appended: either way it is there once.
    assert api.send(retried).json()["results"][0]["status"] in ("accepted", "duplicate")
    assert api.send(retried).json()["results"][0]["status"] == "duplicate"


@pytest.mark.alone
def test_a_valkey_that_reads_a_large_file_counts_as_away(
    valkey_server: OwnValkey, start_api: Callable[..., Api]
) -> None:
    api = start_api(valkey_server.url)
    with make(valkey_server.url, socket_timeout=60) as client:
        script = "for i = 1, 200000 do redis.call('XADD', 'filler', '*', 'e', string.rep('x', 300)) end"
        for _ in range(6):
            client.eval(script, 0)
        client.set("last", "written")
        time.sleep(1.2)  # everysec
    valkey_server.kill()
    valkey_server.start(wait=False)
    seen: set[int] = set()
    began = time.monotonic()
    while time.monotonic() - began < 30 and 202 not in seen:
        asked = time.perf_counter()
        seen.add(api.send(view()).status_code)
        assert time.perf_counter() - asked < 1.1
    assert seen == {503, 202}


def test_with_a_spool_an_outage_is_not_noticed_and_a_killed_process_leaves_it_to_the_next(
    valkey_server: OwnValkey, start_api: Callable[..., Api], tmp_path: Path
) -> None:
    api = start_api(valkey_server.url, CAROUSEL_SPOOL=str(tmp_path / "spool"))
    valkey_server.kill()
    events = [view(str(i)) for i in range(20)]
    for event in events[:10]:
        assert api.send(event).json()["results"][0]["status"] == "accepted"
    api.worker().kill()  # Granian starts another, which takes the file over
    until(lambda: _accepted(api, events[10]))
    for event in events[11:]:
        assert api.send(event).json()["results"][0]["status"] == "accepted"
    valkey_server.start()
    with make(valkey_server.url) as client:
        until(lambda: sum(client.xlen(f"activity:{i}") for i in range(8)) == 20)
        time.sleep(0.7)
        assert sum(client.xlen(f"activity:{i}") for i in range(8)) == 20  # type: ignore[misc]


def _accepted(api: Api, event: dict[str, Any]) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return api.send(event).status_code == 202
    return False


def test_live_pages_are_woken_after_an_interruption_and_hear_messages_again(
    valkey_server: OwnValkey, start_api: Callable[..., Api]
) -> None:
    api = start_api(valkey_server.url)
    with api.page() as page:
        valkey_server.kill()
        time.sleep(0.3)
        valkey_server.start()
        page.settimeout(10)
        assert b"event: taste\ndata: {}" in page.recv(4_096)
        with make(valkey_server.url) as client:
            until(lambda: client.publish(shopper_channel(api.shopper["shopper_id"]), b'{"taste_version":3}') == 1)
        assert b'data: {"taste_version":3}' in page.recv(4_096)


def test_a_page_that_never_reads_is_let_go_and_others_of_the_same_shopper_are_not(
    valkey_server: OwnValkey, start_api: Callable[..., Api]
) -> None:
    api = start_api(valkey_server.url)
    worker = api.worker()
    descriptors = worker.num_fds()
    message = b'{"taste_version":1,"padding":"%b"}' % (b"x" * 60_000)
    with api.page() as slow, api.page() as reading, make(valkey_server.url) as client:
        channel = shopper_channel(api.shopper["shopper_id"])
        with ThreadPoolExecutor(1) as pool:
            stop = time.monotonic() + 40
            got = pool.submit(_read_until, reading, stop)
            while _holds(worker, slow) and time.monotonic() < stop:
                client.publish(channel, message)
                time.sleep(0.02)
            assert not _holds(worker, slow)
            assert _holds(worker, reading)
            reading.shutdown(socket.SHUT_RDWR)
            assert got.result() > 1_000_000
        slow.close()
        until(lambda: client.pubsub_channels("shopper:*") == [])
    until(lambda: worker.num_fds() <= descriptors)


def _holds(worker: psutil.Process, page: socket.socket) -> bool:
    connections = worker.net_connections("tcp4")
    return any(x.raddr == page.getsockname() for x in connections if x.status == psutil.CONN_ESTABLISHED)


def _read_until(page: socket.socket, end: float) -> int:
    total = 0
    while time.monotonic() < end and (part := page.recv(2**18)):
        total += len(part)
    return total


def test_many_pages_opened_and_dropped_leave_nothing_behind(
    valkey_server: OwnValkey, start_api: Callable[..., Api]
) -> None:
    api = start_api(valkey_server.url)
    worker = api.worker()
    descriptors = worker.num_fds()
    with make(valkey_server.url) as client:
        for _ in range(3):
            pages = [api.page() for _ in range(100)]
            assert client.pubsub_numsub(shopper_channel(api.shopper["shopper_id"]))[0][1] == 1
            for page in pages:
                page.close()
            until(lambda: client.pubsub_channels("shopper:*") == [])
            until(lambda: worker.num_fds() <= descriptors)


class OpenPage:
    """A live page in this process, and what it was sent."""

    def __init__(self, hub: Hub, shopper: Shopper) -> None:
        self.text = b""
        response = LiveResponse(hub, shopper)
        self.task = asyncio.create_task(response({"type": "http"}, self._receive, self._send))

    async def _receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: Message) -> None:
        self.text += message.get("body", b"")

    async def hears(self, text: bytes) -> None:
        async with asyncio.timeout(10):
            while text not in self.text:
                assert not self.task.done()
                await asyncio.sleep(0.01)


@pytest.fixture
async def hub(servers: Servers) -> AsyncIterator[Hub]:
    async with make_async(servers.valkey_url) as client:
        hub = Hub(client)
        running = asyncio.create_task(hub.run())
        while not hub._connected:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        async with hub.listen("nobody"):  # once this channel is confirmed, everybody has been woken
            pass
        yield hub
        hub.close()
        while not running.done():
            running.cancel()
            await asyncio.wait({running}, timeout=0.2)


async def test_however_many_cars_leave_at_once_no_page_is_closed(hub: Hub, servers: Servers) -> None:
    page = OpenPage(hub, Shopper("s-1", "anonymous"))
    await page.hears(b": connected")
    with make(servers.valkey_url) as client:
        client.publish(LISTINGS_CHANNEL, left_message([f"sold-{i}" for i in range(400)], "sold"))
        await page.hears(b'event: listing\ndata: {"listing_id":"sold-399","status":"sold"}\n\n')
        assert page.text.count(b"event: listing") == 400
        assert b"event: taste" not in page.text
        client.publish(LISTINGS_CHANNEL, left_message([f"gone-{i}" for i in range(10_000)], "withdrawn"))
        await page.hears(b"event: taste\ndata: {}\n\n")
        assert page.text.count(b"event: listing") == 400

        with client.pipeline(transaction=False) as burst:
            for i in range(5_000):
                burst.publish(LISTINGS_CHANNEL, left_message([f"one-{i}"], "sold"))
            burst.publish(shopper_channel("s-1"), b'{"taste_version":9}')
            burst.execute()
        await page.hears(b'data: {"taste_version":9}')
    assert not page.task.done()


async def test_what_waits_for_a_page_that_is_slow_is_bounded_and_ends_with_asking_again(hub: Hub) -> None:
    async with hub.listen("s-1") as waiting:
        for i in range(5_500):
            hub._deliver(LISTINGS_CHANNEL, left_message([str(i)], "sold"))
        assert waiting.qsize() <= 1_000
        assert waiting.get_nowait() == b"event: taste\ndata: {}\n\n"
        hub._deliver(LISTINGS_CHANNEL, b"[1]")  # as nobody publishes it


async def test_a_live_page_ends_with_its_token_and_when_its_shopper_is_erased(hub: Hub, servers: Servers) -> None:
    expiring = OpenPage(hub, Shopper("s-1", "anonymous", expires_at=time.time() + 1))
    erased = OpenPage(hub, Shopper("s-2", "anonymous"))
    for page in (expiring, erased):
        await page.hears(b": connected")
    with make(servers.valkey_url) as client:
        client.publish(shopper_channel("s-2"), ERASED_MESSAGE)
    await asyncio.wait_for(asyncio.gather(expiring.task, erased.task), 5)
    assert erased.text.endswith(b"event: taste\ndata: {}\n\n")
