"""4 Rota: a month of a rota as a board, a day of it in words, and drafting its turns by keys."""

from datetime import timedelta
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input
from typing_extensions import override

from tui.dialogs.rota_day import RotaDayDialog
from tui.role_words import whose
from tui.rooms.rota_edit import RotaEditing
from tui.rooms.rota_month import RotaMonth
from tui.rooms.rota_serving import RotaServing
from tui.rota_days import month_step
from tui.rota_keys import why_not

_DAY = timedelta(days=1)


class RotaRoom(RotaMonth, RotaServing):
    """The board. Without a draft the arrows go from day to day, in a draft from turn to turn."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *RotaEditing.DRAFT_BINDINGS,
        Binding("enter", "open", "day", tooltip="all that is known of the day: why, what was found, what to do"),
        Binding("e", "edit", "edit", tooltip="draft turns by keys; nothing holds before it is published"),
        *RotaServing.SERVING_BINDINGS,
        Binding("right_square_bracket", "step_month(1)", "month", tooltip="the next month; [ the one before"),
        Binding("left_square_bracket,pageup", "step_month(-1)", "month before", show=False),
        Binding("pagedown", "step_month(1)", "month", show=False),
        Binding("t", "today", "today"),
        Binding("slash", "filter", "person", tooltip="let one person's days stand out"),
        Binding("y", "year", "year", tooltip="a person's year: yours, or theirs whose days stand out"),
        Binding("f", "fairness", "fairness", tooltip="who has how much, how well all is covered, the score"),
        Binding("S", "solve", "solve", tooltip="have a solver fill a period"),
        Binding("p", "plans", "plans", tooltip="drafts that were saved, solvers at work, what was published"),
        Binding("r", "next_rota", "next rota"),
        Binding("E", "settings", "change", tooltip="members, what has to be on call, rules of the house"),
        Binding("n", "new", "new rota", tooltip="define another rota"),
        *[
            Binding(key, f"step({across}, {down})", key, show=False)
            for key, across, down in (("left", -1, 0), ("right", 1, 0), ("up", 0, -1), ("down", 0, 1))
        ],
        Binding("escape", "back", "back"),
    ]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now: in a draft, drafting; in the field, nothing else."""
        typing = self._field.has_focus
        match action:
            case "back":
                return typing or bool(self._field.value) or self.draft is not None
            case "give_nth" | "give" | "give_next" | "fix" | "clear" | "weigh" | "save" | "publish" | "undo" | "redo":
                return not typing and self._may_draft(action)
            case "open" | "edit" | "year" | "fairness" | "solve" | "plans" | "next_rota" | "settings" | "new":
                return not typing and self.draft is None and self._offers(action)
            case "change" | "changes" | "call_outs" | "times_off":
                return not typing and self.draft is None and self.can(action)
            case "step" | "step_month" | "today" | "filter":
                return not typing and self._shown is not None
        return True

    def _may_draft(self, action: str) -> bool:
        draft = self.draft
        if draft is None:
            return False
        match action:
            case "undo":
                return draft.can_undo
            case "redo":
                return draft.can_redo
            case "save":
                return draft.is_unsaved and not draft.is_empty
            case "publish" | "weigh":
                return not draft.is_empty
        return True

    def _offers(self, action: str) -> bool:
        if action == "next_rota":
            return len(self._rotas or ()) > 1
        return self._is_of_month if action == "open" else self.can(action)

    @override
    def say_whose(self, key: str) -> None:
        """A key that did nothing: whose it is, or why it means nothing now."""
        actions = {one.action.partition("(")[0] for one in self._bindings.key_to_bindings.get(key, ())}
        others = next((action for action in actions if not self.allows(action)), None)
        is_ended = self._shown is not None and self._shown.view.ended_at is not None
        why = why_not(actions, self.draft, is_ended=is_ended) if self._is_of_month else ""
        if others is not None or why:
            self.desk.say(whose(self.RESERVED[others]) if others is not None else why, "fair")

    def action_step(self, across: int, down: int) -> None:
        """Another day, or in a draft another turn."""
        if self.draft is not None:
            self.move_turn(across, down)
        else:
            self.show_day(self.day + (across + 7 * down) * _DAY)

    def action_step_month(self, by: int) -> None:
        """Another month, the same day of it where it has one."""
        month = month_step(self.day, by)
        last = month_step(month, 1) - _DAY
        day = month.replace(day=min(self.day.day, last.day))
        self.cursor_jumped(day)
        self.show_day(day)

    def action_today(self) -> None:
        """Back to today."""
        self.cursor_jumped(self._today)
        self.show_day(self._today)

    def action_next_rota(self) -> None:
        """Another rota."""
        names = [one.rota for one in self._rotas or ()]
        if self._rota_id in names:
            self.show_rota(names[(names.index(self._rota_id) + 1) % len(names)])

    async def action_open(self) -> None:
        """All that is known of the day."""
        shown = self._shown
        day = next((one for one in self._days if one.day == self.day), None)
        if shown is not None and day is not None:
            utc = self.desk.server_clock.utc
            await self.app.push_screen(RotaDayDialog(day, self._today, shown.book.rota.zone, utc=utc))

    def action_filter(self) -> None:
        """Whose days shall stand out?"""
        self._field.display = True
        self.set_focus(self._field)
        self.paint()
        self.refresh_bindings()

    def on_input_changed(self, message: Input.Changed) -> None:
        """Show it as it is typed."""
        message.stop()
        self.paint()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Keep the person and go back to the board."""
        message.stop()
        self._leave_field()

    def _leave_field(self) -> None:
        self._field.display = bool(self._field.value)
        self.set_focus(None)
        self.paint()
        self.refresh_bindings()

    @override
    def action_back(self) -> None:
        """Nobody stands out any more; then out of the draft, which is asked about when it is not saved."""
        if self._field.has_focus or self._field.value:
            self._field.value = ""
            self._leave_field()
        elif self.draft is not None and self.may_leave():
            if self.draft.is_unsaved:
                self.desk.say("the draft was thrown away")
            self.end_draft()
