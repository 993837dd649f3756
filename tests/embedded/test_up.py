"""The real thing: `carousel up` with its own API and dataflow, a file imported, a second process beside it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.whole]

CAROUSEL = (sys.executable, "-P", "-m", "carousel")
CARS = """\
id,make,model,year,mileage_km,price,currency
1,Skoda,Octavia,2019,85000,15400,EUR
2,Skoda,Fabia,2017,61000,8900,EUR
3,Volkswagen,Golf,2018,70000,9900,EUR
"""


def get(url: str) -> Any:
    return httpx.get(url, timeout=5).raise_for_status().json()


def begin(folder: Path, *options: str) -> tuple["subprocess.Popen[str]", str]:
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            [*CAROUSEL, "up", "--home", str(folder / "home"), "--port", "0", *options],
            stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder,
        )  # fmt: skip
    assert process.stdout is not None
    ready = process.stdout.readline()
    assert ready.startswith("Carousel is ready at http://"), (folder / "log").read_text()
    return process, ready.split()[-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("up")
    (found / "cars.csv").write_text(CARS)
    return found


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """An `up` in its second start: the first one imported the file."""
    process, _ = begin(folder, "--demo", "--import", "cars.csv")
    process.terminate()
    assert process.wait(10) == 0
    process, found = begin(folder)
    yield found
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def test_an_imported_file_is_found_after_a_second_start(url: str) -> None:
    assert get(f"{url}/v1/listings?make=skoda")["total"] == 2


def test_an_import_beside_it_is_seen_at_once(url: str, folder: Path) -> None:
    (folder / "more.csv").write_text(CARS.replace("\n1,", "\n11,").replace("\n2,", "\n12,").replace("\n3,", "\n13,"))
    command = [*CAROUSEL, "import", "more.csv", "--home", str(folder / "home"), "--source", "more", "--json"]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert json.loads(found.stdout)["imported"] == 3
    assert get(f"{url}/v1/listings?make=skoda")["total"] == 4


def test_metrics_add_up_over_the_processes_behind_the_port(url: str) -> None:
    for _ in range(20):
        get(f"{url}/livez")
    time.sleep(0.1)
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith("carousel_http_requests_total") and "/livez" in line]
    assert sum(float(line.split()[-1]) for line in counted) >= 20


def test_it_answers_again_after_its_api_was_killed(url: str, folder: Path) -> None:
    log = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    os.kill([line["pid"] for line in log if line.get("child") == "api"][-1], signal.SIGKILL)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        time.sleep(0.1)
        try:
            assert get(f"{url}/readyz") == {"status": "ready"}
            break
        except httpx.HTTPError:
            continue
    assert get(f"{url}/v1/listings?make=skoda")["total"] >= 2
