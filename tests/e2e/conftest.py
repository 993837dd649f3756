"""A whole `carousel up` and a real Chromium, started once."""

import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)
from tests.e2e.shop import Shop, open_shop

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
# As root there is no sandbox; the rest keeps the browser from talking to its maker.
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
READY_LINE = "Carousel is ready at "
STOP_SECONDS = 20
# On two cores that train a model, run servers and draw pages; what has to be fast is measured in benchmarks/page.py.
expect.set_options(timeout=20_000)


@contextmanager
def running_carousel(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Start `carousel up --demo` on a free port and yield its URL; CAROUSEL_E2E_URL names one that runs already.

    :param settings: variables of its environment beside those of this process.

    Its log is `up.log` in `home`. Starting may take minutes on a slow machine; the test's own timeout ends the wait.
    """
    already = os.environ.get("CAROUSEL_E2E_URL")
    if already:
        yield already.rstrip("/")
        return
    home.mkdir(parents=True, exist_ok=True)
    log = home / "up.log"
    command = [sys.executable, "-m", "carousel", "up", "--demo", "--home", str(home / "data"), "--port", "0"]
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **(settings or {})}
        ) as process,
    ):
        try:
            yield _ready_url(process, log)
        finally:
            process.terminate()
            try:
                process.communicate(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _ready_url(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if READY_LINE in line:
            return line.split(READY_LINE, 1)[1].strip().rstrip("/")
    raise AssertionError(f"carousel up ended before it was ready:\n{log.read_text()[-4_000:]}")


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium, or Playwright's own where there is none."""
    path = SYSTEM_CHROMIUM if SYSTEM_CHROMIUM.exists() else None
    return playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)


def tiny_picture() -> bytes:
    """A PNG of two pixels, one beside the other."""
    head, rows = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0), zlib.compress(b"\0" + bytes(6))
    parts = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    chunks = (struct.pack(">I", len(x)) + name + x + struct.pack(">I", zlib.crc32(name + x)) for name, x in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def complaints_about(page: Page, url: str) -> list[str]:
    """Return a list that fills with what nobody wants of a page: console errors, failures, requests to other hosts."""
    found: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            found.append(f"console {message.type}: {message.text}")

    def request(request: Request) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            found.append(f"other host: {request.url}")

    def failed(request: Request) -> None:
        # A page that no longer needs an answer gives its request up; that is no failure.
        if request.failure != "net::ERR_ABORTED":
            found.append(f"failed: {request.url} {request.failure}")

    page.on("console", console)
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on("request", request)
    page.on("requestfailed", failed)
    page.on("response", lambda r: found.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
    return found


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the running demo."""
    return tmp_path_factory.mktemp("carousel")


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    """Another site, whose origin the running demo lets in."""
    with open_shop() as site:
        yield site


@pytest.fixture(scope="session")
def carousel(home: Path, shop: Shop) -> Iterator[str]:
    """The URL of a running demo."""
    with running_carousel(home, {"CAROUSEL_CORS_ORIGINS": shop.url}) as url:
        shop.carousel = url
        yield url


@pytest.fixture(scope="session")
def writer(carousel: str, home: Path) -> dict[str, str]:
    """The headers of who may write listings; the key of a demo that runs already is in CAROUSEL_E2E_KEY."""
    key = os.environ.get("CAROUSEL_E2E_KEY")
    key = key or json.loads((home / "data" / "secrets.json").read_text())["secret_key"]
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser, carousel: str) -> Iterator[BrowserContext]:
    """A visitor who was never here before."""
    fresh = browser.new_context(base_url=carousel, viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def complaints(page: Page, carousel: str) -> list[str]:
    return complaints_about(page, carousel)
