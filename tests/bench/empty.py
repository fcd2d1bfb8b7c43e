"""An empty Starlette endpoint under the hub's own server: what is left when nothing is done."""

import argparse

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def nothing(_request: Request) -> Response:
    """Answer with nothing, as JSON."""
    return Response(b'{"data":{}}', media_type="application/json")


def main() -> None:
    """Serve on the port given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(
        Starlette(routes=[Route("/", nothing, methods=["GET", "POST"])]),
        host="127.0.0.1",
        port=parser.parse_args().port,
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()
