"""Feed the importer files that are broken in every way we can think of, and see that it neither crashes nor hangs.

    python benchmarks/fuzz_feeds.py [--minutes 5] [--seed 1]

Takes the made-up files of the tests (and the real ones, where they are) and cuts, doubles, swaps, shifts and overwrites
their bytes and cells, changes encodings and delimiters, or makes bytes up. Every file must end as listings, rejected
rows or one error with a cure, within ten seconds. Exits with 1 and keeps the file of the first crash.
"""

import argparse
import gzip
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from carousel.catalogue.feeds.run import ImportOptions, import_files
from carousel.errors import InputError
from carousel.telemetry import configure_logging

TESTS = Path(__file__).parents[1] / "tests" / "catalogue"
LONGEST_SECONDS = 10.0
LARGEST = 200_000
ODD = (
    b'"', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\x00", b"\xff", b"{", b"}", b"[", b"]", b"\\", b"\xef\xbb\xbf",
    b"\xff\xfe", "é".encode(), "٣".encode(), "万".encode(), b"1e999", b"-0", b"NaN", b"99999999999999999999",
    b"\x1f\x8b", b"PAR1", b"<a>", b"=1+1", b"\x85", "\u2028".encode(), b'""', b"1-2", b"31/02/2020", b"9" * 400,
)  # fmt: skip

Change = Callable[[bytes, random.Random], bytes]


def cut(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] if rng.random() < 0.5 else content[at:]


def insert(content: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randrange(1, 20)):
        at = rng.randrange(len(content) + 1)
        content = content[:at] + rng.choice(ODD) + content[at:]
    return content


def overwrite(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randrange(1, 50)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def move_lines(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    for _ in range(rng.randrange(1, 10)):
        one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one] + rng.choice((b"", lines[other]))
    return b"\n".join(lines)


def shift_cells(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    for number in range(1, len(lines)):
        if rng.random() < 0.3:
            cells = lines[number].split(b",")
            lines[number] = b",".join(cells[1:] + cells[:1])
    return b"\n".join(lines)


def encode_again(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("utf-8", errors="replace")
    name = rng.choice(("utf-16", "utf-16-be", "utf-8-sig", "cp1252", "cp1250", "cp1251", "utf-32", "latin-1"))
    return text.encode(name, errors="replace")


def other_signs(content: bytes, rng: random.Random) -> bytes:
    content = content.replace(b",", rng.choice((b";", b"\t", b"|", b",", b"~")))
    return content.replace(b"\n", rng.choice((b"\r", b"\r\n", b"\n", b"\n\n")))


def pack(content: bytes, rng: random.Random) -> bytes:
    return overwrite(gzip.compress(content), rng) if rng.random() < 0.5 else gzip.compress(content)


def make_up(content: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(1, len(content) + 2))


CHANGES: Sequence[Change] = (
    cut, insert, overwrite, move_lines, shift_cells, encode_again, other_signs, pack, make_up,
)  # fmt: skip


def originals() -> list[Path]:
    real = Path(os.environ.get("CAROUSEL_REAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "listings"
    made_up = [*(TESTS / "feeds" / "data").rglob("*.*"), *(TESTS / "exchange" / "data").rglob("*.*")]
    return [path for path in [*made_up, *real.rglob("*.csv")] if path.is_file()]


def beginning_of(path: Path, rng: random.Random) -> bytes:
    with path.open("rb") as file:
        return file.read(rng.choice((2_000, 20_000, LARGEST)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    configure_logging("fuzz", level="CRITICAL", log_format="console")
    rng = random.Random(chosen.seed)
    files = originals()
    ended: Counter[str] = Counter()
    rows = 0
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        path = Path(folder) / "feed.csv"
        until = time.monotonic() + 60 * chosen.minutes
        while time.monotonic() < until:
            content = beginning_of(rng.choice(files), rng)
            for change in rng.choices(CHANGES, k=rng.randrange(1, 4)):
                content = change(content, rng)[:LARGEST]
            path.write_bytes(content)
            started = time.monotonic()
            try:
                report = import_files(None, [path], ImportOptions(dry_run=True, rejects=Path(folder) / "rejects.csv"))
                written = report.written
                assert report.read == (
                    written.imported + written.updated + written.unchanged + report.duplicates + report.rejected
                )
                rows += report.read
                ended["report"] += 1
            except InputError as error:
                ended["one error" if len(str(error).splitlines()) == 1 else "long errors"] += 1
            except Exception:
                traceback.print_exc()
                kept = shutil.copy(path, tempfile.gettempdir() + f"/carousel-fuzz-{chosen.seed}")
                sys.exit(f"crashed after {ended.total():,} files, on {kept}")
            seconds = time.monotonic() - started
            slowest = max(slowest, seconds)
            if seconds > LONGEST_SECONDS:
                kept = shutil.copy(path, tempfile.gettempdir() + f"/carousel-fuzz-{chosen.seed}")
                sys.exit(f"took {seconds:.0f} s, on {kept}")
    print(
        f"{ended.total():,} files in {chosen.minutes:g} minutes: {ended['report']:,} reports of {rows:,} rows, "
        f"{ended['one error']:,} errors of one line; the slowest took {slowest:.1f} s; no crash"
    )
    if ended["long errors"]:
        sys.exit(f"{ended['long errors']:,} errors of more than one line")


if __name__ == "__main__":
    main()
