"""What can be done with a change by hand, from the list and from its page alike."""

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import RotasChanged, Watch
from protocols.api.rota_changes import ChangeView
from tui.dialogs.confirm import ConfirmDialog, TextDialog
from tui.dialogs.dialog import Dialog
from tui.dialogs.reason import ReasonDialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.deeds import DeedsRoom
from tui.rota_change_lines import (
    OPEN_STATES,
    Sight,
    finding_block,
    graves_of,
    half_lines,
    it_stands,
    may_decide,
    over_at,
)

_WIDTH = 70
_MOST = 9


class ChangeDeeds(DeedsRoom[ChangeView]):
    """A room with a change to act on. Subclasses know `chosen` and `zone`, the rota's."""

    ROOM = "rota"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "accept": Reserved("agreeing and approving", "serve-rota"),
        "refuse": Reserved("refusing a change", "serve-rota"),
        "undo": Reserved("undoing a change", "manage-rota"),
    }

    @property
    def zone(self) -> str:
        """The zone of the rota, UTC until it is known."""
        raise NotImplementedError

    @property
    def sight(self) -> Sight:
        """Who looks, and when."""
        clock = self.desk.server_clock
        return Sight(self.me, self.desk.may("manage-rota"), self.zone, clock.now(), clock.utc)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, rotas=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, RotasChanged):
            self.soon("anew", lambda: self.ask_anew(background=True))

    @override
    def can(self, action: str) -> bool:
        """See DeedsRoom."""
        view, sight = self.chosen, self.sight
        if view is None or not self.allows(action):
            return False
        match action:
            case "accept":
                return may_decide(view, sight)
            case "refuse":
                return view.state in OPEN_STATES and (
                    sight.manages or sight.me in {view.person, view.gives, view.asked_by}
                )
            case "undo":
                return view.state == "approved" and over_at(view) > sight.now
        return True

    @override
    def say_whose(self, key: str) -> None:
        """A key that did nothing: for whose word it waits, or what became of it."""
        view = self.chosen
        if key in {"a", "f", "u"} and view is not None and (key != "u" or self.allows("undo")):
            own = self.me in {view.person, view.gives} and self.sight.manages and view.state == "agreed"
            more = ": you are one of the two, and another supervisor decides" if key == "a" and own else ""
            self.desk.say(it_stands(view, self.sight) + more, "fair")
        else:
            super().say_whose(key)

    def action_accept(self) -> None:
        """Agree, or approve: what it brings is asked for first."""
        view = self.chosen
        if view is not None:
            door = self.desk.door
            self.ask("brings", lambda: door.rota_change(view.change), self._accept)

    def _accept(self, view: ChangeView) -> None:
        if not may_decide(view, self.sight):
            self.desk.say(f"{it_stands(view, self.sight)} by now", "fair")
            self.show_changed(view)
        elif view.state == "asked":
            self._agree(view)
        else:
            self._approve(view)

    def _agree(self, view: ChangeView) -> None:
        agree = self.desk.door.agree_rota_change
        theirs = "" if view.waits_for == self.me else f" for {view.waits_for}"
        sentence = f"rota.change-agreed: {self.me} agrees{theirs} to change {view.change} of {view.rota}"
        before = [*self._before(view), (Span(" Then a supervisor decides.", "muted"),)]
        self.change_after(
            ConfirmDialog(f"Agree{theirs} to a {view.kind}", before, sentence),
            "agreeing",
            lambda _: agree(view.change),
            lambda changed: f"agreed: {it_stands(changed, self.sight)}",
        )

    def _approve(self, view: ChangeView) -> None:
        approve = self.desk.door.approve_rota_change
        sentence = f"rota.change-approved: {self.me} approves change {view.change} ({view.kind}) of {view.rota}"
        if graves_of(view.brings):
            dialog: Dialog[str] = ReasonDialog(
                "Approve despite what it brings",
                self._before(view),
                lambda why: f"{sentence}, despite what it brings, because {why}",
                label="despite, because",
            )
            self.change_after(dialog, "approving", lambda why: approve(view.change, despite=why), self._done)
            return
        self.change_after(
            ConfirmDialog(f"Approve a {view.kind}", self._before(view), sentence),
            "approving",
            lambda _: approve(view.change),
            self._done,
        )

    @staticmethod
    def _done(view: ChangeView) -> str:
        return f"{view.change}: it is approved, and everybody is told"

    def _before(self, view: ChangeView) -> list[Line]:
        """The change, and what it brings as far as there is room."""
        lines = [*half_lines(view, self.sight), (), *finding_block(view, _WIDTH)]
        more = (Span(f"   … {len(lines) - _MOST} lines more: enter shows all", "muted"),)
        return lines if len(lines) <= _MOST else [*lines[:_MOST], more]

    def action_refuse(self) -> None:
        """Say that it does not come."""
        view = self.chosen
        if view is None:
            return
        refuse, verb = self.desk.door.refuse_rota_change, "takes back" if view.asked_by == self.me else "refuses"
        before: list[Line] = [
            *half_lines(view, self.sight),
            (),
            (Span(f" goes into the log: “rota.change-refused: {self.me} refuses change {view.change}”"),),
            (Span(" Why? It may stay empty; its hash stands in the log.", "muted"),),
        ]
        title = "Take a change back" if verb == "takes back" else f"Refuse a {view.kind}"

        def returned(why: str | None) -> None:
            if why is not None:
                self.change(
                    "refusing", lambda: refuse(view.change, why), lambda changed: f"{changed.change} is refused"
                )

        self.app.push_screen(TextDialog(title, before, hint="the reason"), returned)

    def action_undo(self) -> None:
        """Let everything be as before from now on."""
        view = self.chosen
        if view is None:
            return
        undo = self.desk.door.undo_rota_change
        before: list[Line] = [
            *half_lines(view, self.sight),
            (),
            (Span(" From now on it is as if this had not been made; what is past stays.", "fair"),),
        ]
        sentence = f"rota.change-undone: {self.me} undoes change {view.change} of {view.rota}"
        self.change_after(
            ConfirmDialog(f"Undo a {view.kind}", before, sentence),
            "undoing",
            lambda _: undo(view.change),
            lambda changed: f"{changed.change} is undone from now on",
        )
