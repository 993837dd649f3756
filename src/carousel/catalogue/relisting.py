"""The same car offered twice: by whom it is recognised, and what its listings remember together; pure.

A VIN is one car, and so is one id of a source. Else a car is the same where make, model, year, mileage, price and
place agree, nothing said of it differs, and the texts are nearly equal. Listings that say no mileage or no place are
never taken for one: many new cars of a dealer are alike in everything else.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from carousel.catalogue.listing import Listing, ListingId, plain

_DRIVEN_KM = 100  # a new car is like the next one
_NEARLY_EQUAL = 0.6  # share of words two texts have in common
_MOST_PRICES = 50  # remembered of one car
_TRAITS = ("fuel_type", "transmission", "body_type", "drivetrain", "color_exterior", "power_kw", "doors")
_TEXTS = ("title", "variant", "description")

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Price:
    """What a car was offered for from some moment on."""

    at: str
    amount: float
    currency: str

    def to_json(self) -> dict[str, Any]:
        return {"at": self.at, "amount": self.amount, "currency": self.currency}


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a car before the listing at hand.

    :ivar car: the first listing of it that we knew; None where the listing itself was stored before.
    :ivar first_listed_at: RFC 3339.
    :ivar prices: oldest first.
    """

    car: ListingId | None
    first_listed_at: str
    prices: Sequence[Price]


def likeness(listing: Listing) -> bytes | None:
    """Return 16 bytes that listings of one car have in common; None where too little is said."""
    place = listing.postal_code or listing.city or listing.seller_id or listing.seller_name
    if place is None and listing.lat is not None and listing.lon is not None:
        place = f"{listing.lat:.2f},{listing.lon:.2f}"
    if place is None or listing.price_amount is None or (listing.mileage_km or 0) < _DRIVEN_KM:
        return None
    said = (
        plain(listing.make), plain(listing.model), listing.year, listing.mileage_km,
        f"{listing.price_amount:.2f}", listing.price_currency, plain(place),
    )  # fmt: skip
    return hashlib.blake2b(repr(said).encode(), digest_size=16).digest()


def is_vin_of_one_car(vin: str | None) -> bool:
    """Tell a VIN from a row of equal signs somebody typed into the form."""
    return vin is not None and len(set(vin)) > 3


def agree(one: Document, other: Document) -> bool:
    """Tell whether nothing two documents say of a car differs, and their texts are nearly equal."""
    if any(one.get(t) is not None and other.get(t) is not None and one[t] != other[t] for t in _TRAITS):
        return False
    if one.get("vin") and other.get("vin"):
        return bool(one["vin"] == other["vin"])
    words, others = _words(one), _words(other)
    return not words or not others or len(words & others) / len(words | others) >= _NEARLY_EQUAL


def past_of(document: Document, car: ListingId | None) -> Past:
    """Return what a stored document says of its car's past."""
    first = str(document.get("first_listed_at") or document["listed_at"])
    prices = [Price(p["at"], p["amount"], p["currency"]) for p in document.get("price_history", ())]
    if not prices and "price_amount" in document and "price_currency" in document:
        prices = [Price(first, document["price_amount"], document["price_currency"])]
    return Past(car, first, prices)


def remember(document: dict[str, Any], past: Past, listing: Listing, now: datetime) -> None:
    """Write into a new document since when its car is offered, and for how much until now."""
    prices = list(past.prices)
    if listing.price_amount is not None and listing.price_currency is not None:
        asked = (float(listing.price_amount), listing.price_currency)
        if not prices or (prices[-1].amount, prices[-1].currency) != asked:
            at = rfc3339(listing.updated_at or (now if past.car is None else listing.listed_at))
            prices.append(Price(max(at, prices[-1].at) if prices else at, *asked))  # a source may say an earlier day
    if len(prices) > 1:
        document["price_history"] = [price.to_json() for price in prices[-_MOST_PRICES:]]
    if past.first_listed_at < document["listed_at"]:
        document["first_listed_at"] = past.first_listed_at


def rfc3339(moment: datetime) -> str:
    """Return a moment as it stands in documents: UTC, whole seconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _words(document: Document) -> set[str]:
    return set(re.findall(r"\w+", plain(" ".join(str(document[name]) for name in _TEXTS if document.get(name)))))
