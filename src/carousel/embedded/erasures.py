"""Who was erased, carried over a restore: nobody comes back with an older backup.

The rows go into a table of their own, in the transaction that replaces all others, so at no moment are they in memory
only. It is not `erasure` itself, which a migration has yet to make where the backup is a very old one. What prepares
the database next, the restore or the first start after one that was killed, merges them and erases those people again.
"""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from carousel.rights import erase
from carousel.storage.postgres import Connection

_MAKE = """
SET standard_conforming_strings = on;
CREATE TABLE IF NOT EXISTS public.erasure_kept (
    shopper_hash bytea PRIMARY KEY,
    erased_at timestamptz NOT NULL,
    receipt_id uuid NOT NULL
);
"""
# Of two moments the later one is right: whoever was erased again did something in between.
_KEEP = """
INSERT INTO public.erasure_kept AS known (shopper_hash, erased_at, receipt_id) VALUES
{rows}
ON CONFLICT (shopper_hash) DO UPDATE SET erased_at = excluded.erased_at, receipt_id = excluded.receipt_id
WHERE excluded.erased_at > known.erased_at;
"""
_MERGE = """
INSERT INTO erasure AS known (shopper_hash, erased_at, receipt_id)
SELECT shopper_hash, erased_at, receipt_id FROM erasure_kept
ON CONFLICT (shopper_hash) DO UPDATE SET erased_at = excluded.erased_at, receipt_id = excluded.receipt_id
WHERE excluded.erased_at > known.erased_at
"""
_ROWS = 1_000  # of one INSERT
_LOCK = 0x65726173657572  # any constant will do, as long as every Carousel asks for the same one


class Erasure(NamedTuple):
    shopper_hash: bytes
    erased_at: datetime
    receipt_id: UUID


def read(connection: Connection) -> list[Erasure]:
    """Return who was erased, also those that a restore which did not end has kept."""
    found: dict[bytes, Erasure] = {}
    for table in ("erasure", "erasure_kept"):
        if not _exists(connection, table):
            continue
        query = f"SELECT shopper_hash, erased_at, receipt_id FROM {table}"  # noqa: S608 - one of these
        for row in connection.execute(query.encode()).fetchall():
            one = Erasure(*row)
            known = found.get(one.shopper_hash)
            if known is None or known.erased_at < one.erased_at:
                found[one.shopper_hash] = one
    return list(found.values())


def write_script(kept: list[Erasure], script: Path) -> None:
    """Write the SQL that keeps them; psql runs it where the backup's tables were just made."""
    with script.open("w") as out:
        out.write(_MAKE)
        for start in range(0, len(kept), _ROWS):
            rows = ",\n".join(
                f"('\\x{one.shopper_hash.hex()}', '{one.erased_at.isoformat()}', '{one.receipt_id}')"
                for one in kept[start : start + _ROWS]
            )
            out.write(_KEEP.format(rows=rows))


def settle(connection: Connection) -> None:
    """Merge what a restore has kept into the migrated tables, and erase those people again; mostly there is nothing."""
    if not _exists(connection, "erasure_kept"):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if not _exists(connection, "erasure_kept"):  # another process was quicker
            return
        connection.execute(_MERGE)
        erase.reapply(connection)
        connection.execute("DROP TABLE erasure_kept")


def _exists(connection: Connection, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return row is not None and bool(row[0])
