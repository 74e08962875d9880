"""Gets one check its leases, each in a task of its own: receipts take their time, and a cancellation must not wait."""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from fleet.checks.grants import Answer, Granted
from fleet.checks.happenings import LeaseMade
from fleet.checks.media import CheckMedia
from fleet.checks.permits import Check
from fleet.checks.refusals import NO_RECEIPT, NOT_IN_LOG
from fleet.checks.session import Grant
from fleet.checks.tools import Tools
from fleet.errors import NotLoggedYet, RequestRefused, StoreUnavailable
from fleet.mandates.standing import Obstacle
from fleet.media.errors import MediaError
from fleet.stopping import cancel
from protocols.lease import MAX_LEASE_S

_WORTH_S = 5
"""A renewal has to give so much more than the lease that runs, else that is the last one."""


class Leasing:
    """`tell` is told how each came out; `drop` ends what is under way, and has to be awaited."""

    def __init__(self, check: Check, tools: Tools, media: CheckMedia, tell: Callable[[LeaseMade], None]) -> None:
        self._check = check
        self._tools = tools
        self._media = media
        self._tell = tell
        self._task: asyncio.Task[None] | None = None

    def begin(self, wanted: Grant, left_s: float | None) -> bool:
        """Have a lease granted, in the name of who began the check; one that renews, of who watches: False when nobody
        does, and none is granted. `left_s` is what is left of the one that runs, None without one."""
        person_id = self._check.person_id if wanted.first else self._media.asker
        if person_id is None:
            return False
        check = replace(self._check, person_id=person_id)
        worth_s = 1 if wanted.first or left_s is None else min(int(left_s) + _WORTH_S, MAX_LEASE_S)
        self._task = asyncio.create_task(self._work(check, wanted, worth_s), name=f"lease: {self._check.opening}")
        return True

    async def drop(self) -> None:
        """Nobody wants it any more."""
        task, self._task = self._task, None
        if task is not None:
            await cancel(task)

    async def _work(self, check: Check, wanted: Grant, worth_s: int) -> None:
        outcome: Granted | Obstacle
        try:
            offer = await self._media.offer() if wanted.first else None
            answer = Answer(wanted.nonce, wanted.boot_id)
            outcome = await self._tools.grants.grant(check, answer, offer, first=wanted.first, worth_s=worth_s)
        except NotLoggedYet:
            outcome = NO_RECEIPT
        except StoreUnavailable:
            outcome = NOT_IN_LOG
        except RequestRefused as error:
            outcome = Obstacle("fault", error.problem.message, error.problem.remedy)
        except (MediaError, TimeoutError) as error:
            outcome = Obstacle("media-failed", str(error) or "no offer could be made in time", "")
        self._tell(LeaseMade(outcome, check.person_id))
