"""Turn the words of many languages into the canonical enums; pure.

The tables are `words.toml`. A cell is read from left to right, the longest name of a table first, without case,
accents and punctuation: "semi-automatic" is one name and never automatic, and a name behind a "not" is not said. One
the tables do not know is left out and named in a warning, never guessed.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from carousel.catalogue.feeds.letters import fold, names
from carousel.catalogue.feeds.values import Parse, Parsed, count

_WORD = re.compile(r"[^\W_]+")
_ARTICLE = "ال"  # Arabic writes "the" onto the word
_WHOLE = "!"  # ends a name that must be all of a cell
_NOTHING = "nothing"
_REACH = 2  # words after a "not" that it still is about: "not an automatic"
_IMPLIED = {"condition": ("damaged", "certified"), "color_exterior": ("metallic",)}
"""What a cell of a field may say besides it."""


@dataclass(frozen=True)
class _Table:
    """The names of one field's values.

    :ivar names: {name without spaces: value}, found anywhere in a cell; `longest` is how many words one has.
    :ivar whole: the same of names that must be all of a cell.
    :ivar weaker: values that count when no other is said.
    :ivar endings: {end of a compound word: value}: "Saphirschwarz".
    :ivar order: of several values in one cell the first of these is meant.
    :ivar together: what two values in one cell mean.
    :ivar first: of several values the one said first is meant; else nobody knows.
    """

    names: Mapping[str, str]
    longest: int
    whole: Mapping[str, str]
    weaker: frozenset[str]
    endings: Mapping[str, str]
    order: Sequence[str]
    together: Mapping[frozenset[str], str]
    first: bool


@dataclass(frozen=True)
class _Tables:
    """All tables; `owners` is {name: how many}."""

    fields: Mapping[str, _Table]
    flags: Mapping[str, _Table]
    yes: frozenset[str]
    no: frozenset[str]
    negations: frozenset[str]
    negations_behind: frozenset[str]
    owners: Mapping[str, int]
    or_more: frozenset[str]


def word(name: str) -> Parse:
    """Make a parser of one of the enums: any known word for it in the languages of the tables."""
    tables = _tables()
    table = tables.fields[name]
    implied = [(flag_name, tables.flags[flag_name]) for flag_name in _IMPLIED.get(name, ())]
    label = name.removesuffix("_exterior").removesuffix("_type") if name != "price_type" else name

    def parse(text: str) -> Parsed:
        words = _words(text)
        found = table.whole.get("".join(words)) or _settle(table, [v for v, no in _said(table, words) if not no])
        fields: dict[str, Any] = {} if found is None else {name: found}
        if name == "color_exterior":
            fields["color_name"] = text.strip()[:60]
        for flag_name, flag_table in implied:
            verdict = _verdict(flag_table, words)
            if verdict is not None:
                fields[flag_name] = verdict
        return Parsed(fields, () if found else (f"{label}_unknown",))

    return parse


def flag(name: str, *, means: bool = True) -> Parse:
    """Make a parser of yes and no, and of the words that say the same: "unfallfrei", "Festpreis".

    :param means: False turns yes and no round: "accident: no" is accident_free. Other words say what they say, and a
        number is one of accidents.
    """
    tables = _tables()
    table = tables.flags.get(name)

    def parse(text: str) -> Parsed:
        words = _words(text)
        whole = "".join(words)
        if whole in tables.yes or whole in tables.no:
            return Parsed({name: (whole in tables.yes) is means})
        said = _verdict(table, words) if table is not None else None
        if said is None and words and not words[0].isdigit() and words[0] in tables.yes | tables.no:
            said = (words[0] in tables.yes) is means
        if said is None and not means and whole.isdigit():
            said = False
        return Parsed({}, (f"{name}_unknown",)) if said is None else Parsed({name: said})

    return parse


def is_yes_or_no(text: str) -> bool:
    """Tell whether a cell says nothing but yes or no, so that only its column's name knows of what."""
    whole = "".join(_words(text))
    return whole in _tables().yes or whole in _tables().no


def owners(text: str) -> Parsed:
    """Read a number of owners: "First Owner", "2", "Fourth & Above Owner" (at least 4)."""
    tables = _tables()
    words = _words(text)
    if words[:2] == ["test", "drive"]:
        return Parsed({"condition": "demo"})
    at_least = ("owners_at_least",) if tables.or_more & set(words) or text.strip().endswith("+") else ()
    of_whole = tables.owners.get("".join(words))
    known = of_whole if of_whole is not None else next((tables.owners[w] for w in words if w in tables.owners), None)
    if known is not None:
        return Parsed({"owners_count": known}, at_least)
    parsed = count("owners_count")(text)
    return Parsed(parsed.fields, parsed.warnings + at_least)


def _words(text: str) -> list[str]:
    return [w[2:] if len(w) > 4 and w.startswith(_ARTICLE) else w for w in _WORD.findall(fold(text))]


def _said(table: _Table, words: Sequence[str]) -> list[tuple[str, bool]]:
    """Return the values a cell names, in its order, each with whether a "not" stands before or behind it."""
    tables = _tables()
    said: list[tuple[str, bool]] = []
    at = reach = 0
    while at < len(words):
        for length in range(min(table.longest, len(words) - at), 0, -1):
            value = table.names.get("".join(words[at : at + length]))
            if value is not None:
                break
        else:
            length, value = 1, _by_ending(table, words[at])
        if value is not None:
            if value != _NOTHING:
                said.append((value, reach > 0))
            reach = 0
        elif words[at] in tables.negations:
            reach = _REACH
        elif said and words[at] in tables.negations_behind:
            said[-1] = (said[-1][0], True)
        else:
            reach = max(reach - 1, 0)
        at += length
    return said


def _by_ending(table: _Table, name: str) -> str | None:
    return next((value for ending, value in table.endings.items() if name.endswith(ending)), None)


def _settle(table: _Table, said: Iterable[str]) -> str | None:
    """Return the one value that all values of a cell mean together, None when there is none."""
    values = list(dict.fromkeys(said))
    strong = [v for v in values if v not in table.weaker and v != "other"]
    values = strong or [v for v in values if v != "other"] or values
    # A weaker value carries its mark up to here: "~grey" of steel is grey where no plain colour is said.
    plain_values = [v.removeprefix("~") for v in values]
    if len(set(plain_values)) < 2 or table.first:
        return next(iter(plain_values), None)
    for preferred in table.order:
        if preferred in plain_values:
            return preferred
    return table.together.get(frozenset(plain_values))


def _verdict(table: _Table, words: Sequence[str]) -> bool | None:
    """Return what a cell says of a flag, None when it says nothing or both."""
    said = {(value == "yes") is not negated for value, negated in _said(table, words)}
    return said.pop() if len(said) == 1 else None


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    """Return the packaged tables, read once."""
    stored = tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))
    yes_no = stored["yes_no"]
    return _Tables(
        fields={name: _table(entry) for name, entry in stored["fields"].items()},
        flags={name: _table(entry) for name, entry in stored["flags"].items()},
        yes=_joined(yes_no["yes"]),
        no=_joined(yes_no["no"]),
        negations=_joined(yes_no["not"]),
        negations_behind=_joined(yes_no["not_behind"]),
        owners={key: int(n) for n, text in stored["owners"]["count"].items() for key in _joined(text)},
        or_more=_joined(stored["owners"]["or_more"]),
    )


def _table(entry: Mapping[str, Any]) -> _Table:
    entry = dict(entry)
    settings = {key: entry.pop(key, {}) for key in ("weaker", "endings", "together")}
    order, first = entry.pop("order", []), entry.pop("first", False)
    found: dict[str, str] = {}
    whole: dict[str, str] = {}
    longest = 1
    values = [*entry.items(), *((f"~{value}", text) for value, text in settings["weaker"].items())]
    for value, text in values:
        for name in names(text):
            words = _words(name)
            (whole if name.endswith(_WHOLE) else found).setdefault("".join(words), value)
            longest = max(longest, len(words))
    return _Table(
        names=found,
        longest=longest,
        whole=whole,
        weaker=frozenset(f"~{value}" for value in settings["weaker"]),
        endings={fold(end): value for value, text in settings["endings"].items() for end in names(text)},
        order=order,
        together={frozenset(pair.split()): v for v, pairs in settings["together"].items() for pair in names(pairs)},
        first=first,
    )


def _joined(text: str) -> frozenset[str]:
    return frozenset("".join(_words(name)) for name in names(text))
