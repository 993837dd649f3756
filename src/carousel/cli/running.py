"""Commands that run Carousel and fill its catalogue."""

import enum
import importlib
import re
import sys
from pathlib import Path
from typing import Annotated

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
from carousel.errors import CarouselError
from carousel.processes import share_metrics

app = typer.Typer()
HostOption = Annotated[str | None, typer.Option(help="Address to listen on [default: 127.0.0.1].")]
PortOption = Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 picks a free one [default: 8080].")]


class DataflowName(enum.StrEnum):
    taste = "taste"
    factors = "factors"


def _share(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise typer.BadParameter(f"{text!r} is not a share such as 1/2: I from 1 to N")
    return int(match[1]), int(match[2])


@app.command()
def up(
    home: HomeOption = None,
    host: HostOption = None,
    port: PortOption = None,
    demo: Annotated[
        bool | None,
        typer.Option(
            "--demo/--no-demo",
            help="Log in by email, and a simulated market if the catalogue is empty [default: if it is empty].",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes of each dataflow.")] = 1,
    import_file: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Import a file instead of the simulated market.",
        ),
    ] = None,
) -> None:
    """Start database, event log, dataflows, API and web page; stop with Ctrl-C."""
    from carousel.api import checks
    from carousel.embedded import plan, supervisor
    from carousel.recommend import placements

    settings = start("up", home=home, host=host, port=port)
    checks.check_given(settings)  # mistakes are said before anything starts
    placements.load(settings.placements_file)
    supervisor.up(
        plan.Plan(settings, demo=demo, import_file=import_file, workers=workers),
        announce=lambda line: print(line, flush=True),
    )


@app.command()
def migrate(home: HomeOption = None) -> None:
    """Bring the database's tables up to date."""
    from carousel.embedded.attach import attached
    from carousel.embedded.prepare import prepare

    with attached(start("migrate", home=home), migrated=False) as settings:
        print(f"{prepare(settings.database_url or '', settings.partitions)} migrations applied")


@app.command()
def api(
    host: HostOption = None,
    port: PortOption = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes behind the port.")] = None,
) -> None:
    """Serve the HTTP API and the web page (one process of a deployment)."""
    with share_metrics():
        settings = start("api", host=host, port=port, api_workers=workers)
        from carousel.api import checks, serve
        from carousel.embedded.checks import free_port
        from carousel.recommend import placements

        # Said in one line here, not by each worker that dies of it.
        placements.load(settings.placements_file)
        checks.check(settings)
        checks.check_partitions(settings)
        # Its workers share the port, so the system would let another Carousel share it, too.
        serve.serve(settings.model_copy(update={"port": free_port(settings.host, settings.port)}))


@app.command()
def dataflow(
    name: Annotated[DataflowName, typer.Argument(help="Which one.")],
    share: Annotated[str, typer.Option(metavar="I/N", help="Take share I of N of the partitions.")] = "1/1",
) -> None:
    """Run one process of a dataflow (one process of a deployment)."""
    settings = start(f"dataflow-{name.value}")
    importlib.import_module(f"carousel.dataflows.{name.value}").run(settings, share=_share(share))


@app.command("import")
def import_(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Files, folders of them, or web addresses.", show_default=False)
    ],
    home: HomeOption = None,
    source: SourceOption = None,
    currency: CurrencyOption = None,
    distance_unit: DistanceUnitOption = None,
    make: MakeOption = None,
    column_map: MapOption = None,
    mapping: MappingOption = None,
    save_mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write what was recognised to such a file.")
    ] = None,
    full_feed: FullFeedOption = False,
    force: ForceOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what was understood and would be done.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="File for rejected rows [default: FILE.rejects.csv].")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Import listings from CSV, TSV, JSON, NDJSON or Parquet, or gzip of them."""
    settings = start("import", quiet=True, home=home)
    from carousel.catalogue.feeds.report import ImportReport
    from carousel.catalogue.feeds.run import ImportOptions
    from carousel.embedded.attach import is_reachable
    from carousel.embedded.home import Home
    from carousel.embedded.importing import import_files

    stop_as_with_ctrl_c()
    try:
        said = reading(
            mapping, source=source, currency=currency, distance_unit=distance_unit, make=make, column_map=column_map
        )
        options = ImportOptions(
            assumed_currency=settings.currency, full_feed=full_feed, dry_run=dry_run, force=force, rejects=rejects,
            save_mapping=save_mapping, **said,
        )  # fmt: skip
        code = import_files(settings, files, options, as_json=as_json)
    except CarouselError as error:
        if as_json:
            print(ImportReport(refused=str(error), dry_run=dry_run).printed())
        raise
    if not dry_run and not is_reachable(settings):
        home = Home.of(settings.home).path
        print(f"in home {home}, where nothing runs: `carousel up --home {home}` serves it", file=sys.stderr)
    raise typer.Exit(code)


@app.command("load-market", hidden=True)
def load_market(home: HomeOption = None) -> None:
    """Load the simulated market into an empty catalogue (`up --demo` does it by itself)."""
    from carousel import market
    from carousel.embedded.attach import attached

    with attached(start("market", home=home)) as settings:
        market.load(settings)
