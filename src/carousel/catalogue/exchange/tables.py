"""What the two advertising feeds share: renaming of cells, the words of an enum, money, names."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any


def renamed(row: Mapping[str, str], fields: Mapping[str, str], known: Collection[str] = ()) -> dict[str, str]:
    """Give cells the importer's names.

    :param fields: {column: field}; the first column with a value wins.
    :param known: columns the caller reads itself.
    """
    record: dict[str, str] = {}
    cells = {name.strip().lower(): cell.strip() for name, cell in row.items()}
    for column, field in fields.items():
        if cells.get(column):
            record.setdefault(field, cells[column])
    for column, cell in cells.items():
        if cell and column not in fields and column not in known:
            record.setdefault(column, cell)
    return record


def translated(record: dict[str, str], field: str, words: Mapping[str, str]) -> None:
    """Replace a target's word by ours; a word that is not in its list stays, for the importer to judge."""
    said = record.get(field, "").lower()
    if said in words:
        record[field] = words[said]


def backwards(words: Mapping[str, str], **also: str) -> dict[str, str]:
    """Return {target's word: our word}; of several of ours with one word there the first one counts."""
    turned: dict[str, str] = {}
    for ours, theirs in words.items():
        turned.setdefault(theirs.lower(), ours)
    return {**turned, **also}


def money(document: Mapping[str, Any], field: str = "price_amount") -> str:
    """Write an amount as both feeds want it: "19990.00 EUR"; "" when there is none."""
    amount = document.get(field)
    return "" if amount is None else f"{Decimal(str(amount)):.2f} {document['price_currency']}"


def year(document: Mapping[str, Any]) -> str:
    """Return the model year, or the year of the first registration."""
    return str(document.get("model_year") or document["first_registration"][:4])


def name(document: Mapping[str, Any]) -> str:
    """Return the listing's title, or one made of year, make, model and variant."""
    parts = (year(document), document["make"], document["model"], document.get("variant"))
    return str(document.get("title") or " ".join(part for part in parts if part))
