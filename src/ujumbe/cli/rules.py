"""`ujumbe rules`: what incoming texts lead to, in order."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from ujumbe.cli import database
from ujumbe.cli.database import service_on
from ujumbe.cli.output import AsJson, out, print_json, print_table
from ujumbe.domain import ids, rule
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.rule import Action, Rule
from ujumbe.flows import answering
from ujumbe.settings import Settings
from ujumbe.store import rules
from ujumbe.store.database import Tx
from ujumbe.store.rules import Stored

app = typer.Typer(
    help="Rules for incoming texts: the first that matches wins, after stop words and handlers.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `ujumbe rules list` shows it.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="What people call it; no two rules have one name.")]
Does = Annotated[Action, typer.Argument(metavar="ACTION", help=f"{', '.join(Action)}.")]
Keywords = Annotated[
    list[str] | None,
    typer.Option("--keyword", "-k", help="Word or words that texts begin with; give it several times."),
]
Anywhere = Annotated[bool, typer.Option("--anywhere", help="Take a keyword wherever it stands.")]
ShortCode = Annotated[str, typer.Option("--to", help="Only texts to this short code.")]
Template = Annotated[
    str, typer.Option("--reply", help="The answer; {text}, {from}, {to} and contact fields are filled in.")
]
Product = Annotated[str, typer.Option("--product", help="Premium keyword that `subscribe` is about.")]
Position = Annotated[int | None, typer.Option("--position", min=1, help="Its place from 1 on. [default: last]")]


@app.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """List the rules in the order in which they are tried."""
    found = database.read(rules.list_all)
    if as_json:
        print_json([_document(each) for each in found])
    elif not found:
        out.print("No rules: every text that is no stop word gets the default reply (UJUMBE_REPLY).")
    else:
        _table(found)


@app.command()
def add(
    name: Name,
    action: Does,
    keyword: Keywords = None,
    anywhere: Anywhere = False,
    to: ShortCode = "",
    reply: Template = "",
    product: Product = "",
    position: Position = None,
    as_json: AsJson = False,
) -> None:
    """Add a rule: `ujumbe rules add balance reply -k BAL --reply "Your balance is on its way, {name}"`."""
    wanted = Rule(name, action, tuple(keyword or ()), anywhere=anywhere, short_code=to, template=reply, product=product)
    _keep(wanted, None, position, as_json=as_json)


@app.command()
def change(
    rule_id: Id,
    name: Name,
    action: Does,
    keyword: Keywords = None,
    anywhere: Anywhere = False,
    to: ShortCode = "",
    reply: Template = "",
    product: Product = "",
    position: Position = None,
    as_json: AsJson = False,
) -> None:
    """Put another rule in the place of one; without --position it stays where it is."""
    wanted = Rule(name, action, tuple(keyword or ()), anywhere=anywhere, short_code=to, template=reply, product=product)
    _keep(wanted, ids.read(Kind.RULE, rule_id, field="ID"), position, as_json=as_json)


@app.command()
def remove(rule_id: Id, as_json: AsJson = False) -> None:
    """Delete a rule."""
    number = ids.read(Kind.RULE, rule_id, field="ID")
    if not database.write(lambda tx, account: rules.remove(tx, account, number)):
        raise InvalidInputError("ID", f"no rule has the id {rule_id}")
    if as_json:
        print_json({"removed": rule_id})
    else:
        out.print(f"Removed {rule_id}.")


@app.command("test")
def try_text(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What somebody might write.")],
    to: Annotated[str, typer.Option("--to", help="The short code that it is sent to. [default: AT_SHORTCODE]")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell what would follow from a text, stop words and handlers included; nothing is stored or sent."""
    from ujumbe.handlers import load  # noqa: PLC0415 - these take long to load, and few need them
    from ujumbe.runtime import answers_of  # noqa: PLC0415 - likewise

    settings = Settings.load()
    service = service_on(settings)
    short_code = to or (service.short_code if service else settings.at_shortcode)
    answers = answers_of(settings, load(settings.handlers))
    found = database.read(lambda tx, account: answering.preview(tx, account, text, short_code, answers))
    if as_json:
        print_json(found._asdict())
        return
    out.print(f"{found.rule}: {found.does}", markup=False)
    if found.reply:
        out.print(f"\n{found.reply}", markup=False)


def _keep(wanted: Rule, rule_id: int | None, position: int | None, *, as_json: bool) -> None:
    kept = rule.check(wanted)

    def work(tx: Tx, account: int) -> Stored:
        if rule_id is not None and rules.find(tx, account, rule_id) is None:
            raise InvalidInputError("ID", f"no rule has the id {ids.show(Kind.RULE, rule_id)}")
        stored = rules.put(tx, account, kept, rule_id=rule_id, position=position)
        found = None if stored is None else rules.find(tx, account, stored)
        if found is None:
            raise InvalidInputError("NAME", f"another rule is called {kept.name}")
        return found

    found = database.write(work)
    if as_json:
        print_json(_document(found))
    else:
        _table([found])


def _table(found: list[Stored]) -> None:
    columns = ("place", "id", "name", "keywords", "to", "does", "reply or product")
    rows = []
    for each in found:
        kept = each.rule
        words = ", ".join(kept.keywords) or "any text"
        where = f"{words} (anywhere)" if kept.anywhere and kept.keywords else words
        told = (kept.short_code or "any", kept.action, kept.template or kept.product)
        rows.append((str(each.position), ids.show(Kind.RULE, each.id), kept.name, where, *told))
    print_table(columns, rows)


def _document(stored: Stored) -> dict[str, Any]:
    return {"id": ids.show(Kind.RULE, stored.id), "position": stored.position, **asdict(stored.rule)}
