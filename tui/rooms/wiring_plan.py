"""A whole plan that nobody has kept yet."""

from collections.abc import Awaitable
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.wiring import HarnessView
from protocols.wiring.policy import WiringPolicy
from tui.dialogs.confirm import ConfirmDialog
from tui.paint import Line, Span
from tui.rooms.wiring_edit import WiringEditRoom
from tui.rooms.wiring_view import VIEW_BINDINGS, WiringViewRoom
from tui.wiring_words import kept_sentence


class WiringPlanRoom(WiringViewRoom):
    """Shows it; `s` keeps it, and then the room is left for the harness that came of it, which it returns."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "keep", "keep", tooltip="keep it at the controller, as a new harness"),
        Binding("e", "edit", "edit", tooltip="go on with it as text"),
        Binding("w", "write", "write a file", tooltip="write its text into a file here"),
        *VIEW_BINDINGS,
        Binding("escape", "back", "back"),
    ]

    def __init__(self, text: str, policy: WiringPolicy) -> None:
        super().__init__()
        self._text = text
        self.policy = policy

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom. Nothing of it is at the controller."""
        if self.seen is None:
            self.judge(self._text)

    @override
    def head_line(self) -> Line:
        """See WiringViewRoom."""
        name = "" if self.seen is None or self.seen.plan is None else self.seen.plan.name
        return (Span(name, "title"), Span("  not kept", "fair"))

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        if action in {"keep", "edit", "write"}:
            return self.seen is not None and self.allows(action)
        return True

    async def action_keep(self) -> None:
        """Keep it, once the sentence was seen."""
        seen = self.seen
        if seen is None or seen.plan is None or seen.assessment is None:
            return
        door, text = self.desk.door, seen.text
        sentence = kept_sentence(self.me, seen.plan.name, 1, seen.assessment)

        def keep() -> Awaitable[HarnessView]:
            return door.keep_harness(text)

        dialog = ConfirmDialog("Keep this plan", [], sentence)
        await self.app.push_screen(dialog, lambda yes: self.do("keeping it", keep, self._kept) if yes else None)

    def _kept(self, view: HarnessView) -> None:
        self.desk.say(f"{view.row.name} is kept as {view.row.harness}", "good")
        self.leave_with(view)

    async def action_edit(self) -> None:
        """Go on with it as text."""
        await self.app.push_screen(WiringEditRoom(self._text, self.policy), self._edited)

    def _edited(self, view: HarnessView | None) -> None:
        if view is not None:
            self.call_later(self.leave_with, view)
