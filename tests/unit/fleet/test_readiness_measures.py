"""What is measured of a picture and a sound, whatever they are."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fleet.readiness.picture import Luma, PictureMeter, brightness, change, focus_score, reduced
from fleet.readiness.sound import FLOOR_DBFS, measure_sound

shapes = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=64)
planes = arrays.arrays(np.uint8, shapes)
stretches = arrays.arrays(np.int16, st.integers(0, 500))


def scene(size: int = 240) -> Luma:
    """Edges in all directions, as sharp as they can be."""
    across, down = np.meshgrid(np.arange(size), np.arange(size))
    rings = (np.hypot(across - size / 2, down - size / 2) // 12) % 2
    plane: Luma = (60 + 100 * rings).astype(np.uint8)
    return plane


def blurred(luma: Luma, times: int) -> Luma:
    plane: np.ndarray[Any, Any] = luma.astype(np.float32)
    for _ in range(times):
        for axis in (0, 1):
            plane = (np.roll(plane, 1, axis) + plane * 2 + np.roll(plane, -1, axis)) / 4
    return plane.astype(np.uint8)


@given(planes)
def test_every_picture_has_measures_in_their_ranges(luma: Luma) -> None:
    measure = PictureMeter().measure(luma)
    assert 0 <= measure.mean <= 255
    assert 0 <= measure.spread <= 127.5
    assert measure.focus is None or 0 <= measure.focus < 1
    assert measure.change is None
    assert max(reduced(luma).shape) <= 160


@given(planes)
def test_a_picture_that_comes_again_has_not_changed(luma: Luma) -> None:
    meter = PictureMeter()
    meter.measure(luma)
    assert meter.measure(luma).change == 0


@given(arrays.arrays(np.uint8, (20, 20)), arrays.arrays(np.uint8, (20, 20)))
def test_change_does_not_depend_on_the_order(one: Luma, other: Luma) -> None:
    assert change(one, other) == change(other, one)
    assert (change(one, other) == 0) == bool((one == other).all())


def test_planes_of_two_sizes_are_not_compared() -> None:
    assert change(np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8)) is None


@given(st.integers(0, 255), shapes)
def test_an_even_picture_has_no_spread_and_no_focus(value: int, shape: tuple[int, int]) -> None:
    luma = np.full(shape, value, np.uint8)
    assert brightness(luma) == (value, 0)
    assert focus_score(luma) is None


def test_blur_lowers_the_focus_step_by_step() -> None:
    scores = [focus_score(blurred(scene(), times)) for times in (0, 1, 2, 4, 8, 16)]
    known = [score for score in scores if score is not None]
    assert len(known) == len(scores)
    assert known == sorted(known, reverse=True)
    assert known[0] > 0.9
    assert known[-1] < known[0] / 3


@given(st.floats(0.3, 1.0), st.integers(-50, 90))
def test_contrast_and_brightness_do_not_change_the_focus(contrast: float, brighter: int) -> None:
    luma = scene(96).astype(np.float32)
    other = np.clip((luma - 60) * contrast + 60 + brighter, 0, 255).astype(np.uint8)
    before, after = focus_score(scene(96)), focus_score(other)
    assert before is not None
    assert after is not None
    assert after == pytest.approx(before, abs=0.02)


@given(stretches)
def test_every_sound_has_measures_in_their_ranges(samples: np.ndarray[Any, Any]) -> None:
    measure = measure_sound(samples)
    assert FLOOR_DBFS <= measure.level_dbfs <= measure.peak_dbfs + 1e-9 <= 1e-9
    assert 0 <= measure.clipped <= 1


@given(arrays.arrays(np.int16, 100, elements=st.integers(-16_000, 16_000)))
def test_twice_as_loud_is_six_decibels(samples: np.ndarray[Any, Any]) -> None:
    once, twice = measure_sound(samples), measure_sound(samples * 2)
    if once.level_dbfs > FLOOR_DBFS + 1:
        assert twice.level_dbfs - once.level_dbfs == pytest.approx(20 * math.log10(2), abs=1e-6)
        assert twice.peak_dbfs - once.peak_dbfs == pytest.approx(20 * math.log10(2), abs=1e-6)


def test_silence_a_tone_and_a_clipped_tone() -> None:
    tone = np.sin(np.arange(4800) * 2 * np.pi * 440 / 48_000)
    assert measure_sound(np.zeros(4800, np.int16)).level_dbfs == FLOOR_DBFS
    half = measure_sound((tone * 16_384).astype(np.int16))
    assert half.peak_dbfs == pytest.approx(-6.02, abs=0.05)
    assert half.level_dbfs == pytest.approx(-9.03, abs=0.05)
    assert half.clipped == 0
    loud = measure_sound(np.clip(tone * 60_000, -32_768, 32_767).astype(np.int16))
    assert loud.clipped > 0.5
