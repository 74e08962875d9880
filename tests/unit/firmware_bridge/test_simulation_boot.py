"""The simulated bootloader: what it boots, what it refuses, and that no power cut leaves it with nothing to boot."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.errors import PowerCut
from firmware_bridge.simulation.boot import PRIMARY, SECONDARY, Booted, Bootloader
from firmware_bridge.simulation.flash import Cut, Flash
from firmware_bridge.simulation.slot_images import image_in, is_signed, is_whole
from firmware_bridge.simulation.trailers import Swap, Trailer
from tests.unit.firmware_bridge.simulation_devices import (
    CUTS,
    ECDSA_KEY,
    KEYS,
    NEW,
    OLD,
    SMALL,
    WRONG_KEY,
    Sample,
    boot,
    booted_minor,
    copy_of,
    fitted,
    put,
)


def test_a_fitted_image_boots_again_and_again() -> None:
    flash = fitted()
    for _ in range(3):
        result = boot(flash)
        assert isinstance(result, Booted)
        assert (result.image.version, result.swap, result.confirmed) == (OLD.version, Swap.NONE, True)


def test_a_new_image_is_tried_once_and_the_old_one_comes_back() -> None:
    flash = fitted()
    put(flash, NEW.content())
    first, second, third = boot(flash), boot(flash), boot(flash)
    assert isinstance(first, Booted)
    assert (first.image.version, first.swap, first.confirmed) == (NEW.version, Swap.TEST, False)
    assert isinstance(second, Booted)
    assert (second.image.version, second.swap, second.confirmed) == (OLD.version, Swap.REVERT, True)
    assert isinstance(third, Booted)
    assert (third.image.version, third.swap) == (OLD.version, Swap.NONE)


@pytest.mark.parametrize("permanent", [True, False])
def test_a_confirmed_image_stays(permanent: bool) -> None:
    flash = fitted()
    put(flash, NEW.content(), permanent=permanent)
    assert booted_minor(flash) == NEW.minor
    if not permanent:
        Trailer(flash, PRIMARY).set_image_ok()
    assert [booted_minor(flash) for _ in range(2)] == [NEW.minor] * 2
    kept = image_in(flash.read(SMALL.slot(SECONDARY), SMALL.image_bytes))
    assert kept is not None
    assert kept.version == OLD.version


def test_ecdsa_signatures_count_too() -> None:
    flash = fitted()
    put(flash, Sample(3, key=ECDSA_KEY).content())
    assert booted_minor(flash) == 3


def damaged(content: bytes) -> bytes:
    return content[:400] + bytes([content[400] ^ 1]) + content[401:]


@pytest.mark.parametrize(
    "content",
    [
        Sample(3, key=None).content(),
        Sample(3, key=WRONG_KEY).content(),
        damaged(Sample(3).content()),
        Sample(3).content()[:600],
        b"no image at all",
        b"",
    ],
    ids=["unsigned", "wrong key", "damaged", "half", "no image", "nothing"],
)
@pytest.mark.parametrize("permanent", [True, False])
def test_what_is_not_whole_and_signed_is_never_started(content: bytes, permanent: bool) -> None:
    flash = fitted()
    put(flash, content, permanent=permanent)
    assert booted_minor(flash) == OLD.minor
    assert Trailer(flash, SECONDARY).blank
    put(flash, NEW.content())
    assert booted_minor(flash) == NEW.minor


def test_a_lower_security_counter_is_not_started_once_a_higher_one_was_confirmed() -> None:
    flash = fitted()
    put(flash, Sample(2, counter=5).content())
    assert booted_minor(flash) == 2
    assert Bootloader(flash, KEYS).security_counter() == 1
    Trailer(flash, PRIMARY).set_image_ok()
    assert booted_minor(flash) == 2
    assert Bootloader(flash, KEYS).security_counter() == 5
    put(flash, Sample(9, counter=4).content(), permanent=True)
    assert booted_minor(flash) == 2
    put(flash, Sample(9, counter=5).content(), permanent=True)
    assert booted_minor(flash) == 9


def test_a_trial_does_not_raise_the_counter_so_that_the_old_image_can_come_back() -> None:
    flash = fitted()
    put(flash, Sample(2, counter=5).content())
    assert [booted_minor(flash) for _ in range(3)] == [2, 1, 1]


def stages() -> list[tuple[str, Flash]]:
    """Memories before each kind of boot that writes."""
    trial = fitted()
    put(trial, NEW.content())
    for_good = fitted()
    put(for_good, Sample(4, counter=3, size=1300).content(), permanent=True)
    unconfirmed = copy_of(trial)
    boot(unconfirmed)
    confirmed = fitted()
    put(confirmed, Sample(5, counter=7).content())
    boot(confirmed)
    Trailer(confirmed, PRIMARY).set_image_ok()
    refused = copy_of(unconfirmed)
    Trailer(refused, PRIMARY).set_image_ok()
    put(refused, Sample(3, key=WRONG_KEY).content())
    return [
        ("trial", trial),
        ("permanent", for_good),
        ("revert", unconfirmed),
        ("counter", confirmed),
        ("refusal", refused),
    ]


def cut_everywhere(flash: Flash, done: float) -> list[int | None]:
    """What boots at last, for a cut at each operation of the first boot."""
    whole = copy_of(flash)
    boot(whole)
    results = []
    for at in range(1, whole.operations + 1):
        tried = copy_of(flash)
        tried.cut(Cut(at, done))
        with pytest.raises(PowerCut):
            boot(tried)
        tried.cut(None)
        results.append(booted_minor(tried))
    return results


@pytest.mark.parametrize("done", CUTS)
@pytest.mark.parametrize(("stage", "flash"), stages(), ids=[name for name, _ in stages()])
def test_a_boot_that_is_cut_off_anywhere_ends_as_one_that_is_not(stage: str, flash: Flash, done: float) -> None:
    twice = copy_of(flash)
    wanted, afterwards = booted_minor(twice), booted_minor(twice)
    *results, last = cut_everywhere(flash, done)
    assert set(results) <= {wanted}
    assert last == (afterwards if done == 1 else wanted)


@pytest.mark.parametrize(("stage", "flash"), stages(), ids=[name for name, _ in stages()])
def test_a_boot_that_is_cut_off_again_and_again_comes_to_its_end(stage: str, flash: Flash) -> None:
    twice = copy_of(flash)
    wanted = {booted_minor(twice), booted_minor(twice)}
    tried = copy_of(flash)
    for attempt in range(400):
        tried.cut(Cut(4, attempt % 7 / 6))
        try:
            result = boot(tried)
        except PowerCut:
            continue
        assert isinstance(result, Booted)
        assert result.image.version[1] in wanted
        return
    pytest.fail("it never came up")


@pytest.mark.parametrize("done", CUTS)
def test_an_application_that_is_cut_off_while_it_asks_for_an_image_leaves_the_old_or_the_new_one(done: float) -> None:
    for permanent in (False, True):
        whole = fitted()
        before = whole.operations
        put(whole, NEW.content(), permanent=permanent)
        for at in range(1, whole.operations - before + 1):
            flash = fitted()
            flash.cut(Cut(at, done))
            with pytest.raises(PowerCut):
                put(flash, NEW.content(), permanent=permanent)
            flash.cut(None)
            assert booted_minor(flash) in {OLD.minor, NEW.minor}
            put(flash, NEW.content())
            assert booted_minor(flash) == NEW.minor


addresses = st.integers(0, SMALL.total_bytes - 64)
trailer_addresses = st.builds(
    lambda slot, before: SMALL.trailer(slot) + SMALL.sector_bytes - before, st.integers(0, 1), st.integers(16, 64)
)
contents = st.binary(max_size=48) | st.sampled_from(
    [bytes.fromhex("77c295f360d2ef7f3552500f2cb67980"), b"\x01", b"\x02", b"\x04", b"\x06\0\0\0"]
)
operations = st.one_of(
    st.tuples(st.just("write"), addresses | trailer_addresses, contents),
    st.tuples(st.just("erase"), st.integers(0, SMALL.total_bytes // SMALL.sector_bytes - 1), st.just(b"")),
    st.tuples(st.just("put"), st.integers(0, 5), st.just(b"")),
    st.tuples(st.just("boot"), st.just(0), st.just(b"")),
    st.tuples(st.just("confirm"), st.just(0), st.just(b"")),
)
SAMPLES = [
    OLD,
    NEW,
    Sample(3, key=WRONG_KEY),
    Sample(4, key=None),
    Sample(5, counter=9, size=1300),
    Sample(6, counter=0),
]


def carry_out(flash: Flash, step: tuple[str, int, bytes]) -> None:
    what, number, content = step
    match what:
        case "write":
            flash.write(number, content)
        case "erase":
            flash.erase(number * SMALL.sector_bytes)
        case "put":
            put(flash, SAMPLES[number].content(), permanent=bool(number % 2))
        case "confirm":
            Trailer(flash, PRIMARY).set_image_ok()
        case _:
            judged_boot(flash)


def judged_boot(flash: Flash) -> None:
    """Boot, and judge what was started by the flash itself."""
    result = boot(flash)
    if isinstance(result, Booted):
        slot = flash.read(SMALL.slot(PRIMARY), SMALL.image_bytes)
        image = image_in(slot)
        assert image == result.image
        assert is_whole(slot, image)
        assert is_signed(image, KEYS)
        assert image.security_counter >= Bootloader(flash, KEYS).security_counter()


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(st.tuples(operations, st.none() | st.tuples(st.integers(1, 60), st.floats(0, 1)))))
def test_whatever_is_written_wherever_it_is_cut_nothing_unsigned_or_half_is_started(
    steps: list[tuple[tuple[str, int, bytes], tuple[int, float] | None]],
) -> None:
    flash = fitted()
    for step, cut in steps:
        flash.cut(Cut(*cut) if cut else None)
        with suppress(PowerCut):
            carry_out(flash, step)
        flash.cut(None)
        judged_boot(flash)


def test_a_flash_only_clears_bits_until_it_is_erased() -> None:
    flash = Flash(SMALL)
    flash.write(10, b"\x0f")
    flash.write(10, b"\xf5\x00")
    assert flash.read(9, 4) == b"\xff\x05\x00\xff"
    flash.erase(0)
    assert flash.read(0, SMALL.sector_bytes) == b"\xff" * SMALL.sector_bytes


def test_what_a_torn_erasure_leaves_of_the_last_swap_is_not_gone_on_with() -> None:
    """Which bytes are torn depends on the operation's number, so many numbers are tried."""
    flash = fitted()
    put(flash, NEW.content(), permanent=True)
    boot(flash)
    put(flash, Sample(3, size=1300).content(), permanent=True)
    for number in range(300):
        for at, done in ((1, 0.05), (1, 0.1), (2, 0.05), (2, 0.1)):
            tried = copy_of(flash)
            tried.operations = number
            tried.cut(Cut(at, done))
            with pytest.raises(PowerCut):
                boot(tried)
            tried.cut(None)
            assert booted_minor(tried) == 3
