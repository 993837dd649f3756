"""The tour of the README, as a shopper takes it: every test is one visit in a real Chromium."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.e2e
SLATE_SECONDS = 5
EMAIL = "john1@example.com"


def cards(page: Page) -> Locator:
    return page.locator("article[data-listing-id]")


def shown(page: Page) -> list[str]:
    # In one step: between two questions the list may change.
    found: list[str] = cards(page).evaluate_all("cards => cards.map(card => card.dataset.listingId)")
    return found


def settle(page: Page) -> None:
    """Wait until everything asked for has arrived."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def reasons(page: Page) -> list[str]:
    return page.get_by_test_id("reason").all_inner_texts()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SLATE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {SLATE_SECONDS} s: {what}"
        time.sleep(0.05)


def log_in(page: Page, email: str) -> None:
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name=email.split("@")[0])).to_be_visible()


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox", name="Search cars").fill(words)
    page.get_by_role("searchbox", name="Search cars").press("Enter")
    expect(page).to_have_url(re.compile(rf"/search\?q={words}$"))


def test_the_seven_steps_of_the_tour(page: Page, complaints: list[str]) -> None:
    """Log in, get picks with reasons, search, open a result, come back: the picks changed and say why."""
    page.goto("/")
    page.evaluate("window.neverReloaded = true")
    log_in(page, EMAIL)

    expect(page.get_by_role("heading", name="Picked for you")).to_be_visible()
    expect(cards(page)).to_have_count(20)
    for card in cards(page).all():
        expect(card.get_by_test_id("reason").first).to_be_visible()
    before, reasons_before = shown(page), reasons(page)

    search(page, "Skoda")
    expect(page.get_by_role("heading", name=re.compile(r"^[\d,]+ cars?$"))).to_be_visible()
    for card in cards(page).all():
        expect(card.get_by_role("heading")).to_contain_text(re.compile("[SŠ]koda"))

    name = cards(page).first.get_by_role("heading").inner_text()
    cards(page).first.get_by_role("link").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="Similar cars")).to_be_visible()

    page.get_by_role("link", name="Back").click()
    expect(page).to_have_url(re.compile(r"/search\?q=Skoda$"))
    page.go_back()
    expect(page.get_by_role("heading", name="Picked for you")).to_be_visible()
    wait_until(lambda: shown(page) != before, "other picks than before")
    wait_until(lambda: "koda" in " ".join(reasons(page)), "a reason that names Škoda")
    assert reasons(page) != reasons_before
    assert page.evaluate("window.neverReloaded")
    assert complaints == []


def test_an_anonymous_visitor_gets_picks_and_takes_them_along_when_logging_in(
    page: Page, complaints: list[str]
) -> None:
    page.goto("/search?make=Kia")
    cards(page).first.get_by_role("link").click()
    page.get_by_role("link", name="Carousel, home").click()
    expect(page.get_by_text(re.compile(r"Learned from \d+ of your actions"))).to_be_visible()
    wait_until(lambda: "Kia" in " ".join(reasons(page)), "a reason that names Kia")
    log_in(page, f"new{time.time_ns()}@example.com")
    wait_until(lambda: "Kia" in " ".join(reasons(page)), "the account knows what the visitor did")
    assert complaints == []


def test_the_picks_change_in_another_tab_too(page: Page, complaints: list[str]) -> None:
    """A view in one tab changes the list that is open in another, without a reload."""
    page.goto("/")
    expect(cards(page)).to_have_count(20)
    before = shown(page)
    other = page.context.new_page()
    other.goto("/search?make=Toyota")
    cards(other).first.get_by_role("link").click()
    wait_until(lambda: shown(page) != before, "other picks in the first tab")
    assert complaints == []


def test_a_search_lives_in_the_address_bar(page: Page, complaints: list[str]) -> None:
    page.goto("/search")
    page.get_by_role("group", name="Fuel").get_by_role("checkbox", name="Diesel").check()
    expect(page).to_have_url(re.compile(r"\?fuel=diesel$"))
    page.get_by_label("Year, from").fill("2018")
    page.get_by_label("Year, from").press("Enter")
    expect(page).to_have_url(re.compile(r"min_year=2018"))
    expect(page.get_by_role("button", name="Remove filter From year 2018")).to_be_visible()
    settle(page)
    total = page.get_by_role("heading", level=1).inner_text()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(total)
    page.go_back()
    expect(page.get_by_role("button", name="Remove filter From year 2018")).to_be_hidden()
    assert complaints == []


def test_more_results_load_and_stay_when_coming_back(page: Page, complaints: list[str]) -> None:
    page.goto("/search?sort=price_asc")
    expect(cards(page)).to_have_count(24)
    page.get_by_role("button", name="Load more").click()
    expect(cards(page)).to_have_count(48)
    assert len(set(shown(page))) == 48
    cards(page).nth(40).get_by_role("link").click()
    page.get_by_role("link", name="Back").click()
    expect(cards(page)).to_have_count(48)
    wait_until(lambda: page.evaluate("scrollY") > 500, "the place in the list")
    assert complaints == []


def test_a_search_without_a_result_offers_a_way_out(page: Page, complaints: list[str]) -> None:
    page.goto("/search?q=zzzzzz")
    expect(page.get_by_role("heading", name="No car matches all of this")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(cards(page).first).to_be_visible()
    page.goto("/search?min_year=2020&max_year=2010")
    expect(page.get_by_text("The lowest year is above the highest.").first).to_be_visible()
    assert complaints == []


def test_a_hidden_car_is_gone_at_once_and_undo_brings_it_back(page: Page, complaints: list[str]) -> None:
    page.goto("/")
    expect(cards(page)).to_have_count(20)
    hidden = shown(page)[0]
    cards(page).first.get_by_role("button", name=re.compile("^Not interested")).click()
    wait_until(lambda: hidden not in shown(page), "the hidden car leaves the list")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1_000)
    assert hidden not in shown(page)
    page.get_by_role("button", name="Undo").click()
    page.mouse.move(0, 0)
    wait_until(lambda: hidden in shown(page), "the car comes back")
    assert complaints == []


def test_a_seller_can_be_contacted_and_the_page_says_that_nothing_was_sent(page: Page, complaints: list[str]) -> None:
    page.goto("/")
    cards(page).first.get_by_role("link").click()
    with page.expect_response("**/v1/events") as sent:
        page.get_by_role("button", name="Contact the seller").click()
    assert {result["status"] for result in sent.value.json()["results"]} == {"accepted"}
    expect(page.get_by_text("nothing was sent to the seller")).to_be_visible()
    assert complaints == []


def test_unknown_pages_and_cars_say_so(page: Page) -> None:
    page.goto("/no/such/page")
    expect(page.get_by_text("There is no page here")).to_be_visible()
    page.goto("/listings/no-such-car")
    expect(page.get_by_text("no-such-car")).to_be_visible()


def test_a_forged_token_is_replaced_without_the_visitor_noticing(page: Page) -> None:
    page.goto("/")
    page.evaluate("localStorage.setItem('carousel.session', JSON.stringify({token: 'bad', shopper_id: 'x'}))")
    page.reload()
    expect(cards(page)).to_have_count(20)


def test_the_page_works_on_a_phone(browser: Browser, carousel: str) -> None:
    """Nothing is wider than the screen."""
    context = browser.new_context(base_url=carousel, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    for path in ("/", "/search", "/login", "/taste"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    context.close()
