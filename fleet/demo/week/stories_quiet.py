"""Deployments that go as they were planned, as far as they have come by the week's end."""

from collections.abc import Sequence
from typing import Any

from fleet.demo.week.planning import SUPERVISOR
from fleet.demo.week.story import Act, Ask, Go, Story, at
from fleet.demo.week.ways import Plan, usual
from protocols.deployments import DeploymentKind, DeploymentState, KitWanted

BATTERY, BATTERIES = KitWanted(kind="battery", count=1), KitWanted(kind="battery", count=2)
AERIAL, LOOM = KitWanted(kind="antenna", count=1), KitWanted(kind="loom", count=1)
CAMERA, ENCLOSURE = KitWanted(kind="camera", count=1), KitWanted(kind="enclosure", count=1)
_MORE: dict[DeploymentKind, list[KitWanted]] = {
    "av-capture": [BATTERIES, AERIAL],
    "camera-alarm": [CAMERA, ENCLOSURE],
    "property-tracking": [BATTERY],
    "vehicle-tracking": [LOOM, AERIAL],
    "delivery-support": [BATTERY],
}
_BACK_AFTER_H = 8


def story(
    key: str,
    kind: DeploymentKind,
    site: str | None,
    model: str,
    plan: Plan,
    *,
    ends: DeploymentState,
    acts: Sequence[Act] | None = None,
    **changes: Any,
) -> Story:
    """A deployment that wants a unit of a model and what goes with it, from two hours before it is fitted until the
    evening of the day on which it is recovered; `acts` None: the usual ones."""
    fields: dict[str, Any] = {
        "title": key.replace("-", " "),
        "from_h": plan.fit_h - 2,
        "back_h": plan.recover_h + _BACK_AFTER_H,
        "lead": plan.team[0],
        "wants": [KitWanted(kind="unit", count=1, model=model), *_MORE[kind]],
        "modalities": list(plan.modalities),
        "acts": usual(plan, ends) if acts is None else acts,
    }
    return Story(key=key, kind=kind, site=site, ends=ends, **{**fields, **changes})


def plan_of(team: str, reference: str, asked_h: float, fit_h: float, recover_h: float, **more: Any) -> Plan:
    """A plan for the people whose ids are in `team`."""
    return Plan(
        team=team.split(), reference=f"URN-26/{reference}", asked_h=asked_h, fit_h=fit_h, recover_h=recover_h, **more
    )


_POSITION = {"modalities": ["position"]}
_VIDEO = {"modalities": ["video"]}

QUIET: tuple[Story, ...] = (
    story(
        "north-yard",
        "av-capture",
        "NORTH-YARD",
        "van-kit",
        plan_of("TO-12 TO-18", "101", at(0, 8), at(0, 14), at(2, 10)),
        ends="closed",
    ),
    story(
        "gate-camera",
        "camera-alarm",
        "DEPOT",
        "mast-kit",
        plan_of("TO-07 TO-23", "102", at(0, 8), at(0, 14), at(3, 10), **_VIDEO),
        ends="closed",
    ),
    story(
        "blue-van",
        "vehicle-tracking",
        None,
        "van-kit",
        plan_of("TO-07 TO-23", "103", at(0, 9), at(1, 9), at(4, 9), **_POSITION),
        ends="closed",
    ),
    story(
        "workshop",
        "property-tracking",
        None,
        "pack-kit",
        plan_of("TO-21 TO-15", "104", at(0, 9), at(1, 9), at(10, 9), back_to="VAN-2", **_POSITION),
        ends="live",
    ),
    story(
        "market",
        "delivery-support",
        "MARKET",
        "pack-kit",
        plan_of("TO-21 TO-15", "106", at(1, 8), at(1, 14), at(1, 19), approver="AP-06"),
        ends="closed",
    ),
    story(
        "roof",
        "camera-alarm",
        "TOWER",
        "van-kit",
        plan_of("TO-18", "116", at(2, 11), at(3, 8), at(11, 9), **_VIDEO),
        ends="maintenance",
        acts=[
            *usual(plan_of("TO-18", "116", at(2, 11), at(3, 8), at(11, 9), **_VIDEO), "live"),
            Go(at_h=at(6, 20), by="TO-18", step="maintain", window_h=24),
        ],
    ),
    story(
        "corner-shop",
        "delivery-support",
        "MARKET",
        "van-kit",
        plan_of("TO-21", "124", at(2, 15), at(3, 14), at(3, 19), approver="AP-06"),
        ends="closed",
    ),
    story(
        "lay-by",
        "property-tracking",
        None,
        "mast-kit",
        plan_of("TO-07 TO-23", "125", at(3, 8), at(4, 14), at(11, 14), **_POSITION),
        ends="live",
    ),
    story(
        "west-wall",
        "av-capture",
        "NORTH-YARD",
        "van-kit",
        plan_of("TO-08", "123", at(5, 9), at(6, 14), at(8, 15)),
        ends="fitted",
    ),
    story(
        "east-wall",
        "av-capture",
        "NORTH-YARD",
        "pack-kit",
        plan_of("TO-21 TO-15", "117", at(4, 10), at(8, 14), at(12, 9)),
        ends="planned",
    ),
    story(
        "works-lorry",
        "vehicle-tracking",
        None,
        "van-kit",
        plan_of("TO-07 TO-23", "118", at(4, 15), at(9, 9), at(12, 9), approver="AP-06", **_POSITION),
        ends="authorised",
    ),
    story(
        "quay-gate",
        "camera-alarm",
        "QUAY-4",
        "van-kit",
        plan_of("TO-12 TO-08", "119", at(5, 11), at(8, 9), at(12, 14), **_VIDEO),
        ends="authorised",
    ),
    story(
        "hill-mast",
        "av-capture",
        "HILLTOP",
        "mast-kit",
        plan_of("TO-12 TO-18", "120", at(5, 14), at(10, 14), at(12, 9)),
        ends="planned",
    ),
    story(
        "stables",
        "property-tracking",
        None,
        "pack-kit",
        plan_of("TO-15", "121", at(6, 17), at(11, 9), at(12, 14), **_POSITION),
        ends="requested",
        acts=[Ask(at_h=at(6, 17), by="TO-15")],
    ),
    story(
        "old-barn",
        "av-capture",
        "BARN",
        "van-kit",
        plan_of("TO-21", "122", at(6, 11), at(11, 9), at(12, 14)),
        ends="feasible",
    ),
    story(
        "car-park",
        "camera-alarm",
        "DEPOT",
        "mast-kit",
        plan_of("TO-07 TO-23", "113", at(2, 9), at(5, 9), at(8, 9), **_VIDEO),
        ends="cancelled",
        acts=[
            *usual(plan_of("TO-07 TO-23", "113", at(2, 9), at(5, 9), at(8, 9), **_VIDEO), "planned"),
            Go(at_h=at(3, 16), by=SUPERVISOR, step="cancel"),
        ],
    ),
)
