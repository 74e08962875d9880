"""Signing in and out, and the people of the fleet."""

from litestar import Request, delete, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from fleet.api.access import ANYONE_SIGNED_IN, NOBODY_YET, address_of, caller_of
from fleet.api.parameters import PersonInPath, TokenInPath, VersionAsked
from fleet.api.services import Given
from fleet.api.throttle import throttle_sign_ins
from protocols.api.people import AccessEnded, DraftSignature, DraftView, PeopleChange, PersonView
from protocols.api.sessions import Challenge, ChallengeRequest, SignedIn, SignIn, Whoami
from protocols.people import PERMISSIONS, SignedPeopleList

ApiRequest = Request[object, object, State]


@post("/api/challenge", opt={"permission": NOBODY_YET}, status_code=200, before_request=throttle_sign_ins)
async def challenge(services: Given, data: JSONBody[ChallengeRequest]) -> Challenge:
    """A nonce to sign; the same for people who exist and who do not."""
    return await services.signing_in.challenge(data.person_id)


@post(
    "/api/session", opt={"permission": NOBODY_YET, "refuses": [401]}, status_code=200, before_request=throttle_sign_ins
)
async def sign_in(request: ApiRequest, services: Given, data: JSONBody[SignIn]) -> SignedIn:
    """Open a session with a signature over the challenge."""
    return await services.signing_in.sign_in(data, address_of(request))


@get("/api/session", opt={"permission": ANYONE_SIGNED_IN})
async def whoami(request: ApiRequest, services: Given) -> Whoami:
    """Who is signed in, and what the role allows."""
    person = caller_of(request).person
    return Whoami(
        person_id=person.person_id,
        name=person.name,
        role=person.role,
        permissions=sorted(PERMISSIONS[person.role]),
        server_time=services.clock(),
    )


@delete("/api/session", opt={"permission": ANYONE_SIGNED_IN})
async def sign_out(request: ApiRequest, services: Given) -> None:
    """End this session."""
    await services.signing_in.sign_out(caller_of(request).token)


@get("/api/people", opt={"permission": "see-people"})
async def list_people(services: Given) -> list[PersonView]:
    """Everybody ever added."""
    async with services.store.transaction() as transaction:
        return [person.view() for person in await transaction.people.every()]


@get("/api/people/lists", opt={"permission": "see-people"})
async def people_lists(services: Given, after: VersionAsked = -1) -> list[SignedPeopleList]:
    """The lists that follow `after`, or (-1) the newest anchor and those that follow it; at most 16."""
    async with services.store.transaction() as transaction:
        if after == -1:
            anchor = await transaction.people.newest_anchor()
            assert anchor is not None, "whoever asks is on a list, and the first list is an anchor"
            after = anchor.version - 1
        return await transaction.people.lists_after(after)


@get("/api/people/drafts", opt={"permission": "see-people"})
async def list_drafts(services: Given) -> list[DraftView]:
    """Next lists that wait for signatures, then the latest others."""
    return await services.people.drafts()


@post("/api/people/drafts", opt={"permission": "manage-people", "refuses": [404, 409]})
async def draft_change(request: ApiRequest, services: Given, data: JSONBody[PeopleChange]) -> DraftView:
    """Draft the next list."""
    return await services.people.draft(data, caller_of(request).person.person_id)


@post(
    "/api/people/drafts/{draft_id:str}/sign",
    opt={"permission": "manage-people", "refuses": [404, 409]},
    status_code=200,
)
async def sign_draft(
    request: ApiRequest, services: Given, draft_id: TokenInPath, data: JSONBody[DraftSignature]
) -> DraftView:
    """Add the caller's signature; the second one puts the list in force."""
    return await services.people.sign(draft_id, data.signature, caller_of(request).person.person_id)


@delete("/api/people/drafts/{draft_id:str}", opt={"permission": "manage-people", "refuses": [404, 409]})
async def withdraw_draft(request: ApiRequest, services: Given, draft_id: TokenInPath) -> None:
    """Withdraw a draft."""
    await services.people.withdraw(draft_id, caller_of(request).person.person_id)


@post("/api/people/{person_id:str}/end", opt={"permission": "manage-people", "refuses": [409]}, status_code=200)
async def end_person(request: ApiRequest, services: Given, person_id: PersonInPath) -> AccessEnded:
    """End a person's access and sessions at once, and draft the list without them."""
    return await services.people.end(person_id, caller_of(request).person.person_id)


HANDLERS = [
    challenge,
    sign_in,
    whoami,
    sign_out,
    list_people,
    people_lists,
    list_drafts,
    draft_change,
    sign_draft,
    withdraw_draft,
    end_person,
]
