"""Fetch a feed from the web, once per version of it."""

import logging
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import tenacity
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from carousel import __version__
from carousel.catalogue.imports import shown
from carousel.errors import InputError, TooLargeError, UnavailableError, UnusableFeedError
from carousel.telemetry import log

for _name in ("httpx", "httpcore"):  # they tell every address, passwords and all
    logging.getLogger(_name).setLevel(logging.WARNING)
_logger = log(__name__)

MOST_BYTES = 2 * 2**30
ATTEMPTS = 4
LONGEST_PAUSE = 30.0
_TIMEOUT = httpx.Timeout(60, connect=10)  # seconds without a byte, not of the whole transfer
_PIECE = 1 << 20
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_CURES = {401: "check user and password", 403: "check user and password", 404: "check the address",
          410: "ask for the new address"}  # fmt: skip


class _LaterError(UnavailableError):
    """The next try may succeed."""


def is_url(text: str) -> bool:
    """Whether this names something to fetch, or to refuse, rather than a file."""
    return "://" in text


def fetch(
    url: str,
    folder: Path,
    known: dict[str, str],
    *,
    authorization: str | None = None,
    most_bytes: int = MOST_BYTES,
    pause: float = 1.0,
) -> Path | None:
    """Download a feed into a folder and return the file; None when it has not changed since the version known.

    :param known: `etag` and `last_modified` of the version known, empty for none; then holds those of the new one.
    :param authorization: value of an `Authorization` header, for the first host only; else the address's own user.
    :param pause: first pause between two tries, in seconds; it doubles, with chance.
    :raises InputError: the address is none of http or https.
    :raises TooLargeError: it is larger than `most_bytes`.
    :raises UnusableFeedError: the server refuses; another try would not help.
    :raises UnavailableError: the server does not answer, or not to the end, after `ATTEMPTS` tries.
    """
    check(url)
    retrying = Retrying(
        retry=retry_if_exception_type(_LaterError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=pause, max=LONGEST_PAUSE),
        before_sleep=_tell,
        reraise=True,
    )
    headers = {"User-Agent": f"carousel/{__version__}", "Accept-Encoding": "gzip"}
    if authorization:
        headers["Authorization"] = authorization
    with httpx.Client(follow_redirects=True, max_redirects=5, timeout=_TIMEOUT, headers=headers) as client:
        return retrying(_once, client, url, folder, known, most_bytes)


def check(url: str) -> None:
    """:raises InputError: an address that cannot be fetched."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise InputError(f"{shown(url)} cannot be fetched; give a file, or an address with http:// or https://")


def _once(client: httpx.Client, url: str, folder: Path, known: dict[str, str], most_bytes: int) -> Path | None:
    asked = {"If-None-Match": known.get("etag"), "If-Modified-Since": known.get("last_modified")}
    try:
        with client.stream("GET", url, headers={name: value for name, value in asked.items() if value}) as answer:
            if answer.status_code == 304 and known:
                return None
            _refuse(url, answer)
            file = folder / _name_of(str(answer.url), url)
            _save(url, answer, file, most_bytes)
            said = {"etag": answer.headers.get("etag"), "last_modified": answer.headers.get("last-modified")}
    except (httpx.UnsupportedProtocol, httpx.TooManyRedirects, httpx.InvalidURL, httpx.DecodingError) as error:
        raise UnusableFeedError(f"{shown(url)} cannot be fetched: {_why(error)}; check the address") from None
    except httpx.TransportError as error:
        # Without its cause: that may hold the address with its password.
        raise _LaterError(f"{shown(url)} does not answer to the end: {_why(error)}; try later") from None
    known.clear()
    known.update({name: value for name, value in said.items() if value})
    return file


def _refuse(url: str, answer: httpx.Response) -> None:
    status = answer.status_code
    said = f"{shown(url)} answers {status} {answer.reason_phrase}".rstrip()
    if status in _LATER:
        raise _LaterError(f"{said}; try later")
    if status != 200:
        raise UnusableFeedError(f"{said}; {_CURES.get(status, 'look at it in a browser')}")


def _save(url: str, answer: httpx.Response, file: Path, most_bytes: int) -> None:
    declared = answer.headers.get("content-length", "")
    size = int(declared) if declared.isdigit() else 0
    try:
        with file.open("wb") as out:
            while_reading = answer.iter_bytes(_PIECE)
            # What it unpacks to counts, too: a small body may be a large file.
            while size <= most_bytes and (piece := next(while_reading, None)) is not None:
                out.write(piece)
                size = max(size, out.tell())
    except OSError as error:
        raise UnavailableError(
            f"{shown(url)} cannot be kept in {file.parent}: {error.strerror}; free some disk"
        ) from error
    if size > most_bytes:
        raise TooLargeError(f"{shown(url)} is larger than {most_bytes:,} bytes; raise CAROUSEL_IMPORT_MB")


def _name_of(*addresses: str) -> str:
    """Return a file name from the first address that has one: it may name the make, or the source."""
    for address in addresses:
        name = re.sub(r"[^\w.-]+", "_", unquote(urlsplit(address).path).rpartition("/")[2]).lstrip(".")[-100:]
        if name:
            return name
    return "feed"


def _why(error: Exception) -> str:
    """Say what a library says, in one line and without addresses."""
    lines = re.sub(r"\S+://\S+", "…", str(error)).splitlines()
    return lines[0] if lines else type(error).__name__


def _tell(state: tenacity.RetryCallState) -> None:
    assert state.outcome is not None
    _logger.warning(
        "download failed, next try soon",
        error=str(state.outcome.exception()),
        attempt=state.attempt_number,
        pause_seconds=round(state.upcoming_sleep, 1),
    )
