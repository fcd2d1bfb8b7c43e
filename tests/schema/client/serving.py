"""The real application behind a real server on a free port of the loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

from hub.kernel.settings import Settings
from schema.app import create_app
from schema.wire import RecallingProtocol


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[str]:
    """Serve the application in this process; give its address."""
    async with served_app(create_app(settings), settings) as url:
        yield url


@asynccontextmanager
async def served_app(app: Starlette, settings: Settings) -> AsyncIterator[str]:
    """Serve an application that was made already; give its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=RecallingProtocol,
                log_config=None,
                access_log=False,
                ws_max_size=settings.body_bytes,
                timeout_graceful_shutdown=1,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                assert not serving.done(), serving.exception()
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving
