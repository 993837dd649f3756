"""Time the import of six real sources, each into a fresh embedded database; print a Markdown table.

Every import is a process of its own, so that its peak memory is its own, and is done a second time, when nothing may
change. Run: `.venv/bin/python benchmarks/import_feeds.py [--sources autoscout24_de "all six at once"]`.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

from carousel.catalogue.feeds.run import ImportOptions, import_files
from carousel.embedded.servers import running_servers
from carousel.storage.migrations import migrate
from carousel.storage.postgres import connect
from carousel.telemetry import configure_logging

DATA = Path(os.environ.get("CAROUSEL_REAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "listings"
SOURCES = ("cardekho_4340", "cardekho_v3", "uk_100k", "autoscout24_de", "ebay_kleinanzeigen", "craigslist_10k")
ALL = "all six at once"


def files_of(source: str) -> list[Path]:
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
    parser.add_argument("--one", nargs=2, metavar=("URL", "SOURCE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    configure_logging("benchmark", level="ERROR", log_format="console")
    if chosen.one:
        import_one(*chosen.one)
        return
    print("| source | read | imported | unchanged | duplicates | rejected | seconds | rows/s | peak MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for source in chosen.sources:
        with tempfile.TemporaryDirectory() as home, running_servers(Path(home)) as servers:
            migrate(servers.database_url)
            for again in ("", ", again"):
                command = [sys.executable, __file__, "--one", servers.database_url, source]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=home)
                print(table_row(source + again, orjson.loads(done.stdout.splitlines()[-1])), flush=True)


def table_row(name: str, report: dict[str, Any]) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in report["rejected_by_reason"].items())
    counts = [f"{report[key]:,}" for key in ("read", "imported", "unchanged", "duplicates", "rejected")]
    if reasons:
        counts[-1] += f" ({reasons})"
    rate = report["read"] / report["seconds"]
    return f"| {name} | {' | '.join(counts)} | {report['seconds']:.1f} | {rate:,.0f} | {report['peak_mb']:.0f} |"


if __name__ == "__main__":
    main()
