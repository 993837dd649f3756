"""`carousel evaluate` and `carousel tune`: replay past activity, and search for settings on it."""

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carousel.cli.common import HomeOption, stores
from carousel.errors import InputError, UnusableFeedError
from carousel.processes import temporary_folder

if TYPE_CHECKING:
    from carousel.evaluation.carousel import Settings
    from carousel.evaluation.dataset import Dataset
    from carousel.evaluation.stock import Listings, Stock

app = typer.Typer()

InteractionsOption = Annotated[
    Path | None, typer.Option("--interactions", metavar="FILE", help="A log [default: our own archive, see --home].")
]
ListingsOption = Annotated[
    Path | None, typer.Option("--listings", metavar="FILE", help="A feed of the listings, in any form we import.")
]
UserOption = Annotated[str | None, typer.Option("--user", metavar="COLUMN", help="Column of the user.")]
ItemOption = Annotated[str | None, typer.Option("--item", metavar="COLUMN", help="Column of the item.")]
TimeOption = Annotated[str | None, typer.Option("--time", metavar="COLUMN", help='Column of the time; "" for none.')]
TypeOption = Annotated[str | None, typer.Option("--type", metavar="COLUMN", help='Column of the type; "" for none.')]
StrengthOption = Annotated[
    str | None, typer.Option("--strength", metavar="COLUMN", help='Column of a rating or a count; "" for none.')
]
MinRatingOption = Annotated[float | None, typer.Option(help="Ratings below it do not count as interest.")]
MinPerUserOption = Annotated[int, typer.Option(min=1, help="Leave out users with fewer items.")]
MinPerItemOption = Annotated[int, typer.Option(min=1, help="Leave out items with fewer users.")]
TestDaysOption = Annotated[
    float | None, typer.Option(min=0, help="Ask about the last so many days [default: a tenth of the time].")
]
TargetsOption = Annotated[int, typer.Option(min=1, help="Items asked for per user.")]
RepeatsOption = Annotated[bool, typer.Option("--repeats", help="What a user had before may be right again.")]
AllStockOption = Annotated[bool, typer.Option("--all-stock", help="Every item can be recommended at any time.")]
SeedOption = Annotated[int, typer.Option(help="The same figures for the same seed.")]


@app.command()
def evaluate(
    interactions: InteractionsOption = None,
    listings: ListingsOption = None,
    k: Annotated[int, typer.Option(min=1, max=1_000, help="Length of the list that is judged.")] = 10,
    models: Annotated[str | None, typer.Option(help="Only these, with commas between; a wrong name lists all.")] = None,
    split: Annotated[str, typer.Option(help="time, last or both.")] = "both",
    test_days: TestDaysOption = None,
    targets: TargetsOption = 1,
    repeats: RepeatsOption = False,
    max_users: Annotated[
        int | None,
        typer.Option(min=1, help="Ask about so many users at most, drawn by the seed [default: 2,000 to 10,000]."),
    ] = None,
    all_stock: AllStockOption = False,
    user: UserOption = None,
    item: ItemOption = None,
    time_column: TimeOption = None,
    type_column: TypeOption = None,
    strength: StrengthOption = None,
    min_rating: MinRatingOption = None,
    min_per_user: MinPerUserOption = 1,
    min_per_item: MinPerItemOption = 1,
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="What `carousel tune` wrote.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write evaluation.md, .html and .json there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    seed: SeedOption = 1,
    home: HomeOption = None,
) -> None:
    """Compare Carousel with nine other models on past activity, ours or any log with a user and an item per row."""
    import orjson

    from carousel.evaluation.models import chosen
    from carousel.evaluation.page import page
    from carousel.evaluation.replay import MODELS, EvaluateOptions
    from carousel.evaluation.replay import evaluate as replay
    from carousel.evaluation.report import Report, markdown, to_json

    splits = {"time": ("time",), "last": ("last",), "both": ("time", "last")}.get(split)
    if splits is None:
        raise InputError(f"--split {split}: use time, last or both", field="split")
    names = chosen(models.split(",") if models else None, list(MODELS))
    options = EvaluateOptions(
        k=k, models=tuple(names), splits=splits, test_days=test_days, targets=targets, repeats=repeats,
        max_users=max_users, seed=seed, settings=_settings(settings) if settings else None,
    )  # fmt: skip
    reading = {
        "user": user, "item": item, "time": time_column, "type": type_column, "strength": strength,
        "min_rating": min_rating, "min_per_user": min_per_user, "min_per_item": min_per_item, "seed": seed,
    }  # fmt: skip
    began = time.monotonic()
    with _progress() as told:
        dataset, stock, joined, stock_said = _data(interactions, listings, reading, all_stock, home, told)
        outcomes = replay(dataset, stock, joined, options, told)
    report = Report(_command(), dataset, options, outcomes, stock_said, time.monotonic() - began)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            (out / "evaluation.md").write_text(markdown(report), encoding="utf-8")
            (out / "evaluation.html").write_text(page(report), encoding="utf-8")
            (out / "evaluation.json").write_bytes(orjson.dumps(to_json(report), option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise InputError(f"--out {out}: {error.strerror or error}", field="out") from error
    print(orjson.dumps(to_json(report)).decode() if as_json else markdown(report))
    if out is not None:
        print(f"Written: {out / 'evaluation.md'}, {out / 'evaluation.html'}, evaluation.json", file=sys.stderr)


@app.command()
def tune(
    interactions: InteractionsOption = None,
    listings: ListingsOption = None,
    trials: Annotated[int, typer.Option(min=1, help="Settings to try.")] = 40,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop after that.")] = None,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="Keep the trials, to go on later: sqlite:///tune.db")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="For the best settings.")] = Path("tuned.toml"),
    test_days: TestDaysOption = None,
    targets: TargetsOption = 1,
    repeats: RepeatsOption = False,
    all_stock: AllStockOption = False,
    user: UserOption = None,
    item: ItemOption = None,
    time_column: TimeOption = None,
    type_column: TypeOption = None,
    strength: StrengthOption = None,
    min_rating: MinRatingOption = None,
    min_per_user: MinPerUserOption = 1,
    min_per_item: MinPerItemOption = 1,
    seed: SeedOption = 1,
    home: HomeOption = None,
) -> None:
    """Search for Carousel's settings on past activity; what `carousel evaluate` asks with the same options is kept out.

    Give both the same columns, minima, --test-days, --targets, --repeats and --seed.
    """
    from carousel.evaluation import tune as tuning
    from carousel.evaluation.replay import EvaluateOptions

    if minutes is not None and minutes <= 0:
        raise InputError(
            f"--minutes {minutes:g}: no trial ends in no time; give more, or leave it out to try all --trials",
            field="minutes",
        )
    if not out.absolute().parent.is_dir():
        raise InputError(f"--out {out}: there is no such folder", field="out")
    reading = {
        "user": user, "item": item, "time": time_column, "type": type_column, "strength": strength,
        "min_rating": min_rating, "min_per_user": min_per_user, "min_per_item": min_per_item, "seed": seed,
    }  # fmt: skip
    with _progress() as told:
        dataset, stock, joined, _ = _data(interactions, listings, reading, all_stock, home, told)
        tuned = tuning.tune(
            dataset, stock, joined, trials=trials, seconds=minutes and minutes * 60, storage=storage, seed=seed,
            asked=EvaluateOptions(test_days=test_days, targets=targets, repeats=repeats),
            told=lambda number, best: told(f"trial {number}, best nDCG@10 {best:.4f}", min(number / trials, 1.0)),
        )  # fmt: skip
    tuning.write(tuned, out, _command())
    print(tuning.markdown(tuned))
    print(f"Written: {out}; try it with `carousel evaluate --settings {out}`", file=sys.stderr)


def _data(
    interactions: Path | None,
    listings: Path | None,
    reading: dict[str, Any],
    all_stock: bool,
    home: Path | None,
    told: Callable[[str, float], None],
) -> "tuple[Dataset, Stock, Listings | None, str]":
    """Read the log and the listings, from files or from our own archive."""
    from carousel.evaluation.dataset import ReadOptions, load
    from carousel.evaluation.stock import join, read_listings, stock_of

    with temporary_folder("carousel-evaluate-") as folder:
        if interactions is None:
            told("reading the archive", 0.0)
            interactions, listings = _archive(folder, home, listings)
        dataset = load(interactions, ReadOptions(**reading), lambda what: told(what, 0.0))
        if listings is None:
            said = (
                "all items at any time" if all_stock or not dataset.timed else "from an item's first to its last event"
            )
            return dataset, stock_of(dataset, all_stock=all_stock), None, said
        told(f"reading {listings.name}", 0.0)
        cars, dated, cells = read_listings(listings)
        dataset, joined = join(dataset, cars, dated=dated, cells=cells)
        stock = stock_of(dataset, all_stock=all_stock, listings=cars, joined=joined, dated=dated)
        said = "all items at any time" if all_stock else "as the listings say" if dated else "read off the interactions"
        return dataset, stock, joined, said


def _archive(folder: Path, home: Path | None, listings: Path | None) -> tuple[Path, Path | None]:
    """Write our own archive to files: it is then read as anybody's is."""
    from datetime import UTC, datetime

    from carousel.activity.export import export
    from carousel.catalogue.exchange.write import export as export_listings

    events, cars = folder / "archive.parquet", folder / "listings.ndjson"
    with stores("evaluate", home) as (_, connection, _):
        since, until = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
        count = export(connection, events, since=since, until=until, by="occurred_at", as_format="parquet")
        if not count:
            raise UnusableFeedError(
                "the archive is empty; let `carousel simulate` or real shoppers act first, or name --interactions FILE"
            )
        if listings is None:
            done = export_listings(connection, cars, "ndjson", status=None, base_url=None)
            listings = cars if done.written else None
    return events, listings


def _settings(path: Path) -> "Settings":
    import tomllib

    from carousel.catalogue.traits import BLOCKS
    from carousel.evaluation.carousel import CrowdSettings, Settings, TasteSettings

    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        settings = Settings(CrowdSettings(**said.get("crowd", {})), TasteSettings(**said.get("taste", {})))
        unknown = {*settings.taste.weights, *settings.taste.smoothing} - {*BLOCKS}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        known = ", ".join(asdict(CrowdSettings()))
        raise InputError(f"--settings {path}: {error}; [crowd] may have {known}", field="settings") from error
    if unknown:
        raise InputError(f"--settings {path}: no block {', '.join(unknown)}; use {', '.join(BLOCKS)}", field="settings")
    return settings


def _command() -> str:
    return "carousel " + shlex.join(sys.argv[1:])


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    errors = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("evaluate", total=1.0, what="")
        yield lambda what, share: progress.update(task, completed=share, what=what)
