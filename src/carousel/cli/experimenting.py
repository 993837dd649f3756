"""`carousel experiments`: what the slates of the last days were worth, and which variant is better."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from carousel.cli.common import HomeOption, stores

if TYPE_CHECKING:
    from carousel.recommend.experiments import Performance, Rate

app = typer.Typer()


@app.command()
def experiments(
    days: Annotated[int, typer.Option(min=1, help="How far back.")] = 14,
    placement: Annotated[str | None, typer.Option(help="Only this placement.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    home: HomeOption = None,
) -> None:
    """Show click and contact rates per placement, and compare the variants of experiments."""
    import orjson

    from carousel.errors import unknown_name
    from carousel.recommend.query import Placement
    from carousel.recommend.worth import worth

    if placement is not None and placement not in get_args(Placement):
        raise typer.BadParameter(f"--placement {unknown_name(placement, get_args(Placement))}")
    with stores("experiments", home) as (_, connection, _):
        found = worth(connection, days=days, placement=placement)
    if as_json:
        print(orjson.dumps(found.as_json()).decode())
        return
    if not found.places:
        print(f"no slate was served {f'at {placement} ' if placement else ''}in the last {days} days")
        return
    _table("Slates", {f"{p} {r}".strip(): own for (p, r), own in found.places.items()})
    for one in found.experiments:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in one.shares.items())
        _table(f"Experiment {one.name}: {shares or 'shares not kept'}", one.variants)
        if one.moved:
            print(f"{one.moved:,} of its shoppers were in another variant too, under other shares")
        for pair in one.comparisons:
            print(f"{pair.one} against {pair.other}: click rate {_rate(pair.difference, signed=True)}")
        if not one.is_trustworthy:
            print(f"The sizes of the variants are no chance (p = {one.mismatch:.1g}): do not believe these figures.")
    print(f"{found.sellers} sellers were seen; Gini of their impressions {found.gini:.2f}")


def _table(title: str, groups: "Mapping[str, Performance]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for name in ("", "shoppers", "slates", "impressions", "clicks", "contacts", "click rate", "contact rate"):
        table.add_column(name, justify="left" if not name else "right")
    for name, own in groups.items():
        table.add_row(
            name, *(f"{n:,}" for n in (own.shoppers, own.slates, own.impressions, own.clicks, own.contacts)),
            _rate(own.ctr), _rate(own.contact_rate),
        )  # fmt: skip
    Console().print(table)


def _rate(rate: "Rate", *, signed: bool = False) -> str:
    if rate.value is None:
        return "–"
    sign = "+" if signed else ""
    if rate.low is None or rate.high is None:
        return f"{rate.value:{sign}.2%}"
    return f"{rate.value:{sign}.2%} ({rate.low:{sign}.2%} to {rate.high:{sign}.2%})"
