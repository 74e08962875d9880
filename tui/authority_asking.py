"""Asking for authorities: the newest, and those that hold however old they are."""

import asyncio

from fleet.client import FleetClient
from protocols.api.authorities import AuthorityPage, AuthorityState

AT_ONCE = 200
_SEEN_WHATEVER: tuple[AuthorityState, ...] = ("in-force", "review-overdue", "future")


async def authorities_of(door: FleetClient) -> AuthorityPage:
    """The newest authorities; when there are more than come at once, also those that are not over. Raises
    ClientError."""
    page = await door.authorities(limit=AT_ONCE)
    if page.total <= len(page.rows):
        return page
    more = await asyncio.gather(*[door.authorities(state=state, limit=AT_ONCE) for state in _SEEN_WHATEVER])
    rows = {view.authority_id: view for other in (page, *more) for view in other.rows}
    return AuthorityPage(total=page.total, offset=0, rows=list(rows.values()))
