"""What an import did: counts that add up, for people and for machines."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from carousel.catalogue.feeds.preview import MappedField
from carousel.catalogue.repository import WriteResult

_MOST_SHOWN = 20


@dataclass(frozen=True)
class FileReport:
    """How one file was understood.

    :ivar attributes: columns that are no field, and are kept as attributes.
    """

    path: Path
    form: str
    profile: str | None
    source: str
    mapping: dict[str, str]
    attributes: tuple[str, ...] = ()
    fields: tuple[MappedField, ...] = ()
    questions: tuple[str, ...] = ()
    rejects: Path | None = None


@dataclass
class ImportReport:
    """Every row read is exactly one of imported, updated, unchanged, duplicate or rejected.

    :ivar refused: why nothing was written although rows could be used; those are `held_back`.
    :ivar unnamed: rows that cannot be read and do not say which listing they mean, in a feed that has ids.
    :ivar not_withdrawn: listings that no row mentions and that stay, because an unnamed row may mean them.
    :ivar warnings: how many listings have each.
    :ivar unknown_values: (field, text) of words no table has, and in how many rows.
    :ivar passed_over: files of a folder that are no feed, and why.
    """

    read: int = 0
    written: WriteResult = field(default_factory=WriteResult)
    duplicates: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    withdrawn: int = 0
    unnamed: int = 0
    not_withdrawn: int = 0
    refused: str | None = None
    held_back: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    unknown_values: Counter[tuple[str, str]] = field(default_factory=Counter)
    passed_over: list[str] = field(default_factory=list)
    files: list[FileReport] = field(default_factory=list)
    seconds: float = 0.0
    dry_run: bool = False

    @property
    def rejected(self) -> int:
        return self.rejected_by_reason.total()

    @property
    def failure(self) -> str | None:
        """Why the catalogue holds nothing of this import, None when it does."""
        if self.refused is not None:
            return self.refused
        if self.written.imported + self.written.updated + self.written.unchanged:
            return None
        return f"none of the {self.read:,} rows could be used"

    @property
    def exit_code(self) -> int:
        return 0 if self.failure is None else 1

    @property
    def questions(self) -> list[str]:
        """What the files do not say, and the option that answers it."""
        asked = [question for file in self.files for question in file.questions]
        if count := self.warnings["currency_assumed"]:
            asked.append(f"nothing says the currency of {count:,} prices: say --currency CODE")
        if count := self.warnings["unit_assumed"]:
            asked.append(f"nothing says whether {count:,} distances are kilometres or miles: say --distance-unit km|mi")
        if self.not_withdrawn:
            asked.append(
                f"{self.unnamed:,} rows cannot be read and may be any of {self.not_withdrawn:,} listings that no row"
                " mentions, so none of these was withdrawn: mend the rows, or insist with --force"
            )
        return list(dict.fromkeys(asked))

    def to_json(self) -> dict[str, Any]:
        """Return the object `carousel import --json` prints."""
        mapping: dict[str, str] = {}
        for file in self.files:
            mapping = {**file.mapping, **mapping}
        return {
            "read": self.read,
            "imported": self.written.imported,
            "updated": self.written.updated,
            "unchanged": self.written.unchanged,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "rejected_by_reason": dict(self.rejected_by_reason.most_common()),
            "mapping": mapping,
            "attributes": list(dict.fromkeys(name for file in self.files for name in file.attributes)),
            "withdrawn": self.withdrawn,
            "refused": self.refused,
            "held_back": self.held_back,
            "questions": self.questions,
            "warnings": dict(self.warnings.most_common()),
            "unknown_values": [[*what, count] for what, count in self.unknown_values.most_common(_MOST_SHOWN)],
            "passed_over": self.passed_over,
            "fields": [mapped.to_json() for file in self.files[:1] for mapped in file.fields],
            "seconds": round(self.seconds, 3),
        }

    def printed(self) -> str:
        """Return that object as one line."""
        return orjson.dumps(self.to_json()).decode()


def show(report: ImportReport, console: Console) -> None:
    """Print how the files were understood and what became of their rows."""
    shown: set[tuple[object, ...]] = set()
    for file in report.files:
        understood = f"recognised as {file.profile}" if file.profile else "read by its column names and values"
        console.print(f"[bold]{file.path.name}[/]: {file.form}, {understood}, source {file.source}", highlight=False)
        key = (file.profile, file.attributes, *file.mapping.items())
        if key not in shown:
            show_it = _show_fields if report.dry_run else _show_mapping
            show_it(file, console)
            if file.attributes:
                kept = ", ".join(file.attributes)
                console.print(f"  kept as attributes: {kept}", style="dim", highlight=False, markup=False)
        shown.add(key)
    _show_counts(report, console)
    for problem in report.passed_over:
        console.print(f"passed over: {problem}", style="dim", highlight=False, markup=False)
    for file in report.files:
        if file.rejects is not None:
            console.print(f"rejected rows of {file.path.name}: {file.rejects}", highlight=False, soft_wrap=True)
    for question in report.questions:
        console.print(f"[yellow]?[/] {escape(question)}", highlight=False, soft_wrap=True)
    rate = report.read / report.seconds if report.seconds else 0
    done = "would be done (dry run)" if report.dry_run else "done"
    if report.refused is not None:
        done = "looked at"
        console.print(f"[red]Nothing was written:[/] {escape(report.refused)}", highlight=False, soft_wrap=True)
    console.print(f"{done} in {report.seconds:.1f} s, {rate:,.0f} rows/s", highlight=False)


def _show_mapping(file: FileReport, console: Console) -> None:
    mapping = ", ".join(f"{name} ← {column.strip()}" for name, column in file.mapping.items())
    console.print(f"  {mapping}", style="dim", highlight=False, markup=False)


def _show_fields(file: FileReport, console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("field", "column", "known by", "rows", "such as"):
        table.add_column(name, justify="right" if name == "rows" else "left", overflow="fold")
    for mapped in file.fields:
        samples = "; ".join(f"{cell} → {value}" for cell, value in mapped.samples)
        cells = (mapped.field, mapped.column.strip(), mapped.why, f"{mapped.coverage:.0%}", samples)
        table.add_row(*map(escape, cells))
    console.print(table)


def _show_counts(report: ImportReport, console: Console) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    counts = [
        ("read", report.read), ("imported", report.written.imported), ("updated", report.written.updated),
        ("unchanged", report.written.unchanged), ("duplicates", report.duplicates), ("rejected", report.rejected),
    ]  # fmt: skip
    for name, count in counts:
        table.add_row(name, f"{count:,}")
    for reason, count in report.rejected_by_reason.most_common():
        table.add_row(f"  {reason}", f"{count:,}", style="dim")
    more = (
        ("held back", report.held_back), ("withdrawn", report.withdrawn), ("not withdrawn", report.not_withdrawn),
    )  # fmt: skip
    for name, count in more:
        if count:
            table.add_row(name, f"{count:,}")
    if report.warnings:
        table.add_row("listings with a doubt")
    for warning, count in report.warnings.most_common(_MOST_SHOWN):
        table.add_row(f"  {warning}", f"{count:,}", style="dim")
    if report.unknown_values:
        table.add_row("words no table has (kept as attributes)")
    for (name, text), count in report.unknown_values.most_common(_MOST_SHOWN):
        table.add_row(f"  {name}: {escape(text)}", f"{count:,}", style="dim")
    console.print(table)
