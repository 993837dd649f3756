"""Simulated shoppers on a real Carousel: what they do arrives, what they buy is sold, and slates suit them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from carousel.market.traffic import drive

PATIENCE_SECONDS = 30.0


@pytest.fixture
def market(carousel: str, home: Path) -> tuple[str, Path]:
    """The URL and the home of a market in which cars may be sold."""
    if "CAROUSEL_E2E_URL" in os.environ:
        pytest.skip("somebody else's market: its home is not known")
    return carousel, home / "data"


def simulate(home: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "carousel", "simulate", "--home", str(home), *options]


def accepted(url: str) -> float:
    """Return how many events the API has accepted."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    return sum(float(x.rpartition(" ")[2]) for x in lines if x.startswith("carousel_events_total") and "accepted" in x)


def test_shoppers_browse_over_http_and_their_slates_beat_chance(carousel: str) -> None:
    before = accepted(carousel)
    with ThreadPoolExecutor(1) as pool:  # the browser of other tests keeps a loop in this thread
        traffic = pool.submit(asyncio.run, drive(carousel, shoppers=5, rate=100, seconds=6, seed=5)).result()
    assert traffic.shoppers == 5
    assert traffic.events > 60
    assert traffic.rejected == 0
    assert traffic.slates > 5
    assert traffic.percentile > 0.6
    assert accepted(carousel) >= before + traffic.events


def test_the_command_drives_a_running_home_and_sells_cars(market: tuple[str, Path]) -> None:
    url, folder = market
    before = httpx.get(f"{url}/v1/listings", params={"n": 1}).json()["total"]
    command = simulate(folder, "--shoppers", "60", "--rate", "500", "--minutes", "0.25")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert " 0 rejected" in done.stdout
    sold = int(done.stdout.split(" sold")[0].rpartition(" ")[2])
    assert sold > 0
    assert httpx.get(f"{url}/v1/listings", params={"n": 1}).json()["total"] == before - sold


def test_ctrl_c_ends_it_with_a_summary(market: tuple[str, Path]) -> None:
    url, folder = market
    before, deadline = accepted(url), time.monotonic() + PATIENCE_SECONDS
    with subprocess.Popen(
        simulate(folder, "--rate", "50"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while accepted(url) == before and time.monotonic() < deadline:
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "of the cars written about were recommended" in said
    assert "Traceback" not in errors


def test_without_a_running_home_it_says_what_to_start(tmp_path: Path) -> None:
    done = subprocess.run(simulate(tmp_path / "none"), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "start `carousel up --demo`" in done.stderr
