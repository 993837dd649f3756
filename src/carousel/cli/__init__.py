"""The command line: one line of work per command, one line of error.

Commands import what they need when they run: `--version` answers at once, and no process pays for another's libraries.
"""

import os
import sys
from typing import Annotated

import typer

from carousel import __version__
from carousel.cli import evaluating, experimenting, keeping, ruling, running, simulating, syncing, training
from carousel.errors import CarouselError

app = typer.Typer(
    help="Carousel: a real-time recommender for car marketplaces.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text, one line per error
)
app.add_typer(running.app)
app.add_typer(keeping.app)
app.add_typer(syncing.app)
app.add_typer(simulating.app)
app.add_typer(training.app)
app.add_typer(evaluating.app)
app.add_typer(experimenting.app)
app.add_typer(ruling.app)


def main() -> None:
    """Run a command; an error that we foresaw is one line on standard error and its exit code."""
    # Several processes share the cores already, and a second thread of BLAS waits by spinning: with 145,000 listings
    # that was two thirds of what a slate cost. It is read when numpy is imported, which no command has done yet.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
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
