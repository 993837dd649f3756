"""Commands about the rules of the placements."""

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carousel.cli.common import HomeOption, start

if TYPE_CHECKING:
    from carousel.catalogue.snapshot import Snapshot
    from carousel.recommend.dry_run import DryRun

app = typer.Typer()
rules = typer.Typer(help="Rules of the placements.", no_args_is_help=True)
app.add_typer(rules, name="rules")


@rules.callback()
def group() -> None:
    """Keep `check` a command of its own, although it is the only one."""


@rules.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="[default: CAROUSEL_PLACEMENTS_FILE]", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check a placements file, and say what its rules would do to the running service's catalogue."""
    settings = start("rules", quiet=True, home=home)
    from carousel.embedded.attach import attached, is_reachable
    from carousel.recommend import placements
    from carousel.recommend.dry_run import dry_run

    path = file or settings.placements_file
    found = placements.load(path)
    done = None
    if is_reachable(settings):
        with attached(settings, migrated=False) as reached:
            snapshot = asyncio.run(_catalogue(str(reached.database_url)))
        done = dry_run(found, snapshot, datetime.now(UTC))
    if as_json:
        tried = asdict(done) if done else {"listings": None, "rules": None, "left": None, "warnings": []}
        shares = {e.name: {name: v["share"] for name, v in e.variants.items()} for e in found.experiments}
        print(json.dumps({"file": str(path) if path else None, "experiments": shares, **tried}))
        return
    print(
        f"{path or 'the packaged placements'}: no mistake; "
        f"{len(found.rules)} rules, {len(found.experiments)} experiments"
    )
    for experiment in found.experiments:
        shares_ = ", ".join(f"{name} {variant['share']:.1%}" for name, variant in experiment.variants.items())
        print(f"experiment {experiment.name} at {', '.join(experiment.placements)}: {shares_}")
    if done is None:
        print("no service runs here, so the rules were tried on no catalogue (--home names another)")
    else:
        _print(done)


def _print(done: "DryRun") -> None:
    print(f"\n{done.listings:,} listings on sale; each rule hits of those that the filters before it left:")
    width = max([len(rule.name) for rule in done.rules] + [len("listings left")])
    print(f"{'':{width}} {'':8} " + " ".join(f"{name:>9}" for name in done.left))
    for rule in done.rules:
        hits = " ".join(f"{rule.hits[name]:>9,}" if name in rule.hits else f"{'-':>9}" for name in done.left)
        print(f"{rule.name:{width}} {rule.action:8} {hits}{'' if rule.today else '  not today'}")
    print(f"{'listings left':{width}} {'':8} " + " ".join(f"{n:>9,}" for n in done.left.values()))
    for warning in done.warnings:
        print(f"note: {warning}")


async def _catalogue(database_url: str) -> "Snapshot":
    from carousel.catalogue.snapshot import LiveSnapshot
    from carousel.storage.postgres import make_pool

    async with make_pool(database_url, size=1) as pool, pool.connection() as connection:
        return await LiveSnapshot().current(connection)
