"""The steps of a deployment, by keys: each shows what it leaves in the log, or what refuses it."""

from protocols.api.deployments import DeploymentView, StepAsked
from protocols.deployments import Step
from tui.deployment_page import newest_certificates
from tui.deployment_words import STEP_DOING, Look, offered, owed_steps, step_deed, step_view, step_word
from tui.dialogs.choice import ChoiceDialog, Option
from tui.dialogs.deployment_step import Going, paper_dialog, step_dialog
from tui.role_words import whose
from tui.rooms.deeds import DeedsRoom
from tui.rooms.deployment_following import DeploymentFollowing
from tui.words import plural

_BY_ACTION: dict[str, tuple[Step, ...]] = {"maintain": ("maintain", "resume"), "cancel": ("cancel",)}


def lacks_certificate(view: DeploymentView, look: Look) -> bool:
    """Whether a unit of it has no readiness certificate that passed, still holds, and was made after it was fitted."""
    fitted = step_view(view, "fit")
    since = fitted.done_at if fitted is not None and fitted.done_at is not None else view.requested_at
    holding = {
        one.unit
        for one in newest_certificates(view.certificates)
        if one.passed and one.valid_until > look.now and one.issued_at >= since
    }
    return not set(view.row.units) <= holding


def _gone(view: DeploymentView, step: Step, *, is_paper: bool) -> str:
    """What a step, or its paperwork, has come to."""
    if is_paper:
        left = len(owed_steps(view))
        return f"the paperwork of {step_word(step)} is there; {plural(left, 'paper is', 'papers are')} left"
    return f"{step_word(step)}: {view.row.deployment} is {view.row.state}"


class DeploymentDeeds(DeploymentFollowing, DeedsRoom[DeploymentView]):
    """A room with a deployment that goes its steps."""

    def step_of(self, action: str) -> Step | None:
        """The step that `action` would go, None where it goes none now."""
        view = self.chosen
        if view is None:
            return None
        return view.row.next_step if action == "step" else offered(view, *_BY_ACTION[action])

    def may_go(self, action: str) -> bool:
        """Whether `action` goes a step now, and the person's role allows it."""
        step = self.step_of(action)
        return step is not None and self.desk.may(step_deed(step).permission)

    def say_why_not(self, action: str) -> None:
        """Why `action` goes no step: whose it is, or that there is none."""
        view, step = self.chosen, self.step_of(action)
        if view is None:
            return
        if step is not None:
            self.desk.say(whose(step_deed(step)), "fair")
        elif action == "cancel":
            self.desk.say(f"it is {view.row.state}: what is fitted is recovered, not cancelled", "fair")
        elif action == "maintain":
            self.desk.say(f"it is {view.row.state}: only what is live goes out of service", "fair")
        else:
            self.desk.say(f"it is {view.row.state}: no step is left", "fair")

    def action_step(self) -> None:
        """Go the next step; to commission, units without a certificate that holds are judged first."""
        view, step = self.chosen, self.step_of("step")
        if view is None or step is None:
            return
        if step == "commission" and view.row.units and lacks_certificate(view, self.look):
            self._judge_then_ask(view)
        else:
            self._ask_step(view, step)

    def action_maintain(self) -> None:
        """Take it out of service for work, or put it back."""
        self._ask_action("maintain")

    def action_cancel(self) -> None:
        """End what was not fitted."""
        self._ask_action("cancel")

    def action_paper(self) -> None:
        """Say that the paperwork of a step is there; asked which, where there is more of it."""
        view = self.chosen
        owed = [one.step for one in owed_steps(view)] if view is not None else []
        if view is None or not owed:
            return
        if len(owed) == 1:
            self._ask_paper(view, owed[0])
            return
        options = [Option(str(number), step_word(step), "", step) for number, step in enumerate(owed, start=1)]
        dialog = ChoiceDialog(f"Paperwork of {view.row.deployment}", options)
        self.app.push_screen(dialog, lambda step: self._ask_paper(view, step) if step is not None else None)

    def _ask_paper(self, view: DeploymentView, step: Step) -> None:
        def answered(answer: Going | None) -> None:
            if answer is not None:
                self._go(view, step, answer, f"making up for {step_word(step)}")

        self.app.push_screen(paper_dialog(view, step, self.look), answered)

    def _ask_action(self, action: str) -> None:
        view, step = self.chosen, self.step_of(action)
        if view is not None and step is not None:
            self._ask_step(view, step)

    def _judge_then_ask(self, view: DeploymentView) -> None:
        door, about = self.desk.door, view.row.deployment

        async def judged() -> DeploymentView:
            await door.judge_readiness(about)
            return await door.deployment(about)

        def arrived(after: DeploymentView) -> None:
            self.desk.note = None
            self.show_changed(after)
            if after.row.next_step == "commission":
                self._ask_step(after, "commission")

        self.do("judging its readiness", judged, arrived)

    def _ask_step(self, view: DeploymentView, step: Step) -> None:
        def answered(answer: Going | str | None) -> None:
            if answer is not None:
                self._go(view, step, Going(answer) if isinstance(answer, str) else answer)

        self.app.push_screen(step_dialog(view, step, self.look), answered)

    def _go(self, view: DeploymentView, step: Step, going: Going, doing: str = "") -> None:
        door, about = self.desk.door, view.row.deployment
        asked = StepAsked(based_on=view.version, reason=going.reason, window_h=going.window_h)
        self.change(
            doing or STEP_DOING[step],
            lambda: door.go_step(about, step, asked),
            lambda after: _gone(after, step, is_paper=bool(doing)),
        )
