"""The smallest conductors and fuses with which a plan passes, and what else would help where none does. Pure.

Advice is for the plan as a whole: with all of it done every rule about sizes passes where that is possible, and no
conductor could be a size smaller while the others are as advised.
"""

from typing import NamedTuple

import msgspec

from fleet.wiring.rules.advice_words import conductor_advice, remarks
from fleet.wiring.rules.cuts import bill_of_materials, cut_list, label_list
from fleet.wiring.rules.fuse_advice import WantedFuse, refused, wanted_fuse, with_fuses
from fleet.wiring.rules.network import Network
from fleet.wiring.rules.rule import Case
from fleet.wiring.rules.size_limits import SizeLimits
from fleet.wiring.rules.size_search import Sizes, SizeSearch
from protocols.wiring.advice import Advice
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy


class _Settled(NamedTuple):
    """Fuses and sizes that go together."""

    fuses: dict[str, WantedFuse]
    search: SizeSearch
    sizes: Sizes


def advise(plan: Plan, policy: WiringPolicy | None = None) -> Advice:
    """What is advised for a plan whose names are right, and what has to be cut, bought and labelled for it once that is
    done."""
    house = policy or WiringPolicy()
    settled = _settled(plan, house)
    advice = Advice(
        conductors=[conductor_advice(settled.search, settled.sizes, name) for name in settled.search.limits.conductors],
        fuses=[one.advice() for one in settled.fuses.values()],
        cuts=[],
        bom=[],
        labels=[],
        remarks=remarks(settled.search, settled.sizes),
    )
    done = applied(plan, advice)
    return msgspec.structs.replace(
        advice, cuts=cut_list(done, house), bom=bill_of_materials(done, house), labels=label_list(done)
    )


def advised(plan: Plan, policy: WiringPolicy | None = None) -> Plan:
    """A plan with everything done that is advised for it; what has no advice stays as it is."""
    return applied(plan, advise(plan, policy))


def sized(plan: Plan, policy: WiringPolicy | None = None) -> Plan:
    """A plan with the smallest conductors for the fuses that it has; one for which there is none stays as it is."""
    chosen = SizeSearch(SizeLimits(Case(plan, policy or WiringPolicy()))).smallest().chosen
    return msgspec.structs.replace(
        plan,
        conductors={
            name: msgspec.structs.replace(one, csa_mm2=chosen.get(name, one.csa_mm2))
            for name, one in plan.conductors.items()
        },
    )


def applied(plan: Plan, advice: Advice) -> Plan:
    """A plan with the sizes and ratings of `advice`, which is about it."""
    csa_mm2 = {one.conductor: one.advised_mm2 for one in advice.conductors if one.advised_mm2 is not None}
    rating_a = {one.fuse: one.advised_a for one in advice.fuses if one.advised_a is not None}
    return msgspec.structs.replace(
        plan,
        fuses={
            name: msgspec.structs.replace(one, rating_a=rating_a.get(name, one.rating_a))
            for name, one in plan.fuses.items()
        },
        conductors={
            name: msgspec.structs.replace(one, csa_mm2=csa_mm2.get(name, one.csa_mm2))
            for name, one in plan.conductors.items()
        },
    )


def _settled(plan: Plan, policy: WiringPolicy) -> _Settled:
    """Fuses first; a larger one that the conductors behind it could not stand is taken back, and sizes sought anew."""
    network = Network(plan)
    fuses = {name: wanted_fuse(network, name) for name in plan.fuses}
    while True:
        search = SizeSearch(SizeLimits(Case(with_fuses(plan, fuses), policy)))
        sizes = search.smallest()
        unsafe = {name for name, one in fuses.items() if one.is_raised and _endangers(network, search, sizes, name)}
        if not unsafe:
            return _Settled(fuses, search, sizes)
        fuses = refused(fuses, unsafe)


def _endangers(network: Network, search: SizeSearch, sizes: Sizes, fuse: str) -> bool:
    """Whether a conductor that stays as it is could not stand a fuse, or a short not blow it."""
    if any((way.rule, way.subject) == ("short-blows-fuse", f"fuses.{fuse}") for way in sizes.hopeless):
        return True
    flows = network.flows_through("fuse", fuse)
    behind = {name for name, _ in network.conductors_behind(fuse)}
    behind |= {name for flow in flows for way in (flow.feed, flow.back) if way for name in way.names("conductor")}
    limits = search.limits
    for name in behind - sizes.chosen.keys():
        csa_mm2 = limits.conductors[name].csa_mm2
        if csa_mm2 is None or limits.broken_alone(name, csa_mm2):
            return True
    return False
