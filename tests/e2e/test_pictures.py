"""Pictures of listings, which are on other hosts, and the page of the API, which asks none."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, Route, expect
from tests.e2e.axe import violations
from tests.e2e.conftest import tiny_picture

pytestmark = pytest.mark.e2e
HOST = "https://pictures.example"
CAR = {
    "make": "Škoda", "model": "Yeti", "model_year": 2016, "price_amount": 9_900, "price_currency": "EUR",
    "body_type": "suv", "city": "Pictureville",
}  # fmt: skip
PICTURES = {
    "pictured:many": [f"{HOST}/1.png", "javascript:alert(1)", f"{HOST}/gone.png", "http://pictures.example/2.png"],
    "pictured:gone": [f"{HOST}/gone.png"],
    "pictured:none": [],
}


@pytest.fixture
def _listings(carousel: str, writer: dict[str, str]) -> Iterator[None]:
    """Three cars of one town: with pictures, with one that does not load, and without any."""
    with httpx.Client(base_url=carousel, headers=writer) as client:
        for listing_id, images in PICTURES.items():
            client.put(f"/v1/listings/{listing_id}", json=CAR | {"images": images}).raise_for_status()
        yield
        for listing_id in PICTURES:
            client.delete(f"/v1/listings/{listing_id}").raise_for_status()


@pytest.fixture
def asked(page: Page) -> list[tuple[str, str | None]]:
    """Every request to the pictures' host so far, with its referrer; some fail."""
    found: list[tuple[str, str | None]] = []

    def answer(route: Route) -> None:
        found.append((route.request.url, route.request.header_value("referer")))
        if "gone" in route.request.url:
            route.abort()
        else:
            route.fulfill(body=tiny_picture(), content_type="image/png")

    page.route(f"{HOST}/**", answer)
    return found


@pytest.mark.usefixtures("_listings")
def test_cards_show_pictures_and_drawings_in_boxes_of_one_size(page: Page, asked: list[tuple[str, str | None]]) -> None:
    page.goto("/search?q=Pictureville")
    cards = page.locator("article[data-listing-id]")
    expect(cards).to_have_count(3)
    expect(cards.locator("img")).to_have_count(1)
    expect(page.get_by_role("img", name="Škoda Yeti")).to_have_js_property("naturalWidth", 2)
    boxes = cards.evaluate_all("cards => cards.map((card) => card.firstElementChild.getBoundingClientRect().height)")
    assert boxes == pytest.approx([boxes[0]] * 3)
    assert asked
    assert {referrer for _, referrer in asked} == {None}
    assert violations(page) == []


@pytest.mark.usefixtures("_listings")
def test_a_cars_page_has_all_of_its_pictures_by_keyboard_too(page: Page, asked: list[tuple[str, str | None]]) -> None:
    page.goto("/listings/pictured:many")
    gallery = page.get_by_role("region", name="Pictures")
    expect(gallery.get_by_role("status")).to_have_text("Picture 1 of 3")
    on = gallery.get_by_role("button", name="Next picture")
    on.focus()
    page.keyboard.press("Enter")
    # The second does not load, and gives its place to the third.
    expect(gallery.get_by_role("status")).to_have_text("Picture 2 of 2")
    expect(gallery.get_by_role("img", name="Škoda Yeti, Picture 2 of 2")).to_be_in_viewport()
    expect(on).to_be_disabled()
    assert {address for address, _ in asked} == {f"{HOST}/{name}.png" for name in ("1", "gone", "2")}
    assert violations(page) == []
    page.goto("/listings/pictured:gone")
    expect(page.get_by_role("heading", name="Škoda Yeti", level=1)).to_be_visible()
    expect(gallery).to_have_count(0)


def test_the_page_of_the_api_needs_no_other_host(page: Page, complaints: list[str]) -> None:
    page.goto("/docs")
    expect(page.get_by_text("/v1/recommendations", exact=True)).to_be_visible()
    page.get_by_text("/v1/me", exact=True).first.click()
    expect(page.get_by_role("button", name="Try it out")).to_be_visible()
    page.wait_for_timeout(500)  # what it asks late, such as the badge of a validator
    assert complaints == []
