"""The versions of the choice model in PostgreSQL: the only place that knows table `crowd_model`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from carousel.crowd.choice_model import ChoiceModel
from carousel.errors import InputError
from carousel.storage.postgres import AsyncConnection, Connection

KEPT = 5
"""Versions kept for a rollback, the served one among them or beside them."""


@dataclass(frozen=True, slots=True)
class Version:
    version: int
    trained_at: datetime
    figures: Mapping[str, float]
    served: bool


def save(connection: Connection, model: ChoiceModel, *, serve: bool) -> int:
    """Store a new version, serve it if asked to, and remove the oldest; all or nothing."""
    with connection.transaction():
        row = connection.execute(
            "INSERT INTO crowd_model (figures, model) VALUES (%s, %s) RETURNING version",
            (Jsonb(dict(model.figures)), model.to_bytes()),
        ).fetchone()
        assert row is not None
        if serve:
            activate(connection, row[0])
        connection.execute(
            """
            DELETE FROM crowd_model WHERE version IN (SELECT version FROM crowd_model ORDER BY version DESC OFFSET %s)
                AND version IS DISTINCT FROM (SELECT crowd_version FROM catalogue_state)
            """,
            (KEPT,),
        )
    return int(row[0])


def activate(connection: Connection, version: int | None) -> None:
    """Serve another version from now on, or none.

    :raises InputError: there is no such version.
    """
    if version is not None and version not in {known.version for known in versions(connection)}:
        raise InputError(
            f"there is no version {version}; `carousel train --list` shows those there are", field="version"
        )
    connection.execute("UPDATE catalogue_state SET crowd_version = %s", (version,))


def versions(connection: Connection) -> list[Version]:
    """Return the versions, the newest first."""
    rows = connection.execute(
        """
        SELECT version, trained_at, figures, version IS NOT DISTINCT FROM crowd_version
        FROM crowd_model, catalogue_state ORDER BY version DESC
        """
    )
    return [Version(*row) for row in rows]


def load(connection: Connection, version: int) -> ChoiceModel | None:
    row = connection.execute("SELECT model FROM crowd_model WHERE version = %s", (version,)).fetchone()
    return ChoiceModel.from_bytes(row[0]) if row else None


async def served(connection: AsyncConnection, known: int | None) -> tuple[int | None, bytes | None]:
    """Return the version to serve, and the model's bytes where it is another than the `known` one."""
    cursor = await connection.execute(
        """
        SELECT crowd_version, CASE WHEN crowd_version IS DISTINCT FROM %s THEN model END
        FROM catalogue_state LEFT JOIN crowd_model ON version = crowd_version
        """,
        (known,),
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]
