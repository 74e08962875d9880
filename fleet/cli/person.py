"""`fleet person`: who works here, and the lists that say so to units."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli import people_drafts
from fleet.cli.administrators import Administrators, ValidDays, advise, new_administrators
from fleet.cli.confirming import Yes, confirm
from fleet.cli.door import Config, Json, ask
from fleet.cli.options import ConfigFile, PersonId, PersonName
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.cli.people_drafts import tell_drafted
from fleet.cli.person_key import read_key_file
from fleet.client import FleetClient
from protocols.api.people import AccessEnded, NewKey, NewPerson
from protocols.people import NEEDED_SIGNATURES, Role
from protocols.text import escaped

app = App(name="person", help="People: add, rekey, end, list; sign the people list, check it.")
KeyFile = Annotated[Path, Parameter(help="The person's .pub file.")]


@app.command
def add(
    person_id: PersonId,
    name: PersonName,
    *,
    role: Role,
    key: KeyFile,
    valid_days: ValidDays | None = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Draft a list with one more person, who may sign in once two administrators have signed it.

    Parameters
    ----------
    person_id
        Two capitals, a dash, digits, as TO-12.
    valid_days
        Left out: 365; an inspector's 14, which can be 31 at the most.
    """
    new = NewPerson(person_id=person_id, name=name, role=role, key=read_key_file(key), valid_days=valid_days)
    tell_drafted(ask(client, lambda door: door.draft_people(new)), json=json)


@app.command
def rekey(
    person_id: PersonId,
    *,
    key: KeyFile,
    role: Role | None = None,
    valid_days: ValidDays | None = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Draft a list with another key, another term (with the key they have) or another role for a person.

    Somebody whose access was ended gets it back. When the old key may be in other hands, end their access first.

    Parameters
    ----------
    role
        Left out: the role stays.
    valid_days
        Left out: 365; an inspector's 14, which can be 31 at the most.
    """
    new = NewKey(person_id=person_id, key=read_key_file(key), role=role, valid_days=valid_days)
    tell_drafted(ask(client, lambda door: door.draft_people(new)), json=json)


@app.command(name="list")
def list_(*, client: Config = None, json: Json = False) -> None:
    """List everybody ever added."""
    people = ask(client, lambda door: door.people())
    if json:
        print_json(people)
        return
    rows = [(p.person_id, p.name, p.role, p.key_fingerprint, p.valid_until, p.ended_at) for p in people]
    print_table(("person", "name", "role", "key", "until", "ended"), rows, empty="nobody", free=["name"])


@app.command
def end(person_id: PersonId, *, yes: Yes = False, client: Config = None, json: Json = False) -> None:
    """End a person's access and sessions at once, and draft the list without them.

    Units trust their key until that list is signed by two administrators.
    """

    async def decide(door: FleetClient) -> AccessEnded:
        await _agreed(door, person_id, yes=yes)
        return await door.end_person(person_id)

    ended = ask(client, decide)
    if json:
        print_json(ended)
        return
    print_line(f"{person_id} can no longer sign in")
    print_remark(what_is_left(ended))


async def _agreed(door: FleetClient, person_id: str, *, yes: bool) -> None:
    """Say what ending this access means; raises RequestRefused unless the person wants it.

    Whoever has no access to be ended is left to the controller, which says why.
    """
    now = datetime.now(UTC)
    people = {one.person_id: one for one in await door.people() if one.ended_at is None}
    person = people.pop(person_id, None)
    if person is None:
        return
    left = sum(one.role == "administrator" and one.valid_until > now for one in people.values())
    if person.role == "administrator" and left < NEEDED_SIGNATURES:
        print_remark(
            f"{left} administrator would be left: nobody could sign people lists, units would go on trusting the key "
            f"of {person_id}, and the way on is a new anchor and a visit to every unit: fleet person refound"
        )
    if not yes:
        doing = f"ending the access of {person_id} ({escaped(person.name)}, {person.role})"
        confirm(person_id, doing, "signs them out everywhere at once")


def what_is_left(ended: AccessEnded) -> str:
    """What has to be done next, for the person who ended an access."""
    if ended.draft is not None:
        return f"units trust their key until two administrators have signed: fleet person sign {ended.draft.draft_id}"
    if ended.administrators_left < 2:
        return (
            f"{ended.administrators_left} administrator is left: nobody can sign people lists, and units go on "
            "trusting that key, until the list is founded anew on the controller's host: fleet person refound"
        )
    return "the people list did not change; if they are still on it, draft one without them: fleet person check"


@app.command
def refound(
    *,
    administrator: Administrators,
    valid_days: ValidDays = 365,
    config: ConfigFile = Path("/etc/muster/fleet.toml"),
    json: Json = False,
) -> None:
    """Begin a new people list when fewer than two administrators are left. On the controller's host only.

    No administrator signs it, so no unit and no person believes it by itself: everybody writes its hash into their
    client settings, and every unit needs a new voucher and a visit (edge-agent join --again). Those named replace all
    administrators; everybody else keeps their access.
    """
    from fleet.founding import refound as write  # noqa: PLC0415 - only this command needs the database
    from fleet.settings import load_settings  # noqa: PLC0415 - as above

    anchor = asyncio.run(write(load_settings(config), new_administrators(administrator, valid_days)))
    if json:
        print_json(anchor)
        return
    print_line(f"people list {anchor.version} is a new anchor: {', '.join(anchor.people)}")
    print_line(f'people_anchor = "{anchor.sha256}"')
    print_remark(
        "tell everybody that line for their client settings, by word of mouth or paper; vouchers made before are void"
    )
    print_remark("every unit refuses this list until somebody visits it with a new voucher: edge-agent join --again")
    advise(len(administrator))


def whoami(*, client: Config = None, json: Json = False) -> None:
    """Sign in, and show who you are to the controller."""
    me = ask(client, lambda door: door.whoami())
    if json:
        print_json(me)
    else:
        print_line(f"{me.person_id} {escaped(me.name)}, {me.role}; may: {', '.join(me.permissions)}")


for command in (people_drafts.drafts, people_drafts.sign, people_drafts.withdraw, people_drafts.check):
    app.command(command)
