"""What axe finds on every page and in every state of it, in light and in dark: nothing."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect
from tests.e2e.axe import violations

pytestmark = pytest.mark.e2e
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
DARK = re.compile(r"\bdark\b")
ROWS = "**/v1/recommendations/rows*"


@pytest.fixture
def context(browser: Browser, carousel: str) -> Iterator[BrowserContext]:
    """A visitor who was never here before, without animations: axe would measure the colours of half a fade."""
    fresh = browser.new_context(base_url=carousel, viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")
    yield fresh
    fresh.close()


def settled(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def fail(route: Route) -> None:
    route.fulfill(status=503, content_type="application/problem+json", body='{"title": "Away", "detail": "Try again."}')


def gone(route: Route) -> None:
    route.fulfill(status=404)


def sold(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, json=answer.json() | {"status": "sold"})


def log_in(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill("john1@example.com")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="john1")).to_be_visible()


def open_car(page: Page, search: str = "make=Kia") -> None:
    page.goto(f"/search?{search}")
    page.locator("article[data-listing-id]").first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="How the price stands")).to_be_visible()


# --- the states: each opens one


def home_with_the_quiz(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("region", name="Four questions to start with")).to_be_visible()
    settled(page)


def home_with_rows(page: Page) -> None:
    log_in(page)
    open_car(page)
    page.goto("/")
    expect(page.get_by_role("heading", name=re.compile("^Because you viewed "))).to_be_visible()
    settled(page)


def home_not_personal(page: Page) -> None:
    page.goto("/taste")
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.get_by_role("switch", name="Personal recommendations").click()
    page.goto("/")
    expect(page.get_by_text("This page is not personalised")).to_be_visible()
    settled(page)


def home_loading(page: Page) -> None:
    page.route(ROWS, lambda _: None)  # never answered
    page.goto("/")
    expect(page.locator("[aria-busy=true]")).to_be_visible()
    expect(page.get_by_role("region", name="Four questions to start with")).to_be_visible()


def home_in_error(page: Page) -> None:
    page.route(ROWS, fail)
    page.goto("/")
    expect(page.get_by_role("alert")).to_be_visible(timeout=20_000)


def search_with_results(page: Page) -> None:
    page.goto("/search?make=Kia")
    expect(page.locator("article[data-listing-id]").first).to_be_visible()
    settled(page)


def search_without_a_result(page: Page) -> None:
    page.goto("/search?q=zzzzzz")
    expect(page.get_by_role("heading", name="No car matches all of this")).to_be_visible()


def search_in_error(page: Page) -> None:
    page.route("**/v1/listings?*", fail)
    page.goto("/search?make=Kia")
    expect(page.get_by_role("alert").first).to_be_visible(timeout=20_000)


def search_on_a_phone_with_filters_open(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/search?make=Kia")
    expect(page.locator("article[data-listing-id]").first).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("dialog").get_by_label("Year, from")).to_be_visible()


def detail(page: Page) -> None:
    open_car(page)
    settled(page)


def detail_of_a_sold_car(page: Page) -> None:
    page.goto("/search?make=Kia")
    link = page.locator("article[data-listing-id]").first.get_by_role("link").first.get_attribute("href")
    page.route(f"**/v1{link}", sold)
    page.goto(str(link))
    expect(page.get_by_text(re.compile("sold", re.IGNORECASE)).first).to_be_visible()
    settled(page)


def detail_of_no_car(page: Page) -> None:
    page.goto("/listings/no-such-car")
    expect(page.get_by_role("heading", name="This car is not here")).to_be_visible()


def taste_empty(page: Page) -> None:
    page.goto("/taste")
    expect(page.get_by_role("heading", name="Nothing yet")).to_be_visible()


def taste_full(page: Page) -> None:
    open_car(page)
    open_car(page, "make=Kia&body=suv")
    page.goto("/taste")
    expect(page.get_by_test_id("summary")).to_be_visible()
    settled(page)


def saved_empty(page: Page) -> None:
    page.goto("/saved")


def saved_full(page: Page) -> None:
    page.goto("/search?make=Kia")
    page.locator("article[data-listing-id]").first.get_by_role("button", name=re.compile("^Save ")).click()
    page.goto("/saved")
    expect(page.locator("article[data-listing-id]")).to_have_count(1)
    settled(page)


def keep_one_sold_and_one_gone(page: Page, kept: str) -> None:
    page.goto("/search?make=Kia")
    cards = page.locator("article[data-listing-id]")
    for i in range(2):
        cards.nth(i).get_by_role("button", name=re.compile(f"^{kept} ")).click()
    page.route(f"**/v1/listings/{cards.nth(0).get_attribute('data-listing-id')}", sold)
    page.route(f"**/v1/listings/{cards.nth(1).get_attribute('data-listing-id')}", gone)


def saved_one_sold_and_one_gone(page: Page) -> None:
    keep_one_sold_and_one_gone(page, "Save")
    page.goto("/saved")
    expect(page.get_by_text("1 car is no longer offered")).to_be_visible()
    expect(page.get_by_text("Sold", exact=True)).to_be_visible()


def compare_one_sold_and_one_gone(page: Page) -> None:
    keep_one_sold_and_one_gone(page, "Compare")
    page.goto("/compare")
    expect(page.get_by_text("1 car is no longer offered")).to_be_visible()
    expect(page.get_by_text("Sold", exact=True)).to_be_visible()


def compare_empty(page: Page) -> None:
    page.goto("/compare")


def compare_full(page: Page) -> None:
    page.goto("/search?make=Kia")
    for i in range(3):
        page.get_by_role("button", name=re.compile("^Compare ")).nth(i).click()
    page.goto("/compare")
    expect(page.get_by_role("rowheader", name="Price", exact=True)).to_be_visible()


def login(page: Page) -> None:
    page.goto("/login")
    expect(page.get_by_label("Email")).to_be_visible()


def privacy(page: Page) -> None:
    page.goto("/privacy")
    settled(page)


def not_found(page: Page) -> None:
    page.goto("/no/such/page")
    expect(page.get_by_text("There is no page here")).to_be_visible()


def offline(page: Page) -> None:
    home_with_the_quiz(page)
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()


def a_hidden_car_and_its_message(page: Page) -> None:
    home_with_the_quiz(page)
    page.get_by_role("button", name=re.compile("^Not interested in ")).first.click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def suggestions(page: Page) -> None:
    home_with_the_quiz(page)
    page.get_by_role("combobox", name="Search cars").press_sequentially("octa")
    expect(page.get_by_role("option").first).to_be_visible()


def about_to_be_erased(page: Page) -> None:
    page.goto("/taste")
    page.get_by_role("button", name="Erase me").click()
    expect(page.get_by_role("dialog", name="Erase everything about you?")).to_be_visible()


STATES = [
    home_with_the_quiz, home_with_rows, home_not_personal, home_loading, home_in_error, search_with_results,
    search_without_a_result, search_in_error, search_on_a_phone_with_filters_open, detail, detail_of_a_sold_car,
    detail_of_no_car, taste_empty, taste_full, saved_empty, saved_full, saved_one_sold_and_one_gone, compare_empty,
    compare_full, compare_one_sold_and_one_gone, login, privacy, not_found, offline, a_hidden_car_and_its_message,
    suggestions, about_to_be_erased,
]  # fmt: skip


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing_in_light_and_in_dark(page: Page, state: Callable[[Page], None]) -> None:
    state(page)
    expect(page.locator("h1")).to_be_visible()  # not by its role: a dialog hides the rest from who cannot see
    root = page.locator("html")
    expect(root).not_to_have_class(DARK)
    page.wait_for_timeout(300)  # for what fades all the same
    assert violations(page) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    expect(root).to_have_class(DARK)
    page.wait_for_timeout(300)
    assert violations(page) == []
    assert page.title() not in ("", "Carousel"), "the tab says where it is"
