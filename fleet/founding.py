"""Making a new fleet."""

from fleet.clock import utc_now
from fleet.credentials import create_credentials
from fleet.errors import Conflict
from fleet.log.entries import CONTROLLER
from fleet.people.keys import read_person_key
from fleet.people.register import PeopleRegister
from fleet.settings import Settings
from fleet.store.migrate import upgrade
from fleet.store.store import open_store
from protocols.api.people import NewPerson
from protocols.ids import check_person_id


async def found(settings: Settings, administrator: str, name: str, key: str) -> None:
    """Make authority, signing key and schema, and add the first administrator with the public key line `key`.

    Raises AuthorityExists when `settings.state_dir` holds a fleet already, Conflict when the database does: only the
    schema is brought up to date then.
    """
    person = NewPerson(person_id=check_person_id(administrator), name=name, role="administrator", key=key)
    read_person_key(key)
    await upgrade(settings.database.owner_dsn or settings.database.dsn)
    store = await open_store(settings.database.dsn, max_connections=2)
    try:
        async with store.transaction() as transaction:
            if await transaction.people.every():
                raise Conflict("fleet-exists", "this database holds a fleet already", "name another database")
        create_credentials(settings.state_path, utc_now())
        await PeopleRegister(store, utc_now).add(person, CONTROLLER)
    finally:
        await store.close()
