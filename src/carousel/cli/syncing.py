"""Commands for feeds that come again: by a schedule, and those that were sent to the API."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import orjson
import typer

from carousel.cli.common import HomeOption, start, stop_as_with_ctrl_c
from carousel.cli.reading import (
    CurrencyOption,
    DistanceUnitOption,
    ForceOption,
    FullFeedOption,
    MakeOption,
    MapOption,
    MappingOption,
    SourceOption,
    reading,
)

app = typer.Typer()


@app.command()
def sync(
    feed: Annotated[str, typer.Argument(metavar="FILE|URL", envvar="CAROUSEL_FEED", help="A file, or http(s)://…")],
    every: Annotated[str | None, typer.Option(metavar="TIME", help="Again after 15m, 6h, 1d …")] = None,
    cron: Annotated[str | None, typer.Option(metavar="EXPRESSION", help="Again at '0 3 * * *' …")] = None,
    timezone: Annotated[str, typer.Option(help="Time zone of --cron, such as Europe/Prague.")] = "UTC",
    once: Annotated[bool, typer.Option("--once", help="Only now: for a scheduler of yours.")] = False,
    home: HomeOption = None,
    source: SourceOption = None,
    currency: CurrencyOption = None,
    distance_unit: DistanceUnitOption = None,
    make: MakeOption = None,
    column_map: MapOption = None,
    mapping: MappingOption = None,
    full_feed: FullFeedOption = False,
    force: ForceOption = False,
) -> None:
    """Import a feed now and again by a schedule, whenever it has changed; one line a run on standard output."""
    if sum((every is not None, cron is not None, once)) != 1:
        raise typer.BadParameter("say when: one of --every, --cron and --once")
    settings = start("sync", quiet=True, home=home)
    from carousel.catalogue.feeds.run import ImportOptions
    from carousel.embedded import syncing

    said = reading(
        mapping, source=source, currency=currency, distance_unit=distance_unit, make=make, column_map=column_map
    )
    options = ImportOptions(assumed_currency=settings.currency, full_feed=full_feed, force=force, **said)
    options.check(1)
    stop_as_with_ctrl_c()
    if once:
        raise typer.Exit(syncing.sync_once(settings, feed, options, tell=_say))
    schedule: syncing.Schedule
    schedule = syncing.Cron(cron, timezone) if cron is not None else syncing.Every(every or "", datetime.now(UTC))
    syncing.check_feed(feed)
    syncing.sync(settings, feed, options, schedule, tell=_say)


@app.command("import-upload", hidden=True)
def import_upload(import_id: UUID, file: Path, options: str) -> None:
    """Import a file that was sent to the API (which starts this), with its options as a JSON object."""
    settings = start("import")
    from carousel.catalogue.feeds.run import ImportOptions
    from carousel.embedded.recording import import_upload

    stop_as_with_ctrl_c()
    raise typer.Exit(import_upload(settings, import_id, file, ImportOptions(**orjson.loads(options))).exit_code)


def _say(line: str) -> None:
    print(line, flush=True)
