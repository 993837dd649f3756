"""What all commands share: how a home is named, how settings are read, and how the stores are opened."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from carousel.errors import StartError, UnavailableError
from carousel.settings import Settings

if TYPE_CHECKING:
    from carousel.storage.postgres import Connection
    from carousel.storage.valkey import Valkey

HomeOption = Annotated[
    Path | None, typer.Option("--home", metavar="DIR", help="Folder of data and secrets [default: CAROUSEL_HOME].")
]


def start(process: str, *, quiet: bool = False, **given: object) -> Settings:
    """Read the settings, options first, and begin to log; `quiet` is for commands that tell people what they did."""
    from carousel.telemetry import configure_logging

    settings = _read_settings({name: value for name, value in given.items() if value is not None})
    if given.get("home") and process != "up":  # which takes only the secrets of a home then
        _refuse_two_databases(settings)
    level = "WARNING" if quiet and "log_level" not in settings.model_fields_set else settings.log_level
    configure_logging(process, level=level, log_format=settings.log_format)
    return settings


def _read_settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        # Without the value: it may be a secret.
        first = error.errors(include_input=False)[0]
        name = f"CAROUSEL_{str(first['loc'][0]).upper()}" if first["loc"] else "CAROUSEL_…"
        raise StartError(f"{name} is not usable: {first['msg']}") from None


def _refuse_two_databases(settings: Settings) -> None:
    """:raises StartError: the home that was named has a database, and a variable names another."""
    from carousel.embedded.home import Home

    home = Home.of(settings.home)
    if not settings.database_url or not home.postgres.exists():
        return
    if (home.running() or {}).get("database_url") != settings.database_url:
        raise StartError(
            f"home {home.path} has a database of its own and CAROUSEL_DATABASE_URL names another: "
            "unset CAROUSEL_DATABASE_URL, or leave out --home"
        )


def started_before(settings: Settings) -> Settings:
    """Return the settings of a command that makes no home: a mistyped name would get one, and hold nothing.

    :raises StartError: nothing was ever kept there.
    """
    from carousel.embedded.home import Home

    home = Home.of(settings.home)
    if not (settings.database_url and settings.valkey_url) and not home.postgres.exists():
        raise StartError(f"there is no home at {home.path}: name yours with --home or CAROUSEL_HOME")
    return settings


def stop_as_with_ctrl_c() -> None:
    """Have SIGTERM end a command as Ctrl-C does: undone and recorded as interrupted, its temporary files removed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextmanager
def stores(
    process: str, home: Path | None, *, migrated: bool = True
) -> "Iterator[tuple[Settings, Connection, Valkey]]":
    """Open both stores of a home or of the settings' URLs, for a command that tells people what it did."""
    from redis.exceptions import RedisError

    from carousel.embedded.attach import attached
    from carousel.storage.postgres import connect
    from carousel.storage.valkey import make

    with attached(started_before(start(process, quiet=True, home=home)), migrated=migrated) as settings:
        try:
            with (
                connect(str(settings.database_url), vectors=migrated) as connection,
                make(str(settings.valkey_url)) as valkey,
            ):
                yield settings, connection, valkey
        except RedisError as error:
            raise UnavailableError(f"Valkey does not answer: {error}") from error
