"""Prices that came down while a car waited: what a listing asked for at first, and since when it asks what it does."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from carousel.catalogue.listing import Listing

_FIRST_CHANGE = timedelta(days=7)  # nobody gives in during the first week
_CHANGED = 0.4  # share of those who waited that long
_MOST = 3  # prices a car has had
_RAISED = 0.05  # of the changes; the others are reductions
_STEP = (0.015, 0.08)  # of the price
_ROUND = 100  # keeps an ending such as 490


def price_steps(listing: Listing, *, seed: int, now: datetime) -> list[Listing]:
    """Return a listing as it was at each price it had, oldest first; the last asks what the given one does.

    Written to the catalogue one after the other they leave a price history.

    :param now: aware; no price changes after it.
    """
    steps = [listing]
    if listing.condition == "new" or listing.price_amount is None:
        return steps
    rng = Random(f"prices {seed}/{listing.listing_id}")  # noqa: S311 - a simulation, not a secret
    changed_at = now
    while len(steps) < _MOST and changed_at - listing.listed_at > _FIRST_CHANGE and rng.random() < _CHANGED:
        waited = changed_at - listing.listed_at - _FIRST_CHANGE
        changed_at -= waited * rng.random()
        steps[0] = replace(steps[0], updated_at=changed_at.replace(microsecond=0))
        steps.insert(0, _before(steps[0], rng))
    return steps


def _before(listing: Listing, rng: Random) -> Listing:
    assert listing.price_amount is not None
    share = rng.uniform(*_STEP) * (-1 if rng.random() < _RAISED else 1)
    difference = round(float(listing.price_amount) * share / _ROUND) * _ROUND
    return replace(listing, price_amount=listing.price_amount + (difference or _ROUND), updated_at=None)
