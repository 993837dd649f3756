"""How a feed is to be read: options that `import` and `sync` share."""

import enum
from pathlib import Path
from typing import Annotated, Any

import typer


class DistanceUnit(enum.Enum):
    km = "km"
    mi = "mi"


SourceOption = Annotated[str | None, typer.Option(help="Name of the feed [default: recognised, or the file's].")]
CurrencyOption = Annotated[str | None, typer.Option(help="Currency of the prices, such as EUR.")]
DistanceUnitOption = Annotated[DistanceUnit | None, typer.Option(help="Unit of the mileage.")]
MakeOption = Annotated[str | None, typer.Option(help="Make of every listing, where no column says it.")]
MapOption = Annotated[list[str] | None, typer.Option("--map", metavar="COLUMN=FIELD", help="Can be repeated.")]
MappingOption = Annotated[
    Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Read all of that from a file.")
]
FullFeedOption = Annotated[bool, typer.Option("--full-feed", help="Withdraw the source's listings not in it.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Write although most rows are rejected or much of the stock is gone.")
]


def reading(
    mapping: Path | None,
    *,
    source: str | None,
    currency: str | None,
    distance_unit: DistanceUnit | None,
    make: str | None,
    column_map: list[str] | None,
) -> dict[str, Any]:
    """Return the fields of `ImportOptions` that a mapping file and the command line say together; the latter wins.

    :raises InputError: the mapping file cannot be right.
    """
    from carousel.catalogue.feeds import mapping_file

    said = mapping_file.load(mapping) if mapping else mapping_file.FeedMapping()
    options = {
        "source": source, "currency": currency, "distance_unit": distance_unit and distance_unit.value, "make": make,
    }  # fmt: skip
    return {
        **{name: value or said.options.get(name) for name, value in options.items()},
        "column_map": {**said.columns, **_pairs(column_map or [])},
        "words": said.words,
    }


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = dict(text.rpartition("=")[::2] for text in texts)
    if not all(column and name for column, name in pairs.items()):
        raise typer.BadParameter("--map takes COLUMN=FIELD, such as --map Preis=price_amount")
    return pairs
