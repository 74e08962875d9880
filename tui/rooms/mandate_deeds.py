"""What can be done with a mandate, from the list and from its page alike."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

from textual.widget import AwaitMount
from typing_extensions import override

from fleet.client import ClientError, NoPeopleAnchor, PeopleChain
from protocols.api.mandates import MandateView
from protocols.api.problems import Problem
from protocols.mandate import Mandate
from protocols.people import PeopleList
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.mandate import MandateDialog
from tui.dialogs.paste import PasteDialog
from tui.dialogs.reason import ReasonDialog
from tui.dialogs.sign_mandate import SignMandateDialog
from tui.mandate_lines import is_kit_out, waits_for
from tui.mandate_reading import ReadMandate, read_for_signing, read_safely
from tui.needs import name_of
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.deeds import DeedsRoom

_MANDATES = Reserved("seeing mandates", "see-mandates")


class MandateDeeds(DeedsRoom[MandateView]):
    """A room with a mandate to act on."""

    ROOM = "mandates"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "new": Reserved("drafting a mandate", "draft-mandate"),
        "sign": _MANDATES,
        "paste": _MANDATES,
        "open": _MANDATES,
        "filter": _MANDATES,
        "authorities": Reserved("seeing authorities", "see-mandates"),
        "cancel": Reserved("cancelling a mandate", "cancel-mandate"),
        "recovered": Reserved("saying that kit is back", "cancel-mandate"),
    }

    @property
    def unit_known(self) -> str:
        """The unit that a new draft is about, empty where there is none."""
        raise NotImplementedError

    @override
    def can(self, action: str) -> bool:
        """See DeedsRoom."""
        view = self.chosen
        if not self.allows(action):
            return False
        match action:
            case "sign":
                return view is not None and waits_for(view, self.me) and isinstance(self._readable(view), ReadMandate)
            case "paste":
                return view is not None and isinstance(read_safely(view), Mandate)
            case "cancel":
                return view is not None and (view.state in {"live", "future"} or self._may_discard(view))
            case "recovered":
                return view is not None and is_kit_out(view)
            case "unit":
                return view is not None and self.desk.may("see-fleet")
        return True

    @override
    def allows(self, action: str) -> bool:
        """A draft is given up by whoever may sign it, whatever else their role allows."""
        view = self.chosen
        if action == "cancel" and view is not None and view.state == "draft":
            return self._may_discard(view)
        return super().allows(action)

    def _may_discard(self, view: MandateView) -> bool:
        return view.state == "draft" and (
            self.me in {view.requester, view.approver} or self.desk.me.role == "supervisor"
        )

    def _readable(self, view: MandateView) -> ReadMandate | Problem:
        """What its line says, before the people list is asked for."""
        return read_for_signing(view, None, self.me, datetime.now(UTC))

    def trouble(self, view: MandateView) -> Problem | None:
        """Why a draft that waits for this person is not offered to be signed, None when it is."""
        if not waits_for(view, self.me):
            return None
        found = self._readable(view)
        return found if isinstance(found, Problem) else None

    @override
    def say_whose(self, key: str) -> None:
        """A key that did nothing: whose turn it is."""
        view = self.chosen
        if key == "s" and view is not None and not waits_for(view, self.me) and self.allows("sign"):
            turn = f"signing it is {' and '.join(view.waits_for)}'s"
            self.desk.say(turn if view.state == "draft" else f"it is {view.state}: nothing is to be signed", "fair")
        elif key == "x" and view is not None and view.state == "draft" and not self._may_discard(view):
            self.desk.say(f"giving it up is {view.requester}'s, {view.approver}'s or a supervisor's", "fair")
        else:
            super().say_whose(key)

    async def action_new(self) -> None:
        """Draft a mandate."""
        await self.change_after(
            MandateDialog(self.me, self.unit_known),
            "drafting the mandate",
            self.desk.door.draft_mandate,
            lambda view: f"{view.mandate_id} is drafted: read and sign it with s, then {view.approver} does",
        )

    def action_sign(self) -> None:
        """Check the people list, then show everything that the line says."""
        view = self.chosen
        if view is None or not self.can("sign"):
            return

        def failed(error: ClientError) -> None:
            if isinstance(error, NoPeopleAnchor):
                self._show_to_sign(view, None)
            else:
                self.desk.explain(error)

        self.ask("chain", self.desk.door.people_chain, lambda chain: self._show_to_sign(view, chain), failed=failed)

    def _show_to_sign(self, view: MandateView, chain: PeopleChain | None) -> None:
        people = chain.newest if chain is not None else None
        read = read_for_signing(view, people, self.me, datetime.now(UTC))
        if isinstance(read, Problem):
            self.desk.show_problem(read, "Not to be signed")
            return
        clock = self.desk.server_clock
        dialog = SignMandateDialog(read, view.unit_label, self.me, datetime.now(UTC), utc=clock.utc)
        sign = self.desk.door.sign_mandate
        self.change_after(dialog, "signing; touch your key if it blinks", lambda _: sign(read.line), _signed)

    def action_paste(self) -> None:
        """Hand in a signature that was made elsewhere."""
        view = self.chosen
        if view is not None:
            self.ask("chain", self.desk.door.people_chain, lambda chain: self._paste(view, chain.newest))

    def _paste(self, view: MandateView, people: PeopleList) -> None:
        line = read_safely(view)
        if isinstance(line, Problem):
            self.desk.show_problem(line, "Not to be signed")
            return
        dialog = PasteDialog(line, people, view.signed_by, self.me)
        hand_in = self.desk.door.hand_in_signature
        self.change_after(dialog, "handing the signature in", lambda armored: hand_in(line.mandate, armored), _signed)

    async def action_cancel(self) -> None:
        """Give up a draft, or end what is in force before its time."""
        view = self.chosen
        if view is None:
            return
        name = name_of(view.unit_label, view.unit)
        which: Line = (Span(f" {view.mandate_id} of {name}, {view.kind}, {view.purpose}", "strong"),)
        await (self._discard(view, which) if view.state == "draft" else self._cancel(view, which))

    def _discard(self, view: MandateView, which: Line) -> AwaitMount:
        discard = self.desk.door.discard_mandate
        sentence = f"mandate.discarded: {self.me} discards mandate {view.mandate_id} of {view.unit}"
        before: list[Line] = [which, (Span(" Nobody can sign it any more, and its line is erased.", "muted"),)]
        return self.change_after(
            ConfirmDialog("Give up a draft", before, sentence),
            "giving the draft up",
            lambda _: discard(view.mandate_id),
            lambda discarded: f"{discarded.mandate_id} is discarded",
        )

    def _cancel(self, view: MandateView, which: Line) -> AwaitMount:
        cancel = self.desk.door.cancel_mandate
        before: list[Line] = [
            which,
            (),
            (Span(" What is open under it closes at once, and nothing opens under it again.", "fair"),),
            (Span(" Until somebody says that the kit is back (g), it stays an alarm.", "muted"),),
        ]
        dialog = ReasonDialog(
            f"Cancel mandate {view.mandate_id}",
            before,
            lambda why: f"mandate.cancelled: {self.me} cancels mandate {view.mandate_id} of {view.unit}, because {why}",
        )
        return self.change_after(
            dialog,
            f"cancelling {view.mandate_id}",
            lambda why: cancel(view.mandate_id, why),
            lambda cancelled: f"{cancelled.mandate_id} is cancelled: bring the kit back, then press g",
        )

    async def action_recovered(self) -> None:
        """The kit of a cancelled mandate is back."""
        view = self.chosen
        if view is None:
            return
        recovered = self.desk.door.kit_recovered
        name = name_of(view.unit_label, view.unit)
        dialog = ReasonDialog(
            f"{name} is back",
            [(Span(f" {view.unit} of the cancelled mandate {view.mandate_id} is with us again.", "muted"),)],
            lambda how: f"mandate.recovered: {self.me} says that {view.unit} of {view.mandate_id} is back: {how}",
            label="how known",
            hint="who has it, where it is now",
        )
        await self.change_after(
            dialog,
            "saying that it is back",
            lambda how: recovered(view.mandate_id, how),
            lambda back: f"{name_of(back.unit_label, back.unit)} is back: its alarm has ended",
        )

    async def action_unit(self) -> None:
        """The page of its unit."""
        view = self.chosen
        if view is not None:
            await self.desk.open_unit(view.unit)

    async def action_authorities(self) -> None:
        """What mandates rest on."""
        await self.desk.open_authorities()


def _signed(view: MandateView) -> str:
    """What a signature has come to."""
    if view.state == "draft":
        return f"signed; it waits for {' and '.join(view.waits_for)} to sign"
    return f"both have signed: {view.mandate_id} is {view.state}"
