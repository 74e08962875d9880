"""When a load lets go of the battery, and comes back. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from fleet.wiring.rules.drop_rules import crank_min_v
from fleet.wiring.rules.electric import Known, Unknown, Worked, drop_v
from fleet.wiring.rules.network import Flow
from fleet.wiring.rules.rule import Case, Found, at_least, at_most, missing, rule
from protocols.wiring.parts import Cutoff


class _Part(NamedTuple):
    """One part of the rule: what is wrong and what to do, or what it needs; neither where it holds."""

    wrong: str = ""
    remedy: str = ""
    needs: tuple[str, ...] = ()


@rule(
    "cut-off",
    "function",
    "on_v − off_v ≥ hysteresis_min_v; on_v ≤ charge_min_v; off_v < charge_min_v − drop_v; off_v ≥ min_v + drop_v; "
    "delay_s ≥ crank_s where crank_min_v − drop_v < off_v",
)
def cut_off(case: Case) -> Iterator[Found]:
    """Of each load with a low-voltage cut-off. `drop_v` is the load's own, at `peak_a` and hot. Of a load that may go
    off while the engine is started, the last part is not asked."""
    for flow in case.network.flows:
        if flow.load.cutoff is not None:
            yield _judged(case, flow, flow.load.cutoff)


def _judged(case: Case, flow: Flow, cutoff: Cutoff) -> Found:
    subject, drop = f"loads.{flow.name}.cutoff", _drop(case, flow)
    figures = {"off_v": cutoff.off_v, "on_v": cutoff.on_v, "delay_s": cutoff.delay_s}
    if isinstance(drop, Known):
        figures["drop_v"] = drop.value
    rides = flow.load.rides_cranking and flow.feed is not None
    parts = [
        _hysteresis(case, cutoff, figures),
        _charging(case, cutoff, drop, figures),
        _brown_out(flow, cutoff, drop, figures),
        *([_cranking(case, flow, cutoff, drop, figures)] if rides else []),
    ]
    wrong = [part for part in parts if part.wrong]
    unverified = drop.unverified if isinstance(drop, Known) else ()
    if wrong:
        sentence = f"the cut-off of {flow.name}: {'; '.join(part.wrong for part in wrong)}"
        return Found("fail", subject, sentence, "; ".join(part.remedy for part in wrong), figures, unverified)
    needs = list(dict.fromkeys(need for part in parts for need in part.needs))
    if needs:
        return missing(subject, f"the cut-off of {flow.name}", needs)
    sentence = f"{flow.name} goes off below {cutoff.off_v:g} V and on again above {cutoff.on_v:g} V"
    return Found("pass", subject, sentence, "", figures, unverified)


def _hysteresis(case: Case, cutoff: Cutoff, figures: dict[str, float]) -> _Part:
    least_v = figures["hysteresis_min_v"] = case.policy.cutoff_hysteresis_min_v
    if at_least(cutoff.on_v - cutoff.off_v, least_v):
        return _Part()
    return _Part(
        f"on at {cutoff.on_v:g} V is not {least_v:g} V above off at {cutoff.off_v:g} V, so that it goes on and off",
        f"set on_v to {cutoff.off_v + least_v:g} V or more",
    )


def _charging(case: Case, cutoff: Cutoff, drop: Worked, figures: dict[str, float]) -> _Part:
    vehicle = case.plan.vehicle
    if vehicle is None or vehicle.alternator is None:
        return _Part(needs=("vehicle" if vehicle is None else "vehicle.alternator",))
    charge_min_v = figures["charge_min_v"] = vehicle.alternator.charge_min_v
    if not at_most(cutoff.on_v, charge_min_v):
        return _Part(
            f"the alternator may give no more than {charge_min_v:g} V, and it comes on above {cutoff.on_v:g} V",
            f"set on_v to {charge_min_v:g} V or less",
        )
    if at_least(cutoff.off_v, charge_min_v - _least(drop)):
        return _Part(
            f"it goes off below {cutoff.off_v:g} V, which it may have while the alternator charges",
            f"set off_v below {charge_min_v - _least(drop):.4g} V",
        )
    return _Part(needs=_needs(drop))


def _brown_out(flow: Flow, cutoff: Cutoff, drop: Worked, figures: dict[str, float]) -> _Part:
    if flow.load.min_v is None:
        return _Part(needs=(f"loads.{flow.name}.min_v",))
    min_v = figures["min_v"] = flow.load.min_v
    if at_least(cutoff.off_v, min_v + _least(drop)):
        return _Part(needs=_needs(drop))
    return _Part(
        f"it works from {min_v:g} V, and goes off only below {cutoff.off_v:g} V at the battery",
        f"set off_v to {min_v + _least(drop):.4g} V or more",
    )


def _cranking(case: Case, flow: Flow, cutoff: Cutoff, drop: Worked, figures: dict[str, float]) -> _Part:
    """A delay that outlasts the start is enough, whatever the dip; a dip that is not below `off_v` needs none."""
    crank_s = None if case.plan.vehicle is None else case.plan.vehicle.crank_s
    if crank_s is not None:
        figures["crank_s"] = crank_s
        if at_least(cutoff.delay_s, crank_s):
            return _Part()
    dip = crank_min_v(case, flow)
    if isinstance(dip, Unknown):
        return _Part(needs=dip.needs)
    figures["crank_min_v"] = dip.value
    if at_least(dip.value - _least(drop), cutoff.off_v):
        return _Part(needs=_needs(drop))
    if crank_s is None:
        return _Part(needs=("vehicle.crank_s",))
    return _Part(
        f"the start dips to {dip.value:g} V for {crank_s:g} s, and it goes off after {cutoff.delay_s:g} s",
        f"set delay_s to {crank_s:g} s or more",
    )


def _drop(case: Case, flow: Flow) -> Worked:
    """None at all where a load is open: another rule tells of that."""
    if flow.feed is None or flow.back is None:
        return Known(0.0)
    return drop_v(case.network, flow, "peak", case.hot_c)


def _least(drop: Worked) -> float:
    return drop.value if isinstance(drop, Known) else 0.0


def _needs(drop: Worked) -> tuple[str, ...]:
    return drop.needs if isinstance(drop, Unknown) else ()


RULES = (cut_off,)
