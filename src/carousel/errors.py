"""Every error Carousel raises on purpose.

CarouselError              what was wrong, the value, and the cure, in one line
├── InputError             the caller can mend it               HTTP 422, exit 2
│   ├── NotFoundError      no such listing, shopper …           HTTP 404
│   ├── TooLargeError      a body or batch above its limit      HTTP 413
│   └── UnusableFeedError  nothing in a file could be imported  exit 1
├── AccessError            no token, or one we do not accept    HTTP 401
│   └── ForbiddenError     a good token without the right       HTTP 403
├── UnavailableError       a dependency is away, or a crowd here HTTP 503, exit 1
└── StartError             the service cannot start as asked    exit 1
"""

from collections.abc import Iterable
from difflib import get_close_matches


class CarouselError(Exception):
    """Base of all errors; `status` is the HTTP status an edge answers with, `field` what to look at."""

    status = 500
    title = "Internal error"
    exit_code = 1

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class InputError(CarouselError, ValueError):
    """The request or file says something that cannot be right (a ValueError, so that pydantic reports it)."""

    status = 422
    title = "Invalid input"
    exit_code = 2


class NotFoundError(InputError):
    status = 404
    title = "Not found"


class TooLargeError(InputError):
    status = 413
    title = "Too large"


class UnusableFeedError(InputError):
    """No row of a file could be used."""

    exit_code = 1


class AccessError(CarouselError):
    status = 401
    title = "Not authenticated"


class ForbiddenError(AccessError):
    status = 403
    title = "Not allowed"


class UnavailableError(CarouselError):
    """A dependency does not answer, or more is asked for than can be made; the same request may succeed later."""

    status = 503
    title = "Temporarily unavailable"


class StartError(CarouselError):
    """The service cannot start; the message says what to change."""


def unknown_name(name: str, known: Iterable[str]) -> str:
    """Say that a name is not known, and which one was meant."""
    known = sorted(known)
    close = [other for other in known if name in other.split("_")][:4] or get_close_matches(name, known, n=1)
    cure = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(known)}"
    return f"{name[:64]!r} is not known here; {cure}"


def first_line(error: Exception) -> str:
    """Return what a library's error says first; the rest of it is for programmers."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
