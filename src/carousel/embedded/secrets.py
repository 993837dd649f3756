"""The keys a home keeps for itself, made on its first start."""

import secrets

import orjson

from carousel.embedded.home import Home, write_private
from carousel.errors import StartError
from carousel.settings import Settings

_NAMES = ("token_secret", "secret_key")


def keys(home: Home, settings: Settings) -> dict[str, str]:
    """Return both keys: the given ones, else the home's, made now if this is its first start.

    :raises StartError: the file that holds them cannot be read.
    """
    given = {name: value.get_secret_value() for name in _NAMES if (value := getattr(settings, name)) is not None}
    if len(given) == len(_NAMES):
        return given
    kept = _read(home)
    missing = [name for name in _NAMES if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(32) for name in missing}
        write_private(home.secrets, dict(kept))
    return kept | given


def _read(home: Home) -> dict[str, str]:
    try:
        content = orjson.loads(home.secrets.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StartError(
            f"{home.secrets} cannot be read ({error}): restore it, or remove it to get new keys"
        ) from error
    return {name: str(content[name]) for name in _NAMES if isinstance(content, dict) and name in content}
