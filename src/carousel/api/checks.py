"""What the API asks of its settings before it starts, so that each mistake is one clear line."""

import tempfile
from contextlib import suppress

import psycopg

from carousel.activity import partitions
from carousel.errors import StartError, UnavailableError
from carousel.settings import Settings
from carousel.storage import postgres

_LEAST_SECRET = 32
_LEAST_KEY = 16


def check(settings: Settings) -> None:
    """Refuse to start without what security needs; there is no default secret.

    :raises StartError: names the variable and the cure.
    """
    if not settings.database_url or not settings.valkey_url:
        raise StartError("CAROUSEL_DATABASE_URL and CAROUSEL_VALKEY_URL are needed; `carousel up` provides both")
    check_given(settings)
    if not settings.token_secret and not settings.oidc_issuer:
        raise StartError("set CAROUSEL_TOKEN_SECRET or CAROUSEL_OIDC_ISSUER; without one nobody can be told apart")


def check_given(settings: Settings) -> None:
    """Refuse what is wrong by itself, whatever `carousel up` provides beside it.

    :raises StartError: names the variable and the cure.
    """
    if settings.token_secret and len(settings.token_secret.get_secret_value()) < _LEAST_SECRET:
        raise StartError(f"CAROUSEL_TOKEN_SECRET is too short; use at least {_LEAST_SECRET} random characters")
    if settings.secret_key and len(settings.secret_key.get_secret_value()) < _LEAST_KEY:
        raise StartError(f"CAROUSEL_SECRET_KEY is too short; use at least {_LEAST_KEY} random characters")
    if settings.oidc_issuer and not settings.oidc_audience:
        raise StartError("CAROUSEL_OIDC_ISSUER needs CAROUSEL_OIDC_AUDIENCE, or tokens for others would be accepted")
    if settings.web_dir and not (settings.web_dir / "index.html").is_file():
        raise StartError(
            f"CAROUSEL_WEB_DIR={settings.web_dir} holds no index.html; name the folder of a built web app, or unset it"
        )
    if settings.spool:
        try:
            settings.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=settings.spool):
                pass
        except OSError as error:
            raise StartError(
                f"CAROUSEL_SPOOL={settings.spool} cannot be written: {error.strerror}; choose another"
            ) from error


def check_partitions(settings: Settings) -> None:
    """Refuse a number of partitions that the event log does not have; where the database is away `/readyz` does.

    :raises StartError: names the variable and the cure.
    """
    with (
        suppress(UnavailableError, psycopg.Error),
        postgres.connect(str(settings.database_url), vectors=False) as connection,
    ):
        partitions.check(connection, settings.partitions)
