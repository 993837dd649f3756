"""My taste: what the site believes, how it is corrected, and what becomes of my data."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from tests.e2e.keyboard import tab_to
from tests.e2e.shopper import done, wait_until

pytestmark = pytest.mark.e2e
OPENED = re.compile(r"/v1/listings/[^/]+/price")
"""What an open listing asks for; the view has been noted by then."""


@pytest.fixture
def context(browser: Browser, carousel: str) -> Iterator[BrowserContext]:
    """A visitor who was never here before."""
    fresh = browser.new_context(
        base_url=carousel, viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce"
    )
    yield fresh
    fresh.close()


def look_at(page: Page, make: str, cars: int = 2) -> None:
    """Open some cars of a make, as a shopper does."""
    for i in range(cars):
        page.goto(f"/search?make={make}")
        with page.expect_response(OPENED):
            page.locator("article[data-listing-id]").nth(i).get_by_role("link").first.click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()


def open_taste(page: Page, *, knows: str | None = None) -> None:
    page.goto("/taste")
    expect(page.get_by_role("heading", name="What this site believes about you", level=1)).to_be_visible()
    if knows:
        expect(card(page, "Brands").get_by_text(knows, exact=True)).to_be_visible()


def card(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def level(page: Page, name: str, say: str) -> Locator:
    return page.get_by_role("button", name=f"{say}: {name}", exact=True)


def test_the_profile_says_in_words_and_charts_what_was_looked_at(page: Page, complaints: list[str]) -> None:
    look_at(page, "Kia")
    open_taste(page, knows="Kia")
    expect(page.get_by_test_id("summary")).to_contain_text("You like Kia.")
    expect(page.get_by_test_id("summary")).to_contain_text(re.compile(r"costs (around )?€[\d,]+"))
    expect(page.get_by_role("img", name=re.compile(r"Most of what you looked at costs €[\d,]+"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"Learned from \d+ of your actions"))).to_be_visible()
    assert complaints == []


def test_a_visitor_who_did_nothing_is_told_how_it_begins(page: Page, complaints: list[str]) -> None:
    open_taste(page)
    expect(page.get_by_role("heading", name="Nothing yet")).to_be_visible()
    assert complaints == []


def test_a_line_is_corrected_and_the_correction_undone_by_keyboard_alone(page: Page, complaints: list[str]) -> None:
    look_at(page, "Kia")
    open_taste(page, knows="Kia")
    never = level(page, "Kia", "Never")
    tab_to(page, never)
    page.keyboard.press("Enter")
    expect(never).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("F8")  # to the messages
    tab_to(page, page.get_by_role("button", name="Undo").last)
    page.keyboard.press("Enter")
    expect(never).to_have_attribute("aria-pressed", "false")
    tab_to(page, level(page, "Kia", "More"))
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.keyboard.press("Space")
    open_taste(page, knows="Kia")
    expect(level(page, "Kia", "More")).to_have_attribute("aria-pressed", "true")
    assert complaints == []


def test_a_make_that_was_refused_is_not_recommended(page: Page, complaints: list[str]) -> None:
    look_at(page, "Kia", cars=3)
    open_taste(page, knows="Kia")
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        level(page, "Kia", "Never").click()
    page.get_by_role("link", name="Carousel, home").click()
    expect(page.locator("article[data-listing-id]").first).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.locator("article h3", has_text=re.compile("^Kia"))).to_have_count(0)
    assert complaints == []


def test_what_is_forgotten_can_be_kept_for_a_moment(page: Page, complaints: list[str]) -> None:
    look_at(page, "Kia")
    open_taste(page, knows="Kia")
    brands = card(page, "Brands")
    brands.get_by_role("button", name="Forget Kia").click()
    expect(brands.get_by_text("Kia", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(brands.get_by_text("Kia", exact=True)).to_be_visible()
    brands.get_by_role("button", name="Forget Kia").click()
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.get_by_role("link", name="Carousel, home").click()  # leaving says it at once
    open_taste(page)
    expect(brands.get_by_text("Kia", exact=True)).to_have_count(0)
    assert complaints == []


def test_budget_and_place_are_kept(page: Page, context: BrowserContext, complaints: list[str]) -> None:
    context.grant_permissions(["geolocation"])
    context.set_geolocation({"latitude": 51.3397, "longitude": 12.3731})
    open_taste(page)
    page.get_by_label("Up to (EUR)").fill("15000")
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.get_by_label("Up to (EUR)").press("Enter")
    with page.expect_response(lambda answer: answer.request.method == "PUT") as sent:
        page.get_by_role("button", name="Use where I am now").click()
    assert sent.value.json()["stated"]["home"] == {"lat": 51.34, "lon": 12.37}
    page.reload()
    expect(page.get_by_label("Up to (EUR)")).to_have_value("15000")
    expect(page.get_by_test_id("home")).to_have_text("51.34°, 12.37°")
    assert complaints == []


def test_recommendations_can_stop_being_personal(page: Page, complaints: list[str]) -> None:
    open_taste(page)
    switch = page.get_by_role("switch", name="Personal recommendations")
    expect(switch).to_be_checked()
    tab_to(page, switch)
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.keyboard.press("Space")
    page.reload()
    expect(switch).not_to_be_checked()
    expect(page.get_by_text("Everybody sees the same.")).to_be_visible()
    assert complaints == []


def test_starting_over_forgets_everything_learned(page: Page, complaints: list[str]) -> None:
    look_at(page, "Kia")
    open_taste(page, knows="Kia")
    page.get_by_role("button", name="Start over").click()
    page.get_by_role("dialog").get_by_role("button", name="Start over").click()
    expect(page.get_by_role("heading", name="Nothing yet")).to_be_visible()
    assert complaints == []


def test_my_data_is_one_file(page: Page, carousel: str, tmp_path: Path, complaints: list[str]) -> None:
    look_at(page, "Kia", cars=1)
    open_taste(page, knows="Kia")
    token = json.loads(page.evaluate("localStorage.getItem('carousel.session')"))["token"]
    wait_until(lambda: "view" in {kind for kind, _, _ in done(carousel, token)}, "the view in the archive")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").click()
    assert download.value.suggested_filename == "my-data.json"
    file = tmp_path / "my-data.json"
    download.value.save_as(file)
    assert "view" in {event["type"] for event in json.loads(file.read_text())["events"]}
    assert complaints == []


def test_whoever_is_erased_gets_a_receipt_and_is_a_stranger(page: Page, carousel: str, complaints: list[str]) -> None:
    look_at(page, "Kia", cars=1)
    open_taste(page, knows="Kia")
    token = json.loads(page.evaluate("localStorage.getItem('carousel.session')"))["token"]
    page.get_by_role("button", name="Erase me").click()
    dialog = page.get_by_role("dialog", name="Erase everything about you?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Erase me").click()
    dialog.get_by_role("button", name="Erase everything").click()
    expect(page.get_by_role("status").filter(has_text="You are erased")).to_contain_text(re.compile("[0-9a-f-]{36}"))
    expect(page.get_by_role("heading", name="Nothing yet")).to_be_visible()
    event = {"event_id": "0198c0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f", "type": "view", "listing_id": "x"}
    body = {"events": [event | {"occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}]}
    answer = httpx.post(f"{carousel}/v1/events", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert complaints == []


@pytest.mark.parametrize(
    ("locale", "taste", "privacy"),
    [
        ("de-DE", "Was diese Seite über Sie annimmt", "Was über Sie gespeichert ist"),
        ("cs-CZ", "Co si tato stránka o vás myslí", "Co o vás uchováváme"),
    ],
)
def test_the_pages_speak_the_language_of_the_browser_and_fit_a_phone(
    browser: Browser, carousel: str, locale: str, taste: str, privacy: str
) -> None:
    context = browser.new_context(base_url=carousel, locale=locale, viewport={"width": 390, "height": 844})
    page = context.new_page()
    look_at(page, "Kia", cars=1)
    for path, title in (("/taste", taste), ("/privacy", privacy)):
        page.goto(path)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    context.close()


def test_two_searches_become_one_and_one_is_dropped(page: Page, complaints: list[str]) -> None:
    for wish in ("body=city_car&max_price=6000", "body=van&min_price=25000"):
        for i in range(3):
            page.goto(f"/search?{wish}")
            with page.expect_response(OPENED):
                page.locator("article[data-listing-id]").nth(i).get_by_role("link").first.click()
    open_taste(page)
    interests = card(page, "What you are looking for")
    expect(interests.get_by_role("listitem").nth(1)).to_be_visible()
    before = interests.get_by_role("listitem").count()
    interests.get_by_role("button", name=re.compile(" is the same as$")).first.click()
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.get_by_role("listbox").get_by_role("option").first.click()
    expect(interests.get_by_role("listitem")).to_have_count(before - 1)
    interests.get_by_role("button", name=re.compile("^Drop ")).first.click()
    expect(interests.get_by_role("listitem")).to_have_count(max(before - 2, 0))
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.get_by_role("link", name="Carousel, home").click()
    assert complaints == []


def test_a_make_nobody_looked_at_can_be_wished_for(page: Page, complaints: list[str]) -> None:
    open_taste(page)
    page.get_by_role("button", name="Add to Brands").press("Enter")
    expect(page.get_by_role("listbox").get_by_role("option").first).to_be_focused()
    expect(page.get_by_role("listbox")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.get_by_role("option", name="Volvo").press("Enter")
    page.reload()
    expect(level(page, "Volvo", "More")).to_have_attribute("aria-pressed", "true")
    expect(card(page, "Brands").get_by_text("you said so")).to_be_visible()
    assert complaints == []
