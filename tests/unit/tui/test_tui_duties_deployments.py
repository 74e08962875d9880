"""What waits of deployments, in the words of the opening screen."""

from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from protocols.api.duties import DeploymentDutyKind
from protocols.people import PERMISSIONS
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, console
from tui.duty_words import duty_text, is_mine, presses

FIELDS = {"name": "DEP-7", "unit": None, "deployment": "DEP-7"}


@pytest.mark.parametrize("kind", get_args(DeploymentDutyKind))
def test_every_kind_is_everybodys_own_and_has_words(kind: str) -> None:
    client = StubClient()
    duty = client.duty(
        kind, "DEP-7:K-0001", sentence="K-0001 to be back", due_at=client.now + timedelta(days=9), **FIELDS
    )
    assert is_mine(duty, PERMISSIONS["administrator"])
    assert "K-0001 to be back" in duty_text(duty, client.now)
    assert presses(duty, client.now) == (kind == "welfare-due")


@pytest.mark.parametrize("size", SIZES)
async def test_what_waits_of_a_deployment_stands_among_the_rest(tmp_path: Path, size: tuple[int, int]) -> None:
    client = StubClient()
    client.event_list, client.join_list, client.rows = [], [], client.rows[:3]
    due = {"due_at": client.now + timedelta(hours=58), **FIELDS}
    client.duty_list = [
        client.duty("deadline", "DEP-7", sentence="K-0001 to be back", **due),
        client.duty("welfare-due", "WF-0000000000aa", sentence="say that all is well", is_alarm=True, **due),
        client.duty(
            "handover-due", "technical", sentence="hand over", **{**due, "rota": "technical", "deployment": None}
        ),
    ]
    async with console(client, tmp_path, size) as screen:
        await screen.sees("NEEDS YOU  3", "in 58 h: K-0001 to be back", "say that all is well", "hand over")
