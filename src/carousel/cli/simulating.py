"""The simulated market as traffic on a running Carousel."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carousel.cli.common import HomeOption, start
from carousel.errors import StartError

if TYPE_CHECKING:
    from carousel.market.traffic import Traffic

app = typer.Typer()


@app.command()
def simulate(
    shoppers: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many come, some 64 at a time.")] = 1_000,
    rate: Annotated[float, typer.Option(min=0.1, max=20_000, help="Events a second, of all together.")] = 50,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop after that [default: when all have left].")] = None,
    seed: Annotated[int, typer.Option(help="The same shoppers for the same seed.")] = 1,
    home: HomeOption = None,
) -> None:
    """Let simulated shoppers browse, click, save, contact and buy on a running `carousel up --demo`."""
    import orjson
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from carousel.embedded.home import Home
    from carousel.market.traffic import drive

    settings = start("simulate", quiet=True, home=home)
    running = Home(settings.home).running()
    if running is None:
        raise StartError(f"nothing runs in home {settings.home}; start `carousel up --demo`, or name its --home")
    secrets = Path(str(running["secrets"]))
    key = orjson.loads(secrets.read_bytes())["secret_key"] if secrets.exists() else None
    console = Console(stderr=True)
    with Live(console=console, refresh_per_second=4, transient=True) as live:

        def told(traffic: "Traffic") -> None:
            live.update(Text(_line(traffic)))

        work = drive(
            str(running["url"]), shoppers=shoppers, rate=rate, seconds=minutes and minutes * 60, seed=seed,
            secret_key=key, told=told,
        )  # fmt: skip
        traffic = asyncio.run(work)
    print(_line(traffic))
    share = traffic.recommended_clicks / max(traffic.clicks, 1)
    print(
        f"{share:.0%} of the clicks were on recommended cars. The mean car of {traffic.slates:,} slates was better for"
    )
    print(f"its shopper than {traffic.percentile:.0%} of the stock; chance is 50%.")


def _line(traffic: "Traffic") -> str:
    said = (
        f"{traffic.shoppers:,} shoppers", f"{traffic.events:,} events", f"{traffic.slates:,} slates",
        f"{traffic.searches:,} searches", f"{traffic.click_rate:.2f} clicks a page", f"{traffic.contacts:,} contacts",
        f"{traffic.sales:,} sold", f"{traffic.retries:,} retries", f"{traffic.rejected:,} rejected",
    )  # fmt: skip
    return ", ".join(said)
