"""Compare the simulated market with real stock, and time its loading.

    python benchmarks/market.py [--listings 20000] [--shoppers 2000] [--picture docs/images/market.png]

Prints how long a fresh home takes to be filled, medians by age beside those of two real files, and prices and mileages
of the same models at the same age as a multiple of the real ones; with `--picture` also draws them (prices and
mileages by age, makes, bodies). Real bodies are those of the models we know, as neither file has a column for them.
"""

import argparse
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from carousel import market
from carousel.catalogue.feeds.run import ImportOptions, open_input, outcomes
from carousel.catalogue.feeds.seen import Seen
from carousel.catalogue.listing import Listing
from carousel.embedded.prepare import prepare
from carousel.embedded.servers import running_servers
from carousel.market.facts import models
from carousel.market.listings import make_listings
from carousel.settings import Settings
from carousel.telemetry import configure_logging

DATA = Path(os.environ.get("CAROUSEL_REAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "listings"
TAKEN_IN = {"autoscout24_de": 2021, "uk_100k": 2020}
"""The year each real file was made: ages count from there."""

MADE_AT = datetime(2026, 7, 1, tzinfo=UTC)
"""Of the simulated stock: the middle of a year, as the real files."""

OLDEST = 12
FEWEST = 8  # cars of a model and age that have a median
SIMULATED = "simulated"


def real(source: str) -> list[Listing]:
    listings: list[Listing] = []
    for path in sorted((DATA / source).glob("*.csv")):
        item = open_input(path, ImportOptions(), datetime.now(UTC))
        listings += [outcome for _, outcome in outcomes(item, Seen()) if isinstance(outcome, Listing)]
    return listings


def by_age(listings: Iterable[Listing], this_year: int, value: str) -> dict[int, list[float]]:
    """Return prices in euros, or mileages in km, of used cars by their age in years."""
    found: dict[int, list[float]] = defaultdict(list)
    for x in listings:
        said = x.price_eur if value == "price" else x.mileage_km
        if x.year is not None and said is not None and x.condition != "new" and 0 <= this_year - x.year <= OLDEST:
            found[this_year - x.year].append(float(said))
    return found


def of_models(listings: Iterable[Listing], this_year: int) -> dict[tuple[str, str, int], list[tuple[float, float]]]:
    """Return (euros, km) of used cars by make, model and age in years."""
    found: dict[tuple[str, str, int], list[tuple[float, float]]] = defaultdict(list)
    for x in listings:
        if x.year is not None and x.price_eur and x.mileage_km and x.condition != "new":
            found[x.make, x.model, this_year - x.year].append((x.price_eur, float(x.mileage_km)))
    return {key: cars for key, cars in found.items() if len(cars) >= FEWEST}


def like_for_like(
    simulated: tuple[int, list[Listing]], real_one: tuple[int, list[Listing]]
) -> dict[int, tuple[int, float, float]]:
    """Return by age: models in both, and the medians over them of simulated by real price and mileage."""
    ours, theirs = of_models(simulated[1], simulated[0]), of_models(real_one[1], real_one[0])
    both: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for key in ours.keys() & theirs.keys():
        prices, kms = (median(x[i] for x in ours[key]) / median(x[i] for x in theirs[key]) for i in (0, 1))
        both[key[2]].append((prices, kms))
    return {age: (len(found), median(p for p, _ in found), median(k for _, k in found)) for age, found in both.items()}


def shares(values: Iterable[str | None]) -> dict[str, float]:
    counts = Counter(v for v in values if v)
    return {name: count / counts.total() for name, count in counts.most_common()}


def bodies(listings: Sequence[Listing]) -> dict[str, float]:
    of_model: dict[tuple[str, str], str] = {}
    for m in models():
        of_model.setdefault((m.make, m.model), m.body_type)
    return shares(x.body_type or of_model.get((x.make, x.model)) for x in listings)


def draw(stocks: Mapping[str, tuple[int, list[Listing]]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    colors = {SIMULATED: "#1f6f54", "autoscout24_de": "#c46a1b", "uk_100k": "#5b6b8c"}
    figure, axes = plt.subplots(2, 2, figsize=(11, 7.5), constrained_layout=True)
    for axis, value, unit in ((axes[0, 0], "price", "price, €"), (axes[0, 1], "mileage", "mileage, km")):
        for name, (year, listings) in stocks.items():
            ages = by_age(listings, year, value)
            known = [age for age in sorted(ages) if len(ages[age]) >= 30]
            middle = [median(ages[age]) for age in known]
            cuts = [quantiles(ages[age], n=4) for age in known]
            axis.plot(known, middle, color=colors[name], label=name)
            axis.fill_between(known, [c[0] for c in cuts], [c[2] for c in cuts], color=colors[name], alpha=0.15)
        axis.set(xlabel="age, years", title=f"{unit} by age: median and middle half")
        axis.set_ylim(bottom=0)
        axis.legend()
    groups = (("makes", lambda xs: shares(x.make for x in xs), axes[1, 0]), ("bodies", bodies, axes[1, 1]))
    for title, share_of, axis in groups:
        of_stock = {name: share_of(listings) for name, (_, listings) in stocks.items()}
        total: Counter[str] = Counter()
        for of_one in of_stock.values():
            total.update(of_one)
        names = [name for name, _ in total.most_common(14)][::-1]
        height = 0.8 / len(of_stock)
        for number, (stock, of_one) in enumerate(of_stock.items()):
            at = [i + 0.4 - height * (number + 0.5) for i in range(len(names))]
            axis.barh(at, [100 * of_one.get(n, 0) for n in names], height, color=colors[stock], label=stock)
        axis.set_yticks(range(len(names)), names)
        axis.set(xlabel="% of the listings", title=title)
        axis.legend()
    figure.savefig(path, dpi=80, pil_kwargs={"optimize": True})


def time_loading(listings: int, shoppers: int) -> float:
    with tempfile.TemporaryDirectory() as home, running_servers(Path(home)) as servers:
        prepare(servers.database_url)
        settings = Settings(database_url=servers.database_url, valkey_url=servers.valkey_url)
        started = time.perf_counter()
        market.load(settings, listings=listings, shoppers=shoppers)
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listings", type=int, default=20_000)
    parser.add_argument("--shoppers", type=int, default=2_000)
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    configure_logging("benchmark", level="ERROR", log_format="console")
    seconds = time_loading(chosen.listings, chosen.shoppers)
    print(f"{chosen.listings:,} listings and {chosen.shoppers:,} shoppers with their history: {seconds:.1f} s\n")
    stocks = {SIMULATED: (MADE_AT.year, make_listings(chosen.listings, now=MADE_AT))}
    stocks |= {name: (year, real(name)) for name, year in TAKEN_IN.items() if (DATA / name).is_dir()}
    print(f"| age | {' | '.join(f'{name}: €, km' for name in stocks)} |\n|---|{'---|' * len(stocks)}")
    ages = {name: (by_age(xs, year, "price"), by_age(xs, year, "mileage")) for name, (year, xs) in stocks.items()}
    for age in range(1, OLDEST, 2):
        said = [
            f"{median(price[age]):,.0f}, {median(km[age]):,.0f}" if price.get(age) and km.get(age) else "–"
            for price, km in ages.values()
        ]
        print(f"| {age} | {' | '.join(said)} |")
    for name in (n for n in TAKEN_IN if n in stocks):
        print(f"\n| age | models in both | price, as a multiple of {name} | mileage |\n|---|---|---|---|")
        for age, (count, price, km) in sorted(like_for_like(stocks[SIMULATED], stocks[name]).items()):
            if 0 < age <= OLDEST and count >= FEWEST:
                print(f"| {age} | {count} | {price:.2f} | {km:.2f} |")
    if chosen.picture:
        draw(stocks, chosen.picture)


if __name__ == "__main__":
    main()
