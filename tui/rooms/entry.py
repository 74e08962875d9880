"""One entry of the log: all that it says, its exact bytes, and its proof, checked on this machine."""

from datetime import UTC, datetime
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import ClientError
from protocols.api.log import EntryView
from protocols.errors import InvalidCheckpoint, ProtocolError
from protocols.tlog.policy import read_policy
from protocols.tlog.receipt import verify_receipt
from tui.log_lines import entry_facts, fact_lines
from tui.paint import Line, Span, Tone, wrap
from tui.rooms.page_room import PageRoom
from tui.words import full_moment, number, safe


class Proof(NamedTuple):
    """What came of checking the receipt; `good` only when it was checked here, from the person's pinned anchor."""

    words: str
    good: bool = False


class EntryRoom(PageRoom):
    """The page of one entry."""

    ROOM = "log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "prove", "prove", tooltip="fetch its receipt and check it on this machine"),
        Binding("u", "unit", "unit", tooltip="the unit's page"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, entry: EntryView) -> None:
        super().__init__()
        self._entry = entry
        self._proof: Proof | None = None

    @override
    def refetch(self) -> None:
        """Its receipt, once."""
        if self._proof is None:
            self.action_prove()

    def action_prove(self) -> None:
        """Fetch the receipt and check it."""
        self.ask("receipt", self._check, self._checked, failed=self._not_checked)

    async def _check(self) -> Proof:
        index = self._entry.index
        answer = await self.desk.door.log_entry(index)
        if answer.receipt is None:
            return Proof("no witness has vouched for a tree with this entry yet: press p in a moment")
        chain = await self.desk.door.people_chain()
        if not chain.newest.log_policy:
            return Proof("the people list names no log key yet: nothing to check the receipt against")
        try:
            policy = read_policy(chain.newest.log_policy)
            found = verify_receipt(answer.receipt, answer.entry.leaf.encode(), policy)
        except InvalidCheckpoint as error:
            if error.reason == "quorum-missing":
                return Proof(
                    f"not proved yet under the log policy in force ({policy.quorum_words}): {error}. If witnesses were "
                    "added lately, wait until they answer (fleet log status), then press p"
                )
            return Proof(f"the receipt does NOT hold: {error}. Tell your inspector.")
        except ProtocolError as error:
            return Proof(f"the receipt does NOT hold: {error}. Tell your inspector.")
        if found.index != index or answer.entry.leaf != self._entry.leaf:
            return Proof("the receipt is of another entry. Tell your inspector.")
        utc = self.desk.server_clock.utc
        times = {name: datetime.fromtimestamp(unix_s, UTC) for name, unix_s in found.cosigned.items()}
        vouched = ", ".join(f"{name} at {full_moment(at, utc=utc)}" for name, at in times.items())
        return Proof(
            f"entry {number(index)} of a tree of {number(found.size)}, cosigned by {vouched or 'no witness'}; checked "
            f"here, with the keys that two administrators signed. Root {found.root.hex()}",
            good=bool(found.cosigned),
        )

    def _checked(self, proof: Proof) -> None:
        self._proof = proof
        self.show_page()

    def _not_checked(self, error: ClientError) -> None:
        self._checked(Proof(f"not checked: {error}"))

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        title: Line = (Span(" ENTRY  ", "muted"), Span(number(self._entry.index), "strong"))
        facts = fact_lines(entry_facts(self._entry, utc=self.desk.server_clock.utc), width)
        if self._proof is None:
            proved: list[Line] = [(Span(" checking its receipt …", "muted"),)]
        else:
            tone: Tone = "good" if self._proof.good else "bad"
            proved = [(Span(" "), *line) for line in wrap(self._proof.words, width - 1, tone)]
        leaf, step = safe(self._entry.leaf), width - 1
        exact: list[Line] = [(Span(" " + leaf[at : at + step], "muted"),) for at in range(0, len(leaf), step)]
        heading: Line = (Span(" as it was hashed, in one line:", "muted"),)
        return [title, *proved, (), *facts, (), heading, *exact]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A unit's page only where there is a unit."""
        return self._entry.unit is not None if action == "unit" else True

    async def action_unit(self) -> None:
        """The unit's page."""
        if self._entry.unit is not None:
            await self.desk.open_unit(self._entry.unit)
