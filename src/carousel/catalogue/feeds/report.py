"""What an import did: counts that add up, for people and for machines."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from carousel.catalogue.repository import WriteResult


@dataclass(frozen=True)
class FileReport:
    """How one file was understood."""

    path: Path
    form: str
    profile: str | None
    source: str
    mapping: dict[str, str]
    rejects: Path | None = None


@dataclass
class ImportReport:
    """Every row read is exactly one of imported, updated, unchanged, duplicate or rejected."""

    read: int = 0
    written: WriteResult = field(default_factory=WriteResult)
    duplicates: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    withdrawn: int = 0
    files: list[FileReport] = field(default_factory=list)
    seconds: float = 0.0
    dry_run: bool = False

    @property
    def rejected(self) -> int:
        return self.rejected_by_reason.total()

    @property
    def exit_code(self) -> int:
        """0 when the catalogue holds something of this import, 1 when nothing was usable."""
        return 0 if self.written.imported + self.written.updated + self.written.unchanged else 1

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
            "seconds": round(self.seconds, 3),
        }


def show(report: ImportReport, console: Console) -> None:
    """Print how the files were understood and what became of their rows."""
    shown: set[tuple[str | None, str]] = set()
    for file in report.files:
        understood = f"recognised as {file.profile}" if file.profile else "read by its column names"
        console.print(f"[bold]{file.path.name}[/]: {file.form}, {understood}, source {file.source}", highlight=False)
        mapping = ", ".join(f"{name} ← {column.strip()}" for name, column in file.mapping.items())
        if (file.profile, mapping) not in shown:
            console.print(f"  {mapping}", style="dim", highlight=False, markup=False)
        shown.add((file.profile, mapping))
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
    if report.withdrawn:
        table.add_row("withdrawn", f"{report.withdrawn:,}")
    console.print(table)
    for file in report.files:
        if file.rejects is not None:
            console.print(f"rejected rows of {file.path.name}: {file.rejects}", highlight=False, soft_wrap=True)
    rate = report.read / report.seconds if report.seconds else 0
    done = "would be done (dry run)" if report.dry_run else "done"
    console.print(f"{done} in {report.seconds:.1f} s, {rate:,.0f} rows/s", highlight=False)
