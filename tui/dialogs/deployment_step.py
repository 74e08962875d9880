"""Going a step on: the sentence for the log, a reason where one is asked for; or all that refuses it."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.deployments import DeploymentView, ReadinessView
from protocols.deployments import Blocker, Step
from tui.deployment_blocks import blocker_block, refusals, warnings
from tui.deployment_page import certificate_line, newest_certificates
from tui.deployment_words import Look, step_sentence, step_view, step_word
from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Dialog, Words
from tui.dialogs.page import PageDialog
from tui.dialogs.reason import ReasonDialog
from tui.dialogs.rota_form import RotaForm, Row
from tui.paint import Line, Span
from tui.rota_forms import Unclear

_WIDTH = 70
_MOST_LINES = 9
_REASONED: tuple[Step, ...] = ("cancel",)


class Going(NamedTuple):
    """A step that the person wants to go: why, empty where no reason was asked for; the hours of maintenance."""

    reason: str = ""
    window_h: int = 4


def step_dialog(view: DeploymentView, step: Step, look: Look) -> Dialog[Going] | Dialog[str] | Dialog[None]:
    """The dialog for a step as the rules have it now. One of the first kind returns how it is gone, of the second the
    reason; the last only says what refuses it. All return None when closed."""
    told = step_view(view, step)
    blockers = told.blockers if told is not None else []
    title = f"{step_word(step).capitalize()} {view.row.deployment}"
    if refusals(blockers):
        return RefusedDialog(f"{title}: refused", blockers, _certificates(view, step, look))
    before = [*_certificates(view, step, look), *_cut(blocker_block(blockers, _WIDTH))]
    rules = [one.rule for one in warnings(blockers)]
    if step == "maintain":
        return MaintainDialog(view, look, before, rules)
    if rules or step in _REASONED:
        return ReasonDialog(title, before, lambda why: step_sentence(look.me, view, step, rules, why))
    return StepDialog(title, before, step_sentence(look.me, view, step))


def paper_dialog(view: DeploymentView, step: Step, look: Look) -> Dialog[Going] | Dialog[None]:
    """The dialog for the paperwork of a step that the fast path went past: as `step_dialog`."""
    told = step_view(view, step)
    blockers = told.blockers if told is not None else []
    title = f"Paperwork of {view.row.deployment}: {step_word(step)}"
    if refusals(blockers):
        return RefusedDialog(f"{title} is missing", blockers)
    about = view.row.deployment
    sentence = f"deployment.made-up: {look.me} says that the paperwork of {step_word(step)} of {about} is there"
    return StepDialog(title, [], sentence)


def _certificates(view: DeploymentView, step: Step, look: Look) -> list[Line]:
    """What commissioning rests on."""
    if step != "commission":
        return []
    lines: list[Line] = []
    for one in newest_certificates(view.certificates):
        lines += [(Span(" "), *certificate_line(one, look)), *_failing(one)]
    return lines


def _failing(certificate: ReadinessView) -> list[Line]:
    return [
        (Span(f"   ✗ {line.name}: {line.reason or line.value}", "bad"),)
        for line in certificate.lines
        if line.result == "fail"
    ]


def _cut(lines: list[Line]) -> list[Line]:
    if len(lines) <= _MOST_LINES:
        return lines
    return [*lines[: _MOST_LINES - 1], (Span(f"   … {len(lines) - _MOST_LINES + 1} lines more on its page", "muted"),)]


class RefusedDialog(PageDialog[None]):
    """What refuses a step: the rules, whose they are to decide, what would make it possible."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "close", "close", show=False)]

    def __init__(self, title: str, blockers: Sequence[Blocker], before: Sequence[Line] = ()) -> None:
        lines: list[Line] = [*before, *blocker_block(blockers, _WIDTH, keys=True)]
        super().__init__(lines, title)
        self.add_class("refusal")


class StepDialog(Dialog[Going]):
    """Returns Going when the person pressed `y`, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "yes, do it")]

    def __init__(self, title: str, before: Sequence[Line], sentence: str) -> None:
        super().__init__(title)
        self._lines: list[Line] = [(), *before, *([()] if before else []), *log_sentence(sentence), ()]

    @override
    def content(self) -> ComposeResult:
        """What comes of it, and the sentence."""
        yield Words(self._lines)

    def action_yes(self) -> None:
        """Go on."""
        self.dismiss(Going())


class MaintainDialog(RotaForm[Going]):
    """Returns why it is taken out of service, and for how long at most; None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "do it")]

    def __init__(self, view: DeploymentView, look: Look, before: Sequence[Line], rules: Sequence[str]) -> None:
        rows = (
            Row("reason", "why", "what has to be done", "", 200),
            Row("window_h", "hours at most", "1 to 24; its alarms wait meanwhile", "4", 2),
        )
        super().__init__(rows, f"Maintain {view.row.deployment}")
        self._view = view
        self._look = look
        self._before = list(before)
        self._rules = list(rules)

    @override
    def content(self) -> ComposeResult:
        """What warns, then the form."""
        if self._before:
            yield Words(self._before)
        yield from super().content()

    @override
    def read(self, values: Mapping[str, str]) -> Going:
        """See RotaForm."""
        hours = values["window_h"]
        if not values["reason"]:
            raise Unclear("reason", "why? It can not stay empty.")
        if not hours.isdecimal() or not 1 <= int(hours) <= 24:
            raise Unclear("window_h", "hours at most: a whole number from 1 to 24")
        return Going(values["reason"], int(hours))

    @override
    def sentence_of(self, result: Going) -> str:
        """See RotaForm."""
        said = step_sentence(self._look.me, self._view, "maintain", self._rules, result.reason)
        return f"{said} (at most {result.window_h} h)"
