"""Mandates of the house, and checks under them, as people would ask for them over the API."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from fleet.client import ClientError, read_view
from fleet.clock import utc_now
from protocols.access_record import Modality
from protocols.api.authorities import AuthorityView, DocumentHash, NewAuthority
from protocols.api.checks import CheckView, NewCheck, PreviewNews, Verdict
from protocols.api.mandates import NewMandate
from protocols.mandate import MAX_MINUTES_PER_DAY, MAX_OPENINGS_PER_DAY, Allowance
from tests.support.open_house import APPROVER, ENGINEER, HouseUnit, OpenHouse
from tests.support.waiting import until

ALL: tuple[Modality, ...] = ("video", "audio", "position")
_DAYS = 30
_BACK_LIMIT_S = 120.0
_AGAIN_S = 0.3


async def authority(house: OpenHouse, modalities: Sequence[Modality] = ALL) -> AuthorityView:
    """A written authority to use and retrieve kit, in force for a month, recorded by the approver."""
    salt = secrets.token_bytes(16)
    now = utc_now().replace(microsecond=0)
    wish = NewAuthority(
        reference=f"TEST/{secrets.token_hex(3)}",
        kinds=["install", "use", "retrieve"],
        modalities=list(modalities),
        authorised_by_rank="Superintendent",
        starts_at=now,
        ends_at=now + timedelta(days=_DAYS),
        review_at=[now + timedelta(days=_DAYS - 2)],
        document=DocumentHash(salt=salt.hex(), sha256=hashlib.sha256(salt + b"a document").hexdigest()),
    )
    return await house[APPROVER].record_authority(wish)


async def mandate(
    house: OpenHouse,
    unit: HouseUnit,
    under: AuthorityView,
    modalities: Sequence[Modality] = ALL,
    *,
    minutes_per_day: int = MAX_MINUTES_PER_DAY,
    openings_per_day: int = MAX_OPENINGS_PER_DAY,
    lasts: timedelta = timedelta(days=1),
) -> str:
    """The id of a live mandate of `unit`, signed by two people with their keys."""
    allows = [
        Allowance(modality=one, minutes_per_day=minutes_per_day, openings_per_day=openings_per_day)
        for one in modalities
    ]
    starts_at = utc_now().replace(microsecond=0)
    wish = NewMandate(
        kind="field",
        unit=unit.unit_id,
        authority=under.authority_id,
        allows=allows,
        purpose="aim and focus",
        not_before=starts_at,
        not_after=starts_at + lasts,
        approver=APPROVER,
    )
    line = read_view(await house[ENGINEER].draft_mandate(wish))
    await house[ENGINEER].sign_mandate(line)
    await house[APPROVER].sign_mandate(line)
    return line.mandate


async def begin(house: OpenHouse, unit: HouseUnit, under: str | None, *modalities: Modality) -> CheckView:
    """Ask for a check as the engineer."""
    return await house.door.begin_check(unit.unit_id, NewCheck(modalities=list(modalities), mandate=under))


async def begin_soon(house: OpenHouse, unit: HouseUnit, under: str | None, *modalities: Modality) -> CheckView:
    """As `begin`, again and again while the unit, the controller or its database is on its way back."""
    refused: list[ClientError] = []
    try:
        async with asyncio.timeout(_BACK_LIMIT_S):
            while True:
                try:
                    return await begin(house, unit, under, *modalities)
                except ClientError as error:
                    refused[:] = [error]
                await asyncio.sleep(_AGAIN_S)
    except TimeoutError:
        raise AssertionError(f"no check of {unit.unit_id} can begin: {refused}") from None


async def stands(house: OpenHouse, opening: str, *states: str, limit_s: float = 60.0) -> CheckView:
    """The check, once it is in one of `states`; raises AssertionError when it does not come to that."""
    views: list[CheckView] = []

    async def there() -> bool:
        views.append(await house.door.check(opening))
        return views[-1].state in states

    try:
        await until(there, limit_s)
    except TimeoutError:
        raise AssertionError(f"{opening} stands at {views[-1:]}") from None
    return views[-1]


class Watcher:
    """Somebody at a preview: the pictures (JPEG), and the last news."""

    def __init__(self, house: OpenHouse, opening: str, *, keep: int = 0) -> None:
        self.pictures = 0
        self.kept: list[bytes] = []
        self.news: PreviewNews | None = None
        self.told_boot_ns: int | None = None
        """When the end was told, CLOCK_BOOTTIME."""
        self._keep = keep
        self._preview = house.door.preview(opening, frames_per_s=5)
        self.task = asyncio.create_task(self._watch(), name=f"watch {opening}")

    async def _watch(self) -> None:
        async with self._preview as preview:
            async for item in preview:
                if isinstance(item, PreviewNews):
                    self._hear(item)
                else:
                    self.pictures += 1
                    self.kept = [*self.kept, item][-self._keep :] if self._keep else []

    def _hear(self, news: PreviewNews) -> None:
        self.news = news
        if self.told_boot_ns is None and news.state in {"closed", "refused"}:
            self.told_boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    async def sees(self, pictures: int = 1, limit_s: float = 60.0) -> None:
        """Wait for so many pictures; raises AssertionError when it ends before."""

        async def there() -> bool:
            return self.pictures >= pictures or self.task.done()

        await until(there, limit_s)
        assert self.pictures >= pictures, f"no picture came: {self.news}"

    async def ended(self, limit_s: float = 60.0) -> PreviewNews:
        """The last news, once the preview has ended."""
        async with asyncio.timeout(limit_s):
            await self.task
        assert self.news is not None
        return self.news

    async def leave(self) -> None:
        """Go."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@asynccontextmanager
async def watching(house: OpenHouse, opening: str, *, keep: int = 0) -> AsyncIterator[Watcher]:
    """Watch until the block ends; the newest `keep` pictures are kept."""
    watcher = Watcher(house, opening, keep=keep)
    try:
        yield watcher
    finally:
        await watcher.leave()


async def close(house: OpenHouse, opening: str) -> CheckView:
    """Have a check closed."""
    return await house.door.close_check(opening, Verdict())
