"""Find out which column of a log is the shopper, the item, the time, the type and the strength."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from carousel.errors import UnusableFeedError
from carousel.evaluation.kinds import event_type
from carousel.evaluation.moments import like_a_time

ROLES = ("user", "item", "time", "type", "strength")

# Names without separators, the most telling first: a log may have a user and a session, and the user counts.
_NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        "shopperid", "userid", "user", "customerid", "memberid", "visitorid", "accountid", "clientid", "personid",
        "uid", "userpseudoid", "reviewerid", "usersession", "customer", "visitor", "shopper", "member", "person",
        "client", "username", "email", "deviceid", "cookieid", "cookie", "anonymousid", "fullvisitorid", "guid",
        "profileid", "buyerid", "u", "sessionid", "session", "sid",
    ),
    "item": (
        "listingid", "itemid", "item", "productid", "adid", "carid", "vehicleid", "offerid", "listing", "product",
        "vehicle", "car", "ad", "movieid", "artistid", "articleid", "contentid", "trackid", "bookid", "gameid",
        "postid", "advertid", "classifiedid", "announcementid", "productsku", "sku", "asin", "parentasin", "isbn",
        "vin", "iid", "itemname", "itemcode", "stockcode", "movie", "artist", "article", "offer", "track", "book",
        "song", "songid", "businessid", "recipeid", "newsid", "videoid", "appid", "gmapid", "poi", "aid", "i",
    ),
    "time": (
        "occurredat", "eventtime", "timestamp", "eventtimestamp", "ts", "time", "datetime", "date", "createdat",
        "receivedat", "eventdate", "unixtime", "unixreviewtime", "viewedat", "clicktime", "visittime", "timems",
        "timestampms", "invoicedate", "orderdate", "created", "reviewtime", "at", "t", "when",
    ),
    "type": (
        "eventtype", "type", "event", "eventname", "action", "actiontype", "behavior", "behaviour", "behaviortype",
        "interaction", "interactiontype", "activity", "kind",
    ),
    "strength": (
        "rating", "overall", "stars", "score", "weight", "count", "listencount", "playcount", "plays", "quantity",
        "views", "clicks", "strength", "cnt", "frequency", "r",
    ),
}  # fmt: skip
_PARTS: dict[str, str] = {
    "user": r"user|customer|visitor|shopper|member|client|person|buyer|session"
    r"|nutzer|kunde|besucher|usuario|utilisateur",
    "item": r"item|product|listing|vehicle|car|movie|artist|article|offer|advert|track|book|song|game|video"
    r"|fahrzeug|anzeige|inserat|angebot|artikel|annonce|voiture|anuncio|coche",
    "time": r"time|date|stamp|zeit|datum|fecha|heure",
    "type": r"eventtype|action|behavio|ereignis|aktion|evento",
}
_SESSIONS = ("sessionid", "session", "sid", "usersession")
_RATINGS = ("rating", "overall", "stars", "score", "r")
_SAMPLE = 2_000
_NUMBER = r"-?\d+(\.\d+)?"


@dataclass(frozen=True, slots=True)
class Roles:
    """The column of each role; None where the log has none. `session` stands in where the user is empty."""

    user: str
    item: str
    time: str | None = None
    type: str | None = None
    strength: str | None = None
    session: str | None = None
    is_rating: bool = False
    """Whether the strength is an opinion on a scale, not a count."""

    def used(self) -> tuple[str, ...]:
        names = (self.user, self.item, self.time, self.type, self.strength, self.session)
        return tuple(dict.fromkeys(name for name in names if name is not None))


def roles_of(sample: Mapping[str, Sequence[str | None]], said: Mapping[str, str | None], *, named: bool) -> Roles:
    """Return the roles of a log's columns.

    :param sample: the first rows, as text, per column.
    :param said: columns named by the caller, per role; "" says that there is none.
    :param named: whether the file has a header; without one the cells alone tell.
    :raises UnusableFeedError: no user or item column; says which columns there are and how to name them.
    """
    columns = list(sample)
    found: dict[str, str] = {}
    for role, name in said.items():
        if name:
            found[role] = _said(columns, role, name)
    left_out = {role for role, name in said.items() if name == ""}
    guess = _by_name(columns, set(found.values())) if named else _by_content(sample)
    taken = set(found.values())
    for role, name in guess.items():
        if role not in found and role not in left_out and name not in taken:
            found[role] = name
            taken.add(name)
    missing = [role for role in ("user", "item") if role not in found]
    if missing:
        raise UnusableFeedError(
            f"no column says the {' or the '.join(missing)}; there are {', '.join(map(repr, columns[:30]))}:"
            f" name it with {' '.join(f'--{role} COLUMN' for role in missing)}"
        )
    strength = found.get("strength")
    is_rating = strength is not None and (
        _plain(strength) in _RATINGS if named else _few_and_small([v for v in sample[strength] if v])
    )
    roles = Roles(**found, is_rating=is_rating)
    session = next((c for c in columns if _plain(c) in _SESSIONS and c not in found.values()), None)
    return replace(roles, session=session if named and "user" not in {r for r, n in said.items() if n} else None)


def looks_like_a_header(rows: Sequence[Sequence[str]], said: Collection[str] = ()) -> bool:
    """Return whether the first of some rows names columns, because a name is known, was said, or is like no cell."""
    cells = rows[0]
    if any(cell.strip() in said for cell in cells):
        return True
    known = {name for names in _NAMES.values() for name in names}
    plain = [_plain(cell) for cell in cells]
    if sum(cell in known for cell in plain) >= 2:
        return True
    if any(re.fullmatch(r"\s*[-+]?\d[\d.,:eE+-]*\s*", cell) for cell in cells):
        return False
    if any(cell in known or re.search("|".join(_PARTS.values()), cell) for cell in plain):
        return True
    columns = list(zip(*(row for row in rows[1:] if len(row) == len(cells)), strict=True))
    again = any(cell in column for cell, column in zip(cells, columns, strict=False))
    return not again and any(len(set(column)) < len(column) / 2 for column in columns)


def times_of(columns: Sequence[str]) -> list[str]:
    """Return the columns whose names say that they hold a time, the most telling first."""
    known = _NAMES["time"]
    named = sorted((c for c in columns if _plain(c) in known), key=lambda c: known.index(_plain(c)))
    return named + [c for c in columns if c not in named and re.search(_PARTS["time"], _plain(c))]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _said(columns: Sequence[str], role: str, name: str) -> str:
    for column in columns:
        if column == name or _plain(column) == _plain(name):
            return column
    if name.isdigit() and 1 <= int(name) <= len(columns):
        return columns[int(name) - 1]
    raise UnusableFeedError(f"--{role} {name}: there is no such column; there are {', '.join(map(repr, columns[:30]))}")


def _by_name(columns: Sequence[str], taken: set[str]) -> dict[str, str]:
    plain = {column: _plain(column) for column in columns if column not in taken}
    # Of an object in a column the name inside counts too: `events.ts` is a time.
    inside = {column: _plain(column.rpartition(".")[2]) for column in plain}
    found: dict[str, str] = {}
    for role in ROLES:
        names = _NAMES[role]
        ranked = [
            (names.index(name), column)
            for column in plain
            for name in (plain[column], inside[column])
            if name in names and column not in found.values()
        ]
        if ranked:
            found[role] = min(ranked)[1]
    for role, pattern in _PARTS.items():
        rest = [c for c, name in plain.items() if re.search(pattern, name) and c not in found.values()]
        if role not in found and rest:
            found[role] = rest[0]
    return found


def _by_content(sample: Mapping[str, Sequence[str | None]]) -> dict[str, str]:
    """Tell the roles of columns without names: a time looks like one, a type is one of few known words."""
    found: dict[str, str] = {}
    rest: list[str] = []
    values = {column: [cell for cell in cells[:_SAMPLE] if cell] for column, cells in sample.items()}
    likeness = {column: like for column, cells in values.items() if (like := like_a_time(cells)) is not None}
    if likeness:
        found["time"] = max(likeness, key=lambda column: likeness[column])
    for column, cells in values.items():
        distinct = set(cells)
        if column == found.get("time"):
            continue
        if "type" not in found and distinct and len(distinct) < 30 and all(event_type(v) for v in distinct):
            found["type"] = column
        else:
            rest.append(column)
    for role, column in zip(("user", "item", "strength"), rest, strict=False):
        found[role] = column
    strengths = [v for v in sample[found["strength"]] if v] if "strength" in found else []
    if not all(re.fullmatch(_NUMBER, v) for v in strengths):
        del found["strength"]
    return found


def _few_and_small(cells: Sequence[str]) -> bool:
    """Return whether numbers look like stars or points: few different ones, none above 10."""
    return len(set(cells)) <= 20 and all(re.fullmatch(_NUMBER, v) and float(v) <= 10 for v in cells)
