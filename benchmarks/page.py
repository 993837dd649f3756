"""Measure the page as a shopper with a slow phone has it: cold cache, four times slower, in a real Chromium.

    python benchmarks/page.py [--runs 5] [--throttle 4] [--clicks 20] [--lighthouse 12.8.2] [--url URL]

It starts a demo of its own with 20,000 listings (`--url` names one that runs already). Three parts:

1. Visits. Each in a fresh browser context over the loopback network, the processor slowed by Chromium. *Interactive*
   is the moment from which on a tap is answered at once: the first card is shown, and the last long task (over 50 ms)
   before a second without any has ended. TBT is what long tasks take beyond 50 ms between the first paint and then.
   JavaScript counts until that moment, as gzip transfers it.
2. Coming back. A card is opened, and the time is taken from going back until the row on home is another one; in a
   second tab from the click.
3. Lighthouse in its own mobile setting (slow 4G and four times slower, simulated), fetched by npx and no part of the
   project; `none` leaves it out.
"""

import argparse
import contextlib
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.e2e.conftest import CHROMIUM_OPTIONS, SYSTEM_CHROMIUM, launch, running_carousel  # noqa: E402

CARD = "article[data-listing-id]"
SHOWN = {"home": CARD, "search": CARD, "detail": "h1", "my taste": "h1"}
QUIET_MS = 1_000
MOST_SECONDS = 120
PHONE = {"width": 412, "height": 823}  # Lighthouse's
CATEGORIES = ("performance", "accessibility", "best-practices")
METRICS = {
    "FCP": "first-contentful-paint", "SI": "speed-index", "LCP": "largest-contentful-paint",
    "TBT": "total-blocking-time", "CLS": "cumulative-layout-shift",
}  # fmt: skip

OBSERVE = """(selector) => {
  const seen = (window.seen = { long: [], shift: 0, lcp: 0, fcp: 0, shown: 0 })
  const watch = (type, note) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true })
  watch('longtask', ({ startTime, duration }) => seen.long.push([startTime, startTime + duration]))
  watch('layout-shift', ({ value, hadRecentInput }) => (seen.shift += hadRecentInput ? 0 : value))
  watch('largest-contentful-paint', ({ startTime }) => (seen.lcp = startTime))
  watch('paint', ({ name, startTime }) => name === 'first-contentful-paint' && (seen.fcp = startTime))
  const look = () => {
    if (document.querySelector(selector)) seen.shown = performance.now()
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}"""
UNTIL_OTHER = """([before, isBack]) => new Promise((resolve) => {
  const began = performance.now()
  if (isBack) history.back()
  const look = () => {
    const places = Array.from(document.querySelectorAll('[data-row=picked_for_you] li[data-listing-id]'))
    const now = places.map((place) => place.dataset.listingId).join()
    const took = performance.now() - began
    if (now !== before && places[0]?.querySelector('article')) resolve({ took, at: Date.now() })
    else if (took > 10000) resolve(null)
    else requestAnimationFrame(look)
  }
  look()
})"""


@dataclass(frozen=True)
class Visit:
    """Milliseconds, but for `cls`; `bytes` are of JavaScript, as gzip."""

    fcp: float
    lcp: float
    tbt: float
    cls: float
    interactive: float
    bytes: int
    other_hosts: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--throttle", type=float, default=4)
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--lighthouse", default="12.8.2", help="its version, or none")
    parser.add_argument("--url")
    options = parser.parse_args()
    if options.url:
        os.environ["CAROUSEL_E2E_URL"] = options.url
    with tempfile.TemporaryDirectory(prefix="carousel-bench-") as folder, running_carousel(Path(folder)) as url:
        with sync_playwright() as playwright:
            browser = launch(playwright)
            pages = {"home": "/", "search": "/search", "detail": some_car(url), "my taste": "/taste"}
            for name, path in pages.items():
                report(name, [visit(browser, url, path, SHOWN[name], options.throttle) for _ in range(options.runs)])
            coming_back(browser, url, options.clicks)
            browser.close()
        if options.lighthouse != "none":
            for name, path in pages.items():
                lighthouse(name, url + path, options)


def some_car(url: str) -> str:
    with httpx.Client(base_url=url) as client:
        token = client.post("/v1/session").json()["token"]
        answer = client.get("/v1/listings?n=1", headers={"Authorization": f"Bearer {token}"})
    return f"/listings/{answer.raise_for_status().json()['listings'][0]['listing_id']}"


def visit(browser: Browser, url: str, path: str, shown: str, throttle: float) -> Visit:
    context = browser.new_context(base_url=url, viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.add_init_script(f"({OBSERVE})({json.dumps(shown)})")
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    scripts: list[str] = []
    strangers: list[str] = []
    page.on("request", lambda r: scripts.append(r.url) if r.resource_type == "script" else None)
    page.on("request", lambda r: strangers.append(r.url) if urlsplit(r.url).netloc != urlsplit(url).netloc else None)
    page.goto(path)
    interactive = wait_until_quiet(page)
    seen = page.evaluate("window.seen")
    blocked = sum(max(0, end - start - 50) for start, end in seen["long"] if seen["fcp"] <= start < interactive)
    size = sum(packed(script) for script in dict.fromkeys(scripts))
    context.close()
    return Visit(seen["fcp"], seen["lcp"], blocked, seen["shift"], interactive, size, len(strangers))


def wait_until_quiet(page: Page) -> float:
    """Return when the page was interactive, in milliseconds since the navigation began."""
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        # Asked from here: the page's policy lets no function be made of a string inside it.
        shown, last, now = page.evaluate("[seen.shown, seen.long.at(-1)?.[1] ?? 0, performance.now()]")
        moment: float = max(shown, last)
        if shown and now - moment > QUIET_MS:
            return moment
        page.wait_for_timeout(100)
    raise SystemExit(f"{page.url} was not quiet within {MOST_SECONDS} s")


def packed(script: str) -> int:
    """Return how many bytes a script has as gzip, which the goal is in; browsers get brotli, a seventh less."""
    return len(gzip.compress(httpx.get(script).content))


def report(name: str, visits: list[Visit]) -> None:
    def middle(field: str) -> float:
        return float(statistics.median(getattr(one, field) for one in visits))

    print(
        f"{name}: FCP {middle('fcp'):,.0f} ms, LCP {middle('lcp'):,.0f} ms, TBT {middle('tbt'):,.0f} ms, "
        f"CLS {middle('cls'):.3f}, interactive {middle('interactive'):,.0f} ms, "
        f"JavaScript {middle('bytes') / 1000:,.0f} kB, "
        f"{sum(one.other_hosts for one in visits)} requests to other hosts",
        flush=True,
    )


def coming_back(browser: Browser, url: str, clicks: int) -> None:
    """Open one card after the other and say how long home takes to follow."""
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
    page, other = context.new_page(), context.new_page()
    here: list[float] = []
    there: list[float] = []
    for tab in (other, page):
        tab.goto("/")
        tab.wait_for_selector(CARD)
    page.wait_for_timeout(1_000)
    # Noted by the page: how long the test's own tool takes to find the card is no part of it.
    page.evaluate("addEventListener('click', () => (window.clicked = Date.now()), { capture: true })")
    for in_front in (page, other):  # Chromium draws once a second what is behind another tab
        in_front.bring_to_front()
        for i in range(clicks):
            before, before_there = picks(page), picks(other)
            with second_tab(other, before_there) as changed:
                page.locator(CARD).nth(i % 8).get_by_role("link").first.click()
                page.get_by_role("heading", level=1).wait_for()
                page.wait_for_url("**/listings/**")
                page.wait_for_timeout(300)  # nobody is back sooner
                came = page.evaluate(UNTIL_OTHER, [before, True])
                clicked: float = page.evaluate("window.clicked")
            if came and in_front is page:
                here.append(came["took"])
            if changed and in_front is other:
                there.append(changed[0]["at"] - clicked)
            page.mouse.move(0, 0)
            page.wait_for_timeout(500)
    print(
        f"another row after coming back: median {statistics.median(here):.0f} ms, worst {max(here):.0f} ms of "
        f"{len(here)}; in a second tab after the click: median {statistics.median(there):.0f} ms, "
        f"worst {max(there):.0f} ms",
        flush=True,
    )
    context.close()


def picks(page: Page) -> str:
    found: str = page.evaluate(
        "Array.from(document.querySelectorAll('[data-row=picked_for_you] li[data-listing-id]'), "
        "(place) => place.dataset.listingId).join()"
    )
    return found


@contextlib.contextmanager
def second_tab(other: Page, before: str) -> Iterator[list[dict[str, float]]]:
    """Watch the other tab meanwhile; what it saw is in the list afterwards."""
    other.evaluate(f"([before]) => {{ window.changed = ({UNTIL_OTHER})([before, false]) }}", [before])
    changed: list[dict[str, float]] = []
    yield changed
    found = other.evaluate("window.changed")
    if found:
        changed.append(found)


def lighthouse(name: str, url: str, options: argparse.Namespace) -> None:
    """Say the medians of Lighthouse's scores and metrics."""
    npx = shutil.which("npx", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if not npx:
        raise SystemExit("npx is not there: `make setup` installs it, or leave Lighthouse out with --lighthouse none")
    command = [
        npx, "--yes", f"lighthouse@{options.lighthouse}", url, "--quiet", "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags={' '.join(['--headless=new', *CHROMIUM_OPTIONS])}",
    ]  # fmt: skip
    variables = {**os.environ, "PATH": f"{Path(npx).parent}{os.pathsep}{os.environ['PATH']}"}
    if SYSTEM_CHROMIUM.exists():
        variables["CHROME_PATH"] = str(SYSTEM_CHROMIUM)
    runs = [
        json.loads(subprocess.run(command, env=variables, check=True, capture_output=True, timeout=300).stdout)
        for _ in range(options.runs)
    ]
    scores = ", ".join(
        f"{category} {statistics.median(run['categories'][category]['score'] for run in runs) * 100:.0f}"
        for category in CATEGORIES
    )
    metrics = ", ".join(
        f"{short} {statistics.median(run['audits'][audit]['numericValue'] for run in runs):,.2f}"
        for short, audit in METRICS.items()
    )
    print(f"Lighthouse, {name}: {scores} ({metrics})", flush=True)


if __name__ == "__main__":
    main()
