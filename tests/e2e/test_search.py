"""Search as a shopper uses it: ranges, facets, distance, saved searches with what is new, and why a car was hidden."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.e2e.axe import violations
from tests.e2e.shopper import cards, done, listed, settle, shown, wait_until

pytestmark = pytest.mark.e2e
LEIPZIG = {"latitude": 51.3397, "longitude": 12.3731}


@pytest.fixture
def context(browser: Browser, carousel: str) -> Iterator[BrowserContext]:
    """A visitor in Leipzig, without animations: axe would measure the colours of half a fade."""
    fresh = browser.new_context(
        base_url=carousel, viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce"
    )
    fresh.grant_permissions(["geolocation"])
    fresh.set_geolocation({"latitude": LEIPZIG["latitude"], "longitude": LEIPZIG["longitude"]})
    yield fresh
    fresh.close()


def total(page: Page) -> int:
    heading = page.get_by_role("heading", level=1, name=re.compile(r"^[\d,]+ cars?$"))
    expect(heading).to_be_visible()
    settle(page)
    return int(re.sub(r"\D", "", heading.inner_text()))


def kilometres(page: Page) -> list[int]:
    places = cards(page).get_by_test_id("place").all_inner_texts()
    return [int(re.sub(r"\D", "", place.rsplit("·", 1)[-1])) for place in places if "km" in place]


def test_a_handle_moved_by_keyboard_narrows_the_search(page: Page, complaints: list[str]) -> None:
    page.goto("/search")
    expect(page.get_by_role("img", name=re.compile(r"^Price \(EUR\): most cars lie between €"))).to_be_visible()
    before = total(page)
    handle = page.get_by_role("slider", name="Price (EUR): highest")
    expect(handle).to_have_attribute("aria-valuetext", "any")
    handle.focus()
    for _ in range(10):
        handle.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"\?max_price=\d+000$"))
    expect(page.get_by_label("Price (EUR), to")).to_have_value(re.compile("000$"))
    expect(handle).to_have_attribute("aria-valuetext", re.compile("^€"))
    wait_until(lambda: total(page) < before, "fewer cars")
    assert violations(page) == []
    page.go_back()
    expect(handle).to_have_attribute("aria-valuetext", "any")
    assert complaints == []


def test_handles_do_not_cross_and_follow_the_fields(page: Page, complaints: list[str]) -> None:
    page.goto("/search?min_year=2018&max_year=2019")
    lowest, highest = (page.get_by_role("slider", name=f"Year: {end}") for end in ("lowest", "highest"))
    expect(lowest).to_have_attribute("aria-valuetext", "2018")
    expect(highest).to_have_attribute("aria-valuetext", "2019")
    lowest.focus()
    for _ in range(4):
        lowest.press("ArrowRight")
    expect(page).to_have_url(re.compile("min_year=2019&max_year=2019"))
    page.get_by_label("Year, to").fill("2021")
    page.get_by_label("Year, to").press("Enter")
    expect(highest).to_have_attribute("aria-valuetext", "2021")
    assert complaints == []


def test_a_colour_is_chosen_and_taken_away_again(page: Page, complaints: list[str]) -> None:
    page.goto("/search")
    everything = total(page)
    page.get_by_text("More filters").click()
    red = page.get_by_role("group", name="Colour").get_by_role("checkbox", name="Red")
    red.check()
    expect(page).to_have_url(re.compile(r"\?color=red$"))
    wait_until(lambda: total(page) < everything, "fewer cars")
    assert violations(page) == []
    page.reload()
    expect(red).to_be_checked()  # and not folded away
    page.get_by_role("button", name="Remove filter Red").click()
    expect(page).to_have_url(re.compile("/search$"))
    assert complaints == []


def test_filters_on_a_phone_say_how_many_cars_there_are_and_can_be_closed(page: Page, complaints: list[str]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/search")
    before = total(page)
    opener = page.get_by_role("button", name="Filters")
    opener.click()
    panel = page.get_by_role("dialog", name="Filters")
    panel.get_by_role("checkbox", name="Skoda").check()
    expect(page).to_have_url(re.compile(r"\?make=Skoda$"))
    show = panel.get_by_role("button", name=re.compile(r"^Show [\d,]+ cars$"))
    expect(show).to_be_in_viewport()
    expect(show).not_to_have_text(f"Show {before:,} cars")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    show.click()
    expect(panel).to_be_hidden()
    assert total(page) < before
    assert complaints == []


def test_the_keyboard_goes_on_where_a_filter_or_a_car_was(page: Page, complaints: list[str]) -> None:
    page.goto("/search?make=Skoda&fuel=diesel")
    page.get_by_role("button", name="Remove filter Skoda").press("Enter")
    expect(page.get_by_role("button", name="Remove filter Diesel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    settle(page)
    known = len(listed(page))
    page.get_by_role("button", name="Load more").press("Enter")
    wait_until(lambda: len(listed(page)) > known, "more cars")
    focused = page.locator("li[data-listing-id]:focus-within")  # the place, or the link of the card in it
    expect(focused).to_have_attribute("data-listing-id", listed(page)[known])
    assert complaints == []


def test_going_back_from_a_car_finds_the_list_where_it_was(page: Page, complaints: list[str]) -> None:
    page.goto("/search?make=Skoda&sort=price_asc")
    settle(page)
    car = page.locator("li[data-listing-id]").nth(20)
    car.scroll_into_view_if_needed()
    wait_until(lambda: len(shown(page)) > 20, "all cards above")
    page.wait_for_timeout(500)
    before = car.bounding_box()
    car.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/listings/"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.go_back()
    settle(page)
    wait_until(lambda: len(shown(page)) > 20, "all cards above")
    after = car.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) < 5
    assert complaints == []


def test_what_came_since_a_search_was_saved_is_counted(
    page: Page, carousel: str, writer: dict[str, str], complaints: list[str]
) -> None:
    page.goto("/search?make=Kia&color=purple&max_price=9000")
    page.get_by_role("button", name="Save this search").click()
    expect(page.get_by_role("button", name="Search saved")).to_have_attribute("aria-pressed", "true")
    page.goto("/saved")
    saved = page.get_by_test_id("saved-search")
    expect(saved.get_by_role("link", name="Kia, Purple, Up to €9,000")).to_be_visible()
    expect(saved).not_to_contain_text("new")

    car: dict[str, Any] = {
        "make": "Kia", "model": "Ceed", "model_year": 2015, "mileage_km": 81_000, "price_amount": 7_777,
        "price_currency": "EUR", "color_exterior": "purple",
    }  # fmt: skip
    answer = httpx.put(f"{carousel}/v1/listings/purple-{time.time_ns()}", json=car, headers=writer)
    assert answer.status_code == 200, answer.text
    page.reload()
    expect(saved).to_contain_text("1 new")
    expect(page.get_by_role("link", name=re.compile(r"\+1 ?new car of your saved searches"))).to_be_visible()
    assert violations(page) == []
    saved.get_by_role("link").click()
    expect(page).to_have_url(re.compile("sort=newest"))
    expect(cards(page).first).to_contain_text("€7,777")
    page.goto("/saved")
    expect(saved).to_contain_text("car")
    expect(saved).not_to_contain_text("new")
    saved.get_by_role("button", name=re.compile("^Remove the search Kia")).click()
    expect(saved).to_have_count(0)
    assert complaints == []


def test_cars_say_how_far_from_home_they_are(page: Page, complaints: list[str]) -> None:
    page.goto("/taste")
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.get_by_role("button", name="Use where I am now").click()
    page.goto("/search?body=suv")
    expect(cards(page).first.get_by_test_id("place")).to_have_text(re.compile(r" · [\d,]+\skm$"))
    page.get_by_role("combobox", name="Sort by").select_option("Nearest first")
    expect(page).to_have_url(re.compile(r"near=51.34,12.37"))
    settle(page)
    wait_until(lambda: kilometres(page) == sorted(kilometres(page)), "the nearest first")
    page.get_by_role("combobox", name="Within a distance").select_option("100")
    expect(page.get_by_role("button", name=re.compile(r"^Remove filter Within 100\skm"))).to_be_visible()
    settle(page)
    assert max(kilometres(page)) <= 100
    assert violations(page) == []
    page.goto("/search?body=suv&sort=newest")
    expect(cards(page).first.get_by_test_id("place")).to_have_text(re.compile(r" · [\d,]+\skm$"))
    far = next(i for i, km in enumerate(kilometres(page)) if km > 20)
    cards(page).nth(far).get_by_role("link").click()
    page.get_by_role("link", name="Closer").click()
    expect(page).to_have_url(re.compile("radius_km="))
    assert complaints == []


def test_a_place_can_be_given_for_a_search_alone(page: Page, complaints: list[str]) -> None:
    page.goto("/search")
    page.get_by_role("button", name="Use where I am now").click()
    expect(page).to_have_url(re.compile(r"near=51.34,12.37&sort=distance|sort=distance"))
    expect(cards(page).first.get_by_test_id("place")).to_have_text(re.compile(r"\d+\skm$"))
    page.get_by_role("button", name=re.compile("^Remove filter Around 51.34°, 12.37°")).click()
    expect(page).to_have_url(re.compile("/search$"))
    expect(page.get_by_role("button", name="Use where I am now")).to_be_visible()
    assert complaints == []


def test_a_car_is_hidden_for_its_mileage(page: Page, carousel: str, complaints: list[str]) -> None:
    page.goto("/search?make=Kia")
    expect(cards(page).first).to_be_visible()
    hidden = shown(page)[0]
    cards(page).first.get_by_role("button", name=re.compile("^Not interested")).click()
    wait_until(lambda: hidden not in shown(page), "the hidden car leaves the list")
    assert violations(page) == []
    page.get_by_role("button", name="Too many kilometres").click()
    token = json.loads(page.evaluate("localStorage.getItem('carousel.session')"))["token"]
    wait_until(lambda: ("hide", hidden, "mileage") in done(carousel, token), "the hide with its reason")
    expect(page.get_by_text("Noted: Too many kilometres").first).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    wait_until(lambda: hidden in listed(page), "the car comes back")
    assert complaints == []


def test_what_to_leave_out_may_be_a_colour_or_the_distance(page: Page, complaints: list[str]) -> None:
    page.goto("/search?make=Kia&color=red&near=0,0&radius_km=10")
    page.get_by_role("button", name=re.compile(r"^Without Within 10\skm: ")).click()
    expect(page).to_have_url(re.compile(r"\?make=Kia&color=red$"))
    expect(cards(page).first).to_be_visible()
    assert complaints == []
