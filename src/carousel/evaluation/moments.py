"""Read times as people write them: seconds, milliseconds or microseconds of the epoch, ISO, and common dates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%m %d, %Y",
          "%b %d, %Y", "%d %b %Y", "%Y.%m.%d", "%m/%d/%y", "%d.%m.%y")  # fmt: skip
_TIMES = ("%H:%M:%S%.f", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_SAMPLE = 500
_GOOD = 0.9  # share of the sample that a form has to read


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
        clean = text.str.replace(r"\s*(UTC|GMT|Z)$", "").str.replace("T", " ")
        sign = pl.when(clean.str.contains(r":\d\d(\.\d+)?\s?-\d\d:?\d\d$")).then(-1).otherwise(1)
        offset = sign * (
            clean.str.extract(r"[+-](\d\d):?\d\d$").cast(pl.Float64, strict=False).fill_null(0) * 3600
            + clean.str.extract(r"[+-]\d\d:?(\d\d)$").cast(pl.Float64, strict=False).fill_null(0) * 60
        )
        has_offset = clean.str.contains(r":\d\d(\.\d+)?\s?[+-]\d\d:?\d\d$")
        local = clean.str.replace(r"(:\d\d(?:\.\d+)?)\s?[+-]\d\d:?\d\d$", "${1}")
        moments = pl.coalesce(local.str.to_datetime(f, time_unit="us", strict=False) for f in self.formats)
        seconds = moments.cast(pl.Int64).cast(pl.Float64) / 1e6
        return seconds - pl.when(has_offset).then(offset).otherwise(0.0)


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


def other_order(form: TimeForm) -> TimeForm | None:
    """Return the form with day and month changed over, where that could be meant as well."""
    swaps = {"%d/%m/%Y": "%m/%d/%Y", "%m/%d/%Y": "%d/%m/%Y", "%d-%m-%Y": "%m-%d-%Y", "%m-%d-%Y": "%d-%m-%Y"}
    for given, other in swaps.items():
        if form.formats and form.formats[-1] == given:
            return TimeForm(f"dates as {other}", tuple(f.replace(given, other) for f in form.formats))
    return None
