"""Take the pictures of the tour for the README: `python -m tests.e2e.screenshots [FOLDER]`.

Starts a demo of its own (CAROUSEL_E2E_URL names one that runs already) and writes PNG files into docs/images.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from tests.e2e.conftest import launch, running_carousel
from tests.e2e.shop import open_shop

LARGEST_BYTES = 300_000
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
FOLDER = Path(__file__).parents[2] / "docs" / "images"


@contextmanager
def visit(browser: Browser, url: str, size: ViewportSize, scheme: str = "light") -> Iterator[Page]:
    context = browser.new_context(
        base_url=url,
        viewport=size,
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


def take(page: Page, folder: Path, name: str) -> None:
    """Write one picture of what is on screen, once everything has arrived."""
    page.mouse.move(0, 0)
    settled(page)
    file = folder / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    size = file.stat().st_size
    print(f"{file} {size / 1000:.0f} kB")
    assert size < LARGEST_BYTES, f"{file} has {size} bytes"


def settled(page: Page) -> None:
    """Wait until everything has arrived, the live update of the last step too."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.wait_for_timeout(700)


def first_card(page: Page) -> str:
    link = page.locator("article[data-listing-id]").first.get_by_role("link")
    name = link.inner_text()
    link.click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="Similar cars")).to_be_visible()
    return name


def log_in(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill("john1@example.com")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="john1")).to_be_visible()


def tour(page: Page, folder: Path) -> None:
    page.goto("/")
    take(page, folder, "1-home-anonymous")
    page.goto("/login")
    take(page, folder, "2-login")
    log_in(page)
    take(page, folder, "3-home-logged-in")
    page.get_by_role("combobox", name="Search cars").fill("Skoda")
    page.get_by_role("combobox", name="Search cars").press("Enter")
    expect(page).to_have_url(re.compile("q=Skoda"))
    take(page, folder, "4-search")
    first_card(page)
    take(page, folder, "5-listing")
    page.get_by_role("link", name="Carousel, home").click()
    settled(page)
    page.locator("article", has_text="koda").first.scroll_into_view_if_needed()
    take(page, folder, "6-home-after")
    browse(page)
    page.goto("/taste")
    take(page, folder, "7-taste")
    page.goto("/")
    page.get_by_role("heading", name=re.compile("^Because you viewed")).scroll_into_view_if_needed()
    take(page, folder, "15-home-rows")
    page.goto("/search?make=Kia")
    for i in range(3):
        page.locator("article[data-listing-id]").nth(i).get_by_role("button", name=re.compile("^Compare ")).click()
    page.goto("/compare")
    take(page, folder, "16-compare")


def browse(page: Page) -> None:
    """Look at some cars, so that there is something to believe."""
    for search in ("make=Skoda&body=wagon", "make=Skoda&body=suv", "make=Kia&body=suv", "body=suv&fuel=diesel"):
        for i in range(2):
            page.goto(f"/search?{search}&max_price=25000&min_year=2018")
            with page.expect_response("**/v1/events"):
                page.locator("article[data-listing-id]").nth(i).get_by_role("link").first.click()


def pictures_of_the_snippet(browser: Browser, shop: str, folder: Path) -> None:
    """Another site, with a row of ours."""
    with visit(browser, shop, DESKTOP) as page:
        page.goto("/")
        for i in (2, 4):
            expect(page.locator("carousel-row article")).to_have_count(8)
            with page.expect_response("**/v1/events"):
                page.locator("carousel-row article").nth(i).get_by_role("link").click()
            page.goto("/")
        take(page, folder, "14-snippet")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        open_shop() as shop,
        running_carousel(Path(home), {"CAROUSEL_CORS_ORIGINS": shop.url}) as url,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        with visit(browser, url, DESKTOP) as page:
            tour(page, folder)
        with visit(browser, url, DESKTOP, "dark") as page:
            log_in(page)
            take(page, folder, "8-home-dark")
            first_card(page)
            take(page, folder, "9-listing-dark")
            page.goto("/taste")
            take(page, folder, "12-taste-dark")
        with visit(browser, url, PHONE) as page:
            log_in(page)
            take(page, folder, "10-home-phone")
            page.goto("/search?q=Skoda")
            take(page, folder, "11-search-phone")
            page.goto("/taste")
            take(page, folder, "13-taste-phone")
        if "CAROUSEL_E2E_URL" not in os.environ:  # a service that runs already does not let our shop in
            shop.carousel = url
            pictures_of_the_snippet(browser, shop.url, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
