"""Publishing a plan: what it may bring, and what is written and told then."""

from datetime import datetime

from msgspec import structs

from fleet.entries.entry import HashedText
from fleet.entries.rotas import RotaPublished
from fleet.errors import Conflict
from fleet.rota import plan_rules
from fleet.rota.books import book_of
from fleet.rota.judging import Judging
from fleet.rota.rules.assessment import assess
from fleet.rota.rules.comparison import brought
from fleet.store.events import ControllerEvent
from fleet.store.rotas import StoredRota
from fleet.store.store import Transaction
from protocols.api.rotas import PlanView
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment, Finding
from protocols.rota.model import Assigned

_MAX_SUMMARY = 200


async def publish(
    transaction: Transaction,
    judging: Judging,
    stored: StoredRota,
    plan: PlanView,
    despite: str,
    actor: str,
    now: datetime,
) -> None:
    """Let a plan's turns hold from `now` on, with the entry and the event; rota and plan are locked.

    Raises Conflict where the plan may not be published, or brings breaches or faults that were not there and `despite`
    is empty.
    """
    plan_rules.check_publishable(plan, stored.version, now)
    await _check_not_overtaken(transaction, plan)
    book = await book_of(transaction, plan.rota, plan.starts_at, plan.ends_at, now)
    given = plan_rules.to_give(stored.rota, book, plan.assigned, now)
    before, after = await judging.work_out(lambda: _both(book, given))
    troubles = brought(before.findings, after.findings)
    if troubles and not despite:
        raise _brings(troubles)
    held = [structs.replace(one, published_at=one.published_at or now) for one in given]
    await transaction.rota_plans.publish(plan.plan, held, plan_rules.counts(after), after.quality, actor, now)
    await transaction.rotas.put_turns(plan.rota, plan.plan, held, now)
    changed, people = plan_rules.who_changes(stored.rota, book, given)
    await transaction.log.append(_entry(plan, held, after, changed, len(troubles), despite, actor, now))
    summary = _summary(plan, actor, changed, people)
    await transaction.events.add(ControllerEvent(kind="rota", severity="info", summary=summary), now)
    transaction.changed.events = True


def _both(book: RotaBook, given: list[Assigned]) -> tuple[Assessment, Assessment]:
    return assess(book), assess(plan_rules.with_turns(book, given))


def _brings(troubles: list[Finding]) -> Conflict:
    many = "a breach or fault" if len(troubles) == 1 else f"{len(troubles)} breaches and faults"
    return Conflict(
        "plan-breaks-rules",
        f"the plan brings {many} that {'was' if len(troubles) == 1 else 'were'} not there; first: "
        f"{troubles[0].sentence}",
        f"{troubles[0].remedy}; or publish it despite that, with the reason",
    )


def _entry(
    plan: PlanView,
    held: list[Assigned],
    after: Assessment,
    changed: int,
    troubles: int,
    despite: str,
    actor: str,
    now: datetime,
) -> RotaPublished:
    found = plan_rules.counts(after)
    return RotaPublished(
        at=now,
        actor=actor,
        rota=plan.rota,
        plan=plan.plan,
        based_on=plan.based_on,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        turns=len(held),
        changed=changed,
        sha256=plan_rules.turns_sha256(held),
        breaches=found.get("breach", 0),
        faults=found.get("fault", 0),
        rests_owed=found.get("needs compensatory rest", 0),
        warnings=found.get("warning", 0),
        brought=troubles,
        despite=HashedText(despite) if despite else None,
    )


def _summary(plan: PlanView, actor: str, changed: int, people: list[str]) -> str:
    said = f"{actor} has published {plan.rota}, {plan.starts_at:%d %b %Y} to {plan.ends_at:%d %b %Y}: "
    if not changed:
        return f"{said}nobody's turns change"
    said += f"{changed} {'turn' if changed == 1 else 'turns'} changed, of "
    listed = ", ".join(people)
    shown = len(people)
    while len(said) + len(listed) > _MAX_SUMMARY:
        shown -= 1
        listed = f"{', '.join(people[:shown])} and {len(people) - shown} more"
    return said + listed


async def _check_not_overtaken(transaction: Transaction, plan: PlanView) -> None:
    other = await transaction.rota_plans.overtaken_by(plan)
    if other is not None:
        raise Conflict(
            "plan-overtaken",
            f"{other} was published for a part of this period since {plan.plan} was made",
            "make another plan, which begins with what is published now",
        )
