"""Reply rules as people keep them, in order."""

import json
from dataclasses import dataclass

from ujumbe.domain.rule import Action, Rule
from ujumbe.store.database import Row, Tx


@dataclass(frozen=True, slots=True)
class Stored:
    """A rule and its place. Times are epoch milliseconds."""

    id: int
    position: int
    rule: Rule
    updated_at: int


def list_all(tx: Tx, account: int) -> list[Stored]:
    """Every rule, in the order in which they are tried."""
    return [_stored(row) for row in tx.all("rules.list", account=account)]


def find(tx: Tx, account: int, rule_id: int) -> Stored | None:
    """One rule of this account."""
    row = tx.one("rules.find", account=account, id=rule_id)
    return None if row is None else _stored(row)


def put(tx: Tx, account: int, rule: Rule, *, rule_id: int | None = None, position: int | None = None) -> int | None:
    """Add a rule, or change the one with `rule_id`; its id, or None where another has its name or there is none.

    `position` is its place from 1 on; without one a new rule goes last, and a changed one stays.
    """
    tx.lock(f"rules {account}")
    others = [each for each in list_all(tx, account) if each.id != rule_id]
    changed = None if rule_id is None else find(tx, account, rule_id)
    if any(each.rule.name == rule.name for each in others) or (rule_id is not None and changed is None):
        return None
    stored_id = tx.new_id() if rule_id is None else rule_id
    place = position if position is not None else changed.position if changed else len(others) + 1
    order = [each.id for each in others]
    order.insert(max(place - 1, 0), stored_id)
    tx.run(
        "rules.put",
        id=stored_id,
        account=account,
        position=place,
        name=rule.name,
        action=rule.action,
        keywords=json.dumps(rule.keywords),
        anywhere=int(rule.anywhere),
        short_code=rule.short_code,
        template=rule.template,
        product=rule.product,
        now=tx.now,
    )
    _number(tx, order)
    return stored_id


def remove(tx: Tx, account: int, rule_id: int) -> bool:
    """Delete a rule; False where there is none."""
    if not tx.run("rules.remove", account=account, id=rule_id):
        return False
    _number(tx, [each.id for each in list_all(tx, account)])
    return True


def _number(tx: Tx, order: list[int]) -> None:
    if order:
        tx.many("rules.place", {"id": order, "position": list(range(1, len(order) + 1))})


def _stored(row: Row) -> Stored:
    rule = Rule(
        name=row["name"],
        action=Action(row["action"]),
        keywords=tuple(json.loads(row["keywords"])),
        anywhere=bool(row["anywhere"]),
        short_code=row["short_code"],
        template=row["template"],
        product=row["product"],
    )
    return Stored(row["id"], row["position"], rule, row["updated_at"])
