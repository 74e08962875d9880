"""What is said of an image that a device did not stay with."""

import pytest

from firmware_bridge.errors import UpdateFailed, WentBack
from firmware_bridge.images.installed import Installed
from firmware_bridge.updating.reasons import reasons

IMAGE = Installed("1.2.0", "aa" * 32, confirmed=True, board="muster_mcu", security_counter=3)


def said(stage: str, went_back: WentBack, image: Installed = IMAGE) -> str:
    return "\n".join(reasons(UpdateFailed(stage, "why", went_back), image))


def test_an_image_that_was_not_started_is_held_against_counter_watchdog_board_and_key() -> None:
    text = said("booting", "by-itself")
    at = [text.index(one) for one in ("than the image's 3,", "the watchdog", "board muster_mcu,", "with the --key")]
    assert at == sorted(at)
    text = said("booting", "by-itself", IMAGE._replace(board="", security_counter=None))
    assert "the image has no security counter" in text
    assert "the image names no board" in text
    assert "muster_mcu" not in text


@pytest.mark.parametrize("stage", ["checking", "confirming"])
def test_an_image_that_ran_and_was_left_had_a_restart(stage: str) -> None:
    text = said(stage, "by-itself")
    assert "the watchdog restarted" in text
    assert "see to its supply" in text
    assert "key" not in text


def test_an_image_that_was_taken_back_was_not_well_or_not_confirmed() -> None:
    assert "--health-s" in said("checking", "when-told")
    assert "could not be confirmed" in said("confirming", "when-told")


@pytest.mark.parametrize("stage", ["judging", "sending", "booting"])
def test_nothing_is_guessed_of_an_image_that_was_not_tried(stage: str) -> None:
    assert said(stage, "no") == ""


@pytest.mark.parametrize(
    ("stage", "went_back"),
    [("booting", "by-itself"), ("checking", "by-itself"), ("checking", "when-told"), ("confirming", "when-told")],
)
def test_each_reason_has_what_to_do(stage: str, went_back: WentBack) -> None:
    begin, *each = reasons(UpdateFailed(stage, "why", went_back), IMAGE)
    assert begin.endswith(":")
    assert all(": " in one for one in each)
