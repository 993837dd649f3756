"""Make the environment hold exactly a locked list of packages, and Carousel itself.

Use: `python requirements/sync.py requirements/dev.txt`.

uv does the work and reads its own configuration only, so what pip is told on this machine (its index, a folder of
wheels, a proxy's certificate) is handed to uv too, unless uv was told otherwise.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

FROM_PIP = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
    "trusted-host": "UV_INSECURE_HOST",
}
# A list in pip's files has one entry a line or a space between; uv wants commas between folders, spaces elsewhere.
SEPARATOR = {"find-links": ","}


def environment() -> dict[str, str]:
    """Return this process's environment with pip's configuration said in uv's words."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):  # the later one wins, as in pip
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section) and name.removeprefix(section) in FROM_PIP:
                option = name.removeprefix(section)
                found[FROM_PIP[option]] = SEPARATOR.get(option, " ").join(ast.literal_eval(value).split())
    return found | dict(os.environ)


def main(requirements: str) -> None:
    uv = [str(Path(sys.executable).with_name("uv")), "pip"]
    target = ["--python", sys.executable]
    for command in (
        [*uv, "sync", "--require-hashes", requirements, *target],
        # The build backend is in the list just installed, so nothing is fetched behind the lock's back.
        [*uv, "install", "--no-deps", "--no-build-isolation", "--editable", ".", *target],
    ):
        result = subprocess.run(command, env=environment(), check=False)  # noqa: S603 - uv of this environment
        if result.returncode:
            sys.exit(result.returncode)


if __name__ == "__main__":
    main(sys.argv[1])
