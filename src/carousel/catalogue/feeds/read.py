"""Read any file of listings as rows of text: CSV in every dialect and encoding, JSON, NDJSON, Parquet.

CSV goes through the standard library rather than a data frame: a feed needs the line a row stands on, the rows whose
cells do not fit the header, line ends of CR alone, and memory that does not grow with the file.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import charset_normalizer
import orjson
import polars as pl

from carousel.errors import UnusableFeedError

_SAMPLE = 1 << 20
_LONGEST_CELL = 1 << 17  # 131,072 characters; a longer one is a quote that was never closed
_DELIMITERS = ",;\t|"
_SLICE = 5_000

_PUNCTUATION = "€£§°²³´·–—‘’‚“”„…«»®™\u00a0"
# The letters beyond ASCII that the languages of a code page use. Of equals the first one wins.
_LATIN = {
    "cp1252": frozenset("äöüßéèêëàâáãåçîïíìôóòõûùúñœæø" + _PUNCTUATION),
    "cp1254": frozenset("çğıöşüâîû\u0307" + _PUNCTUATION),
    "cp1250": frozenset("ąćęłńóśźżčďěňřšťůžáéíúýľĺŕôäöőüűßăâîşţëç" + _PUNCTUATION),
}
_CYRILLIC = {"cp1251": frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў№" + _PUNCTUATION)}
_SURE = 0.9  # of the letters beyond ASCII that a code page must explain

_CONTROL = (*range(9), *range(14, 32))
_SIGNATURES = (
    (b"%PDF", "a PDF", "export the listings as CSV"),
    (b"PK\x03\x04", "an Excel workbook or a zip archive", "save the sheet as CSV, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first (gunzip)"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first (unzstd)"),
    (b"\x89PNG", "an image", "give the file with the listings"),
    (b"\xff\xd8\xff", "an image", "give the file with the listings"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
    (b"<", "XML or HTML", "export the listings as CSV or JSON"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    :param line: the line it starts on, 1 for the first line of the file (a row of Parquet or JSON: its number).
    :param cells: text per column, "" where the source has nothing.
    :param raw: the source's own object, where it is one.
    :param problem: (reason, detail) of a row that cannot be read.
    """

    line: int
    cells: Sequence[str]
    raw: dict[str, Any] | None = None
    problem: tuple[str, str] | None = None


@dataclass(frozen=True)
class Feed:
    """An open file: its columns and, once, its rows.

    :param form: what it turned out to be, for people: "CSV, UTF-8, comma".
    """

    path: Path
    form: str
    columns: tuple[str, ...]
    _rows: Iterable[Row]
    _progress: "_Progress"

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @property
    def read(self) -> float:
        """The share of the file read so far, 0 to 1."""
        return self._progress.share


@dataclass
class _Progress:
    size: int
    at: int = 0

    @property
    def share(self) -> float:
        return min(self.at / self.size, 1.0) if self.size else 1.0


def open_feed(path: Path) -> Feed:
    """Open a file and read its header.

    :raises UnusableFeedError: it is missing, empty, binary, or has no header or no rows; the message says what to do.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_SAMPLE)
    except OSError as error:
        raise UnusableFeedError(f"{path}: {error.strerror or error}; check the name and permissions") from error
    if not head.strip():
        raise UnusableFeedError(f"{path} is empty; export the listings again")
    if head.startswith(b"PAR1"):
        return _open_parquet(path)
    encoding = _encoding(path, head)
    start = head.decode(encoding, errors="replace").lstrip("\ufeff \t\r\n")[:1]
    if start == "[":
        return _open_json(path, encoding)
    if start == "{":
        return _open_ndjson(path, encoding, size)
    return _open_csv(path, encoding, size)


# --- encodings -------------------------------------------------------------------------------------------------------


def _encoding(path: Path, head: bytes) -> str:
    """Return the encoding of a text file, refusing what is no text."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    for signature, what, cure in _SIGNATURES:
        if head.lstrip().startswith(signature):
            raise UnusableFeedError(f"{path} is {what}, not CSV, JSON or Parquet; {cure}")
    nul = head.count(0)
    if nul:
        if head[1::2].count(0) > len(head) * 0.4:
            return "utf-16-le"
        if head[::2].count(0) > len(head) * 0.4:
            return "utf-16-be"
        # A few NUL bytes are rows to reject; a program, a picture or a database is full of control characters.
        if sum(head.count(byte) for byte in _CONTROL) > len(head) * 0.01:
            raise UnusableFeedError(f"{path} is binary, not CSV, JSON or Parquet; export the listings as CSV")
    mistakes, beyond_ascii = _utf8_mistakes(path)
    if mistakes == 0:
        return "utf-8"
    if mistakes < beyond_ascii * 0.05:
        return "utf-8"  # UTF-8 with a few broken letters, which become U+FFFD
    return _code_page(_lines_beyond_ascii(path))


def _code_page(sample: bytes) -> str:
    """Return the encoding of bytes that are no UTF-8.

    Code pages are told apart by the letters their languages use: charset-normalizer finds cp1250 as likely as cp1252
    for a German file, and "Coupè" would become "Coupč". What fits none of them is left to it.
    """
    beyond = sum(byte >= 0x80 for byte in sample)
    in_words = sum(len(run) for run in re.findall(rb"[\x80-\xff]{3,}", sample))
    tables = _CYRILLIC if in_words > beyond / 2 else _LATIN
    shares = {name: _share_of_letters(sample.decode(name, "replace"), table) for name, table in tables.items()}
    best = max(shares, key=shares.__getitem__)
    if shares[best] >= _SURE:
        return best
    found = charset_normalizer.from_bytes(sample).best()
    return found.encoding if found is not None else best


def _share_of_letters(text: str, expected: frozenset[str]) -> float:
    beyond = [c for c in text.lower() if not c.isascii()]
    return sum(c in expected for c in beyond) / len(beyond) if beyond else 0.0


def _utf8_mistakes(path: Path) -> tuple[int, int]:
    """Return how many letters beyond ASCII are broken as UTF-8, and how many there are."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    mistakes = beyond = 0
    with path.open("rb") as file:
        while chunk := file.read(_SAMPLE):
            if chunk.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(chunk)
            mistakes += text.count("\ufffd")
            beyond += len(text) - len(text.encode("ascii", errors="ignore"))
    left = decoder.decode(b"", final=True)
    return mistakes + len(left), beyond + len(left)


def _lines_beyond_ascii(path: Path) -> bytes:
    """Return the lines that tell one encoding from another, up to 256 KB of them."""
    kept: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                kept.append(line[:2_000])
                size += len(kept[-1])
            if size > 1 << 18:
                break
    return b"".join(kept)


# --- CSV -------------------------------------------------------------------------------------------------------------


def _open_csv(path: Path, encoding: str, size: int) -> Feed:
    delimiter = _delimiter(path, encoding)
    progress = _Progress(size)
    csv.field_size_limit(_LONGEST_CELL)
    rows = _csv_rows(path, encoding, delimiter, progress)
    try:
        header = next((cells for _, cells in rows if any(c.strip() for c in cells)), None)
    except csv.Error as error:
        raise UnusableFeedError(
            f"{path}: the first line is longer than a header can be ({error}); is it a text file with listings?"
        ) from error
    if header is None:
        raise UnusableFeedError(f"{path} is empty; export the listings again")
    names = _unique(header)
    first = next(rows, None)
    if first is None:
        raise UnusableFeedError(f"{path} has a header and no rows; export the listings again")
    names_of_delimiters = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
    form = f"CSV, {_encoding_name(encoding)}, {names_of_delimiters[delimiter]}"
    return Feed(path, form, names, _checked(_chain(first, rows), len(names)), progress)


def _csv_rows(path: Path, encoding: str, delimiter: str, progress: _Progress) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row that is not an empty line, and the line it starts on."""
    with path.open("rb") as binary:
        text = io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="")
        line = 0
        if next(iter(text), "").lower().startswith("sep="):
            line = 1  # Excel's own note to itself
        else:
            text.seek(0)
        reader = csv.reader(_told(text, binary, progress), delimiter=delimiter)
        before = line
        for cells in reader:
            if cells:
                yield before + 1, cells
            before = line + reader.line_num


def _told(text: io.TextIOWrapper, binary: io.BufferedReader, progress: _Progress) -> Iterator[str]:
    for number, line in enumerate(text):
        if not number % 1_000:
            progress.at = binary.tell()
        yield line
    progress.at = progress.size


def _checked(rows: Iterable[tuple[int, list[str]]], width: int) -> Iterator[Row]:
    line = 0
    try:
        for line, cells in rows:
            if len(cells) > width and not any(cells[width:]):
                cells = cells[:width]
            if len(cells) != width:
                yield Row(line, cells, problem=("ragged_row", f"{len(cells)} cells where the header has {width}"))
            elif any("\x00" in c for c in cells):
                yield Row(line, cells, problem=("nul_byte", "a cell has a NUL byte"))
            else:
                yield Row(line, cells)
    except csv.Error as error:
        detail = f"{error}: a quote is not closed after line {line}, and nothing from there on can be read"
        yield Row(line + 1, (), problem=("unreadable", detail))


def _delimiter(path: Path, encoding: str) -> str:
    """Return the delimiter that splits the first lines into most cells, all lines alike."""
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        lines = text.read(1 << 16).splitlines(keepends=True)[:60]

    def score(delimiter: str) -> float:
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells]
        except csv.Error:
            return 0
        # The last line of the sample may be cut in the middle.
        widths = widths[:-1] if len(widths) > 2 else widths
        if not widths or widths[0] < 2:
            return 0
        return widths[0] * sum(w == widths[0] for w in widths) / len(widths)

    best = max(_DELIMITERS, key=score)
    return best if score(best) else ","


def _unique(header: Sequence[str]) -> tuple[str, ...]:
    """Give columns of the same name numbers, and those without one too."""
    seen: dict[str, int] = {}
    names = []
    for index, cell in enumerate(header):
        name = cell.strip("\ufeff").replace("\x00", "") or f"column_{index + 1}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(names)


def _chain(first: tuple[int, list[str]], rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rows


def _encoding_name(encoding: str) -> str:
    return {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16"}.get(encoding, encoding)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _open_json(path: Path, encoding: str) -> Feed:
    try:
        stored = orjson.loads(path.read_bytes().decode(encoding).lstrip("\ufeff"))
    except ValueError as error:
        raise UnusableFeedError(f"{path} is not valid JSON ({error}); export the listings again") from error
    return _objects(path, "JSON array", stored)


def _objects(path: Path, form: str, objects: Sequence[Any]) -> Feed:
    columns = _columns_of(o for o in objects if isinstance(o, dict))
    if not columns:
        raise UnusableFeedError(f"{path} holds no objects; expected [{{...}}, {{...}}], one object a listing")
    progress = _Progress(len(objects))

    def rows() -> Iterator[Row]:
        for number, item in enumerate(objects, 1):
            progress.at = number
            yield _row_of(number, item, columns)

    return Feed(path, form, columns, rows(), progress)


def _open_ndjson(path: Path, encoding: str, size: int) -> Feed:
    def lines() -> Iterator[tuple[int, bytes]]:
        with path.open(encoding=encoding, errors="replace") as text:
            for number, line in enumerate(text, 1):
                if line.strip("\ufeff \t\r\n"):
                    yield number, line.strip("\ufeff \t\r\n").encode()

    def items() -> Iterator[tuple[int, int, Any]]:
        for number, line in lines():
            try:
                yield number, len(line), orjson.loads(line)
            except ValueError:
                yield number, len(line), None

    first = next(items(), None)
    if first is None or not isinstance(first[2], dict) or _is_wrapping(first[2]):
        return _open_object(path, encoding)
    columns = _columns_of(item for _, _, item in items() if isinstance(item, dict))
    progress = _Progress(size)

    def rows() -> Iterator[Row]:
        for number, length, item in items():
            progress.at += length + 1
            yield _row_of(number, item, columns)

    return Feed(path, "NDJSON", columns, rows(), progress)


def _open_object(path: Path, encoding: str) -> Feed:
    """Open a JSON object that holds the list of listings under any name: {"listings": [...]}."""
    try:
        stored = orjson.loads(path.read_bytes().decode(encoding).lstrip("\ufeff"))
    except ValueError as error:
        raise UnusableFeedError(f"{path} is not valid JSON or NDJSON ({error}); export the listings again") from error
    return _objects(path, "JSON", max(_lists(stored), key=len, default=[stored]))


def _is_wrapping(item: dict[str, Any]) -> bool:
    """Tell {"listings": [{...}]} on one line from a listing with a list of its own."""
    return bool(_lists(item)) and not {"make", "brand", "model", "title"} & {name.lower() for name in item}


def _lists(item: dict[str, Any]) -> list[list[Any]]:
    return [v for v in item.values() if isinstance(v, list) and v and isinstance(v[0], dict)]


def _columns_of(objects: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    columns: dict[str, None] = {}
    for item in objects:
        columns.update(dict.fromkeys(_flat(item)))
    return tuple(columns)


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    """Bring nested objects up: {"price": {"amount": 1}} is {"price.amount": 1}."""
    flat: dict[str, Any] = {}
    for name, value in item.items():
        if isinstance(value, dict) and name != "attributes":
            flat.update({f"{name}.{inner}": v for inner, v in value.items()})
        else:
            flat[name] = value
    return flat


def _row_of(number: int, item: Any, columns: Sequence[str]) -> Row:
    if not isinstance(item, dict):
        return Row(number, ("",) * len(columns), problem=("bad_json", "not a JSON object"))
    flat = _flat(item)
    cells = [_text(flat.get(name)) for name in columns]
    if any("\x00" in c for c in cells):
        return Row(number, cells, item, problem=("nul_byte", "a value has a NUL byte"))
    return Row(number, cells, item)


def _text(value: Any) -> str:
    """Write a JSON or Parquet value as a cell; a float never looks like thousands ("12.345" is written "12.3450")."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        written = f"{value:f}".rstrip("0") if abs(value) >= 1e-4 else repr(value)
        whole, _, fraction = written.partition(".")
        return f"{written}0" if len(fraction) == 3 else whole if not fraction else written
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | dict):
        return orjson.dumps(value, default=str).decode()
    return str(value)


# --- Parquet ---------------------------------------------------------------------------------------------------------


def _open_parquet(path: Path) -> Feed:
    try:
        frame = pl.read_parquet(path)
    except Exception as error:  # polars raises its own tree, ComputeError and OSError among them
        raise UnusableFeedError(f"{path} is not a Parquet file that can be read ({error}); export it again") from error
    if not frame.height:
        raise UnusableFeedError(f"{path} has columns and no rows; export the listings again")
    progress = _Progress(frame.height)

    def rows() -> Iterator[Row]:
        for start in range(0, frame.height, _SLICE):
            for number, item in enumerate(frame.slice(start, _SLICE).iter_rows(named=True), start + 1):
                progress.at = number
                yield _row_of(number, item, columns)

    columns = _columns_of(frame.head(1).to_dicts())
    return Feed(path, "Parquet", columns, rows(), progress)
