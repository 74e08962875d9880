"""Signing in and out, and the people of the fleet."""

from litestar import Request, delete, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from fleet.api.access import ANYONE_SIGNED_IN, NOBODY_YET, address_of, caller_of
from fleet.api.parameters import PersonInPath
from fleet.api.services import Given
from fleet.api.throttle import throttle_sign_ins
from protocols.api.people import NewPerson, PersonView
from protocols.api.sessions import Challenge, ChallengeRequest, SignedIn, SignIn, Whoami
from protocols.people import PERMISSIONS

ApiRequest = Request[object, object, State]


@post("/api/challenge", opt={"permission": NOBODY_YET}, status_code=200, before_request=throttle_sign_ins)
async def challenge(services: Given, data: JSONBody[ChallengeRequest]) -> Challenge:
    """A nonce to sign; the same for people who exist and who do not."""
    return await services.signing_in.challenge(data.person_id)


@post("/api/session", opt={"permission": NOBODY_YET}, status_code=200, before_request=throttle_sign_ins)
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


@post("/api/people", opt={"permission": "manage-people"})
async def add_person(request: ApiRequest, services: Given, data: JSONBody[NewPerson]) -> PersonView:
    """Add a person with one key."""
    return (await services.people.add(data, caller_of(request).person.person_id)).view()


@post("/api/people/{person_id:str}/end", opt={"permission": "manage-people"}, status_code=204)
async def end_person(request: ApiRequest, services: Given, person_id: PersonInPath) -> None:
    """End a person's access and sessions at once."""
    await services.people.end(person_id, caller_of(request).person.person_id)


HANDLERS = [challenge, sign_in, whoami, sign_out, list_people, add_person, end_person]
