"""Changing a rota: its members, what has to be on call, and the rules of the house."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from typing_extensions import override

from protocols.api.rotas import RotaView, SetRota
from tui.dialogs.rota_form import RotaForm, Row
from tui.paint import Line, Span
from tui.rota_forms import allowance_text, changed_rota_of, requirements_text


class RotaSettingsDialog(RotaForm[SetRota]):
    """Returns the rota as it is to be, None when closed."""

    DOES: ClassVar[str] = "lay down"

    def __init__(self, actor: str, view: RotaView) -> None:
        rota, policy = view.rota, view.rota.policy
        hours = f"{policy.handover_from:%H:%M}-{policy.handover_until:%H:%M}"
        needed = requirements_text(rota.requirements)
        rows = (
            Row("name", "name", "", rota.name, 80),
            Row("members", "members", "ids", " ".join(rota.members), 2000),
            Row(
                "requirements",
                "must be on call",
                "as electrical 3, driving-licence each",
                needed,
                1000,
            ),
            Row("signers", "two who may sign", "yes or no", "yes" if rota.signers else "no", 3),
            Row("allowance", "allowance %", "0, 5, 10 or 12.5", allowance_text(rota.allowance_permille), 5),
            Row("handover", "handover hours", "as 07:00-19:00", hours, 13),
            Row("notice_days", "notice, days", "0 … 365", str(policy.notice_days), 3),
            Row("away_days", "away at most, d", "1 … 60", str(policy.away_days), 2),
            Row("run_days", "run at most, d", "1 … 60", str(policy.run_days), 2),
            Row("turns_in_a_row", "turns in a row", "1 … 52", str(policy.turns_in_a_row), 2),
            Row("weekly_rest", "weekly rest by", "week or fortnight", policy.weekly_rest, 9),
            Row("remind_h", "remind before, h", "1 … 336", str(policy.remind_h), 3),
        )
        super().__init__(rows, f"Change {rota.rota}, version {view.version}")
        self._actor = actor
        self._view = view

    @override
    def read(self, values: Mapping[str, str]) -> SetRota:
        """See RotaForm."""
        return changed_rota_of(values, self._view)

    @override
    def sentence_of(self, result: SetRota) -> str:
        """See RotaForm."""
        return f"rota.defined: {self._actor} lays down version {self._view.version + 1} of {result.rota.rota}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [(Span(" Turns, layers and hours of cover are changed in a file: fleet rota set FILE", "muted"),)]
