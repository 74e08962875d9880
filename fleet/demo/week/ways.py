"""The usual way of a deployment, from its request to kit that is back: acts at the hours that a plan has."""

from collections.abc import Sequence
from typing import get_args

import msgspec

from fleet.demo.week.planning import SUPERVISOR
from fleet.demo.week.story import (
    Act,
    Ask,
    Go,
    In,
    Judge,
    Keep,
    Named,
    Out,
    Recorded,
    Reports,
    Trip,
    Visits,
)
from protocols.access_record import Modality
from protocols.deployments import DeploymentState

_ORDER: tuple[DeploymentState, ...] = get_args(DeploymentState)
_AFTER_WEEK_H = 24 * 21
_VISIT_H = 4


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """When what is to happen, and by whom. `team`: the first leads. `authority` None: of the usual kinds, from the
    request on for three weeks. `closed_h` None: an hour after the last scan."""

    team: Sequence[str]
    reference: str
    asked_h: float
    fit_h: float
    recover_h: float
    modalities: Sequence[Modality] = ("video", "audio")
    authority: Sequence[Recorded] | None = None
    approver: str = "AP-04"
    back_to: str = "STORE-1"


def usual(plan: Plan, until: DeploymentState) -> list[Act]:
    """The acts that bring a deployment to `until`: assessed and planned within the hour, authorised in the next, out of
    the store an hour before it is fitted, live an hour later, recovered and closed on the last visit's day."""
    far = _ORDER.index(until)
    parts = (
        ("feasible", _assessed(plan)),
        ("planned", _planned(plan)),
        ("authorised", _authorised(plan)),
        ("checked-out", _checked_out(plan)),
        ("fitted", _fitted(plan)),
        ("commissioned", _commissioned(plan)),
        ("live", _live(plan)),
        ("recovered", _recovered(plan)),
        ("closed", _closed(plan)),
    )
    acts: list[Act] = [Ask(at_h=plan.asked_h, by=plan.team[0])]
    return acts + [act for state, part in parts if _ORDER.index(state) <= far for act in part]


def visits(plan: Plan, at_h: float, team: Sequence[str] | None = None, refused: str = "") -> Visits:
    """The visits of a plan, entered at an hour, with another team where one is named."""
    people = team or plan.team
    trips = [
        Trip(kind="fit", from_h=plan.fit_h, to_h=plan.fit_h + _VISIT_H, people=people),
        Trip(kind="recover", from_h=plan.recover_h, to_h=plan.recover_h + _VISIT_H, people=people),
    ]
    return Visits(at_h=at_h, by=plan.team[0], trips=trips, refused=refused)


def _assessed(plan: Plan) -> list[Act]:
    return [Go(at_h=plan.asked_h + 0.2, by=plan.team[0], step="assess")]


def _planned(plan: Plan) -> list[Act]:
    at_h = plan.asked_h + 0.5
    return [
        visits(plan, at_h),
        Keep(at_h=at_h + 0.1, by=plan.team[0]),
        Go(at_h=at_h + 0.5, by=SUPERVISOR, step="plan"),
    ]


def _authorised(plan: Plan) -> list[Act]:
    at_h = plan.asked_h + 1.5
    authority = plan.authority
    if authority is None:
        given = Recorded(
            at_h=at_h,
            by=plan.approver,
            reference=plan.reference,
            modalities=plan.modalities,
            from_h=at_h,
            to_h=at_h + _AFTER_WEEK_H,
        )
        authority = [given]
    return [
        *authority,
        Named(at_h=at_h + 0.1, by=plan.team[0], references=[one.reference for one in authority]),
        Go(at_h=at_h + 0.4, by=plan.approver, step="authorise"),
    ]


def _checked_out(plan: Plan) -> list[Act]:
    by, at_h = plan.team[0], plan.fit_h - 1
    return [Out(at_h=at_h, by=by), Go(at_h=at_h + 0.5, by=by, step="check-out")]


def _fitted(plan: Plan) -> list[Act]:
    return [Go(at_h=plan.fit_h + 0.8, by=plan.team[0], step="fit")]


def _commissioned(plan: Plan) -> list[Act]:
    by, at_h = plan.team[0], plan.fit_h + 1.2
    return [Reports(at_h=at_h), Judge(at_h=at_h, by=by), Go(at_h=at_h + 0.1, by=by, step="commission")]


def _live(plan: Plan) -> list[Act]:
    return [Go(at_h=plan.fit_h + 1.8, by=plan.team[0], step="go-live")]


def _recovered(plan: Plan) -> list[Act]:
    by, at_h = plan.team[0], plan.recover_h + 1
    return [Go(at_h=at_h, by=by, step="recover"), In(at_h=at_h + 3, by=by, place=plan.back_to)]


def _closed(plan: Plan) -> list[Act]:
    return [Go(at_h=plan.recover_h + 5, by=SUPERVISOR, step="close")]
