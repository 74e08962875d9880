"""What becomes of a draft of a rota's turns: weighed, kept as a plan, published."""

from typing import NamedTuple

from fleet.client import ClientError, FleetClient
from fleet.rota.rules.spans import Span
from protocols.api.rotas import NewPlan, PlanView
from tui.dialogs.rota_publish import publish_dialog
from tui.rooms.rota_deeds import Shown
from tui.rooms.rota_edit import RotaEditing
from tui.rooms.rota_plan_weigh import RotaWeighRoom
from tui.rota_draft import Draft
from tui.rota_weighing import Weighed, weigh
from tui.words import plural


class Kept(NamedTuple):
    """What a draft was saved as, and in words what became of the plan that it was before; empty: there was none."""

    plan: PlanView
    before: str


async def _kept(door: FleetClient, rota_id: str, new: NewPlan, before: str | None) -> Kept:
    """Make the plan, then give up the one that it takes the place of. Raises ClientError where it is not made."""
    plan = await door.draft_rota_plan(rota_id, new)
    if before is None:
        return Kept(plan, "")
    try:
        await door.discard_rota_plan(before)
    except ClientError:
        return Kept(plan, f", {before} stays as it is")
    return Kept(plan, f", {before} is given up")


class RotaPublishing(RotaEditing):
    """The board's part that keeps and publishes what was drafted."""

    def action_save(self) -> None:
        """Keep the draft as a plan."""
        shown, draft = self.shown, self.draft
        if shown is not None and draft is not None:
            new, door = self._plan(shown, draft), self.desk.door

            async def save() -> Kept:
                return await _kept(door, shown.view.rota.rota, new, draft.plan)

            self.do("saving the plan", save, lambda kept: self._saved(draft, kept))

    def _plan(self, shown: Shown, draft: Draft) -> NewPlan:
        period = draft.period(Span(shown.book.starts_at, shown.book.ends_at))
        return NewPlan(
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            based_on=shown.view.version,
            assigned=draft.assigned,
        )

    def _saved(self, draft: Draft, kept: Kept) -> None:
        draft.saved(kept.plan.plan)
        self.desk.say(f"saved as plan {kept.plan.plan}{kept.before}: P publishes it", "good")
        self.draft_changed()

    async def action_weigh(self) -> None:
        """What would be different, in all of the draft's period."""
        shown, draft = self.shown, self.draft
        if shown is not None and draft is not None:
            await self.app.push_screen(RotaWeighRoom(shown.book, draft))

    def action_publish(self) -> None:
        """Judge the whole period, then show what goes into the log."""
        shown, draft = self.shown, self.draft
        if shown is None or draft is None:
            return
        door = self.desk.door
        self.do(
            "judging the whole period",
            lambda: weigh(door, shown.book, draft),
            lambda weighed: self._ask_to_publish(shown, draft, weighed),
        )

    def _ask_to_publish(self, shown: Shown, draft: Draft, weighed: Weighed) -> None:
        self.desk.say("")
        self.desk.note = None
        dialog, many = publish_dialog(self.me, draft, weighed), draft.many_new(weighed.book)
        self.app.push_screen(dialog, lambda despite: self._publish(shown, draft, despite, many))

    def _publish(self, shown: Shown, draft: Draft, despite: str | None, many: int) -> None:
        """Save it first where it is not saved as it stands; `despite` is None when nobody wants it. `many` turns are
        new."""
        if despite is None:
            return
        door, new = self.desk.door, self._plan(shown, draft)

        async def publish() -> PlanView:
            plan = draft.plan
            if plan is None or draft.is_unsaved:
                plan = (await _kept(door, shown.view.rota.rota, new, plan)).plan.plan
                draft.saved(plan)
            return await door.publish_rota_plan(plan, despite)

        self.do("publishing", publish, lambda plan: self._published(plan, many))

    def _published(self, plan: PlanView, many: int) -> None:
        self.desk.say(f"published: {plural(many, 'turn')} of {plan.rota} {'holds' if many == 1 else 'hold'}", "good")
        self.end_draft()
        self.refetch()
