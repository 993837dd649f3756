"""Stands in for the API, a dataflow and the errands in the tests of the supervisor: small, and tells what it hears."""

import http.server
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import psycopg

LISTING = """
INSERT INTO listing (listing_id, source, status, make, model, condition, year, listed_at, document, content_hash,
                     search, embedding, embedding_version)
VALUES ('demo:1', 'demo', 'active', 'Skoda', 'Octavia', 'used', 2019, now(), '{}', '', '',
        array_fill(0::real, ARRAY[96])::halfvec, 1)
"""


def tell(event: str, **more: object) -> None:
    print(json.dumps({"process": sys.argv[1], "event": event, **more}), file=sys.stderr, flush=True)


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments: object) -> None:
        pass


def serve(port: int, host: str = "127.0.0.1") -> None:
    stubborn = "STUBBORN" in os.environ

    def hear(number: int, _frame: FrameType | None) -> None:
        tell(signal.Signals(number).name)
        if not stubborn:
            sys.exit(0)

    signal.signal(signal.SIGTERM, hear)
    signal.signal(signal.SIGINT, hear)
    tell("serving", arguments=sys.argv[1:], demo=os.environ["CAROUSEL_DEMO"], pid=os.getpid())
    http.server.ThreadingHTTPServer((host, port), Answer).serve_forever()


match sys.argv[1:]:
    case ["api"]:
        if "CRASHING" in os.environ:
            sys.exit("carousel: no such table")
        serve(int(os.environ["CAROUSEL_PORT"]))
    case ["dataflow", "taste" | "factors", *_]:
        serve(int(os.environ["CAROUSEL_METRICS_PORT"]), os.environ.get("CAROUSEL_METRICS_HOST", "127.0.0.1"))
    case ["load-market"]:
        with psycopg.connect(os.environ["CAROUSEL_DATABASE_URL"], autocommit=True) as connection:
            connection.execute(LISTING)
        tell("market loaded")
    case ["import", "--json", file]:
        if Path(file).suffix != ".csv":
            print(f"carousel: {file} is not a table: give a CSV file", file=sys.stderr)
            sys.exit(1)
        print('{"read": 1}')
    case _:
        time.sleep(0)
        sys.exit(f"unexpected: {sys.argv}")
