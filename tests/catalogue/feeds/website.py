"""A small web server on a free port, whose answers a test decides."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Headers = dict[str, str]


class Website:
    """Serves `content` at every path; `answers` come first, each once: a status, or "broken" for half a transfer."""

    def __init__(self) -> None:
        self.content = b""
        self.etag: str | None = None
        self.headers: Headers = {}
        self.answers: list[int | str] = []
        self.asked: list[tuple[str, Headers]] = []
        website = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                website.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                answer = website.answers.pop(0) if website.answers else 200
                if answer == 200 and website.etag and self.headers.get("If-None-Match") == website.etag:
                    answer = 304
                status = 200 if isinstance(answer, str) else answer
                body = website.content if status == 200 else b""
                self.send_response(status)
                for name, value in website.headers.items():
                    self.send_header(name, value)
                if website.etag:
                    self.send_header("ETag", website.etag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if answer == "broken" else body)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}/feeds/audi.csv"


@contextmanager
def website() -> Iterator[Website]:
    site = Website()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        thread.join()
        site.server.server_close()
