"""Fuses against what they protect. Pure."""

from collections.abc import Iterator

from fleet.wiring.rules.electric import Known, ampacity_a
from fleet.wiring.rules.rule import Case, Found, at_most, rule, unjudged
from protocols.wiring.parts import Fuse

_HOLDS = "rating_a ≤ derating · ampacity_a"


@rule("fuse-protects-cable", "safety", _HOLDS)
def fuse_protects_cable(case: Case) -> Iterator[Found]:
    """Of each fuse, the conductors on its outlet: they have to carry all that the fuse lets pass."""
    for fuse_name, fuse in case.plan.fuses.items():
        for name, is_first in case.network.conductors_behind(fuse_name):
            if is_first:
                yield _protected(case, fuse_name, fuse, name)


@rule("downstream-conductor", "safety", _HOLDS)
def downstream_conductor(case: Case) -> Iterator[Found]:
    """Of each fuse, every conductor farther out, until a smaller fuse."""
    for fuse_name, fuse in case.plan.fuses.items():
        for name, is_first in case.network.conductors_behind(fuse_name):
            if not is_first:
                yield _protected(case, fuse_name, fuse, name)


def _protected(case: Case, fuse_name: str, fuse: Fuse, name: str) -> Found:
    subject = f"conductors.{name}"
    carries = ampacity_a(name, case.network.conductor(name))
    if not isinstance(carries, Known):
        return unjudged(subject, f"whether {fuse_name} protects {name}", carries)
    limit = case.policy.derating * carries.value
    figures = {
        "rating_a": fuse.rating_a,
        "derating": case.policy.derating,
        "ampacity_a": carries.value,
        "limit_a": limit,
    }
    if at_most(fuse.rating_a, limit):
        return Found(
            "pass", subject, f"{fuse_name} of {fuse.rating_a:g} A protects {name}", "", figures, carries.unverified
        )
    return Found(
        "fail",
        subject,
        f"{fuse_name} of {fuse.rating_a:g} A does not protect {name}, which may carry {limit:.4g} A",
        f"fit a fuse of at most {limit:.4g} A, or a larger conductor",
        figures,
        carries.unverified,
    )


RULES = (fuse_protects_cable, downstream_conductor)
