"""What was measured on a fitted harness, each value beside what the plan predicts as it is typed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from typing_extensions import override

from fleet.wiring.rules.reading import read_plan
from protocols.api.wiring import DeploymentWiring, HarnessView
from protocols.wiring.fitted import Compared, NewFitting
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tui.asks import Asks
from tui.dialogs.confirm import ConfirmDialog, log_sentence
from tui.paint import EMPTY, Line, Span, wrap
from tui.role_words import Reserved
from tui.rooms.wiring_fields import FieldRow, WiringFieldsRoom
from tui.wiring_fitting import (
    Unclear,
    beside_line,
    compared_by_field,
    fitted_sentence,
    new_fitting,
    wanted,
)
from tui.wiring_marks import VERDICT_TONES
from tui.wiring_words import RESERVED
from tui.words import plural

_Loaded = tuple[HarnessView, WiringPolicy]


def open_fitting(screen: Asks, given: DeploymentWiring, after: Callable[[DeploymentWiring], None]) -> None:
    """Ask for the plan that was given, then for what was measured; `after` has how it stands once that is kept."""
    door = screen.desk.door

    async def both() -> _Loaded:
        return await asyncio.gather(door.harness(given.harness, given.revision), door.wiring_policy())

    def arrived(loaded: _Loaded) -> None:
        view, policy = loaded
        plan = read_plan(view.text).plan
        if plan is None:
            screen.desk.say("this console can not read that plan: update it", "bad")
            return
        screen.app.push_screen(
            WiringFittingRoom(given, plan, policy), lambda kept: after(kept) if kept is not None else None
        )

    screen.ask("plan to measure", both, arrived)


class WiringFittingRoom(WiringFieldsRoom):
    """Returns the deployment's harness as it stands with the fitting, None when closed."""

    RESERVED: ClassVar[Mapping[str, Reserved]] = RESERVED
    LABEL_COLUMNS = 32
    GOES_ON = "keep"

    def __init__(self, given: DeploymentWiring, plan: Plan, policy: WiringPolicy) -> None:
        self._given = given
        self._plan = plan
        self._policy = policy
        self._asked = wanted(plan)
        self._compared: dict[str, Compared | str] = {}
        rows = [FieldRow(one.field, one.label) for one in self._asked]
        if given.unit is not None:
            rows.append(FieldRow("load", "from the unit: which load it is", most=24))
        rows.append(FieldRow("note", "note", most=200))
        super().__init__(rows)

    @override
    def title_line(self) -> Line:
        """See WiringFieldsRoom."""
        given = self._given
        return (
            Span(" AS FITTED", "muted"),
            Span("  "),
            Span(given.name, "title"),
            Span(f"  revision {given.revision} at {given.deployment}", "strong"),
            Span("   empty: not measured", "muted"),
        )

    @override
    def work_out(self) -> None:
        """See WiringFieldsRoom."""
        self._compared = compared_by_field(self._plan, self._policy, self._asked, self.texts)

    @override
    def beside_line(self, name: str) -> Line:
        """See WiringFieldsRoom."""
        if name == "note":
            return (Span(" its hash is logged", "muted"),)
        if name == "load":
            return (Span(f" {', '.join(self._plan.loads)}; or empty", "muted"),)
        return beside_line(self._compared.get(name))

    @override
    def below_lines(self, width: int) -> list[Line]:
        """See WiringFieldsRoom."""
        return [*self._about_field(width), EMPTY, *self._sentence_lines()]

    def _about_field(self, width: int) -> list[Line]:
        """What is said of the field that the cursor is in."""
        found = self._compared.get(self.field_name)
        if found is None:
            counted = [one for one in self._compared.values() if isinstance(one, Compared)]
            failed = sum(one.verdict != "pass" for one in counted)
            words = f"{plural(len(counted), 'value')} measured, {failed} not passed" if counted else ""
            return [(Span(f" {words}", "fair" if failed else "muted"),)]
        if isinstance(found, str):
            return [(Span(" "), *line) for line in wrap(found, width - 2, "bad")]
        return [(Span(" "), *line) for line in wrap(found.sentence, width - 2, VERDICT_TONES[found.verdict])]

    def _new(self) -> NewFitting:
        return new_fitting(self._asked, self.texts, list(self._plan.loads))

    def _sentence(self, new: NewFitting) -> str:
        compared = [one for one in self._compared.values() if isinstance(one, Compared)]
        return fitted_sentence(self.me, self._given, new, compared)

    def _sentence_lines(self) -> list[Line]:
        try:
            return log_sentence(self._sentence(self._new()))
        except Unclear as error:
            return [(Span(f" {error.says}", "fair"),)]

    @override
    def action_go_on(self) -> None:
        """Keep it, once the sentence was seen."""
        try:
            new = self._new()
        except Unclear as error:
            self.focus_field(error.field)
            self.desk.say(error.says, "bad")
            return
        dialog = ConfirmDialog("Keep what was measured", [], self._sentence(new))
        self.app.push_screen(dialog, lambda yes: self._keep(new) if yes else None)

    def _keep(self, new: NewFitting) -> None:
        door, given = self.desk.door, self._given

        def fit() -> Awaitable[DeploymentWiring]:
            return door.fit_harness(given.deployment, given.harness, new)

        self.do("keeping what was measured", fit, self._kept)

    def _kept(self, after: DeploymentWiring) -> None:
        passed = bool(after.fittings) and after.fittings[0].passed
        said = "it is as planned" if passed else "kept: it is NOT as planned"
        self.desk.say(said, "good" if passed else "bad")
        self.leave_with(after)
