"""The simulated market as traffic on a running Carousel."""

import asyncio
import signal
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carousel.cli.common import HomeOption, start
from carousel.errors import StartError

if TYPE_CHECKING:
    from carousel.market.traffic import Traffic

app = typer.Typer()
_RECENT = 20  # readings of the progress line: about five seconds
_Moment = tuple[float, int, int]
"""When, events and slates until then."""


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
    began = time.monotonic()
    with Live(console=Console(stderr=True), refresh_per_second=4, transient=True) as live:
        recent = deque([(began, 0, 0)], maxlen=_RECENT)

        def told(traffic: "Traffic") -> None:
            recent.append((time.monotonic(), traffic.events, traffic.slates))
            live.update(Text(_progress(traffic, recent[0], recent[-1])))

        async def work() -> "Traffic":
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            return await drive(
                str(running["url"]), shoppers=shoppers, rate=rate, seconds=minutes and minutes * 60, seed=seed,
                secret_key=key, told=told, stop=stop,
            )  # fmt: skip

        traffic = asyncio.run(work())
    _summarise(traffic, time.monotonic() - began)


def _progress(traffic: "Traffic", before: _Moment, now: _Moment) -> str:
    seconds = max(now[0] - before[0], 0.001)
    rates = f"{(now[1] - before[1]) / seconds:,.0f} events/s, {(now[2] - before[2]) / seconds:,.1f} slates/s"
    return f"{rates}, {_line(traffic)}"


def _summarise(traffic: "Traffic", seconds: float) -> None:
    print(_line(traffic))
    print(f"{traffic.events / max(seconds, 0.001):,.0f} events a second for {seconds:,.0f} s.")
    clicks = traffic.recommended_clicks / max(traffic.clicks, 1)
    chosen = traffic.recommended_contacts / max(traffic.contacts, 1)
    print(f"{clicks:.0%} of the clicks and {chosen:.0%} of the cars written about were recommended.")
    print(f"The mean car of {traffic.slates:,} slates was better for its shopper than {traffic.percentile:.0%} of the")
    print("stock; chance is 50%.")


def _line(traffic: "Traffic") -> str:
    said = (
        f"{traffic.shoppers:,} shoppers", f"{traffic.events:,} events", f"{traffic.slates:,} slates",
        f"{traffic.searches:,} searches", f"{traffic.click_rate:.2f} clicks a page", f"{traffic.contacts:,} contacts",
        f"{traffic.sales:,} sold", f"{traffic.retries:,} retries", f"{traffic.rejected:,} rejected",
    )  # fmt: skip
    return ", ".join(said)
