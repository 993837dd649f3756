"""The whole tour without a mouse: every step is a key."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.keyboard import tab_to
from tests.e2e.shopper import cards, picks, reasons, shown, wait_until

pytestmark = pytest.mark.e2e


def test_the_tour_by_keyboard_alone(page: Page, complaints: list[str]) -> None:
    keys = page.keyboard
    page.goto("/")
    expect(picks(page)).to_have_count(12)

    # The link over the header, then four questions.
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("Enter")
    quiz = page.get_by_role("region", name="Four questions to start with")
    tab_to(page, quiz.get_by_role("button", name="SUV"))
    keys.press("Space")
    expect(quiz.get_by_role("button", name="SUV")).to_have_attribute("aria-pressed", "true")
    tab_to(page, quiz.get_by_role("button", name="Show me cars"))
    keys.press("Enter")
    expect(quiz).to_be_hidden()
    wait_until(lambda: " ".join(reasons(page)).count("SUV") > 5, "SUVs")

    # A car is hidden, and not; then opened, saved and asked about.
    hidden = shown(page)[0]
    tab_to(page, cards(page).first.get_by_role("button", name=re.compile("^Not interested in ")))
    keys.press("Enter")
    wait_until(lambda: hidden not in shown(page), "the hidden car leaves the list")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    keys.press("F8")  # to the messages
    tab_to(page, page.get_by_role("button", name="Undo"))
    with page.expect_response(lambda answer: answer.url.endswith("/v1/events")):
        keys.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    page.reload()
    wait_until(lambda: hidden in shown(page), "the car comes back")

    name = cards(page).first.get_by_role("heading").inner_text()
    tab_to(page, cards(page).first.get_by_role("link"))
    keys.press("Enter")
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    save = page.get_by_role("button", name=f"Save {name}").first
    tab_to(page, save)
    keys.press("Enter")
    expect(save).to_have_attribute("aria-pressed", "true")
    tab_to(page, page.get_by_role("button", name="Contact the seller"))
    keys.press("Enter")
    expect(page.get_by_text("nothing was sent to the seller")).to_be_visible()

    # A search by a suggestion, narrowed and sorted.
    tab_to(page, page.get_by_role("combobox", name="Search cars"), back=True)
    keys.type("octa")
    expect(page.get_by_role("option", name=re.compile("Octavia"))).to_be_visible()
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(page).to_have_url(re.compile("model=Skoda"))
    expect(cards(page).first).to_contain_text("Octavia")
    tab_to(page, page.get_by_role("group", name="Fuel").get_by_role("checkbox", name="Diesel"))
    keys.press("Space")
    expect(page).to_have_url(re.compile("fuel=diesel"))
    tab_to(page, page.get_by_role("combobox", name="Sort"))
    keys.press("ArrowDown")
    expect(page).to_have_url(re.compile("sort="))
    expect(page.locator("[aria-busy=true]")).to_have_count(0)

    # What the site believes, corrected.
    tab_to(page, page.get_by_role("banner").get_by_role("link", name="My taste"), back=True)
    keys.press("Enter")
    more = page.get_by_role("button", name=re.compile("^More: ")).first
    expect(more).to_be_visible()
    tab_to(page, more)
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        keys.press("Enter")
    expect(more).to_have_attribute("aria-pressed", "true")

    # Another language, another theme, and an account.
    tab_to(page, page.get_by_label("Language"), back=True)
    keys.press("ArrowDown")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    keys.press("ArrowUp")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    tab_to(page, page.get_by_role("button", name=re.compile("^Theme: ")))
    keys.press("Enter")
    keys.press("Enter")
    expect(page.locator("html")).to_have_class(re.compile("dark"))
    tab_to(page, page.get_by_role("link", name="Log in"), back=True)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Log in", level=1)).to_be_visible()
    email = page.get_by_label("Email")
    if not email.evaluate("element => element === document.activeElement"):
        tab_to(page, email)
    keys.type("keys@example.com")
    keys.press("Enter")
    expect(page.get_by_role("link", name="keys")).to_be_visible()
    assert complaints == []
