"""Who can do what: signing a mandate together, and the competences that have to be on call. Pure."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import permutations

from fleet.rota.rules.wall import midnight
from protocols.people import APPROVING_ROLES, REQUESTING_ROLES
from protocols.rota.member import Competence, Member
from protocols.rota.model import Requirement

NEVER = datetime.min.replace(tzinfo=UTC)
ALWAYS = datetime.max.replace(tzinfo=UTC)
_DAY = timedelta(days=1)
_NO_YEAR = 9999
"""How people write that something never expires; the day after its last has no date."""


def may_sign_together(members: Collection[Member]) -> bool:
    """Whether among these different people one may request a mandate and another approve it."""
    return any(
        one.role in REQUESTING_ROLES and other.role in APPROVING_ROLES for one, other in permutations(members, 2)
    )


def competent_until(member: Member, requirement: Requirement, zone: str) -> datetime:
    """Until, and without, which instant somebody meets a requirement: NEVER met, or ALWAYS."""
    return max((_until(one, zone) for one in member.terms.competences if _meets(one, requirement)), default=NEVER)


def _meets(one: Competence, requirement: Requirement) -> bool:
    return one.subject == requirement.subject and one.level >= requirement.level


def _until(one: Competence, zone: str) -> datetime:
    if one.valid_until is None or one.valid_until.year >= _NO_YEAR:
        return ALWAYS
    return midnight(one.valid_until + _DAY, zone)


def said_requirement(requirement: Requirement) -> str:
    """As `electrical at level 3`, or `driving-licence` where there are no levels."""
    return f"{requirement.subject} at level {requirement.level}" if requirement.level else requirement.subject
