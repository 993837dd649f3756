"""`carousel.js` on a plain page of another origin, in a real Chromium."""

import gzip
import json
import os
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect
from tests.e2e.axe import violations
from tests.e2e.conftest import tiny_picture
from tests.e2e.shop import Shop, open_shop

pytestmark = pytest.mark.e2e
LARGEST_BYTES = 8_000
PATIENCE_SECONDS = 8


@pytest.fixture(scope="module", autouse=True)
def _our_own_service(carousel: str) -> None:
    if "CAROUSEL_E2E_URL" in os.environ:
        pytest.skip("somebody else's service: it does not let our page's origin in")


@pytest.fixture
def visitor(browser: Browser, shop: Shop) -> Iterator[Page]:
    context = browser.new_context(base_url=shop.url, viewport={"width": 1280, "height": 900}, locale="de-DE")
    yield context.new_page()
    context.close()


@pytest.fixture
def sent(visitor: Page) -> list[dict[str, Any]]:
    """Every event the page has sent so far."""
    found: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/v1/events"):
            found.extend(json.loads(request.post_data or "{}")["events"])

    visitor.on("request", note)
    return found


def cards(page: Page) -> Locator:
    return page.locator("carousel-row article")


def names(page: Page) -> list[str]:
    found: list[str] = cards(page).evaluate_all("cards => cards.map(card => card.querySelector('a').href)")
    return found


def wait_for(page: Page, sent: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for event in sent:
            if event["type"] == kind:
                return event
        page.wait_for_timeout(50)
    raise AssertionError(f"no {kind} among {[event['type'] for event in sent]}")


def test_the_script_is_small_and_any_site_may_load_it(shop: Shop) -> None:
    answer = httpx.get(f"{shop.carousel}/carousel.js")
    assert len(gzip.compress(answer.content)) < LARGEST_BYTES
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_row_with_reasons_appears_in_the_language_of_the_page(visitor: Page) -> None:
    problems: list[str] = []
    visitor.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    visitor.on("pageerror", lambda error: problems.append(str(error)))
    visitor.goto("/")
    expect(cards(visitor)).to_have_count(8)
    expect(visitor.get_by_role("region", name="Für Sie")).to_be_visible()
    expect(visitor.get_by_role("list", name="Warum Sie das sehen").first.get_by_role("listitem").first).to_be_visible()
    # As German groups it, whatever the market's seller is paid in.
    expect(cards(visitor).first).to_contain_text(re.compile(r"\d\.\d{3}\s\S{1,3}(19|20)\d\d "))
    expect(visitor.get_by_text("Schauen Sie sich um.")).to_be_hidden()
    visitor.wait_for_timeout(500)  # until the cards have faded in
    assert violations(visitor) == []
    assert problems == []


def test_what_is_clicked_and_seen_is_told_with_the_slate_it_came_from(
    visitor: Page, sent: list[dict[str, Any]]
) -> None:
    visitor.goto("/")
    expect(cards(visitor)).to_have_count(8)
    impression = wait_for(visitor, sent, "impression")
    assert len(impression["listing_ids"]) >= 3
    with visitor.expect_request("**/v1/events"):
        cards(visitor).nth(1).get_by_role("link").click()
    expect(visitor).to_have_url(re.compile("/cars/"))
    click, view = wait_for(visitor, sent, "click"), wait_for(visitor, sent, "view")
    assert click["position"] == 2
    assert view["listing_id"] == click["listing_id"]
    assert view["recommendation_id"] == click["recommendation_id"] == impression["recommendation_id"]
    assert view["position"] == 2


def test_marked_elements_of_the_page_are_counted_as_seen(visitor: Page, sent: list[dict[str, Any]]) -> None:
    visitor.goto("/")
    visitor.evaluate(
        """() => {
        const box = document.createElement('div')
        box.innerHTML = `<p data-carousel-listing="a" data-carousel-placement="newsletter">eins</p>
          <p data-carousel-listing="b" style="margin-top: 300vh">zwei, nicht zu sehen</p>`
        document.body.prepend(box.firstElementChild)
        document.body.append(box.lastElementChild)
    }"""
    )
    visitor.wait_for_timeout(4_000)
    marked = [event for event in sent if event["type"] == "impression" and event.get("placement") == "newsletter"]
    assert [event["listing_ids"] for event in marked] == [["a"]]
    assert not any("b" in event.get("listing_ids", ()) for event in sent)


def test_the_row_follows_what_the_shopper_does_on_another_page(visitor: Page) -> None:
    visitor.goto("/")
    expect(cards(visitor)).to_have_count(8)
    before = names(visitor)
    other = visitor.context.new_page()
    other.goto("/cars/" + before[5].rsplit("/", 1)[1])
    other.close()
    visitor.bring_to_front()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while names(visitor) == before:
        assert time.monotonic() < deadline, "the row did not change"
        visitor.wait_for_timeout(50)
    expect(cards(visitor).filter(has_text="Wie der angesehene").first).to_be_visible()


def test_nothing_is_lost_while_the_shopper_is_offline(visitor: Page, sent: list[dict[str, Any]]) -> None:
    visitor.goto("/")
    expect(cards(visitor)).to_have_count(8)
    visitor.context.set_offline(True)
    visitor.evaluate("carousel('favourite', 'some-car', { placement: 'list' })")
    visitor.wait_for_timeout(1_500)
    kept = json.loads(visitor.evaluate("localStorage.getItem('carousel.events')"))
    assert [event["listing_id"] for event in kept["events"] if event["type"] == "favourite"] == ["some-car"]
    visitor.context.set_offline(False)
    visitor.wait_for_function("localStorage.getItem('carousel.events') === null")
    again = [event for event in sent if event["type"] == "favourite"]
    assert len({event["event_id"] for event in again}) == 1
    assert again[-1]["placement"] == "list"


def test_the_row_can_be_walked_by_keyboard_and_stays_while_it_is(visitor: Page) -> None:
    visitor.goto("/")
    expect(cards(visitor)).to_have_count(8)
    visitor.keyboard.press("Tab")
    visitor.keyboard.press("Tab")
    focused = visitor.evaluate("document.activeElement.shadowRoot.activeElement.href")
    assert focused == names(visitor)[1]
    visitor.keyboard.press("Enter")
    expect(visitor).to_have_url(focused)


def test_the_page_decides_what_a_click_does_and_what_an_empty_row_says(visitor: Page) -> None:
    visitor.goto("/")
    expect(cards(visitor)).to_have_count(8)
    visitor.evaluate(
        """() => addEventListener('carousel-click', (event) => {
        event.preventDefault()
        document.title = event.detail.listing_id
    })"""
    )
    first = names(visitor)[0].rsplit("/", 1)[1]
    cards(visitor).first.get_by_role("link").click()
    expect(visitor).to_have_title(first)
    expect(visitor).to_have_url(re.compile("/$"))
    visitor.locator("carousel-row").evaluate("row => row.setAttribute('filters', 'max_price=1')")
    expect(visitor.get_by_text("Schauen Sie sich um.")).to_be_visible()


def test_a_card_shows_its_picture_and_a_drawing_of_the_same_size_where_none_loads(visitor: Page) -> None:
    referrers: list[str | None] = []

    def with_pictures(route: Route) -> None:
        answer = route.fetch()
        slate = answer.json()
        addresses = ["https://pictures.example/1.png", "https://pictures.example/gone.png", "javascript:alert(1)"]
        for listing, address in zip(slate["listings"], addresses, strict=False):
            listing["images"] = [address]
        route.fulfill(response=answer, json=slate)

    def picture(route: Route) -> None:
        referrers.append(route.request.header_value("referer"))
        if route.request.url.endswith("gone.png"):
            route.abort()
        else:
            route.fulfill(body=tiny_picture(), content_type="image/png")

    visitor.route("**/v1/recommendations?*", with_pictures)
    visitor.route("https://pictures.example/**", picture)
    visitor.goto("/")
    expect(cards(visitor)).to_have_count(8)
    expect(cards(visitor).locator("img")).to_have_count(1)
    expect(cards(visitor).first.locator("img")).to_have_js_property("naturalWidth", 2)
    assert referrers == [None, None]
    sizes = (
        visitor.locator("carousel-row")
        .locator("img, svg")
        .evaluate_all("pictures => pictures.map((x) => x.getBoundingClientRect()).map((x) => [x.width, x.height])")
    )
    assert len(sizes) == 8
    assert all(size == pytest.approx(sizes[0]) for size in sizes)


def test_a_page_of_another_origin_is_left_with_its_own_content(browser: Browser, shop: Shop) -> None:
    context = browser.new_context()
    page = context.new_page()
    with open_shop() as stranger:
        stranger.carousel = shop.carousel
        page.goto(stranger.url)
        expect(page.get_by_text("Schauen Sie sich um.")).to_be_visible()
        assert page.locator("carousel-row article").count() == 0
    context.close()
