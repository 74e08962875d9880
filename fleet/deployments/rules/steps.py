"""The steps of a deployment: from which state each goes, where it leads, and who may go it. Pure."""

from typing import NamedTuple

from protocols.deployments import FITTED_STATES, DeploymentState, Step
from protocols.people import Permission


class NotAStep(ValueError):
    """There is no such step from that state; `step` and `state` tell which."""

    def __init__(self, step: Step, state: DeploymentState) -> None:
        super().__init__(f"{step} is no step from {state}")
        self.step = step
        self.state = state


class StepRule(NamedTuple):
    """The states that a step goes from, the state it leads to, and the permission it takes."""

    from_states: tuple[DeploymentState, ...]
    to_state: DeploymentState
    permission: Permission


STEPS: dict[Step, StepRule] = {
    "assess": StepRule(("requested",), "feasible", "work-deployment"),
    "plan": StepRule(("feasible",), "planned", "manage-deployments"),
    "authorise": StepRule(("planned",), "authorised", "authorise-deployment"),
    "check-out": StepRule(("authorised",), "checked-out", "work-deployment"),
    "fit": StepRule(("checked-out",), "fitted", "work-deployment"),
    "commission": StepRule(("fitted",), "commissioned", "work-deployment"),
    "go-live": StepRule(("commissioned",), "live", "work-deployment"),
    "maintain": StepRule(("live",), "maintenance", "work-deployment"),
    "resume": StepRule(("maintenance",), "live", "work-deployment"),
    "recover": StepRule(("fitted", "commissioned", "live", "maintenance"), "recovered", "work-deployment"),
    "close": StepRule(("recovered",), "closed", "manage-deployments"),
    "cancel": StepRule(
        ("requested", "feasible", "planned", "authorised", "checked-out"), "cancelled", "work-deployment"
    ),
}
"""Every step there is, in the order in which a deployment usually goes them."""

FITTED = FITTED_STATES

OVER: frozenset[DeploymentState] = frozenset({"closed", "cancelled"})

WAY: tuple[Step, ...] = ("assess", "plan", "authorise", "check-out", "fit", "commission", "go-live", "recover", "close")
"""The way that every deployment goes, without what may come in between."""


def next_steps(state: DeploymentState) -> list[Step]:
    """The steps that go from `state`, the usual one first; none when it is over."""
    return [step for step, rule in STEPS.items() if state in rule.from_states]


def after(state: DeploymentState, step: Step) -> DeploymentState:
    """Where `step` leads from `state`; raises NotAStep."""
    rule = STEPS[step]
    if state not in rule.from_states:
        raise NotAStep(step, state)
    return rule.to_state


def is_past(state: DeploymentState, step: Step) -> bool:
    """Whether a deployment in `state` has gone `step`, one of WAY, or gone past it; never one that was cancelled."""
    if state == "cancelled":
        return False
    order: tuple[DeploymentState, ...] = ("requested", *(STEPS[one].to_state for one in WAY))
    here = order.index("live" if state == "maintenance" else state)
    return here >= order.index(STEPS[step].to_state)
