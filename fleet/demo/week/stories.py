"""The week's deployments."""

from fleet.demo.week.story import Story, at
from fleet.demo.week.ways import Plan, usual
from protocols.deployments import KitWanted

_UNIT = {model: KitWanted(kind="unit", count=1, model=model) for model in ("van-kit", "mast-kit", "pack-kit")}
_BATTERIES = KitWanted(kind="battery", count=2)
_AERIAL = KitWanted(kind="antenna", count=1)

_NORTH = Plan(team=("TO-12", "TO-18"), reference="URN-26/101", asked_h=at(0, 8), fit_h=at(0, 14), recover_h=at(2, 10))

STORIES: tuple[Story, ...] = (
    Story(
        key="north-yard",
        kind="av-capture",
        title="north yard",
        site="NORTH-YARD",
        from_h=at(0, 12),
        back_h=at(2, 18),
        lead="TO-12",
        wants=[_UNIT["van-kit"], _BATTERIES, _AERIAL],
        acts=usual(_NORTH, "closed"),
        ends="closed",
    ),
)
