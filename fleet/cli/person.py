"""`fleet person`: who works here."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.options import PersonId, PersonName, WholeNumber
from fleet.cli.output import print_json, print_line, print_table
from fleet.errors import SettingsInvalid
from fleet.people.key_line import public_key_line
from protocols.api.people import NewPerson
from protocols.people import Role

app = App(name="person", help="People: add, list, end.")
_KEY_FILE_SIGNS = 16_384
_NOT_PUBLIC = "is not one OpenSSH public key line; give the .pub file, never the private key"


def read_key_file(path: Path) -> str:
    """The one line of a `.pub` file; raises SettingsInvalid for anything else, a private key above all."""
    try:
        with path.open(encoding="utf-8") as file:
            line = public_key_line(file.read(_KEY_FILE_SIGNS))
    except OSError as error:
        raise SettingsInvalid(str(path), f"can not be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SettingsInvalid(str(path), _NOT_PUBLIC) from error
    if line is None:
        raise SettingsInvalid(str(path), _NOT_PUBLIC)
    return line


@app.command
def add(
    person_id: PersonId,
    name: PersonName,
    *,
    role: Role,
    key: Path,
    valid_days: Annotated[int, Parameter(validator=WholeNumber(1, 1830))] = 365,
    client: Config = None,
    json: Json = False,
) -> None:
    """Add a person with their public SSH key.

    Parameters
    ----------
    person_id
        Two capitals, a dash, digits, as TO-12.
    key
        The person's `.pub` file.
    valid_days
        How long the person may sign in, 1 to 1830 days.
    """
    new = NewPerson(person_id=person_id, name=name, role=role, key=read_key_file(key), valid_days=valid_days)
    added = ask(client, lambda door: door.add_person(new))
    if json:
        print_json(added)
    else:
        print_line(f"{added.person_id} may sign in as {added.role} with {added.key_fingerprint}")


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
def end(person_id: PersonId, *, client: Config = None) -> None:
    """End a person's access and sessions at once."""
    ask(client, lambda door: door.end_person(person_id))
    print_line(f"{person_id} can no longer sign in")


def whoami(*, client: Config = None, json: Json = False) -> None:
    """Sign in, and show who you are to the controller."""
    me = ask(client, lambda door: door.whoami())
    if json:
        print_json(me)
    else:
        print_line(f"{me.person_id} {me.name}, {me.role}; may: {', '.join(me.permissions)}")
