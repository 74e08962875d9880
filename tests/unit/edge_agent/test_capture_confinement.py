"""What a child refuses before it has done anything to itself. What it then does is tested on real processes."""

import pytest

from edge_agent.capture import linux
from edge_agent.capture.confinement import DEADLINE_VARIABLE, SUPERVISOR_VARIABLE, Confinement, confine
from edge_agent.errors import NotConfined


@pytest.mark.parametrize("text", [None, "", "-5", "1.5", "٣", "9" * 20])
def test_without_a_deadline_there_is_no_capture(text: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SUPERVISOR_VARIABLE, "1")
    monkeypatch.delenv(DEADLINE_VARIABLE, raising=False)
    if text is not None:
        monkeypatch.setenv(DEADLINE_VARIABLE, text)
    with pytest.raises(NotConfined, match=DEADLINE_VARIABLE):
        confine()


def test_a_first_deadline_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SUPERVISOR_VARIABLE, "1")
    monkeypatch.setenv(DEADLINE_VARIABLE, str(linux.boot_ns() + 970_000_000_000))
    with pytest.raises(NotConfined, match="more than 960 s"):
        confine()


@pytest.mark.parametrize("later_ns", [-1, 0, 2_000_000_000_000])
def test_a_lock_moves_later_only_and_within_the_limit(later_ns: int) -> None:
    deadline_boot_ns = linux.boot_ns() + 60_000_000_000
    confinement = Confinement(deadline_boot_ns, linux.KillTimer(), "")
    with pytest.raises(NotConfined, match="not later, or too far ahead"):
        confinement.arm(deadline_boot_ns + later_ns)
    assert confinement.deadline_boot_ns == deadline_boot_ns
