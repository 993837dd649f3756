"""What the event types of other systems are called in ours, and what each says."""

import re

from carousel.activity.events import WEIGHTS, EventType

# Looked for in this order inside the lower-case name without separators: "remove_from_cart" is no "cart".
_PARTS: tuple[tuple[EventType, tuple[str, ...]], ...] = (
    ("impression", ("impression", "exposure", "exposed", "shown", "served", "displayed", "listview")),
    ("unfavourite", ("remove", "unsave", "unlike", "unfav", "delete")),
    ("hide", ("hide", "dislike", "notinterested", "skip", "block", "negative")),
    ("merge", ("merge", "login", "logout")),
    ("test_drive", ("testdrive", "probefahrt")),
    ("contact", (
        "contact", "lead", "call", "phone", "message", "chat", "inquir", "enquir", "transaction", "purchase", "buy",
        "bought", "order", "checkout", "sale", "sold", "book", "apply", "reserv", "convers", "kontakt",
    )),
    ("favourite", ("favo", "like", "save", "wish", "bookmark", "star", "cart", "basket", "watchlist", "merk")),
    ("share", ("share",)),
    ("compare", ("compare",)),
    ("dwell", ("dwell",)),
    ("search", ("search", "query", "filter")),
    ("click", ("click", "tap")),
    ("view", ("view", "detail", "visit", "page", "pdp", "open", "read", "watch", "play", "listen", "browse", "look")),
)  # fmt: skip


def event_type(name: str) -> EventType | None:
    """Return our type for an event type of any system, or None where its name says nothing to us."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    if plain in ("pv", "vdp"):  # as shops in China and car sites write a view
        return "view"
    if plain == "fav":
        return "favourite"
    for kind, parts in _PARTS:
        if any(part in plain for part in parts):
            return kind
    return None


def strength(kind: EventType | None) -> float:
    """Return what one event of a type weighs, in views; one we do not know counts as a view."""
    return 1.0 if kind is None else WEIGHTS[kind]
