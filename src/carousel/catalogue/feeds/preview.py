"""How a file was understood, for people: for each field its column, why, how many rows have it, and some of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from carousel.catalogue.feeds.convert import Converter
from carousel.catalogue.feeds.feed import Row
from carousel.catalogue.feeds.header import Header, mapping_of
from carousel.catalogue.listing import Listing, ListingId

_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class MappedField:
    """One field of a feed.

    :ivar coverage: share of the rows looked at that have it.
    :ivar samples: (cell, value) of some of them.
    """

    field: str
    column: str
    why: str
    coverage: float
    samples: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "field": self.field, "column": self.column, "why": self.why, "coverage": round(self.coverage, 3),
            "samples": [list(sample) for sample in self.samples],
        }  # fmt: skip


def preview(header: Header, converter: Converter, rows: Sequence[Row]) -> tuple[MappedField, ...]:
    """Convert some rows and say, field by field, what came of them."""
    pairs = [
        (row, outcome)
        for row in rows
        if row.problem is None and isinstance(outcome := converter.convert(row, _id(converter, row)), Listing)
    ]
    columns = {column.name: column for column in header.columns}
    return tuple(
        _mapped(field, columns[name].name, columns[name].why, columns[name].index, pairs)
        for field, name in mapping_of(header).items()
    )


def _id(converter: Converter, row: Row) -> ListingId:
    return converter.listing_id(row.cells, converter.digest(row.cells))


def _mapped(field: str, column: str, why: str, index: int, pairs: Sequence[tuple[Row, Listing]]) -> MappedField:
    said = [
        (row.cells[index].strip()[:60], _shown(field, listing))
        for row, listing in pairs
        if getattr(listing, field, None) not in (None, (), {})
    ]
    return MappedField(field, column, why, len(said) / max(len(pairs), 1), tuple(dict.fromkeys(said))[:_SAMPLES])


def _shown(field: str, listing: Listing) -> str:
    value = getattr(listing, field)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if field in ("price_amount", "msrp_amount"):
        return f"{value:,.2f} {listing.price_currency or ''}".strip()
    return str(value)[:60]
