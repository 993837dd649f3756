"""Small logs whose answer is visible by eye."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pytest

from carousel.catalogue.listing import to_document
from carousel.evaluation.dataset import Dataset, Log, load
from carousel.evaluation.stock import Listings, Stock, join, read_listings, stock_of
from carousel.market.listings import make_listings

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

Rows = list[tuple[str, str, float]]


@pytest.fixture
def log_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of interactions and return its path."""

    def write(content: str | bytes, name: str = "log.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def two_crowds() -> str:
    """60 users as CSV: the even ones go through items a0, a1 … a9 in order, the odd ones through b0 … b9."""
    lines = ["user_id,item_id,timestamp"]
    for step in range(8):
        for user in range(60):
            side, first = ("a", "b")[user % 2], (user // 2) % 10
            lines.append(f"u{user},{side}{(first + step) % 10},{1_700_000_000 + 86_400 * step + user}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def dataset_of() -> Callable[[Rows], Dataset]:
    """Build a dataset of (user, item, seconds); a negative time is that time with evidence against."""

    def build(rows: Rows) -> Dataset:
        users, items = sorted({r[0] for r in rows}), sorted({r[1] for r in rows})
        ordered = sorted(rows, key=lambda r: abs(r[2]))
        log = Log(
            np.array([users.index(r[0]) for r in ordered], dtype=np.int32),
            np.array([items.index(r[1]) for r in ordered], dtype=np.int32),
            np.array([abs(r[2]) for r in ordered]),
            np.array([-4.0 if r[2] < 0 else 1.0 for r in ordered], dtype=np.float32),
            np.zeros(len(rows), dtype=np.int16),
        )
        return Dataset(
            name="made up", log=log, user_count=len(users), item_ids=items, kinds=("view",), timed=True, clock=True
        )

    return build


@pytest.fixture
def crowds(log_file: Callable[..., Path], two_crowds: str) -> Dataset:
    return load(log_file(two_crowds))


@pytest.fixture(scope="session")
def cars(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Stock, Listings]:
    """A log of 80 shoppers who each look only at cars of one body among 300 listings, and the listings."""
    folder = tmp_path_factory.mktemp("cars")
    listings = make_listings(300, seed=2, now=NOW)
    (folder / "cars.ndjson").write_bytes(b"\n".join(orjson.dumps(to_document(x)) for x in listings))
    rng = np.random.default_rng(5)
    rows = ["shopper_id,listing_id,occurred_at,type"]
    bodies = [[x.listing_id for x in listings if x.body_type == body] for body in ("suv", "small", "wagon", "sedan")]
    wanted = [ids for ids in bodies if len(ids) >= 15]
    assert len(wanted) >= 2
    at = NOW.timestamp()
    for shopper in range(80):
        for step, car in enumerate(rng.choice(wanted[shopper % len(wanted)], 8, replace=False)):
            rows.append(f"s{shopper},{car},{at + 3600 * step + shopper},view")
    (folder / "log.csv").write_text("\n".join(rows))
    dataset = load(folder / "log.csv")
    read, dated, _ = read_listings(folder / "cars.ndjson")
    dataset, joined = join(dataset, read, dated=dated)
    return dataset, stock_of(dataset, all_stock=True), joined
