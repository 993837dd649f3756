"""Commands that learn from what shoppers did, and measure what that is worth."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from carousel.cli.common import HomeOption, start, stores

app = typer.Typer()

_FIRST_SECONDS = 20.0  # of a demo, in which its history is counted
_AGAIN_SECONDS = 120.0
_LOWEST_PRIORITY = 19


@app.command()
def train(
    home: HomeOption = None,
    list_: Annotated[bool, typer.Option("--list", help="Show the versions there are.")] = False,
    serve: Annotated[
        int | None, typer.Option(metavar="VERSION", help="Serve an earlier version again; 0 serves without a model.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Serve the new version also if it predicts worse.")] = False,
    every: Annotated[
        float | None, typer.Option(metavar="HOURS", min=0.01, help="Stay, and train again and again.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Learn from the archive what similar shoppers want, and serve it from the next slate on."""
    if every is not None:
        _again_and_again(every, home)
        return
    with stores("train", home) as (settings, connection, _):
        from carousel.crowd import repository

        if list_:
            for known in repository.versions(connection):
                said = " ".join(f"{name}={value:,.2f}" for name, value in known.figures.items())
                now = "served" if known.served else ""
                print(f"{known.version:>6} {now:6} {known.trained_at:%Y-%m-%d %H:%M} {said}")
            return
        if serve is not None:
            repository.activate(connection, serve or None)
            print(f"version {serve} is served" if serve else "no version is served")
            return
        from rich.console import Console
        from rich.progress import Progress

        from carousel.recommend.placements import load
        from carousel.recommend.training import train_from_archive

        placements = load(settings.placements_file)  # a mistake in it is said before minutes are spent
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("training", total=None)
            done = train_from_archive(
                connection,
                placements,
                force=force,
                progress=lambda now, all_: bar.update(task, completed=now, total=all_),
            )
    if as_json:
        about = {"version": done.version, "served": done.served, "why_not": done.why_not}
        print(json.dumps({**about, "default_blend": done.default_blend, **done.figures}))
        return
    print(
        f"version {done.version}: {done.figures['choices']:,.0f} choices of {done.figures['histories']:,.0f} wishes; "
        f"a held-out choice is e^{done.figures['gain']:.2f} times as likely as by chance"
    )
    print(f"default blend: {done.default_blend}" if done.default_blend else "the terms of the score count as learned")
    print("served from the next slate on" if done.served else f"not served: {done.why_not} (--force serves it anyway)")


def _again_and_again(hours: float, home: Path | None) -> None:
    """Train in a process of its own each time, which gives its memory back, behind everything else that runs."""
    from carousel.telemetry import log

    start("train", home=home)
    logger = log(__name__)
    os.nice(_LOWEST_PRIORITY)
    stop = threading.Event()
    running: list[subprocess.Popen[str]] = []

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()
        for process in running:
            process.terminate()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    command = [sys.executable, "-P", "-m", "carousel", "train", "--json", *(("--home", str(home)) if home else ())]
    wait = _FIRST_SECONDS
    while not stop.wait(wait):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
        running[:] = [process]
        said, complaint = process.communicate()
        if stop.is_set():
            break
        if process.returncode == 0:
            logger.info("trained", **json.loads(said))
            wait = hours * 3_600
        else:
            logger.info("not trained", why=complaint.strip().splitlines()[-1:] or process.returncode)
            wait = min(_AGAIN_SECONDS, hours * 3_600)
