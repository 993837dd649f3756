"""Read any file of listings as rows of text: CSV in every dialect and encoding, JSON, NDJSON, Parquet, gzip of them."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from carousel.catalogue.exchange import standard_feed
from carousel.catalogue.feeds.encodings import encoding_of
from carousel.catalogue.feeds.feed import Feed, Progress, Row
from carousel.catalogue.feeds.header import known_cells
from carousel.catalogue.feeds.read_csv import open_csv
from carousel.catalogue.feeds.read_json import columns_of, open_json, open_ndjson, open_page, row_of
from carousel.errors import TooLargeError, UnusableFeedError

_SAMPLE = 1 << 20
_SLICE = 5_000
_GZIP = b"\x1f\x8b"
_LEFT_OUT = (".rejects.csv", ".partial", ".tmp")


def files_in(paths: Sequence[Path]) -> list[tuple[Path, bool]]:
    """Return all files of paths and folders, and whether each was named itself, in the order of their names."""
    found: list[tuple[Path, bool]] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file())
            found += [(p, False) for p in inside if p.name[0] != "." and not p.name.endswith(_LEFT_OUT)]
        else:
            found.append((path, True))
    return found


def open_feed(path: Path, folder: Path | None = None, *, most_bytes: int | None = None) -> Feed:
    """Open a file and read its header.

    :param folder: where an archive may be unpacked; the caller removes it when the rows are read.
    :param most_bytes: what an archive may unpack to; None: anything.
    :raises TooLargeError: it unpacks to more.
    :raises UnusableFeedError: it is missing, empty, binary, or has no header or no rows; the message says what to do.
    """
    try:
        head = _head(path)
        if head.startswith(_GZIP):
            return _open_gzip(path, folder, most_bytes)
        size = path.stat().st_size
    except OSError as error:
        raise UnusableFeedError(f"{path}: {error.strerror or error}; check the name and permissions") from error
    if not head.strip():
        raise UnusableFeedError(f"{path} is empty; export the listings again")
    if head.startswith(b"PAR1"):
        return _open_parquet(path)
    encoding = encoding_of(path, head)
    start = head.decode(encoding, errors="replace").lstrip("\ufeff \t\r\n")[:1]
    if start == "[":
        return open_json(path, encoding, size)
    if start == "{":
        return open_ndjson(path, encoding, size)
    if start == "<":
        return open_page(path, encoding)
    return _standardised(open_csv(path, encoding, size, known_cells))


def _standardised(feed: Feed) -> Feed:
    """Give the rows of a standard feed the importer's columns; any other feed stays as it is."""
    standard = standard_feed(feed.columns)
    if standard is None:
        return feed
    width = len(feed.columns)

    def read(row: Row) -> Row:
        if row.problem is None:
            return Row(row.line, standard.cells(row.cells), dict(zip(feed.columns, row.cells, strict=True)))
        # As far as it fits: it may still say its id.
        fitting = [*row.cells[:width], *[""] * (width - len(row.cells))]
        return Row(row.line, [*standard.cells(fitting), *row.cells[width:]], problem=row.problem)

    rows = map(read, feed.rows)
    return Feed(feed.path, f"{standard.name}, {feed.form}", standard.columns, rows, feed.progress)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_SAMPLE)


def _open_gzip(path: Path, folder: Path | None, most_bytes: int | None) -> Feed:
    """Unpack an archive into the folder: an encoding is found by reading a file more than once."""
    if folder is None:
        raise UnusableFeedError(f"{path} is a gzip archive; unpack it first (gunzip)")
    plain = folder / (path.name.removesuffix(".gz") or "feed")
    try:
        with gzip.open(path) as packed, plain.open("wb") as unpacked:
            while piece := packed.read(_SAMPLE):
                if most_bytes is not None and unpacked.tell() + len(piece) > most_bytes:
                    raise TooLargeError(f"{path} unpacks to more than {most_bytes:,} bytes; raise CAROUSEL_IMPORT_MB")
                unpacked.write(piece)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnusableFeedError(f"{path} is a damaged gzip archive ({error}); fetch it again") from error
    if _head(plain).startswith(_GZIP):
        raise UnusableFeedError(f"{path} is an archive inside an archive; unpack it first (gunzip)")
    feed = open_feed(plain)
    return Feed(path, f"gzip of {feed.form}", feed.columns, feed, feed.progress)


def _open_parquet(path: Path) -> Feed:
    import polars as pl  # takes the API's processes a quarter of a second they need for no other form

    try:
        frame = pl.scan_parquet(path)
        height = int(frame.select(pl.len()).collect().item())
        first = frame.head(1).collect().to_dicts()
    except Exception as error:  # polars raises its own tree, ComputeError and OSError among them
        raise UnusableFeedError(f"{path} is not a Parquet file that can be read ({error}); export it again") from error
    if not height:
        raise UnusableFeedError(f"{path} has columns and no rows; export the listings again")
    progress = Progress(height)
    columns = columns_of(first)

    def rows() -> Iterator[Row]:
        for batch in frame.collect_batches(chunk_size=_SLICE, maintain_order=True):
            for item in batch.iter_rows(named=True):
                progress.at += 1
                yield row_of(progress.at, item, columns)

    return Feed(path, "Parquet", columns, rows(), progress)
