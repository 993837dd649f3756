"""A feed is fetched once per version; what goes wrong on the way is tried again or said in one line."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from tests.catalogue.feeds.website import Website
from tests.catalogue.feeds.website import website as running_website

from carousel.catalogue.feeds import download
from carousel.errors import CarouselError, InputError, TooLargeError, UnavailableError, UnusableFeedError

CARS = b"make,model,year\nSkoda,Octavia,2019\n" * 100


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    """A web server that has a feed."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_website() as site:
        site.content = CARS
        yield site


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[..., Path | None]:
    """Fetch into a folder of the test, without waiting long between tries."""

    def run(url: str, known: dict[str, str] | None = None, **options: object) -> Path | None:
        return download.fetch(url, tmp_path, {} if known is None else known, pause=0.001, **options)  # type: ignore[arg-type]

    return run


def test_a_feed_is_fetched_under_its_own_name(site: Website, fetch: Callable[..., Path | None]) -> None:
    file = fetch(f"{site.url}?token=x")
    assert file is not None
    assert (file.name, file.read_bytes()) == ("audi.csv", CARS)


@pytest.mark.parametrize(
    ("path", "name"),
    [("/", "feed"), ("/a/", "feed"), ("/%2e%2e%2fetc%2fpasswd", "passwd"), ("/..%5C..%5Cx.csv", "_.._x.csv"),
     ("/.hidden", "hidden")],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder(
    site: Website, fetch: Callable[..., Path | None], tmp_path: Path, path: str, name: str
) -> None:
    file = fetch(f"http://{site.host}{path}")
    assert file == tmp_path / name


def test_an_unchanged_feed_is_not_fetched_again(site: Website, fetch: Callable[..., Path | None]) -> None:
    site.etag = '"v1"'
    site.headers["Last-Modified"] = "Mon, 05 Jan 2026 03:00:00 GMT"
    known: dict[str, str] = {}
    assert fetch(site.url, known) is not None
    assert known == {"etag": '"v1"', "last_modified": "Mon, 05 Jan 2026 03:00:00 GMT"}
    assert fetch(site.url, known) is None
    assert site.asked[1][1]["if-modified-since"] == known["last_modified"]
    site.etag = '"v2"'
    assert fetch(site.url, known) is not None
    assert known["etag"] == '"v2"'


def test_what_a_server_cannot_do_now_is_tried_again(site: Website, fetch: Callable[..., Path | None]) -> None:
    site.answers = [503, "broken", 429]
    file = fetch(site.url)
    assert file is not None
    assert file.read_bytes() == CARS
    assert len(site.asked) == 4


@pytest.mark.parametrize(
    ("answers", "tries", "kind", "said"),
    [
        ([404], 1, UnusableFeedError, "404 Not Found; check the address"),
        ([401], 1, UnusableFeedError, "401 Unauthorized; check user and password"),
        ([204], 1, UnusableFeedError, "204 No Content"),
        ([304], 1, UnusableFeedError, "304 Not Modified"),
        ([500] * 9, download.ATTEMPTS, UnavailableError, "500 Internal Server Error; try later"),
        (["broken"] * 9, download.ATTEMPTS, UnavailableError, "does not answer to the end"),
    ],
    ids=["missing", "no right", "nothing", "unchanged since nothing", "fault", "broken transfer"],
)
def test_a_refusal_is_said_in_one_line_without_secrets(
    site: Website, fetch: Callable[..., Path | None], answers: list[int | str], tries: int,
    kind: type[CarouselError], said: str,
) -> None:  # fmt: skip
    site.answers = answers
    known = {} if answers == [304] else {"etag": "before"}
    before = dict(known)
    with structlog.testing.capture_logs() as logs, pytest.raises(kind) as caught:
        fetch(f"http://bob:hunter2@{site.host}/audi.csv?token=hunter2", known)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__} {logs}"
    assert len(site.asked) == tries
    assert known == before


def test_user_and_password_of_the_address_or_a_header_are_sent(
    site: Website, fetch: Callable[..., Path | None]
) -> None:
    fetch(f"http://bob:hunter2@{site.host}/audi.csv")
    fetch(site.url, authorization="Bearer t0ken")
    assert [headers["authorization"] for _, headers in site.asked] == ["Basic Ym9iOmh1bnRlcjI=", "Bearer t0ken"]


def test_a_redirect_to_another_host_takes_no_secret_along(site: Website, fetch: Callable[..., Path | None]) -> None:
    with running_website() as other:
        other.content = b"x"
        site.answers = [302]
        site.headers["Location"] = f"http://localhost:{other.server.server_port}/moved.csv"
        file = fetch(site.url, authorization="Bearer t0ken")
    assert file is not None
    assert file.name == "moved.csv"
    assert "authorization" not in other.asked[0][1]


def test_a_redirect_to_a_file_is_refused(site: Website, fetch: Callable[..., Path | None]) -> None:
    site.answers = [302]
    site.headers["Location"] = "file:///etc/passwd"
    with pytest.raises(UnusableFeedError, match="cannot be fetched"):
        fetch(site.url)


def test_a_feed_too_large_is_refused_also_when_it_only_unpacks_to_that(
    site: Website, fetch: Callable[..., Path | None]
) -> None:
    site.content = b"x" * 3_000_000
    with pytest.raises(TooLargeError, match="larger than 1,000,000 bytes"):
        fetch(site.url, most_bytes=1_000_000)
    site.content = gzip.compress(site.content)
    site.headers["Content-Encoding"] = "gzip"
    with pytest.raises(TooLargeError):
        fetch(site.url, most_bytes=1_000_000)
    assert len(site.asked) == 2


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/x", "http://", "://", "http://[::1/x", "gopher://x"]
)
def test_only_the_web_is_fetched_from(url: str, fetch: Callable[..., Path | None]) -> None:
    with pytest.raises(InputError, match="http:// or https://"):
        fetch(url)


def test_a_host_that_is_not_there_is_said(fetch: Callable[..., Path | None], site: Website) -> None:
    site.server.server_close()
    with pytest.raises(UnavailableError, match="does not answer"):
        fetch(site.url)
