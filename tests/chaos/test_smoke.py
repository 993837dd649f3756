"""Killed in turn while shoppers click: nothing acknowledged is missing, nothing counts twice."""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from carousel.activity.repository import events_of
from carousel.catalogue.listing import Listing, ListingId
from carousel.catalogue.repository import describe, upsert
from carousel.dataflows.fold import fold
from carousel.embedded.attach import attached
from carousel.settings import Settings
from carousel.storage.postgres import Connection, connect
from carousel.taste.repository import load
from carousel.taste.taste import Taste, decayed

EVENTS, PER_REQUEST, SENDERS, SHOPPERS = 2_000, 5, 4, 12
VICTIMS = ("dataflow-taste", "postgres", "valkey", "api")
PACE = 0.04  # seconds between two requests of a sender: the kills then fall into the middle of the work

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(150)]


class Up:
    """A real `carousel up`."""

    def __init__(self, home: Path) -> None:
        self._log_path = home.with_suffix(".log")
        with self._log_path.open("wb") as log_file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "carousel", "up", "--home", str(home), "--port", "0", "--no-demo"],
                env={name: value for name, value in os.environ.items() if not name.startswith("CAROUSEL_")},
                stdout=subprocess.PIPE, stderr=log_file, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        ready = self.process.stdout.readline()
        assert "Carousel is ready at" in ready, self._log_path.read_text()[-3_000:]
        self.url = ready.split()[-1]

    def pid(self, child: str) -> int:
        """Return the process id of a child as it was started last."""
        started = [line for line in self._lines() if line.get("event") == "started" and line.get("child") == child]
        return int(started[-1]["pid"])

    def _lines(self) -> Iterator[dict[str, Any]]:
        for line in self._log_path.read_text(errors="replace").splitlines():
            if line.startswith("{") and line.endswith("}"):
                yield json.loads(line)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        finally:
            self.process.kill()


@pytest.fixture
def home() -> Iterator[Path]:
    # Not in tmp_path: under root the servers have a user of their own, and another pytest that starts meanwhile takes
    # the right to pass through the folder of all temporary folders away from everybody but root.
    with tempfile.TemporaryDirectory(prefix="carousel-") as folder:
        yield Path(folder) / "home"


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    running = Up(home)
    yield running
    running.stop()


class Senders:
    """Clients that send each request again, with the same event ids, until it is acknowledged."""

    def __init__(self, url: str, tokens: list[str], listing_ids: list[str]) -> None:
        self._url = url
        self._tokens = tokens
        self._listing_ids = listing_ids
        self.acknowledged: set[str] = set()
        self.retries = 0
        self.problems: list[str] = []
        self._lock = threading.Lock()
        self.threads = [threading.Thread(target=self._send, args=(i,)) for i in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def _send(self, number: int) -> None:
        rng = random.Random(number)
        with httpx.Client(timeout=5) as client:
            for _ in range(EVENTS // SENDERS // PER_REQUEST):
                token = rng.choice(self._tokens)
                events = [self._event(rng) for _ in range(PER_REQUEST)]
                while not self._acknowledged(client, token, events):
                    self.retries += 1
                    time.sleep(0.2)
                time.sleep(PACE)

    def _event(self, rng: random.Random) -> dict[str, Any]:
        kind = rng.choices(("view", "click", "favourite", "contact", "impression"), (60, 20, 8, 2, 10))[0]
        body = {"event_id": str(uuid4()), "type": kind, "occurred_at": datetime.now(UTC).isoformat()}
        if kind == "impression":
            return {**body, "listing_ids": rng.sample(self._listing_ids, 5)}
        return {**body, "listing_id": rng.choice(self._listing_ids)}

    def _acknowledged(self, client: httpx.Client, token: str, events: list[dict[str, Any]]) -> bool:
        try:
            answer = client.post(
                f"{self._url}/v1/events", json={"events": events}, headers={"Authorization": f"Bearer {token}"}
            )
        except httpx.TransportError:
            return False
        if answer.status_code != 202:
            if answer.status_code < 500:
                self.problems.append(answer.text)
            return False
        with self._lock:
            for result in answer.json()["results"]:
                if result["status"] == "rejected":
                    self.problems.append(result["reason"])
                self.acknowledged.add(result["event_id"])
        return True


def wait_until(holds: Any, within: float, what: str) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, f"after {within} s still not: {what}"
        time.sleep(0.05)


def archived(connection: Connection) -> set[str]:
    return {str(row[0]) for row in connection.execute("SELECT event_id FROM activity").fetchall()}


def test_whatever_is_killed_what_was_acknowledged_counts_exactly_once(up: Up, home: Path) -> None:
    with attached(Settings(home=home)) as settings:
        assert settings.database_url is not None
        url = settings.database_url
    cars = [
        Listing(listing_id=ListingId(f"{make}-{i}"), make=make, model="One", model_year=2020, power_kw=100)
        for make, i in itertools.product(("Skoda", "Ford", "BMW"), range(4))
    ]
    with connect(url) as connection:
        upsert(connection, cars)
    sessions = [httpx.post(f"{up.url}/v1/session").json() for _ in range(SHOPPERS)]
    shoppers = [session["shopper_id"] for session in sessions]

    senders = Senders(up.url, [session["token"] for session in sessions], [car.listing_id for car in cars])
    for number, victim in enumerate(VICTIMS, start=1):
        progress = EVENTS * number // (len(VICTIMS) + 1)
        wait_until(lambda p=progress: len(senders.acknowledged) >= p, 30, f"{progress} events acknowledged")
        before = up.pid(victim)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda v=victim, b=before: up.pid(v) != b, 20, f"{victim} started again")
    for thread in senders.threads:
        thread.join(60)
    assert not senders.problems
    assert len(senders.acknowledged) == EVENTS
    assert senders.retries > 0, "no kill was felt"

    with connect(url) as connection:
        wait_until(lambda: senders.acknowledged <= archived(connection), 20, "all acknowledged events archived")
        assert archived(connection) == senders.acknowledged
        assert connection.execute("SELECT count(*) FROM dead_letter").fetchone() == (0,)
        for shopper_id in shoppers:
            compare(connection, shopper_id)
    assert httpx.get(f"{up.url}/readyz").status_code == 200


def compare(connection: Connection, shopper_id: str) -> None:
    """Fold the archive again, offline, and compare with the taste the dataflow kept through the kills."""
    history = events_of(connection, shopper_id, EVENTS)[::-1]
    if not history:
        return
    listings = describe(connection, {e.listing_id for e in history if e.listing_id})
    expected = fold({shopper_id: Taste.empty(history[0].occurred_at)}, history, listings)[shopper_id]
    taste = load(connection, [shopper_id])[shopper_id]
    assert taste.event_count == expected.event_count == taste.version
    now = datetime.now(UTC)
    found, wanted = decayed(taste, now), decayed(expected, now)
    assert found.keys() == wanted.keys()
    for block, values in wanted.items():
        for value, amounts in values.items():
            assert found[block][value] == pytest.approx(amounts, rel=1e-3), f"{shopper_id}: {block} {value}"
