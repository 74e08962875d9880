"""How acts of planning are done: requests, visits, kit to be kept, authorities, mandates."""

from hashlib import sha256

from fleet.client import read_view
from fleet.demo.week.stage import Stage
from fleet.demo.week.story import (
    Ask,
    Keep,
    KitHome,
    Mandated,
    Named,
    Recorded,
    Statement,
    Story,
    Swap,
    Trip,
    Unmandated,
    Visits,
)
from protocols.api.authorities import DocumentHash, NewAuthority
from protocols.api.deployments import Attending, NamedAuthorities, NewDeployment, NewVisit, SetKit, SetVisits
from protocols.api.mandates import NewMandate
from protocols.mandate import Allowance

ROTA, SUPERVISOR = "technical", "SU-02"
_RANK = "Superintendent"


async def ask(stage: Stage, story: Story, act: Ask) -> None:
    """Request the deployment."""
    new = NewDeployment(
        kind=story.kind,
        title=story.title,
        site=story.site,
        starts_at=stage.time(story.from_h),
        expected_back_at=stage.time(story.back_h),
        wants=story.wants,
        modalities=story.modalities,
        lead=story.lead,
        rota=ROTA,
        supervisor=SUPERVISOR,
    )
    await stage.done(story, act, stage.door(story, act).request_deployment(new))


async def visits(stage: Stage, story: Story, act: Visits) -> None:
    """Plan the visits to come."""
    view = stage.views[story.key]
    wanted = SetVisits(based_on=view.version, visits=[_visit(stage, story, trip) for trip in act.trips])
    await stage.done(story, act, stage.door(story, act).set_visits(view.row.deployment, wanted))


def _visit(stage: Stage, story: Story, trip: Trip) -> NewVisit:
    people = [stage.person(story, one) for one in trip.people]
    return NewVisit(
        kind=trip.kind,
        starts_at=stage.time(trip.from_h),
        ends_at=stage.time(trip.to_h),
        people=[Attending(person=one, role=role) for one, role in zip(people, trip.roles, strict=False)],
        away=trip.away,
    )


async def keep(stage: Stage, story: Story, act: Keep) -> None:
    """Keep kit: what the controller picks, or that of another deployment."""
    view = stage.views[story.key]
    items = [one.item for one in stage.views[act.of].items] if act.of else []
    wanted = SetKit(based_on=view.version, items=items, pick=not act.of)
    await stage.done(story, act, stage.door(story, act).set_kit(view.row.deployment, wanted))


async def swap(stage: Stage, story: Story, act: Swap) -> None:
    """Give up what is kept of a kind, and let another be picked."""
    view = stage.views[story.key]
    others = [one.item for one in view.items if one.kind != act.kind]
    wanted = SetKit(based_on=view.version, items=others, pick=True)
    await stage.done(story, act, stage.door(story, act).set_kit(view.row.deployment, wanted))


async def recorded(stage: Stage, story: Story, act: Recorded) -> None:
    """Record an authority."""
    new = NewAuthority(
        reference=act.reference,
        kinds=list(act.kinds),
        modalities=list(act.modalities),
        authorised_by_rank=_RANK,
        starts_at=stage.time(act.from_h),
        ends_at=stage.time(act.to_h),
        review_at=[] if act.review_h is None else [stage.time(act.review_h)],
        urgent_oral=act.oral,
        document=None if act.oral else _document(act.reference),
    )
    found = await stage.door(story, act).record_authority(new)
    stage.authorities[act.reference] = found.authority_id


async def statement(stage: Stage, story: Story, act: Statement) -> None:
    """Record that the written statement was made."""
    document = _document(f"statement of {act.reference}")
    await stage.door(story, act).record_statement(stage.authorities[act.reference], document)


def _document(what: str) -> DocumentHash:
    return DocumentHash(salt=sha256(b"salt").hexdigest()[:32], sha256=sha256(what.encode()).hexdigest())


async def named(stage: Stage, story: Story, act: Named) -> None:
    """Let the deployment rest on authorities."""
    view = stage.views[story.key]
    asked = NamedAuthorities(
        based_on=view.version, authorities=[stage.authorities[reference] for reference in act.references]
    )
    await stage.done(story, act, stage.door(story, act).name_authorities(view.row.deployment, asked))


async def mandated(stage: Stage, story: Story, act: Mandated) -> None:
    """Ask for a mandate and approve it, each signing with their own key."""
    view = await stage.seen(story, act)
    unit = next(one.unit for one in view.items if one.unit is not None)
    new = NewMandate(
        kind="field",
        unit=unit,
        authority=view.authorities[0].authority_id,
        allows=[Allowance(modality=one, minutes_per_day=10, openings_per_day=10) for one in view.modalities],
        purpose="aim and focus",
        not_before=stage.clock(),
        not_after=stage.time(act.to_h),
        approver=act.approver,
    )
    requester, approver = stage.door(story, act), stage.doors[act.approver]
    line = read_view(await requester.draft_mandate(new))
    await requester.sign_mandate(line)
    await approver.sign_mandate(line)
    stage.mandates[story.key] = line.mandate


async def unmandated(stage: Stage, story: Story, act: Unmandated) -> None:
    """Cancel the mandate."""
    await stage.door(story, act).cancel_mandate(stage.mandates[story.key], "the kit comes home")


async def kit_home(stage: Stage, story: Story, act: KitHome) -> None:
    """Say that the unit of a cancelled mandate is back."""
    await stage.door(story, act).kit_recovered(stage.mandates[story.key], "scanned in")
