"""What stops a step for want of an authority, because of a mandate, or because somebody may not decide it. Pure."""

from collections.abc import Iterator

from fleet.deployments.rules.answers import APPROVER, held_items, listed, refused, unit_items, warning
from fleet.deployments.rules.blockers_kit import units_at_work
from fleet.deployments.rules.facts import AuthorityFacts, Facts
from fleet.deployments.rules.steps import FITTED, STEPS, is_past
from protocols.api.authorities import AuthorityKind
from protocols.deployments import Blocker, DeploymentState, Step
from protocols.people import may, roles_with

_TO_COME = frozenset({"future", "in-force"})
_LIVE: frozenset[DeploymentState] = frozenset({"live", "maintenance"})
_NO: dict[AuthorityKind, str] = {
    "install": "no-install-authority",
    "use": "no-use-authority",
    "retrieve": "no-retrieve-authority",
}


def permitted(step: Step, facts: Facts) -> Iterator[Blocker]:
    """`not-permitted`: the caller's role may not go the step."""
    needed = STEPS[step].permission
    if facts.caller is not None and not may(facts.caller.role, needed):
        able = roles_with(needed)
        asked = " or ".join(f"{'an' if role[0] in 'aeiou' else 'a'} {role}" for role in able)
        yield refused("not-permitted", f"{facts.caller.role} may not {step}", " or ".join(able), f"ask {asked}")


def another_person(facts: Facts) -> Iterator[Blocker]:
    """`same-person`: nobody authorises what they asked for."""
    caller = facts.caller
    if caller is not None and caller.person == facts.deployment.requested_by:
        yield refused(
            "same-person",
            f"{caller.person} asked for it, and nobody authorises what they asked for (two people decide)",
            "another supervisor or approver",
            "ask one of them to authorise it",
        )


def authority_named(facts: Facts) -> Iterator[Blocker]:
    """`no-install-authority`, `no-use-authority`, for authorising it: one in force or to come. Afterwards (paperwork)
    any state will do, and only what it came to: fitting was refused without the one, going live without the other."""
    state = facts.deployment.state
    behind = is_past(state, "fit")
    if not _found(facts, "install", any_state=behind):
        yield _no_authority(facts, "install", to_come=True)
    has_use = _found(facts, "use", any_state=state in _LIVE)
    if not has_use and (not behind or state in FITTED):
        yield _no_authority(facts, "use", to_come=True)


def authority_ahead(facts: Facts) -> Iterator[Blocker]:
    """`no-retrieve-authority`, `authority-short`, `fit-before-authority`: what will stop a later step."""
    if not _found(facts, "retrieve"):
        sentence = "no authority to retrieve is named, and it can not be recovered without one"
        yield warning("no-retrieve-authority", sentence, APPROVER, "ask for one, and name it")
    ends = facts.deployment.expected_back_at
    uses = _found(facts, "use")
    if uses and max(one.lapses_at for one in uses) < ends:
        last = max(uses, key=lambda one: one.lapses_at)
        yield warning(
            "authority-short",
            f"authority {last.reference} ends at {last.lapses_at:%Y-%m-%d %H:%M} UTC, before the kit is to be back",
            APPROVER,
            "have it renewed before, or plan an earlier end",
        )
    installs = _found(facts, "install")
    fits = [one for one in facts.visits if one.kind == "fit" and one.ends_at > facts.now]
    for visit in fits:
        if installs and not any(one.starts_at <= visit.starts_at < one.lapses_at for one in installs):
            yield warning(
                "fit-before-authority",
                f"no authority to install is in force when the visit of {visit.starts_at:%Y-%m-%d %H:%M} UTC begins",
                APPROVER,
                "move the visit into the authority's time",
            )


def install_in_force(facts: Facts) -> Iterator[Blocker]:
    """`no-install-authority`, for fitting."""
    if not _found(facts, "install", in_force=True):
        yield _no_authority(facts, "install")


def use_in_force(facts: Facts) -> Iterator[Blocker]:
    """`no-use-authority`, for being live: one that has every modality."""
    if not _found(facts, "use", in_force=True):
        yield _no_authority(facts, "use")


def retrieve_in_force(facts: Facts) -> Iterator[Blocker]:
    """`no-retrieve-authority`, for recovering."""
    if not _found(facts, "retrieve", in_force=True):
        yield _no_authority(facts, "retrieve")


def work_in_force(facts: Facts) -> Iterator[Blocker]:
    """`no-authority-now`: somebody works on kit there, and neither fitting nor using it is authorised."""
    if not _found(facts, "install", in_force=True) and not _found(facts, "use", in_force=True):
        yield warning(
            "no-authority-now", "no authority to install or use is in force", APPROVER, "recover it, or have one named"
        )


def no_bench_mandate(facts: Facts) -> Iterator[Blocker]:
    """`bench-mandate-live`: a unit that is fitted somewhere is not on the bench, nor will it be while it is there."""
    units = {unit for _, unit in unit_items(held_items(facts))}
    for one in facts.mandates:
        if one.state in {"live", "future"} and one.kind == "bench" and one.unit in units:
            window = f"from {one.not_before:%Y-%m-%d %H:%M} until {one.not_after:%Y-%m-%d %H:%M} UTC"
            yield refused(
                "bench-mandate-live",
                f"the bench mandate {one.mandate} of {one.unit} is {one.state}, {window}",
                "who asked for it, or who approved it",
                f"cancel it: fleet mandate cancel {one.mandate}",
            )


def no_live_mandate(facts: Facts) -> Iterator[Blocker]:
    """`mandate-live`: what may still open something is not taken away."""
    units = units_at_work(facts)
    for one in facts.mandates:
        if one.state == "live" and one.kind != "retrieval" and one.unit in units:
            yield refused(
                "mandate-live",
                f"the {one.kind} mandate {one.mandate} of {one.unit} is live until {one.not_after:%Y-%m-%d %H:%M} UTC",
                "whoever authorises it; anybody who may cancel a mandate",
                f"cancel it first: fleet mandate cancel {one.mandate}; then a retrieval mandate may be signed",
            )


def statements_made(facts: Facts) -> Iterator[Blocker]:
    """`statement-missing`, for closing: an urgent oral authority waits for its written statement."""
    for one in _without_statement(facts):
        yield refused("statement-missing", *_statement(one))


def statements_told(facts: Facts) -> Iterator[Blocker]:
    """`statement-missing`, for cancelling: it stays owed."""
    for one in _without_statement(facts):
        yield warning("statement-missing", *_statement(one))


def _without_statement(facts: Facts) -> list[AuthorityFacts]:
    return [one for one in facts.authorities if one.urgent_oral and one.statement_at is None]


def _statement(one: AuthorityFacts) -> tuple[str, str, str]:
    return (
        f"authority {one.reference} was given by word of mouth, and its written statement is not recorded",
        APPROVER,
        "record it: fleet authority statement",
    )


def _found(
    facts: Facts, kind: AuthorityKind, *, in_force: bool = False, any_state: bool = False
) -> list[AuthorityFacts]:
    """The named authorities of a kind, in force now, or (not `in_force`) also to come, or in any state; of `use` those
    that have every modality."""
    states = {"in-force"} if in_force else _TO_COME
    return [
        one
        for one in facts.authorities
        if kind in one.kinds
        and (any_state or one.state in states)
        and (kind != "use" or set(facts.deployment.modalities) <= set(one.modalities))
    ]


def _no_authority(facts: Facts, kind: AuthorityKind, *, to_come: bool = False) -> Blocker:
    what = f"no authority to {kind}"
    if kind == "use":
        what += f" with {listed(facts.deployment.modalities) or 'it'}"
    stands = [f"{one.reference} is {one.state}" for one in facts.authorities if kind in one.kinds]
    told = f" ({listed(stands)})" if stands else ""
    when = "in force or to come" if to_come else "in force now"
    overdue = any(one.state == "review-overdue" and kind in one.kinds for one in facts.authorities)
    remedy = (
        "let an approver record that the review was held: fleet authority review"
        if overdue
        else f"ask for an authority to {kind}, let an approver record it, and an engineer or a supervisor name it"
    )
    return refused(_NO[kind], f"{what} is {when}{told}", APPROVER, remedy)
