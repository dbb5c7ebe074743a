"""A text that is being composed: what the form holds, and what is asked for with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from ujumbe.domain import recipient_list, recipients, sender, text
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.recipient_list import Entry
from ujumbe.domain.recipients import Verdict
from ujumbe.web.orders import SUBSCRIBERS, Send
from ujumbe.web.pages.fields import block, line
from ujumbe.web.pages.page import Page, zone_called
from ujumbe.web.problems import Problem

OTHER: Final = "*"
"""The choice of a sender that is not in the list."""
KINDS: Final = ("bulk", "two_way", "premium")
CATEGORIES: Final = ("transactional", "otp", "promotional")
MOST_GAPS: Final = 1_000
"""Lines of a file without a number that become empty lines of the list."""
PRIORITIES: Final = range(-9, 10)


class WrongError(InvalidInputError):
    """Several fields of a form are wrong: `errors` says what would be right, by field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors)), next(iter(errors.values())))
        self.errors = errors


def told(error: InvalidInputError) -> dict[str, str]:
    """What is wrong, by field of the form."""
    return error.errors if isinstance(error, WrongError) else {error.field: str(error)}


@dataclass(slots=True)
class Draft:
    """What the form holds, as it was typed."""

    to: str = ""
    text: str = ""
    sender: str = ""
    other: str = ""
    kind: str = "bulk"
    keyword: str = ""
    category: str = "transactional"
    priority: str = "0"
    send_at: str = ""
    expires_at: str = ""
    zone: str = "UTC"
    """In which the times were typed."""
    key: str = ""
    checked: str = ""
    """The mark of what was checked last."""
    test_to: str = ""
    test_key: str = ""
    tested: str = ""
    """The id of the message of the latest test."""
    file_name: str = ""
    entries: list[Entry] = field(default_factory=list)
    """Everybody who is listed, in the order of the list."""
    verdicts: list[Verdict] = field(default_factory=list)
    """One for each entry."""

    @property
    def origin(self) -> str | None:
        """The sender as the API takes it; None for the usual one."""
        return (self.other if self.sender == OTHER else self.sender) or None

    @property
    def to_subscribers(self) -> bool:
        """Whether it goes to the subscribers of a keyword."""
        return self.kind == "premium"

    @property
    def numbers(self) -> list[str]:
        """The numbers that can be texted."""
        return [each.number for each in self.verdicts if each.number is not None]

    def judge(self, file: bytes, default_country: str) -> None:
        """Read the list and the file and judge every number of them. It may take a second: not in the loop.

        Raises `InvalidInputError` for a list that cannot be read.
        """
        self.entries = recipient_list.pasted(self.to)
        if file:
            read = recipient_list.of_file(file)
            if len(self.entries) + len(read) > recipient_list.MOST:
                raise InvalidInputError("to", f"these are more than {recipient_list.MOST:,} numbers: send in parts")
            self.entries += read
            # A browser cannot be given a file: from here on its numbers stand in the list.
            self.to = _as_list(self.to, read)
        given = [recipient_list.spelled(each.given, default_country) for each in self.entries]
        self.verdicts = [
            verdict._replace(given=entry.given, reason=entry.error or verdict.reason)
            for entry, verdict in zip(self.entries, recipients.judge(given, default_country), strict=True)
        ]

    def body(self, to: Sequence[str] | None = None) -> Send:
        """The request that the API would get, to these numbers; to those of the list without any.

        Raises `WrongError` with everything that is wrong, by field of the form.
        """
        self._look(listed=to is None)
        body = _validated(
            {
                "to": SUBSCRIBERS if self.to_subscribers else [recipient_list.NOBODY],
                "text": self.text,
                "from": self.origin,
                "kind": self.kind,
                "category": self.category,
                "priority": int(self.priority),
                "send_at": self._moment("send_at", self.send_at),
                "expires_at": self._moment("expires_at", self.expires_at),
                "keyword": self.keyword if self.to_subscribers else "",
            }
        )
        numbers = list(to) if to is not None else [] if self.to_subscribers else self.numbers or [recipient_list.NOBODY]
        return body.model_copy(update={"to": numbers})

    def _look(self, *, listed: bool) -> None:
        looks: list[Callable[[], object]] = [
            lambda: _one_of(KINDS, self.kind, "kind"),
            self._keyword,
            lambda: text.check(self.text, field="text"),
            lambda: sender.check(self.origin or ""),
            lambda: _one_of(CATEGORIES, self.category, "category"),
            lambda: self._moment("send_at", self.send_at),
            lambda: self._moment("expires_at", self.expires_at),
            lambda: _one_of([str(each) for each in PRIORITIES], self.priority, "priority"),
        ]
        if listed:
            looks.insert(1, self._recipients)
        wrong: dict[str, str] = {}
        for look in looks:
            try:
                look()
            except InvalidInputError as error:
                wrong.setdefault(error.field, str(error))
        if wrong:
            raise WrongError(wrong)

    def _recipients(self) -> None:
        if self.to_subscribers and self.entries:
            told = "a premium text goes to the subscribers of its keyword: clear the numbers, or choose another kind"
            raise InvalidInputError("to", told)
        if not self.to_subscribers and not self.entries:
            raise InvalidInputError("to", "give at least one number, or choose a file of them")

    def _keyword(self) -> None:
        if self.to_subscribers and not self.keyword:
            raise InvalidInputError("keyword", "name the keyword to whose subscribers it goes")

    def _moment(self, name: str, given: str) -> str | None:
        """A time as it was typed, in RFC 3339. Its zone goes with the form: the viewer's may have been learnt since."""
        if not given:
            return None
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            raise InvalidInputError(name, "give a day and a time, as in 2026-03-04T10:30") from None
        if moment.tzinfo is not None or not 2000 <= moment.year <= 9000:
            raise InvalidInputError(name, "give a day and a time, as in 2026-03-04T10:30")
        return moment.replace(tzinfo=zone_called(self.zone)).isoformat()


def _as_list(typed: str, read: Sequence[Entry]) -> str:
    """What was typed, and the numbers of a file below it: alone they stay on their lines, which verdicts name."""
    if not typed.strip() and read[-1].line <= len(read) + MOST_GAPS:
        lines = [""] * read[-1].line
        for each in read:
            lines[each.line - 1] = each.given or recipient_list.NOBODY
        return "\n".join(lines)
    return "\n".join([typed.rstrip()] * bool(typed.strip()) + [each.given or recipient_list.NOBODY for each in read])


def _validated(given: Mapping[str, Any]) -> Send:
    try:
        return Send.model_validate(given)
    except ValidationError as error:  # a bound of the API that the form does not have
        [first, *_] = error.errors(include_url=False, include_input=False, include_context=False)
        raise InvalidInputError(str(first["loc"][0]), first["msg"]) from None


def from_query(given: Mapping[str, str]) -> Draft:
    """A form that an address fills in: `to`, `text`, `from` and `kind`."""
    kind = given.get("kind", "")
    return Draft(
        to=given.get("to", ""),
        text=given.get("text", ""),
        sender=given.get("from", "").strip(),
        kind=kind if kind in KINDS else "bulk",
        keyword=given.get("keyword", "").strip(),
    )


async def from_page(page: Page) -> tuple[Draft, bytes, FormData]:
    """What the form of a page holds, its file, and the form. Raises a `Problem` for a field that holds too much."""
    try:
        form = await page.form()
    except HTTPException as error:
        if "exceeded maximum size" not in str(error.detail):
            raise
        raise Problem("too-large", "A field holds more than this form takes: send to fewer numbers at a time") from None
    draft, file = await _from_form(form)
    return draft, file, form


async def _from_form(form: FormData) -> tuple[Draft, bytes]:
    """What a form holds, and its file."""
    draft = Draft(
        to=block(form, "to"),
        text=block(form, "text"),
        sender=line(form, "from"),
        other=line(form, "other"),
        kind=line(form, "kind", "bulk"),
        keyword=line(form, "keyword"),
        category=line(form, "category", "transactional"),
        priority=line(form, "priority", "0"),
        send_at=line(form, "send_at"),
        expires_at=line(form, "expires_at"),
        zone=line(form, "zone", "UTC"),
        key=line(form, "key"),
        checked=line(form, "checked"),
        test_to=line(form, "test_to"),
        test_key=line(form, "test_key"),
        tested=line(form, "tested"),
    )
    file = form.get("file")
    data = b""
    if isinstance(file, UploadFile):
        data = await file.read()
        draft.file_name = (file.filename or "the file")[:100] if data else ""
    return draft, data


def _one_of(known: Sequence[str], given: str, name: str) -> str:
    if given not in known:
        raise InvalidInputError(name, f"choose one of these: {', '.join(known)}")
    return given
