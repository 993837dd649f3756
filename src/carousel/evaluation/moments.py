"""Read times as people write them: seconds, milliseconds or microseconds of the epoch, ISO, and common dates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%B-%Y", "%m %d, %Y",
          "%B %d, %Y", "%d %B %Y", "%Y.%m.%d", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%B-%y", "%d %B %y",
          "%Y%m%d")  # fmt: skip
_TIMES = ("%H:%M:%S%.f", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_SAMPLE = 500
_GOOD = 0.9  # share of the sample that a form has to read
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC).timestamp()
"""%Y reads the 24 of 31.12.24 as a year too; what lies before is a misreading, or stands for no date at all."""
_OFFSET = r"(:\d\d(?:\.\d+)?)\s?([+-])(\d\d)(?::?(\d\d))?$"
"""An offset behind a time of day; PostgreSQL writes whole hours without minutes."""
_TIME_OF_DAY = r"\d\d?:\d\d(:\d\d(\.\d+)?)?(\s?[AaPp][Mm])?"
_PLAUSIBLE = tuple(datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1995, 2100))
"""Logs of clicks and ratings begin with MovieLens, 1995; an id of nine digits is a second of 1973."""


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How the times of a column are written.

    :ivar formats: chrono formats to try one after the other; empty where the cells are numbers.
    :ivar unit: seconds in one unit of the number; 0 where only the order of the numbers means something.
    """

    name: str
    formats: tuple[str, ...] = ()
    unit: float = 1.0
    certain: bool = True

    def seconds(self, column: pl.Expr) -> pl.Expr:
        """Return the seconds since 1970 of a text column, null where a cell is no such time."""
        text = column.str.strip_chars()
        if not self.formats:
            return text.cast(pl.Float64, strict=False) * (self.unit or 1.0)
        # A zone in letters or as an offset is dropped unless it moves the clock; an offset is subtracted by hand.
        clean = text.str.replace(r"\[[\w/+-]+\]$", "").str.replace(r"\s*(UTC|GMT|Z)$", "")
        clean = clean.str.replace(r"(\d)T(\d)", "${1} ${2}")  # the T of OCT stays
        clean = clean.str.replace(r"(\d), ?(\d\d?:)", "${1} ${2}")  # the comma before a year stays
        clean = clean.str.replace(r"\s([AaPp][Mm])$", " ${1}")  # browsers write a narrow space there
        hours, minutes = (clean.str.extract(_OFFSET, i).cast(pl.Float64, strict=False).fill_null(0) for i in (3, 4))
        east = hours * 3600 + minutes * 60
        offset = pl.when(clean.str.extract(_OFFSET, 2) == "-").then(-east).otherwise(east)
        local = clean.str.replace(_OFFSET, "${1}")
        moments = pl.coalesce(local.str.to_datetime(f, time_unit="us", strict=False) for f in self.formats)
        seconds = moments.cast(pl.Int64).cast(pl.Float64) / 1e6
        return pl.when(seconds >= _EARLIEST).then(seconds - offset)


def time_form(cells: Sequence[str]) -> TimeForm | None:
    """Return how the times of some cells are written, or None where they are no times."""
    sample = [cell.strip() for cell in cells if cell and cell.strip()][:_SAMPLE]
    if not sample:
        return None
    numbers = [float(cell) for cell in sample if re.fullmatch(r"-?\d+(\.\d+)?([eE][+]?\d+)?", cell)]
    if len(numbers) >= _GOOD * len(sample):
        return _of_numbers(sorted(numbers))
    return _of_texts(sample)


def _of_numbers(numbers: Sequence[float]) -> TimeForm | None:
    middle = abs(numbers[len(numbers) // 2])
    if 19_000_101 <= middle <= 21_001_231 and all(1 <= n // 100 % 100 <= 12 and 1 <= n % 100 <= 31 for n in numbers):
        return TimeForm("dates as YYYYMMDD", ("%Y%m%d",))
    if 1.9e13 < middle < 2.1e13:
        return TimeForm("times as YYYYMMDDhhmmss", ("%Y%m%d%H%M%S",))
    for name, unit, low in (("nanoseconds", 1e-9, 1e17), ("microseconds", 1e-6, 1e14), ("milliseconds", 1e-3, 1e11)):
        if middle >= low:
            return TimeForm(f"{name} since 1970", unit=unit)
    if middle >= 1e8:
        return TimeForm("seconds since 1970", unit=1.0)
    return TimeForm("numbers that are no dates; only their order counts", unit=0.0, certain=False)


def _of_texts(sample: Sequence[str]) -> TimeForm | None:
    frame = pl.DataFrame({"t": sample})
    # A file may write some of its times with fractions and some without, so a date goes with every time of day.
    best: tuple[float, TimeForm] | None = None
    for date in _DATES:
        form = TimeForm(f"dates as {date}", (*(f"{date} {time}" for time in _TIMES), date))
        read = float(frame.select(form.seconds(pl.col("t")).is_not_null().mean()).item())
        if read >= _GOOD and (best is None or read > best[0]):
            best = (read, form)
    return best[1] if best else None


def is_time_of_day(cells: Sequence[str]) -> bool:
    """Return whether some cells say the time of day and not the day."""
    return bool(cells) and all(re.fullmatch(_TIME_OF_DAY, cell.strip()) for cell in cells)


def like_a_time(cells: Sequence[str]) -> tuple[bool, float, float] | None:
    """Return how much some cells without a name look like times, to compare columns by; None where they are none.

    Written dates come first, then what repeats least (users and items come back, moments seldom do), then what rises.
    """
    form = time_form(cells)
    if form is None or not form.certain or len(set(cells)) < 2:
        return None
    at = pl.DataFrame({"t": cells}).select(form.seconds(pl.col("t"))).to_series().drop_nulls().to_numpy()
    # A large number may be an id as well: it has to be a moment that somebody can have logged.
    plausible = np.count_nonzero((at >= _PLAUSIBLE[0]) & (at < _PLAUSIBLE[1]))
    if not form.formats and plausible < _GOOD * len(cells):
        return None
    return bool(form.formats), len(np.unique(at)) / len(at), np.count_nonzero(np.diff(at) >= 0) / len(at)


def other_order(form: TimeForm) -> TimeForm | None:
    """Return the form with day and month changed over, where that could be meant as well."""
    pairs = (("%d/%m/%Y", "%m/%d/%Y"), ("%d-%m-%Y", "%m-%d-%Y"), ("%d/%m/%y", "%m/%d/%y"))
    swaps = dict([*pairs, *(pair[::-1] for pair in pairs)])
    for given, other in swaps.items():
        if form.formats and form.formats[-1] == given:
            return TimeForm(f"dates as {other}", tuple(f.replace(given, other) for f in form.formats))
    return None
