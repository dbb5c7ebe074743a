"""/v1/rules: what incoming texts lead to, in order."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ujumbe.domain import ids, rule
from ujumbe.domain.ids import Kind
from ujumbe.domain.rule import Action
from ujumbe.domain.text import storable
from ujumbe.flows import answering
from ujumbe.runtime import Runtime, answers_of
from ujumbe.store import rules
from ujumbe.store.database import Tx
from ujumbe.web.api.access import Live, needs
from ujumbe.web.problems import Problem

router = APIRouter(tags=["rules"])

Read = [Depends(needs("read"))]
Admin = [Depends(needs("admin"))]
Line = Annotated[str, StringConstraints(max_length=200)]


class NewRule(BaseModel):
    """A rule. Without keywords it is about every text, without a short code about texts to any."""

    model_config = ConfigDict(extra="forbid")

    name: Line
    action: Action
    keywords: Annotated[list[Line], Field(max_length=rule.MOST_KEYWORDS)] = []
    anywhere: bool = Field(False, description="Whether a keyword may stand anywhere, not only at the beginning")
    short_code: Line = ""
    template: Annotated[str, StringConstraints(max_length=2_000)] = Field(
        "", description="The answer, with {text}, {from}, {to} and the fields of the contact filled in"
    )
    product: Line = Field("", description="The premium keyword that `subscribe` is about")
    position: Annotated[int | None, Field(ge=1, le=10_000, description="Its place from 1 on; last without one")] = None

    def read(self) -> rule.Rule:
        """The rule, checked. Raises `InvalidInputError`."""
        words = tuple(storable(each) for each in self.keywords)
        return rule.check(
            rule.Rule(
                storable(self.name),
                self.action,
                words,
                anywhere=self.anywhere,
                short_code=storable(self.short_code),
                template=self.template,
                product=storable(self.product),
            )
        )


class Rule(BaseModel):
    """A rule in its place: the first that matches wins."""

    id: str
    position: int
    name: str
    action: Action
    keywords: list[str]
    anywhere: bool
    short_code: str
    template: str
    product: str


class Rules(BaseModel):
    """All rules, in the order in which they are tried."""

    items: list[Rule]


class Trial(BaseModel):
    """A text to try."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(max_length=2_000)]
    to: Line = Field("", description="The short code that it is sent to; AT_SHORTCODE without one")


class Outcome(BaseModel):
    """What would follow from a text; nothing was stored or sent."""

    rule: str
    does: str
    reply: str


@router.get("/rules", dependencies=Read)
async def list_rules(runtime: Live) -> Rules:
    """List the rules, in the order in which they are tried."""
    return Rules(items=[_show(each) for each in await runtime.db.read(rules.list_all, runtime.account)])


@router.post("/rules", status_code=201, dependencies=Admin)
async def add_rule(runtime: Live, body: NewRule) -> Rule:
    """Add a rule. Two rules never have one name."""
    return await _put(runtime, body, None)


@router.post("/rules/test", dependencies=Read)
async def try_rules(runtime: Live, body: Trial) -> Outcome:
    """Tell what would follow from a text, stop words and handlers included; nothing is stored or sent."""
    answers = answers_of(runtime.settings, runtime.handlers)
    to = body.to or runtime.settings.at_shortcode
    found = await runtime.db.read(answering.preview, runtime.account, storable(body.text), to, answers)
    return Outcome(**found._asdict())


@router.get("/rules/{rule_id}", dependencies=Read)
async def show_rule(runtime: Live, rule_id: str) -> Rule:
    """Show one rule."""
    return _known(await runtime.db.read(rules.find, runtime.account, ids.read(Kind.RULE, rule_id)))


@router.put("/rules/{rule_id}", dependencies=Admin)
async def change_rule(runtime: Live, rule_id: str, body: NewRule) -> Rule:
    """Put another rule in the place of this one; without `position` it stays where it is."""
    return await _put(runtime, body, ids.read(Kind.RULE, rule_id))


@router.delete("/rules/{rule_id}", status_code=204, response_class=Response, dependencies=Admin)
async def remove_rule(runtime: Live, rule_id: str) -> None:
    """Delete a rule."""
    if not await runtime.db.write(rules.remove, runtime.account, ids.read(Kind.RULE, rule_id)):
        raise Problem("not-found", "No rule has this id")


async def _put(runtime: Runtime, body: NewRule, rule_id: int | None) -> Rule:
    wanted = body.read()

    def work(tx: Tx) -> rules.Stored | None:
        if rule_id is not None and rules.find(tx, runtime.account, rule_id) is None:
            raise Problem("not-found", "No rule has this id")
        stored = rules.put(tx, runtime.account, wanted, rule_id=rule_id, position=body.position)
        return None if stored is None else rules.find(tx, runtime.account, stored)

    found = await runtime.db.write(work)
    if found is None:
        raise Problem("conflict", "Another rule has this name")
    return _show(found)


def _known(found: rules.Stored | None) -> Rule:
    if found is None:
        raise Problem("not-found", "No rule has this id")
    return _show(found)


def _show(stored: rules.Stored) -> Rule:
    return Rule(id=ids.show(Kind.RULE, stored.id), position=stored.position, **asdict(stored.rule))
