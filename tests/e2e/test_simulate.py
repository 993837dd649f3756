"""Simulated shoppers on a real Carousel: what they do arrives, what they buy is sold, and slates suit them."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
from tests.e2e.conftest import running_carousel

from carousel.market.traffic import drive


async def test_shoppers_browse_over_http_and_their_slates_beat_chance(carousel: str) -> None:
    traffic = await drive(carousel, shoppers=12, rate=200, seconds=8, seed=5)
    assert traffic.shoppers == 12
    assert traffic.events > 150
    assert traffic.rejected == 0
    assert traffic.slates > 10
    assert traffic.percentile > 0.6


def test_the_command_drives_a_running_home_and_sells_cars() -> None:
    with tempfile.TemporaryDirectory(prefix="carousel-e2e-") as folder, running_carousel(Path(folder)) as url:
        if "CAROUSEL_E2E_URL" in os.environ:
            return
        before = httpx.get(f"{url}/v1/listings", params={"n": 1}).json()["total"]
        command = [sys.executable, "-m", "carousel", "simulate", "--home", f"{folder}/data"]
        done = subprocess.run(
            [*command, "--shoppers", "40", "--rate", "400", "--minutes", "0.3"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "events" in done.stdout
        sold = int(done.stdout.split(" sold")[0].rpartition(" ")[2])
        assert sold > 0
        assert httpx.get(f"{url}/v1/listings", params={"n": 1}).json()["total"] == before - sold


def test_without_a_running_home_it_says_what_to_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "carousel", "simulate", "--home", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "start `carousel up --demo`" in done.stderr
