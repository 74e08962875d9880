"""`fleet person`: who works here."""

from pathlib import Path

from cyclopts import App

from fleet.cli.door import Config, Json, ask
from fleet.cli.output import print_json, print_line, print_table
from fleet.errors import SettingsInvalid
from protocols.api.people import NewPerson
from protocols.people import Role

app = App(name="person", help="People: add, list, end.")


def read_key_file(path: Path) -> str:
    """The one line of a `.pub` file; raises SettingsInvalid."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(str(path), "can not be read as an OpenSSH .pub file") from error


@app.command
def add(
    person_id: str,
    name: str,
    *,
    role: Role,
    key: Path,
    valid_days: int = 365,
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
    print_table(("person", "name", "role", "key", "until", "ended"), rows, empty="nobody")


@app.command
def end(person_id: str, *, client: Config = None) -> None:
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
