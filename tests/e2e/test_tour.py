"""The tour of the README, as a shopper takes it: every test is one visit in a real Chromium."""

import json
import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.shopper import cards, events, listed, picks, places, reasons, settle, shown, wait_until

pytestmark = pytest.mark.e2e
EMAIL = "john1@example.com"


def log_in(page: Page, email: str) -> None:
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name=email.split("@")[0])).to_be_visible()


def search(page: Page, words: str) -> None:
    page.get_by_role("combobox", name="Search cars").fill(words)
    page.get_by_role("combobox", name="Search cars").press("Enter")
    expect(page).to_have_url(re.compile(rf"/search\?q={words}$"))


def test_the_seven_steps_of_the_tour(page: Page, complaints: list[str]) -> None:
    """Log in, get picks with reasons, search, open a result, come back: the picks changed and say why."""
    page.goto("/")
    page.evaluate("window.neverReloaded = true")
    log_in(page, EMAIL)

    expect(page.get_by_role("heading", name="Picked for you", level=1)).to_be_visible()
    expect(picks(page)).to_have_count(12)
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
    expect(page.get_by_role("heading", name="Picked for you", level=1)).to_be_visible()
    wait_until(lambda: shown(page) != before, "other picks than before")
    page.mouse.move(0, 0)  # off the cards, which stand still under a hand

    def names_skoda() -> bool:
        page.mouse.wheel(0, 150)  # the lower ones are built when they come near
        return "koda" in " ".join(reasons(page))

    wait_until(names_skoda, "a reason that names Škoda")
    assert reasons(page) != reasons_before
    assert page.evaluate("window.neverReloaded")
    assert complaints == []


def test_an_anonymous_visitor_gets_picks_and_takes_them_along_when_logging_in(
    page: Page, complaints: list[str]
) -> None:
    page.goto("/search?make=Kia")
    cards(page).first.get_by_role("button", name=re.compile("^Save ")).click()
    cards(page).first.get_by_role("link").click()
    page.get_by_role("link", name="Carousel, home").click()
    expect(page.get_by_text(re.compile(r"Learned from \d+ of your actions"))).to_be_visible()
    wait_until(lambda: "Kia" in " ".join(reasons(page)), "a reason that names Kia")
    log_in(page, f"new{time.time_ns()}@example.com")
    wait_until(lambda: "Kia" in " ".join(reasons(page)), "the account knows what the visitor did")
    page.get_by_role("link", name="Saved 1").click()
    expect(cards(page)).to_have_count(2)  # saved, and among those recently viewed
    assert complaints == []


def test_the_picks_change_in_another_tab_too(page: Page, complaints: list[str]) -> None:
    """A view in one tab changes the list that is open in another, without a reload."""
    page.goto("/")
    expect(picks(page)).to_have_count(12)
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
    expect(places(page)).to_have_count(24)
    page.get_by_role("button", name="Load more").click()
    expect(places(page)).to_have_count(48)
    assert len(set(listed(page))) == 48
    fortieth = places(page).nth(40)
    fortieth.scroll_into_view_if_needed()
    fortieth.get_by_role("link").click()
    page.get_by_role("link", name="Back").click()
    expect(places(page)).to_have_count(48)
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
    expect(picks(page)).to_have_count(12)
    expect(cards(page).first).to_be_visible()
    hidden = page.locator(f"li[data-listing-id='{shown(page)[0]}']")  # in any row: it may come back in another one
    cards(page).first.get_by_role("button", name=re.compile("^Not interested")).click()
    wait_until(lambda: hidden.count() == 0, "the hidden car leaves the list")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1_000)
    assert hidden.count() == 0
    page.get_by_role("button", name="Undo").click()
    page.mouse.move(0, 0)
    wait_until(lambda: hidden.count() > 0, "the car comes back")
    assert complaints == []


def test_a_seller_can_be_contacted_and_the_page_says_that_nothing_was_sent(
    page: Page, carousel: str, complaints: list[str]
) -> None:
    with page.expect_response("**/v1/recommendations/rows*") as served:
        page.goto("/")
    slate_of = {x["listing_id"]: row for row in served.value.json()["rows"] for x in row["listings"]}
    expect(cards(page).first).to_be_visible()
    listing_id = shown(page)[0]
    cards(page).first.get_by_role("link").click()
    with page.expect_response("**/v1/events") as sent:
        page.get_by_role("button", name="Contact the seller").click()
    assert {result["status"] for result in sent.value.json()["results"]} == {"accepted"}
    expect(page.get_by_text("nothing was sent to the seller")).to_be_visible()
    token = json.loads(page.evaluate("localStorage.getItem('carousel.session')"))["token"]
    asked = ("contact", listing_id, slate_of[listing_id]["recommendation_id"])
    wait_until(
        lambda: (
            asked in [(e["type"], e.get("listing_id"), e.get("recommendation_id")) for e in events(carousel, token)]
        ),
        "the contact in the archive, with the slate that led to it",
    )
    assert complaints == []


def test_unknown_pages_and_cars_say_so(page: Page) -> None:
    page.goto("/no/such/page")
    expect(page.get_by_text("There is no page here")).to_be_visible()
    page.goto("/listings/no-such-car")
    expect(page.get_by_text("It may have been removed")).to_be_visible()


def test_a_forged_token_is_replaced_without_the_visitor_noticing(page: Page) -> None:
    page.goto("/")
    page.evaluate("localStorage.setItem('carousel.session', JSON.stringify({token: 'bad', shopper_id: 'x'}))")
    page.reload()
    expect(picks(page)).to_have_count(12)


def test_the_page_works_on_a_phone(browser: Browser, carousel: str) -> None:
    """Nothing is wider than the screen."""
    context = browser.new_context(base_url=carousel, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    for path in ("/", "/search", "/login", "/taste", "/saved", "/compare", "/privacy"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    context.close()


# --- the rest of the page


@pytest.fixture
def visited(page: Page) -> Page:
    """A visitor who looked at two cars."""
    for model in ("Skoda Octavia", "Volkswagen Golf"):
        page.goto(f"/search?model={model}")
        cards(page).first.get_by_role("link").click()
        expect(page.get_by_role("heading", name="Similar cars")).to_be_visible()
    return page


def test_home_has_rows_with_names_and_no_car_twice(visited: Page, complaints: list[str]) -> None:
    visited.goto("/")
    expect(visited.get_by_role("heading", name=re.compile("^Because you viewed the "))).to_be_visible()
    expect(visited.get_by_role("heading", name="New this week")).to_be_visible()
    settle(visited)
    ids = listed(visited)
    assert len(ids) == len(set(ids)) > 24
    row = visited.locator("[data-row=new_this_week]")
    row.get_by_role("button", name=re.compile("^On in ")).click()
    wait_until(
        lambda: row.locator("ul").first.evaluate("ul => ul.closest('.overflow-x-auto').scrollLeft > 0"), "it scrolls"
    )
    assert complaints == []


def test_four_answers_bring_fitting_cars(page: Page, complaints: list[str]) -> None:
    page.goto("/")
    quiz = page.get_by_role("region", name="Four questions to start with")
    quiz.get_by_role("button", name="SUV").click()
    quiz.get_by_role("button", name="Electric").click()
    quiz.get_by_role("button", name="Show me cars").click()
    expect(quiz).to_be_hidden()

    def fit() -> bool:
        said = " ".join(reasons(page))  # all at once: newer cars are built in turns
        return said.count("SUV") > 5 and "Electric" in said

    wait_until(fit, "electric SUVs")
    assert complaints == []


def test_saved_and_compared_cars_are_kept(page: Page, complaints: list[str]) -> None:
    page.goto("/search?make=Kia")
    names = [cards(page).nth(i).get_by_role("heading").inner_text() for i in range(2)]
    for i in range(2):
        cards(page).nth(i).get_by_role("button", name=re.compile("^Compare ")).click()
    cards(page).first.get_by_role("button", name=re.compile("^Save ")).click()
    page.get_by_role("link", name="Saved 1").click()
    expect(page.get_by_role("heading", name="Saved cars")).to_be_visible()
    expect(cards(page)).to_have_count(1)
    page.get_by_role("link", name="Compare 2").click()
    for name in set(names):
        expect(page.get_by_role("columnheader", name=name).first).to_be_visible()
    expect(page.get_by_role("rowheader", name="Price", exact=True)).to_be_visible()
    expect(page.get_by_role("rowheader", name="Make", exact=True)).to_be_hidden()
    page.get_by_role("switch", name="Only differences").click()
    expect(page.get_by_role("rowheader", name="Make", exact=True)).to_be_visible()
    assert complaints == []


def test_a_price_is_compared_and_a_month_is_estimated(page: Page, complaints: list[str]) -> None:
    page.goto("/search?model=Volkswagen+Golf&sort=newest")
    cards(page).first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="How the price stands")).to_be_visible()
    expect(page.get_by_text(re.compile("Compared with .* cars of this model"))).to_be_visible()
    month = page.get_by_text(re.compile(r"^€[\d,]+ a month$"))
    before = month.inner_text()
    page.get_by_label("Months").fill("96")
    wait_until(lambda: month.inner_text() != before, "another estimate")
    page.get_by_role("link", name="Cheaper").click()
    expect(page).to_have_url(re.compile("max_price="))
    expect(cards(page).first).to_be_visible()
    assert complaints == []


def test_typing_offers_makes_and_models_by_keyboard_too(page: Page, complaints: list[str]) -> None:
    page.goto("/")
    box = page.get_by_role("combobox", name="Search cars")
    box.press_sequentially("octa")
    expect(page.get_by_role("option", name=re.compile("Octavia"))).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    expect(page).to_have_url(re.compile("model=Skoda"))
    expect(cards(page).first).to_contain_text("Octavia")
    assert complaints == []


def test_no_result_says_what_to_leave_out(page: Page, complaints: list[str]) -> None:
    page.goto("/search?make=Kia&fuel=electric&body=convertible")
    offer = page.get_by_role("button", name=re.compile("^Without Convertible: "))
    offer.click()
    expect(cards(page).first).to_be_visible()
    expect(page).not_to_have_url(re.compile("convertible"))
    assert complaints == []


def test_the_page_speaks_german_and_czech_and_turns_dark(page: Page, complaints: list[str]) -> None:
    page.goto("/")
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("heading", name="Für Sie ausgesucht", level=1)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"
    page.reload()
    page.get_by_label("Sprache").select_option("cs")
    expect(page.get_by_role("heading", name="Vybráno pro vás", level=1)).to_be_visible()
    for _ in range(2):
        page.get_by_role("button", name=re.compile("^Barvy: ")).click()
    expect(page.locator("html")).to_have_class(re.compile("dark"))
    assert complaints == []


def test_being_offline_is_said(page: Page) -> None:
    page.goto("/")
    expect(picks(page)).to_have_count(12)
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("You are offline.")).to_be_hidden()
