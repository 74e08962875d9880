"""Fuses against what they protect, what they feed, and where they sit. Pure."""

from collections.abc import Iterator

from fleet.wiring.rules.electric import Known, Unknown, Worked, ampacity_a, total
from fleet.wiring.rules.rule import Case, Found, at_least, at_most, missing, rule, unjudged
from fleet.wiring.rules.tables import BLADE_COLOURS, FUSE_LOAD_SHARE, next_fuse
from fleet.wiring.rules.ways import Way
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


@rule("fuse-carries-load", "function", "needed_a = max(load_a / fuse_load_share, peak_a) ≤ rating_a")
def fuse_carries_load(case: Case) -> Iterator[Found]:
    """Of each fuse that feeds loads, what they draw for hours, and at their peaks."""
    for name, fuse in case.plan.fuses.items():
        flows = case.network.flows_through("fuse", name)
        if not flows:
            continue
        load_a = case.network.current_a("fuse", name, "running")
        if load_a is None:
            needs = [f"loads.{flow.name}.running_a" for flow in flows if flow.load.running_a is None]
            yield missing(f"fuses.{name}", f"whether {name} carries its load", needs)
        else:
            yield _carried(name, fuse, load_a, case.network.current_a("fuse", name, "peak"))


def _carried(name: str, fuse: Fuse, load_a: float, peak_a: float | None) -> Found:
    lasting_a = load_a / FUSE_LOAD_SHARE
    needed_a = max(lasting_a, peak_a or 0.0)
    figures = {
        "load_a": load_a,
        "fuse_load_share": FUSE_LOAD_SHARE,
        "needed_a": needed_a,
        "rating_a": fuse.rating_a,
    }
    if peak_a is not None:
        figures["peak_a"] = peak_a
    said = f"{name} of {fuse.rating_a:g} A feeds {load_a:.4g} A for hours"
    if needed_a > lasting_a:
        said = f"{said} and {needed_a:.4g} A at the peak"
    if at_least(fuse.rating_a, needed_a):
        return Found("pass", f"fuses.{name}", said, "", figures)
    standard = next_fuse(needed_a)
    larger = f"a fuse of {standard:g} A" if standard is not None else f"a fuse of at least {needed_a:.4g} A"
    return Found(
        "fail",
        f"fuses.{name}",
        f"{said}, which takes at least {needed_a:.4g} A",
        f"fit {larger} where every conductor behind it allows that, or feed less from it",
        figures,
    )


@rule("fuse-holder", "safety", "rating_a ≤ holder_max_a")
def fuse_holder(case: Case) -> Iterator[Found]:
    """Of each fuse whose holder's limit is known."""
    for name, fuse in case.plan.fuses.items():
        if fuse.holder_max_a is None:
            continue
        figures = {"rating_a": fuse.rating_a, "holder_max_a": fuse.holder_max_a}
        said = f"{name} of {fuse.rating_a:g} A sits in a holder for at most {fuse.holder_max_a:g} A"
        if at_most(fuse.rating_a, fuse.holder_max_a):
            yield Found("pass", f"fuses.{name}", said, "", figures)
        else:
            remedy = f"fit a holder for {fuse.rating_a:g} A, or a fuse of at most {fuse.holder_max_a:g} A"
            yield Found("fail", f"fuses.{name}", said, remedy, figures)


@rule("fuse-standard", "practice", "rating_a is a blade fuse's")
def fuse_standard(case: Case) -> Iterator[Found]:
    """Of each blade fuse, that there is one of its rating."""
    for name, fuse in case.plan.fuses.items():
        if fuse.kind != "blade":
            continue
        figures = {"rating_a": fuse.rating_a}
        if fuse.rating_a in BLADE_COLOURS:
            said = f"{name} is a {BLADE_COLOURS[fuse.rating_a]} blade fuse of {fuse.rating_a:g} A"
            yield Found("pass", f"fuses.{name}", said, "", figures)
        else:
            near = [max((one for one in BLADE_COLOURS if one < fuse.rating_a), default=None), next_fuse(fuse.rating_a)]
            ratings = " or ".join(f"{one:g} A" for one in near if one is not None)
            said = f"there is no blade fuse of {fuse.rating_a:g} A for {name}"
            yield Found("fail", f"fuses.{name}", said, f"fit one of {ratings}, or say kind: other", figures)


@rule("fuse-distance", "safety", "length_mm ≤ fuse_distance_max_mm")
def fuse_distance(case: Case) -> Iterator[Found]:
    """Of each fuse that is the first after its source, the length of conductor between."""
    for name in case.plan.fuses:
        way = _way_in(case, name)
        if way is None or way.names("fuse"):
            continue
        lengths = total(_length_mm(case, conductor) for conductor in way.names("conductor"))
        if isinstance(lengths, Known):
            yield _near(case, name, way.origin, lengths.value)
        else:
            yield unjudged(f"fuses.{name}", f"how far {name} is from {way.origin}", lengths)


def _way_in(case: Case, fuse: str) -> Way | None:
    """The way from a source to the side of a fuse that is fed, without the fuse itself."""
    ways = [way for side in ("in", "out") if (way := case.network.feed(f"{fuse}.{side}")) is not None]
    return min(ways, key=lambda way: len(way.steps), default=None)


def _length_mm(case: Case, name: str) -> Worked:
    length_m = case.network.conductor(name).length_m
    return Unknown((f"conductors.{name}.length_m",)) if length_m is None else Known(length_m * 1000)


def _near(case: Case, name: str, source: str, length_mm: float) -> Found:
    limit = case.policy.fuse_distance_max_mm
    figures = {"length_mm": length_mm, "fuse_distance_max_mm": limit}
    said = f"{name} is {length_mm:.4g} mm of conductor from {source}"
    if at_most(length_mm, limit):
        return Found("pass", f"fuses.{name}", said, "", figures)
    return Found(
        "fail",
        f"fuses.{name}",
        f"{said}; what is between burns before a fuse blows",
        f"fit {name} within {limit:g} mm of {source}",
        figures,
    )


RULES = (
    fuse_protects_cable,
    downstream_conductor,
    fuse_carries_load,
    fuse_holder,
    fuse_standard,
    fuse_distance,
)
