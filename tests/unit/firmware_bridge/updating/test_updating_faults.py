"""Updates over lines that fail and power that goes, at any call: what they leave behind, and that they go on."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.errors import DeviceLeftUnsure, ImageRefused, UpdateFailed
from firmware_bridge.images.installed import Installed
from firmware_bridge.progress import Progress
from firmware_bridge.updating.carrying_out import Told, update
from tests.support.trial_device import NEW, OLD, OTHER, SIZE, TROUBLES, Flaw, TrialDevice, Trouble, seen

MOST_CALLS = 16
FLAWS: tuple[Flaw, ...] = ("sick", "crashing", "unbootable")


CLEAN = (OLD, True, b"", 0, False)
STARTS = [
    CLEAN,
    (OLD, True, OTHER, SIZE, True),
    (OTHER, False, OLD, SIZE, False),
    (NEW, False, OLD, SIZE, False),
    (OLD, True, NEW, SIZE, True),
    (OLD, True, NEW, 2, False),
]
"""What runs, whether it is confirmed, what is in the other slot, how much of it, and whether it is booted next."""


class Hours:
    """A clock that goes on by itself, and waits in no time."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def clock(self) -> float:
        self.now_s += 0.1
        return self.now_s

    async def rest(self, seconds: float) -> None:
        self.now_s += seconds


async def bring(
    device: TrialDevice, image: bytes = NEW, *, may_downgrade: bool = False, told: list[Told] | None = None
) -> Installed:
    hours = Hours()
    heard = [] if told is None else told
    return await update(
        device,
        image,
        board="",
        may_downgrade=may_downgrade,
        tell=heard.append,
        health_limit_s=30,
        answer_limit_s=60,
        clock=hours.clock,
        rest=hours.rest,
    )


def with_trouble(at: int, trouble: Trouble) -> list[Trouble]:
    fine: list[Trouble] = ["fine"]
    return [*fine * at, trouble]


async def test_an_image_is_sent_tried_checked_and_confirmed() -> None:
    device, told = TrialDevice(), list[Told]()
    assert await bring(device, told=told) == seen(NEW)
    assert (device.runs, device.confirmed, device.other) == (NEW, True, OLD)
    stages = list(dict.fromkeys(each.stage for each in told))
    assert stages == ["judging", "sending", "booting", "checking", "confirming"]
    assert device.calls.count("healthy") == 3
    assert [each.progress.done_bytes for each in told if each.progress] == [1, 2, 3, 4]


async def test_nothing_is_done_to_a_device_that_runs_it_already() -> None:
    device = TrialDevice(runs=NEW)
    assert await bring(device) == seen(NEW)
    assert device.calls == ["installed"]


async def test_nothing_is_sent_that_is_in_the_other_slot() -> None:
    device = TrialDevice(other=NEW, held=SIZE)
    await bring(device)
    assert "send" not in device.calls
    assert device.runs == NEW


async def test_an_older_image_needs_a_permit_and_nothing_is_sent_without() -> None:
    device = TrialDevice(runs=NEW)
    with pytest.raises(ImageRefused) as caught:
        await bring(device, OLD)
    assert caught.value.reason == "downgrade"
    assert device.calls == ["installed"]
    assert await bring(device, OLD, may_downgrade=True) == seen(OLD)


@pytest.mark.parametrize("flaw", FLAWS)
async def test_a_bad_image_is_taken_back(flaw: Flaw) -> None:
    device = TrialDevice(flaws={NEW: flaw})
    with pytest.raises(UpdateFailed) as caught:
        await bring(device)
    assert caught.value.stage == ("checking" if flaw == "sick" else "booting")
    assert caught.value.went_back == ("when-told" if flaw == "sick" else "by-itself")
    assert "1.0.0" in caught.value.detail
    assert (device.runs, device.confirmed, device.pending) == (OLD, True, False)


async def test_a_trial_that_never_began_is_not_called_a_way_back() -> None:
    device = TrialDevice(refuses_mark=True)
    with pytest.raises(UpdateFailed, match=r"still runs, or runs again, 1\.0\.0 \(.*not now"):
        await bring(device)
    assert (device.runs, device.confirmed, device.pending) == (OLD, True, False)


async def test_a_device_that_refuses_the_image_is_left_as_it_is() -> None:
    device = TrialDevice(refuses_send=True)
    with pytest.raises(UpdateFailed, match=r"sending: .*no room") as caught:
        await bring(device)
    assert caught.value.went_back == "no"
    assert (device.runs, device.confirmed, device.other) == (OLD, True, b"")


@pytest.mark.parametrize("at", range(MOST_CALLS))
async def test_a_device_that_never_comes_back_is_told_from_one_that_nothing_was_done_to(at: int) -> None:
    device = TrialDevice(troubles=iter(with_trouble(at, "dead")))
    marked_at = 1 + SIZE
    if at <= marked_at - 1:
        with pytest.raises(UpdateFailed):
            await bring(device)
        assert (device.runs, device.confirmed, device.pending) == (OLD, True, False)
    elif device_ends(at):
        assert await bring(device) == seen(NEW)
    else:
        with pytest.raises(DeviceLeftUnsure, match="switch its power off and on"):
            await bring(device)


def device_ends(at: int) -> bool:
    """Whether the update of a device without faults has ended before call number `at`."""
    looks_and_health = ["installed"] * 4 + ["healthy"] * 3
    return at >= len(looks_and_health) + SIZE + len(["mark", "restart", "confirm"])


@pytest.mark.parametrize("at", range(MOST_CALLS))
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("sick", [False, True])
async def test_one_fault_at_any_call(at: int, trouble: Trouble, *, sick: bool) -> None:
    device = TrialDevice(flaws={NEW: "sick"} if sick else {}, troubles=iter(with_trouble(at, trouble)))
    try:
        assert await bring(device) == seen(NEW)
    except UpdateFailed:
        assert (device.runs, device.confirmed, device.pending) == (OLD, True, False)
    assert not device.confirmed_sick
    assert set(device.booted) <= {OLD, NEW}
    if not sick and device.runs == OLD:
        assert trouble.startswith("power")
        assert await bring(device) == seen(NEW)


@given(
    st.lists(st.sampled_from(("fine", *TROUBLES)), max_size=60),
    st.sampled_from(STARTS),
    st.sampled_from([None, *FLAWS]),
)
@settings(max_examples=500, deadline=None)
async def test_any_faults_from_any_state_then_a_second_try(
    troubles: list[Trouble], start: tuple[bytes, bool, bytes, int, bool], flaw: Flaw | None
) -> None:
    runs, confirmed, other, held, pending = start
    if flaw in {"crashing", "unbootable"} and runs == NEW:
        runs, other, confirmed = OLD, NEW, True
    flaws = {} if flaw is None else {NEW: flaw}
    device = TrialDevice(runs, confirmed, other, held, pending, flaws, troubles=iter(troubles))
    try:
        assert await bring(device) == seen(NEW)
    except UpdateFailed:
        assert start != CLEAN or (device.runs, device.confirmed, device.pending) == (OLD, True, False)
    except DeviceLeftUnsure:
        device.restart()
    assert not device.confirmed_sick

    device.troubles = iter(())
    try:
        assert await bring(device) == seen(NEW)
        assert flaw is None
        assert (device.runs, device.confirmed) == (NEW, True)
    except UpdateFailed:
        assert flaw is not None
        assert device.runs == OLD
        assert (device.confirmed, device.pending) == (True, False)
    assert not device.confirmed_sick


class DrippingDevice(TrialDevice):
    """Takes an image a byte at a time, and never has all of it."""

    async def send(self, image: bytes, tell: Callable[[Progress], None]) -> None:  # noqa: ARG002 - it takes any
        for done in count(self.held):
            self.held = done
            tell(Progress(done, 1 << 40))
            await asyncio.sleep(0)


async def test_a_device_that_takes_an_image_drop_by_drop_is_given_up() -> None:
    device = DrippingDevice()
    async with asyncio.timeout(30):
        with pytest.raises(UpdateFailed, match="too slowly"):
            await update(
                device,
                NEW,
                board="",
                may_downgrade=False,
                tell=lambda _told: None,
                answer_limit_s=0.05,
                rest=Hours().rest,
            )
    assert device.runs == OLD
