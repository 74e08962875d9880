"""The night of which the demo's rota tells a call-out."""

from datetime import UTC, datetime, timedelta

from fleet.demo.rota import quiet_night
from protocols.api.call_outs import CallOutView

NIGHT = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def out(left: datetime, returned: datetime | None) -> CallOutView:
    """A call-out of somebody."""
    return CallOutView(
        call_out="C-1",
        rota="technical",
        person="TO-07",
        position="primary",
        left_home_at=left,
        returned_at=returned,
        break_min=0,
        reference="",
        source="api",
        recorded_by="TO-07",
        recorded_at=left,
        withdrawn_at=None,
    )


def test_last_night_is_quiet_once_it_is_over() -> None:
    night = quiet_night([], NIGHT.replace(hour=5, minute=41))
    assert (night.starts_at, night.ends_at) == (NIGHT, NIGHT.replace(hour=5, minute=40))
    assert quiet_night([], NIGHT.replace(hour=5, minute=39)).starts_at == NIGHT - DAY


def test_a_night_with_a_call_out_is_passed_over() -> None:
    """Before twenty to six, last night is the week's own night of an incident."""
    incident = out(NIGHT.replace(minute=0), NIGHT.replace(hour=3, minute=54))
    assert quiet_night([incident], NIGHT + DAY).starts_at == NIGHT - DAY


def test_a_call_out_that_is_not_over_holds_its_night() -> None:
    assert quiet_night([out(NIGHT, None)], NIGHT.replace(hour=5, minute=41)).starts_at == NIGHT - DAY


def test_a_call_out_that_only_touches_a_night_leaves_it_quiet() -> None:
    assert quiet_night([out(NIGHT - DAY, NIGHT)], NIGHT.replace(hour=6)).starts_at == NIGHT
