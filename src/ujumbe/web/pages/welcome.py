"""Where one-time links lead: whoever has one chooses a password, and is signed in."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ujumbe.domain import user as rules
from ujumbe.domain.errors import InvalidInputError
from ujumbe.flows import welcoming
from ujumbe.flows.welcoming import LinkGoneError
from ujumbe.runtime import Runtime
from ujumbe.web import passwords
from ujumbe.web.pages import access, signed_out
from ujumbe.web.pages.fields import line, raw
from ujumbe.web.pages.page import HEADERS

router = APIRouter()


@router.get("/welcome/{secret}")
async def show(request: Request, secret: str) -> Response:
    """Show the form. Opening the page uses nothing up: programs that preview links open them too."""
    runtime: Runtime = request.app.state.runtime
    try:
        welcome = await runtime.db.read(welcoming.look, secret)
    except LinkGoneError as error:
        return await _gone(request, error)
    return await signed_out.render(request, "welcome.html", welcome=welcome, name="", errors={})


@router.post("/welcome/{secret}")
async def accept(request: Request, secret: str) -> Response:
    """Use the link up."""
    runtime: Runtime = request.app.state.runtime
    access.refuse_foreign(request, runtime)
    form = await signed_out.form_of(request)
    name = line(form, "name")
    try:
        welcome = await runtime.db.read(welcoming.look, secret)
        try:
            name = welcome.user.name if welcome.user is not None else rules.called(name)
            typed = rules.chosen(raw(form, "password"), raw(form, "again"), name)
            _, cookie = await runtime.db.write(
                welcoming.accept,
                runtime.account,
                secret,
                name,
                await passwords.hashed(runtime, typed),  # a stranger without a link makes us hash nothing
                request.headers.get("user-agent", ""),
                old=access.secret_of(request, runtime),
            )
        except InvalidInputError as error:
            errors = {error.field: str(error)}
            return await signed_out.render(
                request, "welcome.html", 422, welcome=welcome, name=name[:100], errors=errors
            )
    except LinkGoneError as error:
        return await _gone(request, error)
    response = RedirectResponse("/", 303, HEADERS)
    access.keep(response, request, runtime, cookie)
    return response


async def _gone(request: Request, error: LinkGoneError) -> Response:
    return await signed_out.render(request, "welcome_gone.html", 410, why=str(error))
