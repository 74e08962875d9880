"""Whose records somebody may keep and see. Pure."""

from fleet.errors import Forbidden
from fleet.store.people import Person
from protocols.people import may


def check_may_keep(caller: Person, person_id: str) -> None:
    """People keep their own records, a supervisor anybody's; raises Forbidden."""
    if caller.person_id != person_id:
        check_manages(caller)


def check_manages(caller: Person) -> None:
    """Raise Forbidden unless `caller` manages rotas."""
    if not may(caller.role, "manage-rota"):
        raise Forbidden(caller.role, "manage-rota")


def sees(caller: Person, person_id: str) -> bool:
    """Whether somebody may know another's working time and kind of leave; everybody their own."""
    return caller.person_id == person_id or may(caller.role, "see-working-time")


def those_seen(caller: Person, asked: str) -> list[str] | None:
    """Whose records are shown to somebody who asks for `asked`'s (empty: for all there are): None is everybody's.

    Raises Forbidden where `asked` is somebody whose they may not see.
    """
    if asked:
        if not sees(caller, asked):
            raise Forbidden(caller.role, "see-working-time")
        return [asked]
    return None if may(caller.role, "see-working-time") else [caller.person_id]
