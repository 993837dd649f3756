"""Recognise a header: which column holds which field, and in which unit.

A cell is normalised (lower case, no accents, camelCase split, the rest underscores), then looked up: what the caller
said with `--map`, the source's profile, the synonyms. A unit at the end of a cell counts: "Mileage (mi)", "power_ps".
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from carousel.catalogue.feeds.letters import fold, names
from carousel.catalogue.feeds.profiles import Profile, recognise
from carousel.catalogue.listing import FIELD_NAMES, RATES_PER_EUR
from carousel.errors import InputError, UnusableFeedError

IGNORE = "ignore"
OF_REJECTS = ("line", "reason", "detail")
"""What a file of rejected rows begins with: when it was mended and comes back, these say nothing of the car."""


def of_rejects(columns: Sequence[str]) -> int:
    """Return how many columns stand before a feed's own because it is a file of rejects that comes back."""
    return len(OF_REJECTS) if tuple(columns[: len(OF_REJECTS)]) == OF_REJECTS else 0


ROW_NUMBERS = {"index", "unnamed_0", "row", "row_number", "column_1"}
"""Columns that number the rows of a file, and say nothing of the car."""

_LONGEST_NAME = 80  # characters of a name of a column
_KILOWATTS = re.compile(r"(?<![^\W\d_])kW(?![a-z])")  # a capital letter inside a word begins another one, but for this
_NUMBERED = re.compile(r"_?[2-9]$")
PART_OF_A_FIELD = ("registration_month", "wanted", "make_and_model", "accident", "last_seen")
"""Columns that are no field by themselves."""

_DEEPEST_PATH = 4
_DEEP = 100  # the rank of a name inside a path: whatever stands at the top is preferred
_HOLDS_A_VALUE = {"value", "amount", "name", "text", "label", "formatted"}
_MEANT_IN_A_PATH = {
    "make", "brand", "model", "trim", "variant", "year", "model_year", "mileage", "odometer", "price", "currency",
    "fuel", "fuel_type", "transmission", "gearbox", "drivetrain", "body_type", "body_style", "power", "displacement",
    "doors", "seats", "vin", "color", "city", "region", "postal_code", "postcode", "zip", "zipcode", "zip_code",
    "country", "country_code", "latitude", "longitude", "lat", "lon", "lng", "condition", "url", "description", "co2",
    "cylinders", "first_registration", "consumer_price_amount", "consumer_price_gross", "damage_and_unrepaired",
    "local_description",
}  # fmt: skip
"""Names that mean the car also deep inside a record; others may be of the seller, of a picture …"""

# The units a header cell may end with.
_UNITS = {
    "mileage_km": {"km": "km", "kms": "km", "mi": "mi", "miles": "mi", "mile": "mi", "mil": "mil"},
    "power_kw": {"kw": "kw", "ps": "ps", "cv": "ps", "km": "ps", "hp": "bhp", "bhp": "bhp"},
    "displacement_cc": {"cc": "cc", "ccm": "cc", "cm3": "cc", "l": "l", "litres": "l"},
    "electric_range_km": {"km": "km", "mi": "mi", "miles": "mi"},
    "consumption_l_100km": {"mpg": "mpg", "l_100km": "l"},
    "price_amount": {code.lower(): code for code in RATES_PER_EUR},
    "msrp_amount": {code.lower(): code for code in RATES_PER_EUR},
}
_WHOLE_CELLS = {
    "kw": ("power_kw", "kw"), "hp": ("power_kw", "bhp"), "ps": ("power_kw", "ps"), "bhp": ("power_kw", "bhp"),
    "km": ("mileage_km", "km"), "kms": ("mileage_km", "km"), "km_driven": ("mileage_km", "km"),
    "kms_driven": ("mileage_km", "km"), "kilometer": ("mileage_km", "km"), "kilometers": ("mileage_km", "km"),
    "kilometre": ("mileage_km", "km"), "kilometerstand": ("mileage_km", "km"), "laufleistung": ("mileage_km", "km"),
    "horsepower": ("power_kw", "bhp"), "miles": ("mileage_km", "mi"), "miltal": ("mileage_km", "mil"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where it is, what its header says, the field it holds and its unit when the header gives one.

    :ivar why: how the field is known, for people: "its name", "--map", "profile craigslist", "97% are years".
    :ivar spare: another column holds the field; this one is read where that one says nothing ("mileage2").
    :ivar month_first: how its values write a date, where they show it.
    """

    index: int
    name: str
    field: str | None
    unit: str | None = None
    why: str = ""
    spare: bool = False
    month_first: bool | None = None


@dataclass(frozen=True)
class Header:
    """A recognised header.

    :ivar questions: what is ambiguous, and the option that settles it.
    """

    columns: tuple[Column, ...]
    profile: Profile | None
    questions: tuple[str, ...] = ()

    def of(self, field: str) -> Column | None:
        return next((c for c in self.columns if c.field == field and not c.spare), None)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns that are no field, and are kept as attributes."""
        return tuple(c.name.strip() for c in self.columns if c.field is None)

    @property
    def fields(self) -> dict[str, str]:
        """Return {field: column}, in the order of the columns."""
        return {c.field: c.name for c in self.columns if c.field is not None and c.field != IGNORE and not c.spare}


_GIVES = {
    "make_and_model": ("make", "model", "variant"),
    "registration_month": ("first_registration",),
    "accident": ("accident_free",),
    "wanted": (),
    "last_seen": ("attributes",),
}
"""The fields a column of `PART_OF_A_FIELD` gives."""


def mapping_of(header: Header) -> dict[str, str]:
    """Return {canonical field: column} for people: a column that gives several fields stands at each of them."""
    mapping = {field: column for field, column in header.fields.items() if field not in _GIVES}
    for field, column in header.fields.items():
        for given in _GIVES.get(field, ()):
            mapping.setdefault(given, column)
    return mapping


def normalise(cell: str) -> str:
    """Return a header cell in its plain form: "yearOfRegistration " is "year_of_registration"."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _KILOWATTS.sub("kw", cell.strip()))
    return re.sub(r"[^\w]+|_+", "_", fold(split)).strip("_")


def _synonyms() -> tuple[dict[str, tuple[str, int]], dict[str, tuple[str, str]]]:
    """Read `columns.toml`; return {cell without underscores: (field, rank)} and {cell: (field, unit)}.

    The rank is the place among the names of one language, so that of two columns for one field the better name wins.
    """
    stored = tomllib.loads((files(__package__) / "columns.toml").read_text(encoding="utf-8"))
    of_cell: dict[str, tuple[str, int]] = {}
    with_unit: dict[str, tuple[str, str]] = {}
    for field, languages in stored.items():
        for text in languages.values():
            for rank, (name, folded) in enumerate(zip(names(text), names(fold(text)), strict=True)):
                name, _, unit = name.partition(":")
                of_cell.setdefault(re.sub(r"[\W_]+", "", folded.partition(":")[0]), (field, rank))
                if unit:
                    with_unit.setdefault(normalise(name), (field, unit))
    return of_cell, with_unit


_OF_CELL, _WITH_UNIT = _synonyms()
_WHOLE_CELLS |= _WITH_UNIT


def recognise_header(cells: Sequence[str], *, said: Mapping[str, str] | None = None, file: str = "the file") -> Header:
    """Map a header's cells to fields.

    :param said: {column: field} by the caller, which wins; a field may end in a unit ("mileage_mi"), or be "ignore".
    :raises InputError: `said` names a column the file does not have, or a field nobody knows.
    """
    normal = [normalise(c) for c in cells]
    profile = recognise(frozenset(normal))
    chosen = _said(cells, said or {}, file)
    chosen = dict.fromkeys(range(of_rejects(cells)), (IGNORE, None)) | chosen
    candidates: list[tuple[int, int, str, str | None, str]] = []  # (rank, index, field, unit, why)
    spares: list[tuple[int, str, str | None]] = []
    for index, cell in enumerate(normal):
        if index in chosen:
            candidates.append((-2, index, *chosen[index], "--map"))
        elif profile is not None and cell in profile.fields:
            field, _, unit = profile.fields[cell].partition(":")
            candidates.append((-1, index, field, unit or None, f"profile {profile.name}"))
        elif (found := _look_up(cell, is_path="." in cells[index])) is not None:
            candidates.append((found[2], index, found[0], found[1], "its name"))
        elif (found := _look_up(_NUMBERED.sub("", cell))) is not None:
            spares.append((index, found[0], found[1]))
    taken: dict[str, int] = {}
    of_index: dict[int, Column] = {}
    for _, index, field, said_unit, why in sorted(candidates, key=lambda c: c[:2]):
        if field == IGNORE or taken.setdefault(field, index) == index:
            of_index[index] = Column(index, cells[index], field, said_unit, why)
    for index, field, said_unit in spares:
        if field != IGNORE:
            spare = taken.setdefault(field, index) != index
            of_index[index] = Column(index, cells[index], field, said_unit, "its name", spare)
    return Header(tuple(of_index.get(i, Column(i, name, None)) for i, name in enumerate(cells)), profile)


def known_cells(cells: Sequence[str]) -> int:
    """Return how many cells are names of columns somebody uses."""
    return sum(_look_up(normalise(cell)) is not None for cell in cells if len(cell) < _LONGEST_NAME)


def _said(cells: Sequence[str], said: Mapping[str, str], file: str) -> dict[int, tuple[str, str | None]]:
    chosen: dict[int, tuple[str, str | None]] = {}
    for column, target in said.items():
        at = [i for i, c in enumerate(cells) if c.strip() == column.strip()]
        at = at or [i for i, c in enumerate(cells) if normalise(c) == normalise(column)]
        if not at:
            raise InputError(
                f"--map {column}={target}: {file} has no column {column!r}, only {_list(cells)}", field="map"
            )
        found = _look_up(normalise(target))
        if target in _TARGETS and (found is None or found[0] != target):
            found = (target, None, 0)
        if found is None:
            raise InputError(
                f"--map {column}={target}: {target!r} is no field; use one of {', '.join(_TARGETS)}", field="map"
            )
        chosen[at[0]] = (found[0], found[1])
    return chosen


_TARGETS = (
    *(name for name in FIELD_NAMES if name not in ("attributes", "import_warnings", "source")),
    *PART_OF_A_FIELD,
    IGNORE,
)


def _look_up(cell: str, *, is_path: bool = False) -> tuple[str, str | None, int] | None:
    """Return (field, unit, rank) of a normalised cell.

    :param is_path: the cell is the path of a nested value, "vehicle.engine.power.value", whose last words count.
    """
    found = _look_up_words(cell)
    if found is not None or not is_path:
        return found
    words = cell.split("_")
    if words[-1] in _HOLDS_A_VALUE:
        words = words[:-1]
    for start in range(min(len(words), _DEEPEST_PATH)):
        end = "_".join(words[start:])
        # A name alone is a field of the car at the top; deep inside it may be of anything.
        if (not start or end in _MEANT_IN_A_PATH) and (found := _look_up_words(end)) is not None:
            return found[0], found[1], found[2] + _DEEP
    return None


def _look_up_words(cell: str) -> tuple[str, str | None, int] | None:
    if cell in _WHOLE_CELLS:
        return (*_WHOLE_CELLS[cell], 1)
    found = _OF_CELL.get(cell.replace("_", ""))
    if found is not None:
        return found[0], None, found[1]
    for field, units in _UNITS.items():
        for ending, unit in units.items():
            base = cell.removesuffix(f"_{ending}").removesuffix("_in")
            if base != cell and (known := _OF_CELL.get(base.replace("_", ""))) is not None and known[0] == field:
                return field, unit, known[1]
    return None


def require(header: Header, *, make: str | None, file: str) -> None:
    """Check that a header says enough to make listings of.

    :param make: the make of every row, when the caller or the file's name gives it.
    :raises UnusableFeedError: nothing says make, model or year; the message says what to do.
    """
    cells = [c.name for c in header.columns]
    has = header.fields.keys()
    missing = []
    split = has & {"make_and_model", "title"}
    # A model's name may say its make, and a title the year.
    if not has & {"make", "model"} and make is None and not split:
        missing.append("make")
    if "model" not in has and not split:
        missing.append("model")
    if not has & {"model_year", "first_registration"} and not split:
        missing.append("model_year")
    if missing:
        cure = " ".join(f'--map "COLUMN={name}"' for name in missing)
        also = ", or --make NAME for all rows" if missing == ["make"] else ""
        asked = "".join(f"; {question}" for question in header.questions)
        raise UnusableFeedError(
            f"{file}: no column for {', '.join(missing)} among {_list(cells)}; name it with {cure}{also}{asked}",
            field="map",
        )


def _list(cells: Sequence[str]) -> str:
    shown = ", ".join(repr(c.strip()[:40]) for c in cells[:40])
    return shown + (f" and {len(cells) - 40} more" if len(cells) > 40 else "")
