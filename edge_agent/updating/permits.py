"""Which parts of an update two people allow to be older than what runs. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from edge_agent.errors import UpdateRefused
from edge_agent.renewal.plan import KnownTime
from edge_agent.updating.plan import File
from protocols.errors import InvalidPeopleList, InvalidPermit
from protocols.people import PeopleList, read_list
from protocols.releases.manifest import Manifest, PartName
from protocols.releases.permit import SignedPermit, Wanted, check_permit


def permitted_parts(
    permits: Sequence[SignedPermit],
    manifest: Manifest,
    files: Mapping[str, File],
    *,
    unit_id: str,
    people_text: str,
    known: KnownTime,
    plain_keys_may_sign: bool,
) -> frozenset[PartName]:
    """The parts that `permits` are good for, by the people list that the unit carries.

    Raises UpdateRefused for a permit that is good for none of them: whoever sent it meant something else.
    """
    if not permits:
        return frozenset()
    if known.wall_ms is None or not known.sure:
        said = "this unit does not know the time, so not whether a permit is in force; connect it"
        raise UpdateRefused(said, passing=True)
    at = datetime.fromtimestamp(known.wall_ms / 1000, UTC)
    try:
        people = read_list(people_text)
    except InvalidPeopleList as error:
        raise UpdateRefused(f"no permit can be checked: {error}") from error
    wanted = [
        Wanted(part=one.part, sha256=files[one.target].sha256, version=one.version, unit=unit_id)
        for one in manifest.parts
    ]
    return frozenset(_allowed(each, wanted, people, at, plain_keys_may_sign=plain_keys_may_sign) for each in permits)


def _allowed(
    permit: SignedPermit, wanted: Sequence[Wanted], people: PeopleList, at: datetime, *, plain_keys_may_sign: bool
) -> PartName:
    refusals: list[InvalidPermit] = []
    for one in wanted:
        try:
            return check_permit(permit, one, people, at, plain_keys_may_sign=plain_keys_may_sign).part
        except InvalidPermit as refusal:
            refusals.append(refusal)
    said = next((one for one in refusals if one.reason != "other-part"), refusals[0])
    raise UpdateRefused(f"a permit allows nothing of this update: {said}")
