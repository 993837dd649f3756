"""Write the catalogue in one of the formats: a stream from the database to a file that appears whole."""

import contextlib
import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import orjson

from carousel.catalogue import repository
from carousel.catalogue.exchange import google, jsonld_write, meta
from carousel.catalogue.listing import DERIVED, FIELD_NAMES, Status
from carousel.errors import InputError
from carousel.storage.postgres import Connection

Record = Mapping[str, Any]
LISTING_ID = "{listing_id}"


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write listings.

    :param ending: of the file's name.
    :param make: turns a stored listing into a record, and names what the format requires and the listing lacks.
    :param encode: turns records into the bytes of the file, piece by piece.
    :param strict: a listing that lacks something is left out; else it is only counted.
    """

    ending: str
    make: Callable[[Mapping[str, Any]], tuple[Record, list[str]]]
    encode: Callable[[Iterable[Record]], Iterator[bytes]]
    strict: bool = True


@dataclass
class Exported:
    """What became of the listings: written, left out, and how many lack what."""

    written: int = 0
    left_out: int = 0
    lacking: Counter[str] = field(default_factory=Counter)


def export(
    connection: Connection,
    output: Path | None,
    name: str,
    *,
    status: Status | None = "active",
    base_url: str | None = None,
) -> Exported:
    """Write the listings of a status in one of `FORMATS`, sorted by id, and return what became of them.

    Memory does not grow with the number of listings. A file appears when it is whole.

    :param output: None is standard output.
    :param status: None is every listing.
    :param base_url: where listings without a `url` are shown, with `{listing_id}` in it.
    :raises InputError: `base_url` is no web address with `{listing_id}`.
    """
    if base_url is not None and not (base_url.startswith(("https://", "http://")) and LISTING_ID in base_url):
        raise InputError(
            f"--base-url is {base_url!r}; write it like https://shop.example/listing/{LISTING_ID}", field="base_url"
        )
    form = FORMATS[name]
    done = Exported()

    def records() -> Iterator[Record]:
        for text in repository.documents(connection, status):
            document = orjson.loads(text)
            if base_url is not None and "url" not in document:
                document["url"] = base_url.replace(LISTING_ID, quote(document["listing_id"], safe=""))
            record, lacking = form.make(document)
            done.lacking.update(lacking)
            if lacking and form.strict:
                done.left_out += 1
                continue
            done.written += 1
            yield record

    with _opened(output) as file:
        for piece in form.encode(records()):
            file.write(piece)
    return done


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    unfinished = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)


def _table(records: Iterable[Record], *, columns: Sequence[str], delimiter: str) -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, delimiter=delimiter, lineterminator="\r\n", extrasaction="raise")
    writer.writeheader()
    for record in records:
        if buffer.tell() > 1 << 16:
            yield _taken(buffer)
        writer.writerow(record)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _lines(records: Iterable[Record]) -> Iterator[bytes]:
    for record in records:
        yield orjson.dumps(record) + b"\n"


def _graph(records: Iterable[Record]) -> Iterator[bytes]:
    """One JSON-LD document, a car a line, so that a person can look at it and `grep` can search it."""
    yield b'{"@context": "https://schema.org", "@graph": ['
    before = b"\n"
    for record in records:
        yield before + orjson.dumps(record)
        before = b",\n"
    yield b"\n]}\n"


def _as_it_is(document: Mapping[str, Any]) -> tuple[Record, list[str]]:
    return document, []


def _cells(document: Mapping[str, Any]) -> tuple[Record, list[str]]:
    """A list or object in a cell is JSON, which the importer reads back."""
    return {k: orjson.dumps(v).decode() if isinstance(v, list | dict | bool) else v for k, v in document.items()}, []


FORMATS: Mapping[str, Format] = {
    "jsonld": Format("jsonld", jsonld_write.car, _graph, strict=False),
    "google": Format("tsv", google.row, partial(_table, columns=google.COLUMNS, delimiter="\t")),
    "meta": Format("csv", meta.row, partial(_table, columns=meta.COLUMNS, delimiter=",")),
    "csv": Format("csv", _cells, partial(_table, columns=(*FIELD_NAMES, *DERIVED), delimiter=",")),
    "ndjson": Format("ndjson", _as_it_is, _lines),
}
