"""Read CSV in every dialect: its delimiter, where the header stands, and rows that do not fit it.

The standard library rather than a data frame: a feed needs the line a row stands on, the rows whose cells do not fit
the header, line ends of CR alone, and memory that does not grow with the file.
"""

import csv
import io
import itertools
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from carousel.catalogue.feeds.feed import Feed, Progress, Row
from carousel.errors import UnusableFeedError

_LONGEST_CELL = 1 << 17  # 131,072 characters; a longer one is a quote that was never closed
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_HEADER_WITHIN = 20
"""Rows among which the header is looked for: some exports begin with a title, a date and an empty line."""

_NUMBER = re.compile(r"^[\W_]{0,2}\d")  # 2015, € 9.990, 12 km
_ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16"}

Known = Callable[[Sequence[str]], int]
"""Tells how many cells of a row are names of columns."""


def open_csv(path: Path, encoding: str, size: int, known: Known) -> Feed:
    """Open a CSV file.

    :raises UnusableFeedError: it has no header or no rows.
    """
    csv.field_size_limit(_LONGEST_CELL)
    delimiter = _delimiter(path, encoding)
    progress = Progress(size)
    first = list(itertools.islice(_Reader(path, encoding, delimiter, progress), _HEADER_WITHIN))
    if first and first[0].problem is not None and not first[0].cells:
        raise UnusableFeedError(
            f"{path}: the first line is longer than a header can be; is it a text file with listings?"
        )
    filled = [row for row in first if any(c.strip() for c in row.cells)]
    if not filled:
        raise UnusableFeedError(f"{path} is empty; export the listings again")
    form = f"CSV, {_ENCODINGS.get(encoding, encoding)}, {_DELIMITERS[delimiter]}"
    header = _header(filled, known)
    if header is None:
        columns = _unique([""] * len(filled[0].cells))
        form += ", without a header"
    else:
        columns = _unique(header.cells)
    reader = _Reader(path, encoding, delimiter, progress, width=len(columns))
    after = 0 if header is None else header.line
    rows = (row for row in reader if row.line > after)
    start = next(rows, None)
    if start is None:
        raise UnusableFeedError(f"{path} has a header and no rows; export the listings again")
    return Feed(path, form, columns, itertools.chain((start,), rows), progress)


def _header(first: Sequence[Row], known: Known) -> Row | None:
    """Return which of the first rows is the header: the one with most known names, else the first one.

    None: there is none. Such a file begins with a row of no known name and several numbers, which no column is called.
    """
    best = max(first, key=lambda row: known(row.cells))
    if known(best.cells):
        return best
    numbers = sum(bool(_NUMBER.match(cell)) for cell in first[0].cells)
    return None if numbers >= 2 and len(first) > 1 else first[0]


class _Reader:
    """Reads rows and the line each starts on.

    A quote that is never closed would swallow what follows: such a row is given up after its first line, and reading
    goes on with the next line.

    :param width: cells of a good row, when the header is known.
    """

    def __init__(
        self, path: Path, encoding: str, delimiter: str, progress: Progress, *, width: int | None = None
    ) -> None:
        self._width = width
        self._path = path
        self._encoding = encoding
        self._delimiter = delimiter
        self._progress = progress
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._ended = False

    def __iter__(self) -> Iterator[Row]:
        with self._path.open("rb") as binary:
            text = io.TextIOWrapper(binary, encoding=self._encoding, errors="replace", newline="")
            line = 0
            if next(iter(text), "").lower().startswith("sep="):
                line = 1  # Excel's own note to itself
            else:
                text.seek(0)
            reader = csv.reader(self._lines(text, binary), delimiter=self._delimiter)
            while True:
                self._taken.clear()
                problem: str | None
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    cells, problem = [], str(error)
                else:
                    problem = self._problem(cells)
                if problem is not None and len(self._taken) > 1:
                    self._again.extendleft(reversed(self._taken[1:]))
                    cells = self._taken[0].rstrip("\r\n").split(self._delimiter)
                    yield Row(
                        line + 1, cells, problem=("unclosed_quote", "a quote that begins on this line never ends")
                    )
                    line += 1
                    reader = csv.reader(self._lines(text, binary), delimiter=self._delimiter)
                    continue
                if cells or problem:
                    yield self._row(line + 1, cells, problem)
                line += len(self._taken)

    def _problem(self, cells: list[str]) -> str | None:
        """Return why several lines cannot be one row."""
        if len(self._taken) == 1:
            return None
        if self._ended and sum(taken.count('"') for taken in self._taken) % 2:
            return "the file ends inside quotes"
        if self._width is not None and len(cells) != self._width:
            return "its cells do not fit the header"
        return None

    def _row(self, line: int, cells: list[str], problem: str | None) -> Row:
        width = self._width or len(cells)
        if problem is not None:
            return Row(line, cells, problem=("unreadable", problem))
        if len(cells) > width and not any(cells[width:]):
            cells = cells[:width]
        if len(cells) != width:
            return Row(line, cells, problem=("ragged_row", f"{len(cells)} cells where the header has {width}"))
        if any("\x00" in c for c in cells):
            return Row(line, cells, problem=("nul_byte", "a cell has a NUL byte"))
        return Row(line, cells)

    def _lines(self, text: io.TextIOWrapper, binary: io.BufferedReader) -> Iterator[str]:
        number = 0
        self._ended = False
        fresh = iter(text)
        while True:
            if self._again:
                line = self._again.popleft()
            else:
                line = next(fresh, "")
                number += 1
                if not number % 1_000:
                    self._progress.at = binary.tell()
            if not line:
                break
            self._taken.append(line)
            yield line
        self._ended = True
        self._progress.at = self._progress.size


def _delimiter(path: Path, encoding: str) -> str:
    """Return the delimiter that splits the first lines into most cells, as many lines as possible alike."""
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        lines = text.read(1 << 16).splitlines(keepends=True)[:60]

    def score(delimiter: str) -> float:
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells]
        except csv.Error:
            return 0
        # The last line of the sample may be cut in the middle.
        widths = widths[:-1] if len(widths) > 2 else widths
        if not widths:
            return 0
        width, times = max(Counter(widths).items(), key=lambda item: (item[1], item[0]))
        return width * times / len(widths) if width > 1 else 0

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
