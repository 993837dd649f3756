"""A plain page of another site that loads `carousel.js`: served from an origin of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = Path(__file__).with_name("shop.html").read_text()
POLICY = (
    "default-src 'none'; img-src data: https:; style-src 'unsafe-inline'; script-src 'unsafe-inline' {0}; "
    "connect-src {0}"
)


class Shop(ThreadingHTTPServer):
    """Every path is the same page; `carousel` is the URL of the service it uses."""

    carousel = ""
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        page = PAGE.replace("CAROUSEL", self.server.carousel).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", POLICY.format(self.server.carousel))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Requests are not worth a line of the test's output."""


@contextmanager
def open_shop() -> Iterator[Shop]:
    """Serve the shop until the end of the block."""
    with Shop() as shop:
        thread = threading.Thread(target=shop.serve_forever, daemon=True)
        thread.start()
        yield shop
        shop.shutdown()
        thread.join()
