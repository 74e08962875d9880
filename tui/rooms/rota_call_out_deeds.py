"""What can be done with a call-out, from the list and from its page alike."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.call_outs import CallOutRecorded, CallOutView, NewCallOut, NewRest, RestView, Returned
from protocols.api.feed import RotasChanged, Watch
from protocols.rota.findings import Finding
from protocols.rota.model import Rota
from tui.dialogs.reason import ReasonDialog
from tui.dialogs.rota_call_out import CallOutDialog, ReturnDialog
from tui.dialogs.rota_times_off import RestDialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.deeds import DeedsRoom
from tui.rota_call_out_lines import is_open, rest_suggested, when_words
from tui.rota_change_lines import Sight
from tui.rota_record_forms import span_words


class CallOutDeeds(DeedsRoom[CallOutView]):
    """A room with a call-out to act on. Subclasses know `chosen`, `rota` and `findings`, and fill `show_recorded`."""

    ROOM = "rota"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "record": Reserved("recording a call-out", "serve-rota"),
        "returned": Reserved("ending a call-out", "serve-rota"),
        "returned_at": Reserved("ending a call-out", "serve-rota"),
        "withdraw": Reserved("withdrawing a call-out", "serve-rota"),
        "rest": Reserved("planning compensatory rest", "manage-rota"),
    }

    @property
    def rota(self) -> Rota:
        """The rota whose call-outs they are."""
        raise NotImplementedError

    @property
    def findings(self) -> Sequence[Finding]:
        """What the rules say of who is chosen, as far as it is known."""
        return ()

    def show_recorded(self, recorded: CallOutRecorded) -> None:
        """A call-out was recorded or ended: show it, and what the rules say now."""
        raise NotImplementedError

    @property
    def sight(self) -> Sight:
        """Who looks, and when."""
        clock = self.desk.server_clock
        return Sight(self.me, self.desk.may("manage-rota"), self.rota.zone, clock.now(), clock.utc)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, rotas=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, RotasChanged):
            self.soon("anew", lambda: self.ask_anew(background=True))

    def may_keep(self, view: CallOutView) -> bool:
        """Whether it is this person's, or they manage rotas."""
        return view.person == self.me or self.desk.may("manage-rota")

    @override
    def can(self, action: str) -> bool:
        """See DeedsRoom."""
        if not self.allows(action):
            return False
        view = self.chosen
        match action:
            case "returned" | "returned_at":
                return view is not None and is_open(view) and self.may_keep(view)
            case "withdraw":
                return view is not None and view.withdrawn_at is None and self.may_keep(view)
        return True

    async def action_record(self) -> None:
        """Record a call-out."""
        await self.app.push_screen(CallOutDialog(self.rota.rota, self.sight), self._record)

    def _record(self, new: NewCallOut | None) -> None:
        if new is not None:
            record = self.desk.door.record_call_out
            self.do("recording the call-out", lambda: record(new), self._recorded)

    def _recorded(self, recorded: CallOutRecorded) -> None:
        view = recorded.call_out
        self.desk.say(f"recorded: {view.person} is {'out' if is_open(view) else 'back'}", "good")
        self.show_recorded(recorded)

    def action_returned(self) -> None:
        """They are back now."""
        view = self.chosen
        if view is not None:
            back = Returned(returned_at=self.desk.server_clock.now().replace(microsecond=0), break_min=0)
            self._end(view, back)

    async def action_returned_at(self) -> None:
        """They were back at a time that is asked for."""
        view = self.chosen
        if view is not None:
            dialog = ReturnDialog(view, self.sight)
            await self.app.push_screen(dialog, lambda back: self._end(view, back) if back is not None else None)

    def _end(self, view: CallOutView, back: Returned) -> None:
        end = self.desk.door.end_call_out
        self.do(
            f"ending the call-out of {view.person}",
            lambda: end(view.call_out, back.returned_at, back.break_min),
            self._recorded,
        )

    async def action_withdraw(self) -> None:
        """It was recorded wrongly."""
        view = self.chosen
        if view is None:
            return
        withdraw = self.desk.door.withdraw_call_out
        before: list[Line] = [
            (Span(f" {view.person}  {when_words(view, self.sight)}", "strong"),),
            (Span(" It does not count any more; record another if there was one.", "muted"),),
        ]
        dialog = ReasonDialog(
            "Withdraw a call-out",
            before,
            lambda why: f"call-out.withdrawn: {self.me} withdraws {view.call_out} of {view.person}, because {why}",
        )
        await self.change_after(
            dialog,
            "withdrawing it",
            lambda why: withdraw(view.call_out, why),
            lambda gone: f"{gone.call_out} does not count any more",
        )

    async def action_rest(self) -> None:
        """Plan compensatory rest."""
        view = self.chosen
        person = view.person if view is not None else ""
        suggested = rest_suggested(view, self.findings) if view is not None else None
        await self.app.push_screen(RestDialog(self.sight, person, suggested), self._rest)

    def _rest(self, new: NewRest | None) -> None:
        if new is not None:
            add = self.desk.door.add_rest
            self.do("planning the rest", lambda: add(new), self._rest_planned)

    def _rest_planned(self, rest: RestView) -> None:
        self.desk.say(f"{rest.person} rests {span_words(rest.starts_at, rest.ends_at, self.sight)}", "good")
        self.refetch()
