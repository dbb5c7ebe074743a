"""The rules: in which order incoming texts are judged, what each line does, and a text to try them with."""

from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Query
from starlette.datastructures import FormData
from starlette.responses import Response

from ujumbe.domain import ids, keywords, replies, rule, segments, text
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.keywords import Wish
from ujumbe.domain.rule import Action, Rule
from ujumbe.domain.text import storable
from ujumbe.flows import answering
from ujumbe.flows.answering import ANSWERS, HANDLER, SUBSCRIBE, Preview
from ujumbe.runtime import answers_of
from ujumbe.store import rules
from ujumbe.store.database import Tx
from ujumbe.store.rules import Stored
from ujumbe.web.pages.page import Administering, Page, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

LONGEST_WORD: Final = 200
"""Characters of a field that is no text."""
WORDS: Final = {each: keywords.phrases(each) for each in Wish}
TAKEN: Final = "another rule has this name; choose one of its own"
UNKNOWN: Final = "No rule has this id; somebody may have deleted it"


class Verdict(NamedTuple):
    """What would follow from a text that somebody tries."""

    line: str
    """The line of the page that it comes under: a wish, `handler` and its place, a rule's id, or `default`."""
    rule: str
    does: str
    reply: str
    """What would be answered, filled in as far as it is known without a sender."""
    segments: int


@router.get("/rules")
async def show(
    page: Viewing,
    said: Annotated[str, Query(alias="text", max_length=2 * text.LONGEST)] = "",
    to: Annotated[str, Query(max_length=LONGEST_WORD)] = "",
) -> Response:
    """Show the order in which incoming texts are judged; try a text, of which nothing is kept."""
    said, to = storable(said), storable(to).strip()
    kept = await page.read(rules.list_all, page.runtime.account)
    verdict = await _try(page, kept, said, to or page.runtime.settings.at_shortcode) if said.strip() else None
    return await page.render(
        "rules.html",
        rules=kept,
        handlers=page.runtime.handlers,
        words=WORDS,
        settings=page.runtime.settings,
        said=said,
        to=to,
        verdict=verdict,
    )


@router.get("/rules/new")
async def begin(page: Administering) -> Response:
    """Show the form of a new rule."""
    return await _form(page, None, {"action": Action.REPLY}, {})


@router.post("/rules")
async def add(page: Administering) -> Response:
    """Add a rule."""
    return await _keep(page, None)


@router.get("/rules/{rule_id}")
async def edit(page: Administering, rule_id: str) -> Response:
    """Show the form of a rule that there is."""
    found = await _find(page, rule_id)
    given = {
        "name": found.rule.name,
        "action": found.rule.action,
        "keywords": ", ".join(found.rule.keywords),
        "anywhere": "on" if found.rule.anywhere else "",
        "short_code": found.rule.short_code,
        "template": found.rule.template,
        "product": found.rule.product,
        "position": str(found.position),
    }
    return await _form(page, found, given, {})


@router.post("/rules/{rule_id}")
async def change(page: Administering, rule_id: str) -> Response:
    """Change a rule."""
    return await _keep(page, await _find(page, rule_id))


@router.post("/rules/{rule_id}/move")
async def move(page: Administering, rule_id: str) -> Response:
    """Move a rule by one place."""
    by = -1 if (await page.form()).get("by") == "up" else 1
    number = ids.read(Kind.RULE, rule_id)
    await page.write("move rule", rule_id, _move, page.runtime.account, number, by)
    return page.redirect("/rules")


@router.post("/rules/{rule_id}/delete")
async def delete(page: Administering, rule_id: str) -> Response:
    """Delete a rule."""
    await page.write("delete rule", rule_id, _remove, page.runtime.account, ids.read(Kind.RULE, rule_id))
    return page.redirect("/rules", said="The rule is deleted.")


async def _try(page: Page, kept: list[Stored], said: str, to: str) -> Verdict:
    answers = answers_of(page.runtime.settings, page.runtime.handlers)
    found = await page.read(answering.preview, page.runtime.account, said, to, answers)
    filled = replies.render(found.reply, {"text": said, "to": to})[: text.LONGEST] if found.reply.strip() else ""
    return Verdict(_line(page, kept, found), found.rule, _does(found), filled, segments.measure(filled).segments)


def _line(page: Page, kept: list[Stored], found: Preview) -> str:
    """The line of the page that a text came under."""
    lines = {f"{HANDLER} {each.rule.name}": f"handler-{at}" for at, each in enumerate(page.runtime.handlers)}
    lines |= {answering.title(each.rule): ids.show(Kind.RULE, each.id) for each in kept}
    lines |= {answering.DEFAULT: answering.DEFAULT}
    word = found.rule.partition(" ")[0]
    return lines.get(found.rule) or (word if word in set(Wish) else Wish.DOUBT)


def _does(found: Preview) -> str:
    """What follows, as a sentence without its end."""
    task, _, about = found.does.partition(" ")
    if task == HANDLER and found.rule == found.does:
        return "your own handler runs, and what it returns is the answer"
    if task == SUBSCRIBE and about:
        return f"Africa's Talking is asked to subscribe the sender to {about}"
    return "it is answered" if found.does == ANSWERS else found.does


async def _keep(page: Page, changed: Stored | None) -> Response:
    """Keep what the form holds, or show it again with what is wrong."""
    given = _given(await page.form())
    try:
        wanted = _read(given)
        await page.runtime.db.write(_put, page, wanted, changed, _position(given))
    except InvalidInputError as error:
        return await _form(page, changed, given, {error.field: str(error)}, status=422)
    return page.redirect("/rules", said=f"The rule “{wanted.name}” is {'changed' if changed else 'added'}.")


async def _form(
    page: Page, changed: Stored | None, given: dict[str, str], wrong: dict[str, str], *, status: int = 200
) -> Response:
    kept = await page.read(rules.list_all, page.runtime.account)
    return await page.render(
        "rule.html",
        status=status,
        changed=changed,
        given=given,
        wrong=wrong,
        others=[each for each in kept if changed is None or each.id != changed.id],
        meanings=rule.MEANING,
        short_code=page.runtime.settings.at_shortcode,
    )


def _given(form: FormData) -> dict[str, str]:
    return {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}


def _read(given: dict[str, str]) -> Rule:
    """The rule of a form. Raises `InvalidInputError`."""
    if given.get("action") not in set(Action):
        raise InvalidInputError("action", "choose what the rule does")
    for name in ("name", "short_code", "product"):
        if len(given.get(name, "")) > LONGEST_WORD:
            raise InvalidInputError(name, f"it has at most {LONGEST_WORD} characters")
    words = given.get("keywords", "").replace("\n", ",").split(",")
    return rule.check(
        Rule(
            storable(given.get("name", "")),
            Action(given["action"]),
            tuple(storable(each) for each in words if each.strip()),
            anywhere=bool(given.get("anywhere")),
            short_code=storable(given.get("short_code", "")),
            template=given.get("template", ""),
            product=storable(given.get("product", "")),
        )
    )


def _position(given: dict[str, str]) -> int | None:
    place = given.get("position", "")
    return int(place) if place.isascii() and place.isdigit() and len(place) < 6 else None


def _put(tx: Tx, page: Page, wanted: Rule, changed: Stored | None, position: int | None) -> None:
    number = None if changed is None else changed.id
    account = page.runtime.account
    if number is not None and rules.find(tx, account, number) is None:
        raise Problem("not-found", UNKNOWN)
    stored = rules.put(tx, account, wanted, rule_id=number, position=position)
    if stored is None:
        raise InvalidInputError("name", TAKEN)
    page.note(tx, "add rule" if number is None else "change rule", ids.show(Kind.RULE, stored))


def _move(tx: Tx, account: int, number: int, by: int) -> None:
    found = rules.find(tx, account, number)
    if found is None:
        raise Problem("not-found", UNKNOWN)
    rules.put(tx, account, found.rule, rule_id=number, position=max(found.position + by, 1))


def _remove(tx: Tx, account: int, number: int) -> None:
    if not rules.remove(tx, account, number):
        raise Problem("not-found", UNKNOWN)


async def _find(page: Page, rule_id: str) -> Stored:
    found = await page.read(rules.find, page.runtime.account, ids.read(Kind.RULE, rule_id))
    if found is None:
        raise Problem("not-found", UNKNOWN)
    return found
