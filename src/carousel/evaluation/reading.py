"""Open a log of any form as a lazy frame of text: CSV in its dialects, JSON, NDJSON, Parquet, packed or not."""

import bz2
import csv
import gzip
import lzma
import re
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson
import polars as pl
from polars.datatypes import DataTypeClass

from carousel.catalogue.feeds.encodings import encoding_of
from carousel.errors import UnusableFeedError, first_line
from carousel.evaluation.columns import holds, looks_like_a_header

_HEAD = 1 << 18
_BLOCK = 1 << 22
_TABS = 0.7
"""Share of lines with the same number of tabs above which they separate, whatever commas and spaces agree on too."""
_SEPARATORS = ("\t", ";", ",", "|", " ")


@dataclass(frozen=True)
class Table:
    """A file's rows, lazily; every column is text. `named` says whether the file has a header."""

    frame: pl.LazyFrame
    named: bool
    form: str
    mended: Callable[[], "Table"] | None = None
    """Reads the file in a slower way that forgives more."""
    doubtful: bool = False
    """Whether quotes that may not pair up have swallowed lines."""
    inside: str | None = None
    """The column whose list was made into rows; a row may have had nothing in it."""

    @property
    def columns(self) -> list[str]:
        return self.frame.collect_schema().names()


def open_table(path: Path, folder: Path, said: Collection[str] = ()) -> Table:
    """Open a file.

    :param said: columns the caller named; a first row with one of them is a header.
    :param folder: where an archive may be unpacked; it must live as long as the table.
    :raises UnusableFeedError: it is missing, empty, or no table; says what to do.
    """
    try:
        plain = _unpacked(path, folder)
        with plain.open("rb") as file:
            head = file.read(_HEAD)
    except (OSError, EOFError, zipfile.BadZipFile, lzma.LZMAError) as error:
        raise UnusableFeedError(f"{path}: {getattr(error, 'strerror', None) or error}; check the file") from error
    if not head.strip():
        raise UnusableFeedError(f"{path} is empty; export the interactions again")
    try:
        table = _parquet(plain, said) if head.startswith(b"PAR1") else _text(plain, head, folder, said)
        columns = table.columns
    except pl.exceptions.PolarsError as error:
        raise UnusableFeedError(f"{path} cannot be read as a table ({first_line(error)}); export it as CSV") from error
    if len(columns) < 2:
        raise UnusableFeedError(
            f"{path} has one column; a log has a user and an item per row, separated by comma, semicolon or tab"
        )
    return table


def _unpacked(path: Path, folder: Path) -> Path:
    """Return the file itself, or what its archive holds, unpacked into the folder."""
    with path.open("rb") as file:
        magic = file.read(6)
    packed: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile | IO[bytes]
    if magic.startswith(b"\x1f\x8b"):
        packed = gzip.open(path)  # noqa: SIM115 - closed below, whichever it is
    elif magic.startswith(b"BZh"):
        packed = bz2.open(path)  # noqa: SIM115
    elif magic.startswith(b"\xfd7zXZ"):
        packed = lzma.open(path)  # noqa: SIM115
    elif magic.startswith(b"PK\x03\x04"):
        archive = zipfile.ZipFile(path)
        inside = [i for i in archive.infolist() if not i.is_dir() and not Path(i.filename).name.startswith((".", "_"))]
        if len(inside) != 1:
            raise UnusableFeedError(f"{path} holds {len(inside)} files; unpack it and name the one with the events")
        packed = archive.open(inside[0])
    else:
        return path
    plain = folder / "unpacked"
    with packed, plain.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked, _BLOCK)
    return plain


def _parquet(path: Path, said: Collection[str]) -> Table:
    return _of_objects(pl.scan_parquet(path), "Parquet", said)


def _of_objects(frame: pl.LazyFrame, form: str, said: Collection[str]) -> Table:
    inside = _list_of_interest(frame.collect_schema(), said)
    return Table(_as_text(_flat(frame, inside)), named=True, form=form, inside=inside)


def _text(path: Path, head: bytes, folder: Path, said: Collection[str]) -> Table:
    encoding = encoding_of(path, head)
    if encoding.lower().replace("_", "-") not in ("utf-8", "ascii", "utf-8-sig"):
        path = _as_utf8(path, encoding, folder)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    text = head.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    if "\x00" in text:
        raise UnusableFeedError(f"{path} is not text; give CSV, JSON, NDJSON or Parquet")
    if text[:1] in "[{":
        return _json(path, text, said)
    return _csv(path, text, folder, said)


def _as_utf8(path: Path, encoding: str, folder: Path) -> Path:
    plain = folder / "utf8"
    with path.open(encoding=encoding, errors="replace", newline="") as file, plain.open("w", encoding="utf-8") as out:
        shutil.copyfileobj(file, out, _BLOCK)
    return plain


def _json(path: Path, text: str, said: Collection[str]) -> Table:
    first, *others = text.splitlines()
    if others and first.strip().startswith("{") and first.strip().endswith("}"):
        frame = pl.scan_ndjson(path, infer_schema_length=10_000, ignore_errors=True)
        # An id that is a number in the first rows may be a text in a later one.
        kinds = {name: _of_text(kind) for name, kind in frame.collect_schema().items()}
        frame = pl.scan_ndjson(path, schema_overrides=kinds, infer_schema_length=10_000, ignore_errors=True)
        return _of_objects(frame, "NDJSON", said)
    try:
        document = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise UnusableFeedError(f"{path} is not JSON ({error}); export it again") from error
    if isinstance(document, dict):
        document = next((v for v in document.values() if isinstance(v, list)), [document])
    rows = [row for row in document if isinstance(row, dict)]
    if not rows:
        raise UnusableFeedError(f"{path} holds no list of objects; give one object per interaction")
    return _of_objects(pl.DataFrame(rows, infer_schema_length=None, strict=False).lazy(), "JSON", said)


def _of_text(kind: pl.DataType | DataTypeClass) -> pl.DataType:
    """Return a type with text for every number inside."""
    if isinstance(kind, pl.Struct):
        return pl.Struct({field.name: _of_text(field.dtype) for field in kind.fields})
    if isinstance(kind, pl.List):
        return pl.List(_of_text(kind.inner))
    return pl.String()


def _csv(path: Path, text: str, folder: Path, said: Collection[str]) -> Table:
    eol = "\r" if "\n" not in text and "\r" in text else "\n"
    lines = [line for line in text.replace("\r\n", "\n").split(eol) if line.strip()]
    lines = (lines[:-1] if len(text) >= _HEAD // 4 and len(lines) > 1 else lines)[:2_000]
    if "::" in lines[-1] and "::" in lines[0]:
        return _double_colons(path, lines)
    separator = _separator(lines)
    rows = list(csv.reader(lines, delimiter=separator))
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if width < 2:
        raise UnusableFeedError(f"{path} has no columns that we can see; give CSV, JSON, NDJSON or Parquet")
    # Some copies begin with lines that count the rows; the table begins where the rows are as wide as most.
    skipped = next(i for i, row in enumerate(rows) if len(row) == width)
    named = looks_like_a_header(rows[skipped:], said)
    quoted = any('"' in line for line in lines)
    frame = pl.scan_csv(
        path,
        separator=separator,
        has_header=named,
        skip_lines=skipped,
        infer_schema=False,
        eol_char=eol,
        quote_char='"' if quoted else None,
        ignore_errors=True,
        truncate_ragged_lines=True,
        encoding="utf8-lossy",
    )
    names = frame.collect_schema().names()
    clean = [n.strip().strip("\ufeff\r") for n in names] if named else [f"column_{i + 1}" for i in range(len(names))]
    frame = frame.rename(dict(zip(names, clean, strict=True)))
    form = {"\t": "TSV", ",": "CSV"}.get(separator, f"CSV with {separator!r}")

    def mended() -> Table:
        plain = _line_by_line(path, folder, separator, eol, width)
        with plain.open(encoding="utf-8") as file:
            return _csv(plain, file.read(_HEAD), folder, said)

    return Table(frame, named, form, mended if quoted else None, doubtful=any(line.count('"') % 2 for line in lines))


def _line_by_line(path: Path, folder: Path, separator: str, eol: str, width: int) -> Path:
    """Write a file anew whose quotes do not pair up: no cell of a log spans lines, so each line is read by itself."""
    plain = folder / "mended.csv"
    with (
        path.open(encoding="utf-8", errors="replace", newline=eol) as file,
        plain.open("w", encoding="utf-8", newline="") as out,
    ):
        for line in file:
            cells = next(csv.reader([line.strip("\r\n")], delimiter=separator), [])
            if len(cells) < width == line.count(separator) + 1:  # a quote was opened that means itself
                cells = line.split(separator)
            out.write(separator.join(re.sub(f'["\r\n{re.escape(separator)}]', " ", cell) for cell in cells) + eol)
    return plain


def _double_colons(path: Path, lines: list[str]) -> Table:
    """Read what MovieLens calls .dat: with one colon as the separator every second column is empty."""
    named = looks_like_a_header([line.split("::") for line in lines])
    frame = pl.scan_csv(path, separator=":", has_header=False, infer_schema=False, quote_char=None,
                        truncate_ragged_lines=True, encoding="utf8-lossy", skip_rows=int(named))  # fmt: skip
    names = frame.collect_schema().names()[::2]
    titles = lines[0].split("::") if named else [f"column_{i}" for i in range(1, len(names) + 1)]
    return Table(frame.select(pl.col(n).alias(t) for n, t in zip(names, titles, strict=False)), named, "::-separated")


def _separator(lines: list[str]) -> str:
    """Return the separator most lines have the same number of, at least one."""

    def agreement(separator: str) -> tuple[bool, float, int]:
        counts = Counter(len(row) for row in csv.reader(lines[:200], delimiter=separator))
        width, times = counts.most_common(1)[0]
        share = times / sum(counts.values()) if width > 1 else 0.0
        return separator == "\t" and share >= _TABS, share, width

    return max(_SEPARATORS, key=agreement)


def _list_of_interest(schema: pl.Schema, said: Collection[str]) -> str | None:
    """Return the column of lists whose objects are the rows: what was said is in it, or the user or the item is."""
    lists = {
        name: [f"{name}.{field.name}" for field in kind.inner.fields]
        for name, kind in schema.items()
        if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct)
    }
    for name, columns in lists.items():
        if set(columns) & set(said):
            return name
    outside = [name for name in _flat_names(schema) if name not in lists]
    missing = [role for role in ("item", "user") if not holds(outside, role)]
    for role in missing:
        for name, columns in lists.items():
            if holds(columns, role):
                return name
    return next(iter(lists)) if missing and len(lists) == 1 else None


def _flat_names(schema: pl.Schema) -> list[str]:
    return [
        column
        for name, kind in schema.items()
        for column in ([f"{name}.{f.name}" for f in kind.fields] if isinstance(kind, pl.Struct) else [name])
    ]


def _flat(frame: pl.LazyFrame, inside: str | None) -> pl.LazyFrame:
    """Make a row of each object in a list, and `user.id` of an object in a column; deeper ones are not used."""
    if inside is not None:  # a session with its events; one without any stays a row
        frame = frame.explode(inside, empty_as_null=True, keep_nulls=True)
    schema = frame.collect_schema()
    columns: list[pl.Expr] = []
    for name, kind in schema.items():
        if isinstance(kind, pl.Struct):
            columns += [pl.col(name).struct.field(f.name).alias(f"{name}.{f.name}") for f in kind.fields]
        else:
            columns.append(pl.col(name))
    return frame.select(columns)


def _as_text(frame: pl.LazyFrame) -> pl.LazyFrame:
    columns: list[pl.Expr] = []
    for name, kind in frame.collect_schema().items():
        column = pl.col(name)
        if isinstance(kind, pl.Datetime):
            column = column.dt.replace_time_zone(None) if kind.time_zone == "UTC" else column
            if kind.time_zone not in (None, "UTC"):
                column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            column = column.dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
        elif kind in (pl.Float32, pl.Float64):
            # Ids that were numbers with a hole somewhere come as 12.0.
            column = column.cast(pl.String).str.replace(r"\.0$", "")
        elif kind == pl.Binary:
            column = column.cast(pl.String, strict=False)
        elif isinstance(kind, pl.List | pl.Struct | pl.Array) or kind == pl.Object:
            continue
        columns.append(column.cast(pl.String).alias(name))
    return frame.select(columns)
