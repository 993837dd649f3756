"""Rejected rows of one file, in a file that appears whole, when the import has ended, and only when there are any."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self, TextIO

from carousel.catalogue.feeds.convert import Rejected
from carousel.catalogue.feeds.feed import Row
from carousel.catalogue.feeds.header import OF_REJECTS, of_rejects
from carousel.telemetry import log

_logger = log(__name__)
ENDING = ".rejects.csv"


class RejectsFile:
    """Collects rejected rows beside the file they may become; what is not kept is gone at the end of the context.

    :param named: the file as the caller named it; else it has a name of ours, in the current folder.
    """

    def __init__(self, feed: Path, columns: Sequence[str], *, named: Path | None = None) -> None:
        self._is_ours = named is None
        self._path = named or Path.cwd() / f"{feed.name.removesuffix(ENDING)}{ENDING}"
        self._is_feed = self._path.resolve() == feed.resolve()
        self._partial = self._path.with_name(f".{self._path.name}.{os.getpid()}.partial")
        self._skipped = of_rejects(columns)
        self._columns = columns[self._skipped :]
        self._file: TextIO | None = None
        self._failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._partial.unlink(missing_ok=True)

    def add(self, row: Row, why: Rejected) -> None:
        """Take a row; that it cannot be kept is said once and ends no import."""
        if self._failed:
            return
        try:
            if self._file is None:
                self._file = self._partial.open("w", encoding="utf-8", errors="replace", newline="")
                csv.writer(self._file).writerow([*OF_REJECTS, *self._columns])
            cells = [c.replace("\x00", "�") for c in row.cells[self._skipped :]]
            csv.writer(self._file).writerow([row.line, why.reason, why.detail, *cells])
        except OSError as error:
            self._fail(error)

    def keep(self, *, dry_run: bool, applied: bool) -> Path | None:
        """Put the file in its place and return it, or None where there is none.

        Mended rows are in no other file: a feed of rejects changes only after its good rows are in the catalogue. A dry
        run writes only a file that it was told to.
        """
        if (dry_run and self._is_ours) or (self._is_feed and not applied) or self._failed:
            return None
        if self._file is None:
            if self._is_ours and applied and not self._is_feed:
                self._path.unlink(missing_ok=True)  # those of an earlier import would look like this one's
            return None
        try:
            self._file.close()
            self._partial.replace(self._path)
        except OSError as error:
            self._fail(error)
            return None
        return self._path

    def _fail(self, error: OSError) -> None:
        self._failed = True
        _logger.warning("rejected rows not kept; name a file that can be written: --rejects", error=str(error))
