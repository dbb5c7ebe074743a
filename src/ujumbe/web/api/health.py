"""GET /healthz and /readyz: whether this process lives, and whether it can work. AT is never asked."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.flows import sending
from ujumbe.web.api.access import Live

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
