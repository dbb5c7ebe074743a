"""`ujumbe send`: a text from the command line, through the same outbox as everything else."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from ujumbe import telemetry
from ujumbe.cli.messages import document, print_messages
from ujumbe.cli.outbox import TAKEN, UNDER_WAY, Look, Seen, carry_out, sender_for, tell_of_waiting
from ujumbe.cli.output import AsJson, print_json
from ujumbe.domain import phone, text
from ujumbe.domain import sender as senders
from ujumbe.domain.errors import InvalidInputError, SettingsError
from ujumbe.flows import sending
from ujumbe.settings import Settings
from ujumbe.store import messages
from ujumbe.store.batches import Batch, Source
from ujumbe.store.database import Tx
from ujumbe.store.messages import Message


def send(
    words: Annotated[list[str], typer.Argument(metavar="NUMBER... TEXT", help="One or more numbers, then the text.")],
    sender: Annotated[str | None, typer.Option("--from", help="Sender ID. [default: AT_SENDER_ID]")] = None,
    two_way: Annotated[
        bool, typer.Option("--two-way", help="Send from AT_SHORTCODE, so that it can be answered.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until Africa's Talking has taken it.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send a text to one or more numbers: `ujumbe send +254711000111 "Hello"`.

    The message goes into the outbox of the database. A service that runs on it sends it; where none runs, this command
    does, with AT_USERNAME and AT_API_KEY. Exit code 1 when any was not taken.
    """
    if len(words) < 2:
        raise InvalidInputError("TEXT", "give one or more numbers, then the text: ujumbe send +254711000111 'Hello'")
    settings = Settings.load()
    numbers = list(dict.fromkeys(_number(word, settings) for word in words[:-1]))
    if phone.is_number(words[-1].replace(" ", "")):
        raise InvalidInputError("TEXT", "the text is missing: it comes last, and this is one more number")
    content = text.check(words[-1], field="TEXT")
    service = sender_for(settings, wait)
    sender_id, short_code = settings.at_sender_id, settings.at_shortcode
    if service is not None:
        sender_id, short_code = service.sender_id, service.short_code
    origin = (short_code if two_way else sender_id) if sender is None else senders.check(sender, field="--from")
    if two_way and not origin:
        raise SettingsError("AT_SHORTCODE is not set, and --two-way sends from it (or give --from)")
    plan = _Plan(numbers, content, "two_way" if two_way else "bulk", origin)
    telemetry.set_up("error", settings.log_format)
    found = carry_out(settings, service, plan, wait)
    documents = [document(each) for each in found]
    if as_json:
        print_json(documents)
    else:
        print_messages(documents)
    if any(each.state in UNDER_WAY for each in found):
        tell_of_waiting(service=service is not None)
    if any(each.state not in TAKEN for each in found):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be sent."""

    numbers: list[str]
    content: str
    mode: str
    sender: str

    def __call__(self, tx: Tx, account: int) -> Look[list[Message]]:
        batch = Batch(account, Source.CLI, self.mode, self.sender, self.content)
        return partial(_look, account=account, ids=sending.accept(tx, batch, self.numbers))


def _look(tx: Tx, account: int, ids: list[int]) -> Seen[list[Message]]:
    found = [each for id_ in ids if (each := messages.find(tx, account, id_)) is not None]
    return Seen(len(ids), sum(each.state not in UNDER_WAY for each in found), found)


def _number(word: str, settings: Settings) -> str:
    try:
        return phone.parse(word, field="NUMBER", default_country=settings.default_country)
    except InvalidInputError as error:
        raise InvalidInputError("NUMBER", f"{phone.mask(word)}: {error}") from None
