"""A feed's mapping in a file: what `--map` and its friends say, and what words mean, kept beside the feed (TOML)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import tomli_w

from carousel.catalogue.feeds.header import Header
from carousel.catalogue.listing import ENUMS, RANGES, Listing
from carousel.errors import InputError

_OPTIONS = ("source", "currency", "distance_unit", "make")
_KINDS: Mapping[Any, tuple[type[Any], ...]] = {
    str: (str,), str | None: (str,), bool | None: (bool,), int | None: (int,), float | None: (int, float),
    Decimal | None: (int, float),
}  # fmt: skip
_KIND_OF = {f.name: (str,) if f.name in ENUMS else _KINDS.get(f.type) for f in fields(Listing)}
"""What the values of a field are in TOML; None: no word can mean one."""


@dataclass(frozen=True)
class FeedMapping:
    """What a mapping file says."""

    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


def load(path: Path) -> FeedMapping:
    """Read a mapping file.

    :raises InputError: it cannot be read, or says something that is no field, option or value.
    """
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--mapping {path}: {error}", field="mapping") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"--mapping {path} is not TOML: {error}", field="mapping") from error
    columns, words = stored.pop("columns", {}), stored.pop("values", {})
    unknown = [name for name in stored if name not in _OPTIONS]
    if unknown:
        raise InputError(
            f"--mapping {path}: {unknown[0]!r} is unknown; use {', '.join(_OPTIONS)}, [columns] and [values.FIELD]",
            field="mapping",
        )
    if not isinstance(columns, dict) or not all(isinstance(target, str) for target in columns.values()):
        raise InputError(f'--mapping {path}: [columns] has lines such as "Preis" = "price_amount"', field="mapping")
    if not isinstance(words, dict):
        raise InputError(f"--mapping {path}: values is {words!r}; use a table [values.FIELD]", field="mapping")
    for name, table in words.items():
        if _KIND_OF.get(name) is None:
            raise InputError(f"--mapping {path}: [values.{name}] is no field that a word can mean", field="mapping")
        if not isinstance(table, dict):
            raise InputError(
                f'--mapping {path}: {name} is {table!r}; use a table [values.{name}] of lines "WORD" = value',
                field="mapping",
            )
        for text, value in table.items():
            if not _fits(name, value):
                raise InputError(
                    f"--mapping {path}: {text!r} cannot be {value!r}; {name} is {_expected(name)}",
                    field="mapping",
                )
    return FeedMapping(columns, words, {name: str(value) for name, value in stored.items()})


def _fits(name: str, value: Any) -> bool:
    kinds = _KIND_OF[name]
    if kinds is None or not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return False
    if name in RANGES:
        low, high = RANGES[name]
        return low <= float(value) <= high
    return name not in ENUMS or value in ENUMS[name]


def _expected(name: str) -> str:
    if name in ENUMS:
        return f"one of {', '.join(ENUMS[name])}"
    if name in RANGES:
        low, high = RANGES[name]
        return f"a number from {low:g} to {high:g}"
    return "true or false" if _KIND_OF[name] == (bool,) else "a text"


def save(path: Path, header: Header, options: Mapping[str, str | None], words: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what was recognised, so that the next import does not have to, and people can change it.

    :raises InputError: the file cannot be written.
    """
    columns = {
        column.name: f"{column.field.removesuffix(f'_{_END[column.field]}')}_{column.unit}"
        if column.unit and column.field in _END
        else column.field
        for column in header.columns
        if column.field is not None and not column.spare
    }
    document: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    document["columns"] = columns
    if words:
        document["values"] = {name: dict(table) for name, table in words.items()}
    try:
        path.write_text(tomli_w.dumps(document), encoding="utf-8")
    except OSError as error:
        raise InputError(f"--save-mapping {path}: {error.strerror}", field="save_mapping") from error


_END = {
    "mileage_km": "km", "electric_range_km": "km", "power_kw": "kw", "displacement_cc": "cc", "price_amount": "amount",
    "msrp_amount": "amount",
}  # fmt: skip
"""What a field's name ends with where a unit can stand in its place: mileage_mi."""
