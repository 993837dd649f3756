"""The command line: one line of work per command, one line of error.

Commands import what they need when they run: `--version` answers at once, and no process pays for another's libraries.
"""

import enum
import importlib
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from carousel import __version__
from carousel.errors import CarouselError, StartError
from carousel.processes import share_metrics
from carousel.settings import Settings

app = typer.Typer(
    help="Carousel: a real-time recommender for car marketplaces.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text, one line per error
)

HomeOption = Annotated[
    Path | None, typer.Option("--home", metavar="DIR", help="Folder of data and secrets [default: CAROUSEL_HOME].")
]
HostOption = Annotated[str | None, typer.Option(help="Address to listen on [default: 127.0.0.1].")]
PortOption = Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 picks a free one [default: 8080].")]


class DataflowName(enum.StrEnum):
    taste = "taste"


class DistanceUnit(enum.Enum):
    km = "km"
    mi = "mi"


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = dict(text.rpartition("=")[::2] for text in texts)
    if not all(column and name for column, name in pairs.items()):
        raise typer.BadParameter("--map takes COLUMN=FIELD, such as --map Preis=price_amount")
    return pairs


def _share(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise typer.BadParameter(f"{text!r} is not a share such as 1/2: I from 1 to N")
    return int(match[1]), int(match[2])


def main() -> None:
    """Run a command; an error that we foresaw is one line on standard error and its exit code."""
    try:
        app()
    except CarouselError as error:
        print(f"carousel: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("carousel: interrupted", file=sys.stderr)
        sys.exit(130)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        print(f"carousel {__version__}")
        raise typer.Exit


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
    from carousel.embedded import plan, supervisor

    settings = _start("up", home=home, host=host, port=port)
    supervisor.up(
        plan.Plan(settings, demo=demo, import_file=import_file, workers=workers),
        announce=lambda line: print(line, flush=True),
    )


@app.command()
def migrate(home: HomeOption = None) -> None:
    """Bring the database's tables up to date."""
    from carousel.embedded.attach import attached
    from carousel.embedded.prepare import prepare

    with attached(_start("migrate", home=home), migrated=False) as settings:
        print(f"{prepare(settings.database_url or '')} migrations applied")


@app.command()
def api(
    host: HostOption = None,
    port: PortOption = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes behind the port.")] = None,
) -> None:
    """Serve the HTTP API and the web page (one process of a deployment)."""
    share_metrics()
    settings = _start("api", host=host, port=port, api_workers=workers)
    from carousel.api import serve

    serve.serve(settings)


@app.command()
def dataflow(
    name: Annotated[DataflowName, typer.Argument(help="Which one.")],
    share: Annotated[str, typer.Option(metavar="I/N", help="Take share I of N of the partitions.")] = "1/1",
) -> None:
    """Run one process of a dataflow (one process of a deployment)."""
    settings = _start(f"dataflow-{name.value}")
    importlib.import_module(f"carousel.dataflows.{name.value}").run(settings, share=_share(share))


rebuild_app = typer.Typer(no_args_is_help=True, help="Recompute what is derived from the archive.")
app.add_typer(rebuild_app, name="rebuild")


@rebuild_app.command("taste")
def rebuild_taste(
    home: HomeOption = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the work.")] = 2,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the tastes that differ.")] = False,
) -> None:
    """Recompute every taste from the archive, beside live traffic, and swap those that differ."""
    settings = _start("rebuild", quiet=True, home=home)
    from carousel.dataflows.rebuild import rebuild
    from carousel.embedded.attach import attached

    with attached(settings) as urls:
        done = rebuild(urls.database_url or "", workers=workers, dry_run=dry_run, prune=settings.activity_months == 0)
    print(
        f"{done.events:,} events, {done.tastes:,} tastes: {done.changed:,} {'differ' if dry_run else 'replaced'}, "
        f"{done.removed:,} without events {'to remove' if dry_run else 'removed'}"
    )


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False)],
    home: HomeOption = None,
    source: Annotated[str | None, typer.Option(help="Name of the feed [default: recognised, or the file's].")] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of the prices, such as EUR.")] = None,
    distance_unit: Annotated[DistanceUnit | None, typer.Option(help="Unit of the mileage.")] = None,
    make: Annotated[str | None, typer.Option(help="Make of every listing, where no column says it.")] = None,
    column_map: Annotated[
        list[str] | None, typer.Option("--map", metavar="COLUMN=FIELD", help="Can be repeated.")
    ] = None,
    full_feed: Annotated[bool, typer.Option("--full-feed", help="Withdraw the source's listings not in it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="File for rejected rows [default: FILE.rejects.csv].")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Import listings from CSV, TSV, JSON, NDJSON or Parquet files."""
    settings = _start("import", quiet=True, home=home)
    from carousel.catalogue.feeds.run import ImportOptions
    from carousel.embedded.importing import import_files

    options = ImportOptions(
        source=source,
        currency=currency,
        assumed_currency=settings.currency,
        distance_unit=distance_unit.value if distance_unit else None,
        make=make,
        column_map=_pairs(column_map or []),
        full_feed=full_feed,
        dry_run=dry_run,
        rejects=rejects,
    )
    raise typer.Exit(import_files(settings, files, options, as_json=as_json))


@app.command("load-market", hidden=True)
def load_market(home: HomeOption = None) -> None:
    """Load the simulated market into an empty catalogue (`up --demo` does it by itself)."""
    from carousel import market
    from carousel.embedded.attach import attached

    with attached(_start("market", home=home)) as settings:
        market.load(settings)


def _start(process: str, *, quiet: bool = False, **given: object) -> Settings:
    """Read the settings, options first, and begin to log; `quiet` is for commands that tell people what they did."""
    from carousel.telemetry import configure_logging

    settings = _read_settings({name: value for name, value in given.items() if value is not None})
    level = "WARNING" if quiet and "log_level" not in settings.model_fields_set else settings.log_level
    configure_logging(process, level=level, log_format=settings.log_format)
    return settings


def _read_settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        # Without the value: it may be a secret.
        first = error.errors(include_input=False)[0]
        name = f"CAROUSEL_{str(first['loc'][0]).upper()}" if first["loc"] else "CAROUSEL_…"
        raise StartError(f"{name} is not usable: {first['msg']}") from None
