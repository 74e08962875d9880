"""Whose a deed is, for somebody whose role does not allow it. Pure."""

from typing import NamedTuple

from protocols.people import Permission, roles_with


class Reserved(NamedTuple):
    """A deed that not every role may do, and the permission it takes."""

    doing: str
    permission: Permission


def whose(deed: Reserved) -> str:
    """`releasing is a supervisor's`, `revoking is an engineer's or a supervisor's`."""
    owners = [f"{'an' if role[0] in 'aeiou' else 'a'} {role}'s" for role in roles_with(deed.permission)]
    return f"{deed.doing} is {' or '.join(owners)}"
