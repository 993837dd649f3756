"""What a shopper sees and does on the page, for every test that is a visit."""

import time
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

SLATE_SECONDS = 20


def cards(page: Page) -> Locator:
    return page.locator("article[data-listing-id]")


def shown(page: Page) -> list[str]:
    # In one step: between two questions the list may change.
    found: list[str] = cards(page).evaluate_all("cards => cards.map(card => card.dataset.listingId)")
    return found


def places(page: Page) -> Locator:
    """Return the places of all cars of the page's lists; those far from the screen wait for their cards."""
    return page.locator("li[data-listing-id]")


def listed(page: Page) -> list[str]:
    found: list[str] = places(page).evaluate_all("places => places.map(place => place.dataset.listingId)")
    return found


def picks(page: Page) -> Locator:
    return page.locator("[data-row=picked_for_you] li[data-listing-id]")


def reasons(page: Page) -> list[str]:
    return page.get_by_test_id("reason").all_inner_texts()


def settle(page: Page) -> None:
    """Wait until everything asked for has arrived."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SLATE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {SLATE_SECONDS} s: {what}"
        time.sleep(0.05)


def events(carousel: str, token: str) -> list[dict[str, Any]]:
    """Return what the service holds of a shopper's actions."""
    answer = httpx.get(f"{carousel}/v1/me/export", headers={"Authorization": f"Bearer {token}"}, timeout=20)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["events"]
    return found


def done(carousel: str, token: str) -> list[tuple[str, str | None, str | None]]:
    """Return their types, listings and reasons."""
    return [(e["type"], e.get("listing_id"), e.get("reason")) for e in events(carousel, token)]
