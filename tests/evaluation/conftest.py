"""Small logs whose answer is visible by eye."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from carousel.evaluation.dataset import Dataset, Log

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
