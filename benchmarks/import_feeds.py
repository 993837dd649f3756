"""Time the import of six real sources and a large made-up one, each into a fresh embedded database.

Every import is a process of its own, so that its peak memory is its own, and is done a second time, when nothing may
change. Run: `.venv/bin/python benchmarks/import_feeds.py [--sources autoscout24_de "all six at once"] [--rows 185680]`.
Prints a Markdown table. The made-up file looks like Craigslist's: 26 columns, a long description.
"""

import argparse
import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from carousel.catalogue.feeds.run import ImportOptions, import_files
from carousel.embedded.servers import running_servers
from carousel.market.listings import make_listings
from carousel.storage.migrations import migrate
from carousel.storage.postgres import connect
from carousel.telemetry import configure_logging

DATA = Path(os.environ.get("CAROUSEL_REAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "listings"
SOURCES = ("cardekho_4340", "cardekho_v3", "uk_100k", "autoscout24_de", "ebay_kleinanzeigen", "craigslist_10k")
ALL = "all six at once"
LARGE = "craigslist-like"
WORDS = (
    "clean title one owner runs great no accidents new tires cold air heated seats bluetooth low miles highway driven",
    "call text anytime financing available good bad credit dealer fees tow package leather sunroof backup camera",
)
COLUMNS = (
    "id,url,region,region_url,price,year,manufacturer,model,condition,cylinders,fuel,odometer,title_status",
    "transmission,VIN,drive,size,type,paint_color,image_url,description,county,state,lat,long,posting_date",
)
FUELS = {"petrol": "gas", "mild_hybrid": "gas", "plugin_hybrid": "hybrid", "lpg": "other", "cng": "other"}


def write_large(path: Path, rows: int) -> None:
    """Write a file such as Craigslist's: numbers as floats, gaps, free text, a description of some 1,500 characters."""
    rng = random.Random(1)
    columns, words = ",".join(COLUMNS).split(","), " ".join(WORDS).split()
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, columns, restval="")
        out.writeheader()
        for number, x in enumerate(make_listings(rows, seed=9, now=datetime.now(UTC))):
            row = {
                "id": 7_300_000_000 + number, "url": f"https://x.craigslist.example/{number}.html", "region": x.city,
                "price": round(x.price_eur or 0), "year": f"{x.year}.0", "manufacturer": x.make.lower(),
                "model": f"{x.model} {x.variant}".lower(), "condition": rng.choice(("excellent", "good", "")),
                "cylinders": f"{x.cylinders} cylinders" if x.cylinders else "", "title_status": "clean",
                "fuel": FUELS.get(x.fuel_type or "", x.fuel_type),
                "odometer": f"{round((x.mileage_km or 0) / 1.609)}.0",
                "transmission": x.transmission, "VIN": x.vin or "", "drive": x.drivetrain, "type": x.body_type,
                "paint_color": x.color_exterior, "image_url": f"https://img.example/{number}.jpg", "state": "ca",
                "lat": x.lat, "long": x.lon, "posting_date": "2021-05-04T12:31:18-0500",
                "description": " ".join(rng.choices(words, k=rng.randrange(40, 400))),
            }  # fmt: skip
            gaps = {name for name in row if rng.random() < 0.04} - {"id", "year"}
            out.writerow({name: "" if name in gaps else value for name, value in row.items()})


def files_of(source: str) -> list[Path]:
    if Path(source).is_file():
        return [Path(source)]
    names = SOURCES if source == ALL else (source,)
    return [path for name in names for path in sorted((DATA / name).glob("*.csv"))]


def import_one(url: str, source: str) -> None:
    """Import one source in this process and print its report and peak memory as JSON."""
    with connect(url) as connection:
        report = import_files(connection, files_of(source), ImportOptions())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(orjson.dumps({**report.to_json(), "peak_mb": peak}).decode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", nargs="*", default=[*SOURCES, ALL], choices=[*SOURCES, ALL])
    parser.add_argument("--rows", type=int, default=185_680, help="rows of the made-up file; 0 leaves it out")
    parser.add_argument("--one", nargs=2, metavar=("URL", "SOURCE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    configure_logging("benchmark", level="ERROR", log_format="console")
    if chosen.one:
        import_one(*chosen.one)
        return
    print("| source | read | imported | unchanged | duplicates | rejected | seconds | rows/s | peak MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for source in chosen.sources:
        time_one(source, source)
    if chosen.rows:
        with tempfile.TemporaryDirectory() as folder:
            large = Path(folder) / f"{LARGE}.csv"
            write_large(large, chosen.rows)
            time_one(f"{LARGE}, {large.stat().st_size / 1e6:.0f} MB", str(large))


def time_one(name: str, source: str) -> None:
    """Import a source twice into a fresh database and print a row of the table for each time."""
    with tempfile.TemporaryDirectory() as home, running_servers(Path(home)) as servers:
        migrate(servers.database_url)
        for again in ("", ", again"):
            command = [sys.executable, str(Path(__file__).resolve()), "--one", servers.database_url, source]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=home)
            print(table_row(name + again, orjson.loads(done.stdout.splitlines()[-1])), flush=True)


def table_row(name: str, report: dict[str, Any]) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in report["rejected_by_reason"].items())
    counts = [f"{report[key]:,}" for key in ("read", "imported", "unchanged", "duplicates", "rejected")]
    if reasons:
        counts[-1] += f" ({reasons})"
    rate = report["read"] / report["seconds"]
    return f"| {name} | {' | '.join(counts)} | {report['seconds']:.1f} | {rate:,.0f} | {report['peak_mb']:.0f} |"


if __name__ == "__main__":
    main()
