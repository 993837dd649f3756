"""Listings in the formats other companies read and write: schema.org JSON-LD, Google's feed, Meta's feed, CSV, NDJSON.

Reading is pure: a format's object or row becomes a flat record whose keys are the importer's own field names and
whose values are text with their unit ("12000 km", "19990 EUR"), so that one set of parsers reads every source.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from carousel.catalogue.exchange import google, meta


@dataclass(frozen=True, slots=True)
class StandardFeed:
    """How the rows of a table in a standard format are read.

    :param columns: names of what `cells` returns: the importer's fields, then the file's columns that are none.
    """

    name: str
    columns: tuple[str, ...]
    _given: tuple[str, ...]
    _unpack: Callable[[Mapping[str, str]], dict[str, str]]

    def cells(self, row: Sequence[str]) -> list[str]:
        """Return a row's cells in the order of `columns`, with "" for what it does not say."""
        record = self._unpack(dict(zip(self._given, row, strict=True)))
        return [record.get(name, "") for name in self.columns]


def standard_feed(columns: Sequence[str]) -> StandardFeed | None:
    """Recognise a standard feed by its header; None for every other file."""
    names = {name.strip().lower(): None for name in columns}
    for label, feed in (("Google vehicle listings", google), ("Meta automotive inventory", meta)):
        if feed.is_header(names):
            others = (name for name in names if not feed.is_read(name))
            return StandardFeed(label, tuple(dict.fromkeys((*feed.GIVES, *others))), tuple(columns), feed.unpack)
    return None
