"""A feed's mapping in a file: what `--map` and its friends say, and what words mean, kept beside the feed (TOML)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from carousel.catalogue.feeds.header import Header
from carousel.catalogue.listing import ENUMS, FIELD_NAMES
from carousel.errors import InputError

_OPTIONS = ("source", "currency", "distance_unit", "make")


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
    for name, table in words.items():
        allowed = ENUMS.get(name)
        if name not in FIELD_NAMES:
            raise InputError(f"--mapping {path}: [values.{name}] is no field", field="mapping")
        for text, value in table.items():
            if allowed is not None and value not in allowed:
                raise InputError(
                    f"--mapping {path}: {text!r} cannot be {value!r}; {name} is one of {', '.join(allowed)}",
                    field="mapping",
                )
    return FeedMapping(columns, words, {name: str(value) for name, value in stored.items()})


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
    "mileage_km": "km", "power_kw": "kw", "displacement_cc": "cc", "price_amount": "amount", "msrp_amount": "amount",
}  # fmt: skip
"""What a field's name ends with where a unit can stand in its place: mileage_mi."""
