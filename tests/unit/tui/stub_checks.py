"""Checks of a fleet in memory: one mandate, one opening, and pictures made of stripes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from io import BytesIO
from types import TracebackType
from typing import Any, Self

import msgspec
from PIL import Image

from fleet.client import Refused
from fleet.client.preview import Preview
from protocols.api.checks import (
    Budget,
    CheckView,
    LiveMandate,
    Measure,
    NewCheck,
    PositionView,
    PreviewNews,
    Readiness,
    StreamFigures,
    UnitAccess,
    Verdict,
    WatchLink,
)
from protocols.api.problems import Problem
from protocols.mandate import Allowance

OPENING = "open-" + "a1" * 12
MANDATE = "M-0204aabbccdd"


def stripes(shift: int) -> bytes:
    """A JPEG of coloured stripes, moved by `shift`."""
    picture = Image.new("RGB", (160, 90))
    for x in range(160):
        for y in range(90):
            picture.putpixel((x, y), ((x + shift) * 3 % 256, y * 2, 160 - x))
    kept = BytesIO()
    picture.save(kept, "JPEG")
    return kept.getvalue()


class StubPreview(Preview):
    """Gives out what a test puts in; None ends it."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[bytes | PreviewNews | None] = asyncio.Queue()
        self.wishes: list[tuple[int, float]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def change(self, columns: int, frames_per_s: float) -> None:
        self.wishes.append((columns, frames_per_s))

    async def __aiter__(self) -> AsyncIterator[bytes | PreviewNews]:
        while True:
            item = await self.items.get()
            if item is None:
                return
            yield item


class StubChecks:
    """What `access_now` says can be opened; a check begins `asking` and goes on as the test puts it."""

    now: datetime
    asked: list[tuple[Any, ...]]

    def found_checks(self) -> None:
        """One mandate for picture and sound."""
        self.stub_preview = StubPreview()
        self.is_position_gone = False
        budgets = [
            Budget(
                allowance=Allowance(modality="video", minutes_per_day=15, openings_per_day=4), used_s=420, openings=2
            ),
            Budget(allowance=Allowance(modality="audio", minutes_per_day=5, openings_per_day=2), used_s=0, openings=0),
        ]
        mandate = LiveMandate(
            mandate=MANDATE,
            kind="field",
            authority="URN/1/26",
            purpose="aim and focus",
            ends_at=self.now + timedelta(hours=6),
            signed_until=self.now + timedelta(hours=6),
            budgets=budgets,
        )
        self.access_now = UnitAccess(mandates=[mandate], obstacles=[], sentences={}, open=[], last=None)
        self.check_now = CheckView(
            opening=OPENING,
            unit="unit-00000001",
            modalities=["video", "audio"],
            mandate=MANDATE,
            person="TO-12",
            state="asking",
            reason="",
            detail="",
            sentence=f"video and audio of unit-00000001 by TO-12 under {MANDATE}, purpose: aim and focus",
            entry=None,
            begun_at=self.now,
            live_at=None,
            closed_at=None,
            open_s=None,
            viewers=[],
            readiness=None,
        )

    def news(self, **changed: Any) -> PreviewNews:
        """How the check stands: live, with good figures, but for what is `changed`."""
        figures = StreamFigures(
            fps=25.0,
            width=1280,
            height=720,
            kbit_s=612.0,
            loss_percent=0.2,
            rtt_ms=84.0,
            focus=0.71,
            is_black=False,
            is_frozen=False,
            level_dbfs=-18.0,
            peak_dbfs=-6.0,
            is_silent=False,
            is_clipping=False,
        )
        news = PreviewNews(
            state="live",
            reason="",
            detail="",
            lease_left_s=42,
            used_s=420,
            minutes_per_day=15,
            viewers=["TO-12", "SU-02"],
            figures=figures,
        )
        return msgspec.structs.replace(news, **changed)

    def changed_check(self, **changed: Any) -> CheckView:
        """Let the check stand so from now on."""
        self.check_now = msgspec.structs.replace(self.check_now, **changed)
        return self.check_now

    async def access(self, unit_id: str) -> UnitAccess:
        self.asked.append(("access", unit_id))
        return self.access_now

    async def begin_check(self, unit_id: str, wish: NewCheck) -> CheckView:
        self.asked.append(("begin_check", unit_id, wish))
        return self.check_now

    async def check(self, opening: str) -> CheckView:
        self.asked.append(("check", opening))
        return self.check_now

    async def close_check(self, opening: str, verdict: Verdict) -> CheckView:
        self.asked.append(("close_check", opening, verdict))
        measures = [
            Measure(name="frame-rate", result="pass", value=25.0, limit=10.0, unit_of_measure="fps", reason="≥ 10"),
            Measure(name="silence", result="fail", value=-71.0, limit=-60.0, unit_of_measure="dBFS", reason="no sound"),
        ]
        readiness = Readiness(
            opening=opening,
            unit="unit-00000001",
            measured_at=self.now,
            measures=measures,
            passed=False,
            result=verdict.result,
            by="TO-12",
        )
        self.stub_preview.items.put_nowait(None)
        return self.changed_check(state="closed", reason=verdict.result, open_s=41, readiness=readiness)

    async def watch_link(self, opening: str) -> WatchLink:
        self.asked.append(("watch_link", opening))
        return WatchLink(url=f"https://fleet.example:8443/watch/{'0f' * 16}", expires_at=self.now)

    async def position(self, unit_id: str, mandate: str | None = None, opening: str | None = None) -> PositionView:
        self.asked.append(("position", unit_id, mandate, opening))
        if self.is_position_gone:
            raise Refused(404, Problem(code="position-not-kept", message="what this check found is no longer kept"))
        return PositionView(
            unit=unit_id,
            opening=OPENING,
            latitude_deg=-48.87667,
            longitude_deg=-123.39333,
            hdop=0.9,
            satellites=9,
            found_at=self.now,
        )

    def preview(
        self,
        opening: str,
        *,
        columns: int = 80,
        rows: int = 24,
        frames_per_s: float = 5.0,
        kbit_s: int | None = None,
        way: str = "terminal",
    ) -> Preview:
        assert way == "terminal", "the console is watched"
        self.asked.append(("preview", opening, columns, rows, frames_per_s, kbit_s))
        return self.stub_preview
