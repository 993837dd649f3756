"""Read JSON in every shape: arrays, objects that hold an array, one object a line; nested, and broken in the middle.

A file of moderate size is parsed whole. A larger one, or one that is broken, is read object by object, so memory does
not grow with it and what cannot be read costs its own object only.
"""

import json
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import orjson

from carousel.catalogue.exchange.jsonld import flatten, is_jsonld, number_text, objects, objects_in_page
from carousel.catalogue.feeds.feed import Feed, Progress, Row
from carousel.errors import UnusableFeedError

_WHOLE = 16 << 20  # bytes parsed at once; the objects take some eight times as much memory
_CHUNK = 1 << 20  # characters
_LONGEST = 8 << 20  # characters of one object; a longer one was never closed
_DEEPEST = 4
_UNITS = {"unit", "units", "unit_code", "unitcode", "currency", "currency_code", "currencycode"}
_SPACE = re.compile("[\ufeff \t\r\n]*")
_NEXT = re.compile(r"(?:^|[}\]\n,])\s*(?=\{)")

Item = tuple[int, Any, str | None]
"""(its number, 1 for the first; the object; or why there is none)"""


def open_json(path: Path, encoding: str, size: int) -> Feed:
    """Open a JSON file that is no NDJSON.

    :raises UnusableFeedError: nothing in it is a listing.
    """
    if size <= _WHOLE:
        try:
            stored = orjson.loads(path.read_bytes().decode(encoding).lstrip("\ufeff"))
        except ValueError:
            pass  # object by object, then
        else:
            return _open_whole(path, stored)
    return _feed(path, "JSON", lambda progress: _one_by_one(path, encoding, progress), size)


def open_ndjson(path: Path, encoding: str, size: int) -> Feed:
    """Open a file of one object a line, or of one object that holds the array.

    :raises UnusableFeedError: nothing in it is a listing.
    """
    first = next(_lines(path, encoding, Progress(size)), None)
    if first is None or first[2] is not None or "@graph" in first[1] or _is_wrapping(first[1]):
        return open_json(path, encoding, size)
    return _feed(path, "NDJSON", lambda progress: _lines(path, encoding, progress), size)


def _open_whole(path: Path, stored: Any) -> Feed:
    form, items = "JSON array", stored
    if any(map(is_jsonld, stored if isinstance(stored, list) else [stored])):
        # Whole, because an offer may only name its seller, who stands elsewhere in the document.
        form, items = "JSON-LD", [flatten(car) for car in objects(stored)]
    elif isinstance(stored, dict):
        form, items = "JSON", max(_lists(stored), key=len, default=[stored])

    def read(progress: Progress) -> Iterator[Item]:
        for number, item in enumerate(items, 1):
            progress.at = number
            yield number, item, None if isinstance(item, dict) else "not a JSON object"

    return _feed(path, form, read, len(items))


def open_page(path: Path, encoding: str) -> Feed:
    """Open a web page that describes its cars in JSON-LD.

    :raises UnusableFeedError: it describes none.
    """
    cars = [flatten(car) for car in objects_in_page(path.read_text(encoding, errors="replace"))]
    if not cars:
        raise UnusableFeedError(f"{path} is XML or HTML without JSON-LD of cars; export the listings as CSV or JSON")
    return _feed(path, "JSON-LD in a page", lambda _: ((n, car, None) for n, car in enumerate(cars, 1)), len(cars))


def _cars(items: Iterator[Item]) -> Iterator[Item]:
    """Turn JSON-LD objects among the items into records of the importer's fields; what is no car is passed over."""
    for number, item, problem in items:
        if problem is None and is_jsonld(item):
            yield from (_storable(number, flatten(car)) for car in objects(item))
        elif problem is None:
            yield _storable(number, item)
        else:
            yield number, item, problem


def _storable(number: int, item: Any) -> Item:
    """Set aside an object that can be read but not written again: half a surrogate pair, a huge integer, deep nests."""
    try:
        orjson.dumps(item)
    except TypeError as error:
        return number, {"text": reprlib.repr(item)}, f"cannot be kept as JSON: {error}"
    return number, item, None


def _feed(path: Path, form: str, read: Callable[[Progress], Iterator[Item]], size: int) -> Feed:
    """Read everything once for the columns, then again for the rows."""
    columns: dict[str, None] = {}
    why = "it holds no objects"
    for _, item, problem in _cars(read(Progress(size))):
        if problem is None:
            columns.update(dict.fromkeys(flat(item)))
        else:
            why = problem
    if not columns:
        raise UnusableFeedError(f"{path} cannot be read: {why}; expected [{{...}}, {{...}}], one object a listing")
    names = tuple(columns)
    progress = Progress(size)
    rows = (row_of(number, item, names, problem) for number, item, problem in _cars(read(progress)))
    return Feed(path, form, names, rows, progress)


# --- object by object ------------------------------------------------------------------------------------------------


def _lines(path: Path, encoding: str, progress: Progress) -> Iterator[Item]:
    with path.open(encoding=encoding, errors="replace") as text:
        for number, line in enumerate(iter(partial(text.readline, _LONGEST), ""), 1):
            said = line.strip("\ufeff \t\r\n")
            if not said:
                continue
            progress.at += len(line)
            if len(line) == _LONGEST:
                yield number, {"text": said[:500]}, f"not valid JSON: a line of more than {_LONGEST:,} characters"
                while line and line[-1] != "\n":
                    line = text.readline(_LONGEST)
                    progress.at += len(line)
                continue
            try:
                item = orjson.loads(said.encode())
            except ValueError as error:
                yield number, {"text": said[:500]}, f"not valid JSON: {error}"
            else:
                yield number, item, None if isinstance(item, dict) else "not a JSON object"


def _one_by_one(path: Path, encoding: str, progress: Progress) -> Iterator[Item]:
    """Yield the objects of the first array of objects, passing over what cannot be read."""
    decoder = json.JSONDecoder()
    known: set[str] = set()
    with path.open(encoding=encoding, errors="replace") as text:
        window = _Window(text)
        if not window.find(re.compile(r"\[\s*(?=\{)")):
            return
        number = 0
        while window.more():
            number += 1
            progress.at = window.passed
            try:
                item, end = decoder.raw_decode(window.text, window.at)
            except (ValueError, RecursionError) as error:
                if window.grow():  # it may only be cut off by the window's edge
                    number -= 1
                    continue
                said, at = getattr(error, "msg", error), getattr(error, "pos", window.at) - window.at + 1
                shown = window.text[window.at : window.at + 500]
                yield number, {"text": shown}, f"not valid JSON: {said}, character {at} of the object"
                if not window.skip(partial(_looks_like, known=known)):
                    return
                continue
            if isinstance(item, dict):
                known |= item.keys()
            yield number, item, None if isinstance(item, dict) else "not a JSON object"
            window.advance(end)
            if not window.separator():
                return


def _looks_like(text: str, at: int, known: set[str]) -> bool:
    """Tell whether an object that begins here is a listing and not a part of one."""
    try:
        item, _ = json.JSONDecoder().raw_decode(text, at)
    except (ValueError, RecursionError):
        return False
    return isinstance(item, dict) and bool(item) and (not known or 2 * len(item.keys() & known) >= len(item))


class _Window:
    """The part of a text that is looked at, from `at` on; grows until an object fits."""

    def __init__(self, text: TextIO) -> None:
        self._file = text
        self.text = text.read(_CHUNK)
        self.at = 0
        self._dropped = 0

    @property
    def passed(self) -> int:
        """Characters passed over, for the progress."""
        return self._dropped + self.at

    def advance(self, to: int) -> None:
        """Pass on to a place in the text."""
        self.at = to
        if len(self.text) - to < _CHUNK // 2:
            self._read_on()

    def grow(self) -> bool:
        """Read on; False at the end of the file or when an object has become too long."""
        return len(self.text) - self.at < _LONGEST and self._read_on()

    def find(self, pattern: re.Pattern[str]) -> bool:
        """Pass over everything before the end of a match."""
        while (match := pattern.search(self.text, self.at)) is None:
            self.at = max(self.at, len(self.text) - 64)
            if not self._read_on():
                return False
        self.advance(match.end())
        return True

    def more(self) -> bool:
        """Pass over white space; False at the end."""
        while True:
            match = _SPACE.match(self.text, self.at)
            self.at = match.end() if match else self.at
            if self.at < len(self.text) or not self._read_on():
                return self.at < len(self.text)

    def separator(self) -> bool:
        """Pass over the comma between two objects; False where the array ends. A missing comma is no mistake here."""
        if not self.more():
            return False
        if self.text[self.at] == ",":
            self.advance(self.at + 1)
            return self.more() and self.text[self.at] != "]"
        return self.text[self.at] != "]"

    def skip(self, good: Callable[[str, int], bool]) -> bool:
        """Pass on to the next place where a good object begins; False when there is none."""
        while True:
            for match in _NEXT.finditer(self.text, self.at + 1):
                if good(self.text, match.end()):
                    self.advance(match.end())
                    return True
            self.at = max(self.at, len(self.text) - (1 << 16))
            if not self._read_on():
                return False

    def _read_on(self) -> bool:
        """Read more of the file, and drop what was passed over; False at its end."""
        more = self._file.read(_CHUNK)
        if more:  # else the rest would be copied again and again
            self.text = self.text[self.at :] + more
            self._dropped += self.at
            self.at = 0
        return bool(more)


# --- objects as rows -------------------------------------------------------------------------------------------------


def _is_wrapping(item: dict[str, Any]) -> bool:
    """Tell {"listings": [{...}]} on one line from a listing with a list of its own."""
    return bool(_lists(item)) and not {"make", "brand", "model", "title"} & {name.lower() for name in item}


def _lists(item: Any, depth: int = _DEEPEST) -> list[list[Any]]:
    """Return the lists of objects inside an object, also those some objects down: {"data": {"cars": [{...}]}}."""
    found = []
    for value in item.values():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found.append(value)
        elif isinstance(value, dict) and depth:
            found += _lists(value, depth - 1)
    return found


def flat(item: dict[str, Any]) -> dict[str, Any]:
    """Bring nested objects up: {"price": {"amount": 1}} is {"price.amount": 1}."""
    return dict(_flattened(item, "", _DEEPEST))


def _flattened(item: dict[str, Any], before: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict) and (said := _with_unit(value)) is not None:
            yield f"{before}{name}", said
        elif isinstance(value, dict) and depth and f"{before}{name}" != "attributes":
            yield from _flattened(value, f"{before}{name}.", depth - 1)
        else:
            yield f"{before}{name}", value


def _with_unit(value: dict[str, Any]) -> str | None:
    """Return {"value": 12000, "unit": "mi"} or {"amount": 9900, "currency": "EUR"} as it would stand in a cell."""
    said = {name.lower(): inner for name, inner in value.items()}
    number = said.pop("value", said.pop("amount", None))
    unit = next(iter(said.values()), None) if said.keys() and said.keys() <= _UNITS else None
    if isinstance(number, bool) or not isinstance(number, int | float | str) or not isinstance(unit, str):
        return None
    return f"{_text(number)} {unit}"


def row_of(number: int, item: Any, columns: Sequence[str], problem: str | None = None) -> Row:
    """Return an object as a row of text."""
    if problem is not None:
        text = item.get("text", "") if isinstance(item, dict) else str(item)[:500]
        return Row(number, (text, *[""] * (len(columns) - 1)), problem=("bad_json", problem))
    of = flat(item)
    cells = [_text(of.get(name)) for name in columns]
    if any("\x00" in c for c in cells):
        return Row(number, cells, item, problem=("nul_byte", "a value has a NUL byte"))
    return Row(number, cells, item)


def columns_of(objects: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Return the names of all values of some objects, in the order they come."""
    return tuple(dict.fromkeys(name for item in objects for name in flat(item)))


def _text(value: Any) -> str:
    """Write a JSON or Parquet value as a cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return number_text(value)
    if isinstance(value, list | dict):
        return orjson.dumps(value, default=str).decode()
    return str(value)
