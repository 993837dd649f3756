"""The same car offered twice: by whom it is recognised, and what its listings remember together; pure.

A VIN is one car, and so is one id of a source, where model and VIN do not differ. Else a car is the same where make,
model, year, mileage, price and place agree, nothing said of it differs, and the texts are nearly equal. Listings that
say no mileage or no place are never taken for one: many new cars of a dealer are alike in everything else.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from carousel.catalogue.listing import DERIVED, Listing, ListingId, plain

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


def is_same_car(one: Document, other: Document) -> bool:
    """Tell whether two documents that have a VIN, an id of their source or their likeness in common are of one car."""
    if _share_vin(one, other):
        return bool(one["make"] == other["make"]) or agree(one, other)
    return _may_be_one(one, other) if _share_id(one, other) else agree(one, other)


def is_renamed(now: Document, before: Document) -> bool:
    """Tell whether a listing now says of itself that it is another car."""
    return any(now.get(name) != before.get(name) for name in ("vin", "make", "model", "source", "source_listing_id"))


def is_still_one(now: Document, before: Document, mate: Document) -> bool:
    """Tell whether a listing that was renamed is of one car with another listing of its car as before."""
    if _share_vin(now, mate):
        return True
    made_them_one = _share_vin(before, mate) or _share_id(before, mate)
    return _may_be_one(now, mate) and (_share_id(now, mate) or not made_them_one)


def _share_vin(one: Document, other: Document) -> bool:
    return is_vin_of_one_car(one.get("vin")) and one["vin"] == other.get("vin")


def _share_id(one: Document, other: Document) -> bool:
    own_id = one.get("source_listing_id")
    if own_id in (None, one["listing_id"], other["listing_id"]):
        return False
    return bool((one["source"], own_id) == (other["source"], other.get("source_listing_id")))


def _may_be_one(one: Document, other: Document) -> bool:
    vins = [document["vin"] for document in (one, other) if is_vin_of_one_car(document.get("vin"))]
    names = {plain(document["make"] + " " + document["model"]) for document in (one, other)}
    return len(set(vins)) < 2 and len(names) == 1


def past_of(document: Document, car: ListingId | None) -> Past:
    """Return what a stored document says of its car's past."""
    first = str(document.get("first_listed_at") or document["listed_at"])
    prices = [Price(p["at"], p["amount"], p["currency"]) for p in document.get("price_history", ())]
    if not prices and "price_amount" in document and "price_currency" in document:
        prices = [Price(first, document["price_amount"], document["price_currency"])]
    return Past(car, first, prices)


def without_past(document: Document) -> dict[str, Any]:
    """Return a document that says nothing of what its car was before."""
    return {name: value for name, value in document.items() if name not in DERIVED}


def together(past: Past, other: Past) -> Past:
    """Return what two listings of one car have seen, as the past of the first one's car."""
    prices: list[Price] = []
    for price in sorted((*past.prices, *other.prices), key=lambda price: price.at):
        if not prices or (prices[-1].amount, prices[-1].currency) != (price.amount, price.currency):
            prices.append(price)
    return Past(past.car, min(past.first_listed_at, other.first_listed_at), prices)


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
