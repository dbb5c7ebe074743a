"""GET /healthz, /readyz and /metrics: does this process live, can it work, what does it do? AT is never asked."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.flows import measuring, sending
from ujumbe.metrics import CONTENT_TYPE
from ujumbe.store.api_keys import Scope
from ujumbe.web.api.access import Live
from ujumbe.web.asgi import came_through_a_proxy
from ujumbe.web.auth import authorize

router = APIRouter(tags=["health"])


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok"}


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def readyz(runtime: Live) -> JSONResponse:
    """Tell whether the database and the worker can work; 503 where one cannot."""
    checks = {"database": "ok"}
    if runtime.sends:
        checks["worker"] = "ok" if runtime.working else "not running"
    try:
        await runtime.db.read(sending.wait_ms, runtime.account)
    except StoreUnavailableError:
        checks["database"] = "cannot be read"
    if runtime.db.trouble:  # upkeep writes every few seconds, so this is never old news
        checks["database"] = "cannot be written"
    ready = all(each == "ok" for each in checks.values())
    return JSONResponse({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)


@router.get("/metrics", response_class=Response)
async def metrics(runtime: Live, request: Request) -> Response:
    """Tell what this process did and how the outbox stands, for Prometheus.

    Open to this machine and its network; from beyond a proxy it wants an API key, since it tells how much is sent.
    """
    if came_through_a_proxy(request.scope):
        await authorize(runtime, request.headers.get("authorization", ""), Scope.READ)
    standing = await runtime.db.read(measuring.measure, runtime.account)
    return Response(runtime.metrics.render(standing), media_type=CONTENT_TYPE)
