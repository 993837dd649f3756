"""Find out which column of a log is the shopper, the item, the time, the type and the strength."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from carousel.catalogue.feeds.header import normalise, recognise_header
from carousel.catalogue.feeds.letters import fold
from carousel.errors import UnusableFeedError
from carousel.evaluation.kinds import event_type
from carousel.evaluation.moments import is_time_of_day, like_a_time, time_form

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
        "occurredat", "eventtime", "timestamp", "eventtimestamp", "ts", "time", "datetime", "date", "createdat", "tdat",
        "receivedat", "eventdate", "unixtime", "unixreviewtime", "viewedat", "clicktime", "visittime", "timems",
        "timestampms", "invoicedate", "orderdate", "created", "reviewtime", "at", "t", "when",
    ),
    "type": (
        "eventtype", "type", "event", "eventname", "action", "actiontype", "behavior", "behaviour", "behaviortype",
        "interaction", "interactiontype", "activity", "kind",
    ),
    "strength": (
        "rating", "overall", "stars", "score", "weight", "count", "listencount", "playcount", "plays", "quantity",
        "views", "clicks", "strength", "cnt", "frequency", "r", "bewertung", "sterne", "valoracion", "puntuacion",
        "ocena", "hodnoceni", "puan", "оценка", "реитинг", "clicked", "isclick", "isclicked", "click", "clk", "label",
    ),
}  # fmt: skip
# How names in many languages begin, folded; a name counts where it ends there or says that it is an id.
_PARTS: dict[str, str] = {
    "user": r"user|customer|visitor|shopper|member|client|person|buyer|account|session|anonymous|nutzer|benutzer|kunde"
    r"|besucher|kaufer|interessent|usuario|visitante|comprador|utilisateur|visiteur|acheteur|utente|visitatore|acquirente"
    r"|uzytkownik|klient|kupujac|odwiedzajac|uzivatel|zakaznik|navstevnik|pouzivatel|kullanici|musteri|ziyaretci|uye"
    r"|gebruiker|klant|bezoeker|bruger|bruker|anvandare|felhasznalo|utilizator|пользовател|клиент|покупател|посетител"
    r"|користувач",
    "item": r"item|product|produkt|listing|vehicle|car|ad|movie|artist|article|offer|advert|track|book|song|game|video"
    r"|fahrzeug|auto|anzeige|inserat|angebot|artikel|annonce|voiture|vehicule|anuncio|coche|vehiculo|annunci|veicol"
    r"|ogloszen|ofert|pojazd|inzerat|vozidl|ilan|arac|advertentie|hirdetes|anunt|объявлен|машин|оголошен",
    "time": r"\w*time|\w*date|\w*stamp|\w*zeit|\w*datum|fecha|hora\b|heure|horodat|data\b|dat\b|ora\b|momento|czas"
    r"|cas\b|tarih|zaman|saat|дат|врем",
    "type": r"event|\w*action|activit|behavio|ereignis|aktion|aktivit|evento|evenement|accion|azione|akcj|zdarzen|akce"
    r"|udalost|islem|olay|typ\b|tipo\b|деистви|событи|тип",
}
_IDS = (
    "id|ids|uid|uuid|guid|ref|reference|no|nr|num|number|key|hash|code|token|handle|email|login|cookie|slug"
    "|nummer|kennung|numero|codigo|codice|referencia|numer|numar|kod|cislo|numarasi|kodu|номер|код|ид"
)
_INFLECTED = "(?:s|n|e|en|in|a|o|y|u|i|ie|ия|ие|ь|я|и)?"
_OF_MANY = (
    "price|preis|prix|precio|prezzo|cena|fiyat|цена|make|brand|marke|marque|marca|marka|model|modell|modele|modelo"
    "|title|titel|titre|titulo|type|typ|tipo|agent|country|land|pays|pais|city|stadt|ville|ciudad|region|name|category"
    "|group|segment|gender|age|ip|url|color|colour|count|num|total|per|position|rank|score|rating|status|year|time|date"
)
"""Words that make of the name of an item or a user what many share: `car_make`, `user_agent`, `listing_price`."""
_SESSIONS = ("sessionid", "session", "sid", "usersession")
_RATINGS = (
    "rating", "overall", "stars", "score", "r", "bewertung", "sterne", "valoracion", "puntuacion", "ocena", "hodnoceni",
    "puan", "оценка", "реитинг",
)  # fmt: skip
_FLAGS = ("clicked", "isclick", "isclicked", "click", "clk", "label")
"""Names of the strength that count only where the cells say yes or no."""
_YES_OR_NO = {"0", "1", "0.0", "1.0", "true", "false"}
_MOST_TYPES = 100
_SAMPLE = 2_000
_NUMBER = r"-?\d+(\.\d+)?"
_FRACTION = r"-?\d+\.\d*[1-9]\d*"


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
    guess = _by_name(sample, set(found.values())) if named else _by_content(sample)
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
    columns = list(zip(*(row for row in rows[1:] if len(row) == len(cells)), strict=True))
    again = any(cell.strip() and cell in column for cell, column in zip(cells, columns, strict=False))
    with_digits = [cell for cell in cells if re.search(r"\d", cell)]
    if again or any(re.fullmatch(r"\s*[-+]?\d[\d.,:eE+-]*\s*", cell) or time_form([cell]) for cell in with_digits):
        return False
    # `user_17` begins like a name and is an id.
    words = [_words(cell) for cell in cells if cell not in with_digits]
    if any(cell in known for cell in plain) or any(re.search(rf"\b(?:{p})", w) for p in _PARTS.values() for w in words):
        return True
    return any(len(set(column)) < len(column) / 2 for column in columns)


def holds(columns: Sequence[str], role: str) -> bool:
    """Return whether one of some columns is named like a role."""
    return any(_plain(column.rpartition(".")[2]) in _NAMES[role] or _likeness(column, role) for column in columns)


def is_an_id(column: str) -> bool:
    """Return whether a column's name ends as those of ids do."""
    return bool(re.search(rf"\b\w*(?:{_IDS})$", _words(column)))


def times_of(columns: Sequence[str]) -> list[str]:
    """Return the columns whose names say that they hold a time, the most telling first."""
    known = _NAMES["time"]
    named = sorted((c for c in columns if _plain(c) in known), key=lambda c: known.index(_plain(c)))
    return named + [c for c in columns if c not in named and re.search(rf"\b(?:{_PARTS['time']})", _words(c))]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", fold(name))


def _words(name: str) -> str:
    return normalise(name).replace("_", " ")


def _said(columns: Sequence[str], role: str, name: str) -> str:
    if name in columns:
        return name
    for column in columns:
        if _plain(name) and _plain(column) == _plain(name):
            return column
    if name.isdigit() and 1 <= int(name) <= len(columns):
        return columns[int(name) - 1]
    raise UnusableFeedError(f"--{role} {name}: there is no such column; there are {', '.join(map(repr, columns[:30]))}")


def _by_name(sample: Mapping[str, Sequence[str | None]], taken: set[str]) -> dict[str, str]:
    rest = [column for column in sample if column not in taken]
    found: dict[str, str] = {}
    for role in ROLES:
        # Of an object in a column the name inside counts too: `events.ts` is a time.
        ranked = {
            column: min(_NAMES[role].index(name) for name in names)
            for column in rest
            if (names := {_plain(column), _plain(column.rpartition(".")[2])} & set(_NAMES[role]))
            and (not names & set(_FLAGS) or _distinct(sample[column]) <= _YES_OR_NO)
        }
        if role == "type":
            ranked |= {
                column: len(_NAMES[role])
                for column in rest
                if column not in ranked and re.search(rf"\b(?:{_PARTS[role]})", _words(column))
                and _known_types(sample[column])
            }  # fmt: skip
            best = min(ranked, key=lambda c: (-_known_types(sample[c]), ranked[c]), default=None)
        else:
            # A session stands for a user only where nothing else does; an empty column says nothing.
            best = min(
                ranked, key=lambda c: (_plain(c) in _SESSIONS, not _distinct(sample[c]), ranked[c]), default=None
            )
        if best is None and role == "time":
            best = next(iter(times_of(rest)), None)
        elif role == "user" and best is not None and _plain(best) in _SESSIONS:
            best = _alike([column for column in rest if "session" not in _plain(column)], role) or best
        elif best is None and role in ("user", "item"):
            best = _alike(rest, role)
        if best is not None:
            found[role] = best
            rest.remove(best)
    return found


def _alike(columns: Sequence[str], role: str) -> str | None:
    """Return the column whose name is most like that of a role: an id first, a session last."""
    likeness = {column: like for column in columns if (like := _likeness(column, role))}
    if role == "item" and 2 not in likeness.values():
        header = recognise_header([column for column in columns if _plain(column) != "id"])
        named = header.of("listing_id") or header.of("vin")
        if named is not None:
            return named.name
    return max(likeness, key=lambda c: (likeness[c], "session" not in _plain(c)), default=None)


def _likeness(column: str, role: str) -> int:
    """Return 2 where a name says that it is an id of a role, 1 where it says the role, else 0."""
    words, part = _words(column), rf"\b(?:{_PARTS[role]})"
    if re.search(rf"\b(?:{_OF_MANY})\b", words):
        return 0
    if re.search(rf"{part}{_INFLECTED}(?:\b.* )?(?:{_IDS})$", words):
        return 2
    return int(bool(re.search(rf"{part}{_INFLECTED}$", words)))


def _distinct(cells: Sequence[str | None]) -> set[str]:
    return {cell.strip().lower() for cell in cells if cell and cell.strip()}


def _known_types(cells: Sequence[str | None]) -> float:
    """Return the share of the different cells that are types of events; 0 where there are too many to be types."""
    distinct = {cell for cell in cells if cell and cell.strip()}
    return sum(event_type(c) is not None for c in distinct) / len(distinct) if 0 < len(distinct) <= _MOST_TYPES else 0.0


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
        if column == found.get("time") or is_time_of_day(cells):
            continue
        if "type" not in found and distinct and len(distinct) < 30 and all(event_type(v) for v in distinct):
            found["type"] = column
        else:
            rest.append(column)
    # Nobody is called 30.2359; and what a row counts or rates stands behind the item, a place on the map before it.
    ids = [column for column in rest if not any(re.fullmatch(_FRACTION, cell) for cell in values[column])][:2]
    found |= dict(zip(("user", "item"), ids, strict=False))
    behind = rest[rest.index(ids[1]) + 1 :] if len(ids) == 2 else []
    if behind:
        found["strength"] = behind[0]
    strengths = [v for v in sample[found["strength"]] if v] if "strength" in found else []
    if not all(re.fullmatch(_NUMBER, v) for v in strengths):
        del found["strength"]
    return found


def _few_and_small(cells: Sequence[str]) -> bool:
    """Return whether numbers look like stars or points: few different ones, none above 10."""
    return len(set(cells)) <= 20 and all(re.fullmatch(_NUMBER, v) and float(v) <= 10 for v in cells)
