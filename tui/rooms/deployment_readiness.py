"""The readiness certificates of a deployment's units, as they were just judged."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.deployments import DeploymentView, ReadinessView
from tui.deployment_readiness_lines import readiness_page
from tui.paint import Line, Span
from tui.rooms.deployment_following import DeploymentFollowing
from tui.rooms.page_room import PageRoom


class DeploymentReadinessRoom(PageRoom, DeploymentFollowing):
    """Judged when it is opened and each time `r` is pressed. Each judgement is an entry of the log: none is made
    because something has changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", "judge anew"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, view: DeploymentView) -> None:
        super().__init__()
        self._deployment = view.row.deployment
        self._certificates: Sequence[ReadinessView] | None = None
        self._is_asked = False

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        if not self._is_asked:
            self.action_again()

    def action_again(self) -> None:
        """Judge now."""
        self._is_asked = True
        door, about = self.desk.door, self._deployment
        self.do("judging its readiness", lambda: door.judge_readiness(about), self._judged)

    def _judged(self, certificates: list[ReadinessView]) -> None:
        self._certificates = certificates
        failed = sum(not one.passed for one in certificates)
        self.desk.say(f"{failed} failed" if failed else "judged", "fair" if failed or not certificates else "good")
        self.show_page()

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        if self._certificates is None:
            return [(Span(f" READINESS  {self._deployment}", "title"), Span("   judging …", "muted"))]
        return readiness_page(self._certificates, self._deployment, width, self.look)
