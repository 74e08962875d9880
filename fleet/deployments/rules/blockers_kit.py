"""What stops a step because of its kit: what is kept, what is out, what may go out. Pure."""

from collections.abc import Iterator

from fleet.deployments.rules.answers import SUPERVISOR, TEAM, held_items, lead_of, listed, refused, unit_items, warning
from fleet.deployments.rules.facts import Facts
from fleet.deployments.rules.matching import missing, said
from protocols.deployments import Blocker


def kit_kept(facts: Facts) -> Iterator[Blocker]:
    """`kit-missing`: one for each thing wanted of which too little is kept."""
    wants = facts.deployment.wants
    for wanted, lack in zip(wants, missing(wants, held_items(facts)), strict=True):
        if lack:
            yield refused(
                "kit-missing",
                f"{lack} of {wanted.count} of {said(wanted)} are not kept for it",
                SUPERVISOR,
                "keep kit for it, or let it be picked",
            )


def kit_ready(facts: Facts) -> Iterator[Blocker]:
    """`kit-not-ready`: kept items that could not go out now."""
    for one in facts.items:
        if one.is_kept and not one.is_out and one.stopped:
            first = one.stopped[0]
            yield warning("kit-not-ready", first.sentence, first.whose, first.remedy)


def kit_can_go(facts: Facts) -> Iterator[Blocker]:
    """`kit-cannot-go`: kept items that may not go out."""
    for one in facts.items:
        if one.is_kept and not one.is_out and one.stopped:
            first = one.stopped[0]
            yield refused("kit-cannot-go", first.sentence, first.whose, first.remedy)


def kit_in_hand(facts: Facts) -> Iterator[Blocker]:
    """`nothing-kept`, `kit-not-out`: every item that is kept has been taken out, and there is one."""
    if not held_items(facts):
        yield refused("nothing-kept", "no kit is kept for it", SUPERVISOR, "keep kit for it, or let it be picked")
    left = [one.item for one in facts.items if one.is_kept and not one.is_out]
    if left:
        yield refused(
            "kit-not-out",
            f"{listed(left)} {'was' if len(left) == 1 else 'were'} not taken out for it",
            TEAM,
            "scan each label out, or have it kept no longer for this",
        )


def maintenance_while_out(facts: Facts) -> Iterator[Blocker]:
    """`maintenance-soon`: maintenance that falls due before the kit is to be back."""
    for one in held_items(facts):
        due = one.maintenance_due_at
        if due is not None and facts.now < due < facts.deployment.expected_back_at:
            yield warning(
                "maintenance-soon",
                f"maintenance of {one.item} is due at {due:%Y-%m-%d %H:%M} UTC, before it is back",
                lead_of(facts),
                "have it done before, take another, or plan a visit for it",
            )


def units_active(facts: Facts) -> Iterator[Blocker]:
    """`unit-not-active`: units that are quarantined or revoked."""
    for unit in facts.units:
        if unit.state != "active":
            yield refused(
                "unit-not-active",
                f"{unit.label} ({unit.item}) is {unit.state}",
                SUPERVISOR,
                "take another unit" if unit.state == "revoked" else "have it released, or take another unit",
            )


def units_joined(facts: Facts) -> Iterator[Blocker]:
    """`unit-not-joined`: items of kind unit that no unit is known by."""
    for one in held_items(facts):
        if one.kind == "unit" and one.unit is None:
            yield refused(
                "unit-not-joined",
                f"{one.item} is a unit that is not known by its id",
                TEAM,
                "let it join, and enter which item it is",
            )


def kit_back(facts: Facts) -> Iterator[Blocker]:
    """`kit-out`: items that are still out for it, but for those that are lost, of which `kit-lost` warns."""
    out = [one.item for one in facts.items if one.is_out and not one.is_gone]
    if out:
        yield refused(
            "kit-out",
            f"{listed(out)} {'is' if len(out) == 1 else 'are'} still out",
            TEAM,
            "scan each label in, or have it entered as lost",
        )
    lost = [one.item for one in facts.items if one.is_out and one.is_gone]
    if lost:
        yield warning("kit-lost", f"{listed(lost)} did not come back", SUPERVISOR, "look for it")


def units_at_work(facts: Facts) -> set[str]:
    """The units among the items that are or were out for it."""
    return {unit for _, unit in unit_items([one for one in facts.items if one.is_out or one.was_out])}
