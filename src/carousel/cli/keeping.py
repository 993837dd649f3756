"""Commands that look after what is stored: backup, rebuild, export, dead letters, shoppers' rights."""

import enum
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from carousel.cli.common import HomeOption, start, started_before, stop_as_with_ctrl_c, stores
from carousel.cli.exporting import export_app
from carousel.errors import InputError, NotFoundError, StartError

if TYPE_CHECKING:
    from carousel.activity.dead_letters import Filter
    from carousel.settings import Settings
    from carousel.storage.postgres import Connection
    from carousel.storage.valkey import Valkey

app = typer.Typer()
DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


class LetterKind(enum.StrEnum):
    malformed = "malformed"
    refused = "refused"


class ExportFormat(enum.StrEnum):
    parquet = "parquet"
    csv = "csv"
    ndjson = "ndjson"


class ExportBy(enum.StrEnum):
    occurred_at = "occurred_at"
    received_at = "received_at"


rebuild_app = typer.Typer(no_args_is_help=True, help="Recompute what is derived from the archive.")
app.add_typer(rebuild_app, name="rebuild")


@rebuild_app.command("taste")
def rebuild_taste(
    home: HomeOption = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the work.")] = 2,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the tastes that differ.")] = False,
) -> None:
    """Recompute every taste from the archive, beside live traffic, and swap those that differ."""
    settings = started_before(start("rebuild", quiet=True, home=home))
    from carousel.dataflows.rebuild import rebuild
    from carousel.embedded.attach import attached

    with attached(settings) as urls:
        done = rebuild(urls.database_url or "", workers=workers, dry_run=dry_run, prune=settings.activity_months == 0)
    print(
        f"{done.events:,} events, {done.tastes:,} tastes: {done.changed:,} {'differ' if dry_run else 'replaced'}, "
        f"{done.removed:,} without events {'to remove' if dry_run else 'removed'}"
    )


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)],
    home: HomeOption = None,
) -> None:
    """Write everything to one file, also while it runs; the secrets are not in it."""
    from carousel.embedded import backup as backups

    stop_as_with_ctrl_c()
    # As it is: a backup is what people take before a new version migrates.
    with stores("backup", home, migrated=False) as (settings, _, valkey):
        done = backups.backup(str(settings.database_url), valkey, file, partitions=settings.partitions)
    rows = ", ".join(f"{count:,} {table}" for table, count in done.rows.items())
    print(f"{file}: {rows}, {done.entries:,} events on their way; {file.stat().st_size / 1e6:,.1f} MB")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    home: HomeOption = None,
) -> None:
    """Put everything back from a file of `backup`; nothing may run meanwhile."""
    from carousel.embedded import backup as backups
    from carousel.embedded.attach import attached
    from carousel.storage.valkey import make

    stop_as_with_ctrl_c()
    backups.read_manifest(file)
    started = start("restore", quiet=True, home=home)
    with attached(started, migrated=False) as settings, make(str(settings.valkey_url)) as valkey:
        done = backups.restore(
            str(settings.database_url), valkey, file, partitions=settings.partitions,
            token_seconds=settings.token_seconds, force=force,
        )  # fmt: skip
    rows = ", ".join(f"{count:,} {table}" for table, count in done.rows.items())
    print(f"restored as of {done.taken_at}: {rows}, {done.entries:,} events on their way")


app.add_typer(export_app, name="export")


@export_app.command("activity")
def export_activity(
    since: Annotated[datetime, typer.Option("--from", formats=DATES, help="First day or moment, UTC.")],
    until: Annotated[datetime, typer.Option("--to", formats=DATES, help="Up to but not including, UTC.")],
    as_format: Annotated[ExportFormat, typer.Option("--format")] = ExportFormat.parquet,
    by: Annotated[ExportBy, typer.Option(help="Which time: of the client, or of our receipt.")] = ExportBy.occurred_at,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="File [default: activity-FROM-TO.FORMAT].")] = None,
    home: HomeOption = None,
) -> None:
    """Write the events of a time, one row each."""
    from carousel.activity.export import export

    file = out or Path(f"activity-{since:%Y-%m-%d}-{until:%Y-%m-%d}.{as_format.value}")
    if since >= until:
        raise typer.BadParameter(f"--from {since} is not before --to {until}")
    if not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"--out {file}: there is no such folder")
    with stores("export", home) as (_, connection, _):
        count = export(
            connection, file, since=since.replace(tzinfo=UTC), until=until.replace(tzinfo=UTC), by=by.value,
            as_format=as_format.value,
        )  # fmt: skip
    print(f"{count:,} events in {file}")


IdArgument = Annotated[str | None, typer.Argument(metavar="[ID]", help="Of an account, or of an anonymous shopper.")]
SubjectOption = Annotated[
    str | None, typer.Option(help="The account as its OIDC provider names it (`sub`), or the email of a demo's.")
]


@app.command("export-shopper")
def export_shopper(
    shopper_id: IdArgument = None,
    subject: SubjectOption = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="File to write [default: standard output].")] = None,
    home: HomeOption = None,
) -> None:
    """Write everything held about a shopper as one JSON document."""
    from carousel.rights.export import export

    with stores("export", home) as opened:
        settings, connection, valkey = opened
        known = _known_shopper(shopper_id, subject, *opened)
        with _output(out) as file:
            for part in export(connection, valkey, known, partitions=settings.partitions):
                file.write(part)


@app.command("erase-shopper")
def erase_shopper(
    shopper_id: IdArgument = None,
    subject: SubjectOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = None,
) -> None:
    """Erase everything held about a shopper, and print the receipt."""
    from carousel.rights.erase import erase

    with stores("erase", home) as opened:
        settings, connection, valkey = opened
        known = _known_shopper(shopper_id, subject, *opened)
        if not yes:
            typer.confirm("Erase everything held about this shopper? It cannot be undone", abort=True)
        receipt = erase(connection, valkey, known, partitions=settings.partitions, token_seconds=settings.token_seconds)
    print(f"receipt {receipt.receipt_id}, {receipt.erased_at.isoformat(timespec='seconds')}")
    print(f"{receipt.ids} ids; removed " + ", ".join(f"{count:,} {store}" for store, count in receipt.removed.items()))


def _known_shopper(
    shopper_id: str | None, subject: str | None, settings: "Settings", connection: "Connection", valkey: "Valkey"
) -> str:
    """Return the id that is meant; a receipt for somebody of whom nothing is held would say that all is gone."""
    from carousel.rights.person import find, is_known

    if (shopper_id is None) == (subject is None):
        raise typer.BadParameter("name the shopper by ID or by --subject")
    meant = {shopper_id: f"the id {shopper_id!r}"} if shopper_id is not None else _accounts(str(subject), settings)
    for known in meant:
        person = find(connection, valkey, known, partitions=settings.partitions)
        if is_known(connection, valkey, person, partitions=settings.partitions):
            return known
    raise NotFoundError(
        f"nothing is held under {' or '.join(meant.values())}; GET /v1/me tells a shopper's id, --subject finds an "
        "account of the issuer in CAROUSEL_OIDC_ISSUER",
        field="shopper_id",
    )


def _accounts(subject: str, settings: "Settings") -> dict[str, str]:
    """Return the ids an account may have, with what each stands for.

    :raises StartError: nobody has said who issues the subject.
    """
    from carousel.activity.shoppers import account_id, demo_shopper_id
    from carousel.embedded.home import Home

    mode = Home.of(settings.home).read_mode()
    meant: dict[str, str] = {}
    if issuer := settings.oidc_issuer or mode.get("oidc_issuer"):
        meant[account_id(str(issuer), subject)] = f"the subject {subject!r} of {issuer}"
    if settings.demo or mode.get("demo"):
        meant[demo_shopper_id(subject)] = f"the demo's email {subject!r}"
    if not meant:
        raise StartError(
            f"--subject {subject}: nobody has said whose subject it is; set CAROUSEL_OIDC_ISSUER to what the API has"
        )
    return meant


letters_app = typer.Typer(no_args_is_help=True, help="Entries of the log that could not be applied.")
app.add_typer(letters_app, name="dead-letters")
LetterIds = Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="As `list` shows them.")]
KindOption = Annotated[LetterKind | None, typer.Option(help="malformed: no event; refused: by the database.")]
ReasonOption = Annotated[str | None, typer.Option(help="Text that the reason contains.")]
SinceOption = Annotated[datetime | None, typer.Option(help="Only those that failed since.", formats=DATES)]
AllOption = Annotated[bool, typer.Option("--all", help="All of them.")]


@letters_app.command("list")
def list_letters(
    kind: KindOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    home: HomeOption = None,
) -> None:
    """List dead letters, the oldest first: id, when, kind and reason."""
    from carousel.activity import dead_letters

    with stores("dead-letters", home) as (_, connection, _):
        letters = dead_letters.find(connection, _filter(None, kind, reason, since), limit=limit)
        total = sum(dead_letters.counts(connection).values())
    for letter in letters:
        print(f"{letter.letter_id}  {letter.failed_at:%Y-%m-%d %H:%M:%S}  {letter.kind}  {letter.reason[:200]}")
    print(f"{len(letters):,} of {total:,} dead letters", file=sys.stderr)


@letters_app.command("show")
def show_letters(ids: Annotated[list[str], typer.Argument(metavar="ID…")], home: HomeOption = None) -> None:
    """Show dead letters with their reason and their payload."""
    from carousel.activity import dead_letters

    with stores("dead-letters", home) as (_, connection, _):
        for letter in dead_letters.find(connection, _filter(ids)):
            print(f"{letter.letter_id}\n  failed   {letter.failed_at.isoformat()}\n  kind     {letter.kind}")
            print(f"  reason   {letter.reason}\n  payload  {dead_letters.readable(letter)}")


@letters_app.command("retry")
def retry_letters(
    ids: LetterIds = None,
    every: AllOption = False,
    kind: KindOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    payload: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File with the mended event, for one ID.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Send dead letters down the log again, after what was wrong has been mended; each counts once."""
    from carousel.activity import dead_letters

    if payload and len(ids or []) != 1:
        raise typer.BadParameter("--payload mends one letter; give its ID")
    mended = payload.read_bytes().strip() if payload else None
    sent = 0
    with stores("dead-letters", home) as (settings, connection, valkey):
        letters = dead_letters.find(connection, _filter(ids, kind, reason, since, every=every))
        for letter in letters:
            try:
                dead_letters.retry(connection, valkey, letter, partitions=settings.partitions, payload=mended)
                sent += 1
            except InputError as error:
                print(f"{letter.letter_id} stays: {error}", file=sys.stderr)
    print(f"{sent:,} sent again, {len(letters) - sent:,} stay")
    raise typer.Exit(0 if sent == len(letters) else 1)


@letters_app.command("drop")
def drop_letters(
    ids: LetterIds = None,
    every: AllOption = False,
    kind: KindOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    home: HomeOption = None,
) -> None:
    """Forget dead letters."""
    from carousel.activity import dead_letters

    with stores("dead-letters", home) as (_, connection, _):
        letters = dead_letters.find(connection, _filter(ids, kind, reason, since, every=every))
        for letter in letters:
            dead_letters.drop(connection, letter)
    print(f"{len(letters):,} dropped")


def _filter(
    ids: list[str] | None,
    kind: LetterKind | None = None,
    reason: str | None = None,
    since: datetime | None = None,
    *,
    every: bool = True,
) -> "Filter":
    from carousel.activity.dead_letters import Filter

    if not (ids or kind or reason or since or every):
        raise typer.BadParameter("name the letters by ID, --kind, --reason or --since, or take --all")
    since = since.replace(tzinfo=UTC) if since else None
    return Filter(ids or (), kind.value if kind else None, reason, since)


@contextmanager
def _output(path: Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdout.buffer
        return
    with path.open("wb") as file:
        if path.is_file():
            path.chmod(0o600)  # it is about a person
        yield file
