"""`carousel export`: what is stored, as a file. Without a command it exports the listings."""

import sys
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from carousel.cli.common import HomeOption, stores

export_app = typer.Typer(
    no_args_is_help=True, help="Write what is stored to a file; without a command: the listings, see `listings`."
)


ListingsFormat = Literal["jsonld", "google", "meta", "csv", "ndjson"]
FormatOption = Annotated[
    ListingsFormat, typer.Option("--format", help="schema.org JSON-LD, Google's or Meta's feed, CSV or NDJSON.")
]
StatusOption = Annotated[
    Literal["active", "reserved", "sold", "expired", "withdrawn", "all"],
    typer.Option("--status", help="Only these listings."),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", dir_okay=False, help="- is standard output [default: listings-FORMAT.…]."),
]
UrlOption = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Page of a listing that has none: https://…/{listing_id}"),
]


@export_app.callback(invoke_without_command=True)
def export_without_command(
    context: typer.Context,
    as_format: Annotated[
        ListingsFormat | None, typer.Option("--format", help="See `carousel export listings`.")
    ] = None,
    status: StatusOption = "active",
    output: OutputOption = None,
    base_url: UrlOption = None,
    home: HomeOption = None,
) -> None:
    if context.invoked_subcommand is not None:
        if as_format is not None:
            raise typer.BadParameter(
                f"give the options after the command: export {context.invoked_subcommand} --format …"
            )
        return
    if as_format is None:
        raise typer.BadParameter(f"--format is missing; use one of {', '.join(get_args(ListingsFormat))}")
    export_listings(as_format, status, output, base_url, home)


@export_app.command("listings")
def export_listings(
    as_format: FormatOption,
    status: StatusOption = "active",
    output: OutputOption = None,
    base_url: UrlOption = None,
    home: HomeOption = None,
) -> None:
    """Write the listings in a format that other systems read; what a format requires and a listing lacks is counted."""
    from carousel.catalogue.exchange.write import FORMATS, export

    form = FORMATS[as_format]
    file = output or Path(f"listings-{as_format}.{form.ending}")
    if not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"--output {file}: there is no such folder")
    with stores("export", home) as (_, connection, _):
        done = export(
            connection,
            None if str(file) == "-" else file,
            as_format,
            status=None if status == "all" else status,
            base_url=base_url,
        )
    where = "standard output" if str(file) == "-" else file
    left = f", {done.left_out:,} left out" if form.strict else ""
    print(f"{done.written:,} listings in {where}{left}", file=sys.stderr)
    for what, count in done.lacking.most_common():
        print(f"  {count:,} without {what}", file=sys.stderr)
