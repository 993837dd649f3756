"""A tiny ASGI app behind the real server: its worker's number, and a stream that never ends."""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def create_app() -> Callable[..., Awaitable[None]]:
    async def app(scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": b": beat\n\n", "more_body": True})
            await asyncio.sleep(0.1)
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})

    return app


if __name__ == "__main__":
    import sys

    from carousel.api.serve import serve
    from carousel.settings import Settings

    serve(Settings(port=int(sys.argv[1]), api_workers=2), "small_app:create_app")
