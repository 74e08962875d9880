"""Six questions for a harness, and what comes of the answers as they are typed."""

from typing_extensions import override

from fleet.wiring.rules.library import template
from fleet.wiring.rules.questions import Refused, defaults, questions
from fleet.wiring.rules.writing import write_plan
from protocols.api.wiring import HarnessView
from protocols.wiring.policy import WiringPolicy
from tui.paint import Line, Span
from tui.rooms.wiring_fields import FieldRow, WiringFieldsRoom
from tui.rooms.wiring_plan import WiringPlanRoom
from tui.wiring_answers import Worked, answer_line, completed, texts_of, worked, worked_lines


class WiringQuestionsRoom(WiringFieldsRoom):
    """For a template of `library.TEMPLATES`. Returns the harness that was kept, None when closed."""

    GOES_ON = "whole plan"

    def __init__(self, template_name: str, policy: WiringPolicy) -> None:
        self._template_name = template_name
        self._template = template(template_name)
        self._policy = policy
        self._questions = {one.name: one for one in questions(self._template)}
        answers = texts_of(defaults(template_name))
        rows = [FieldRow(name, one.label, answers[name]) for name, one in self._questions.items()]
        self._found: Worked | list[Refused] = []
        super().__init__(rows)

    @override
    def title_line(self) -> Line:
        """See WiringFieldsRoom."""
        vehicle = self._template.vehicle
        described = "" if vehicle is None else f"   {vehicle.system_v} V  {vehicle.description}"
        return (Span(" "), Span(self._template_name, "title"), Span(described, "muted"))

    @override
    def work_out(self) -> None:
        """See WiringFieldsRoom."""
        texts = {name: completed(self._questions[name], text) for name, text in self.texts.items()}
        self._found = worked(self._template, texts, self._policy)

    @override
    def beside_line(self, name: str) -> Line:
        """See WiringFieldsRoom."""
        refused = self._found if isinstance(self._found, list) else []
        return answer_line(self._questions[name], refused)

    @override
    def below_lines(self, width: int) -> list[Line]:
        """See WiringFieldsRoom."""
        if isinstance(self._found, list):
            return [(), (Span(" what comes of it is shown once every answer is one", "muted"),)]
        return worked_lines(self._found, width)

    @override
    def action_go_on(self) -> None:
        """Show the whole plan."""
        found = self._found
        if isinstance(found, list):
            if found:
                self.focus_field(found[0].name)
                self.desk.say(found[0].sentence, "bad")
            return
        self.app.push_screen(WiringPlanRoom(write_plan(found.plan), self._policy), self._planned)

    def _planned(self, view: HarnessView | None) -> None:
        if view is not None:
            self.call_later(self.leave_with, view)
