"""The least that uvicorn can do: read the request, say OK. `python -m benchmarks.bare`

The yardstick for what accepting costs: the server, event loop and HTTP parser of the product (uvicorn, uvloop,
httptools), no access log, and none of our code.
"""

import socket

import uvicorn

from ujumbe.web.asgi import Receive, Scope, Send

HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"2")]


async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI calls it with three
    """Read the body, answer OK."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b"OK"})


def main() -> None:
    """Serve on a free port of loopback until killed."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print("http://{}:{}".format(*listening.getsockname()), flush=True)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
