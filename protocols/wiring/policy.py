"""Thresholds of the house for wiring (†), within bounds. That a rule is applied at all is no setting, and what has one
right answer is none either: listen-only, forbidden taps, fuses in positive only, the ratings of parts."""

from typing import Annotated

import msgspec
from msgspec import Meta


class WiringPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The defaults are DOMAIN's †. Each value exactly at a limit passes."""

    derating: Annotated[float, Meta(gt=0, le=1)] = 0.7
    """The share of a conductor's ampacity that is used."""
    drop_max_percent: Annotated[float, Meta(gt=0, le=20)] = 3.0
    drop_max_v: Annotated[float, Meta(gt=0, le=5)] = 0.5
    """Both hold; whichever is smaller binds."""
    hot_c: Annotated[float, Meta(ge=20, le=150)] = 60.0
    fuse_distance_max_mm: Annotated[float, Meta(gt=0, le=2000)] = 300.0
    source_resistance_ohm: Annotated[float, Meta(ge=0, le=1)] = 0.010
    short_factor: Annotated[float, Meta(ge=1, le=20)] = 3.0
    """By how many times a dead short has to exceed the fuse."""
    kit_drain_max_ma: Annotated[float, Meta(gt=0, le=10_000)] = 50.0
    stand_days: Annotated[float, Meta(gt=0, le=365)] = 7.0
    """How long a vehicle has to be able to stand where its plan does not say."""
    cutoff_hysteresis_min_v: Annotated[float, Meta(ge=0, le=10)] = 0.5
    cut_allowance_percent: Annotated[float, Meta(ge=0, le=100)] = 5.0
    termination_mm: Annotated[float, Meta(ge=0, le=1000)] = 50.0
    """What each end of a conductor takes when it is terminated."""
    fitted_voltage_tolerance_v: Annotated[float, Meta(gt=0, le=5)] = 0.2
    fitted_drain_tolerance_percent: Annotated[float, Meta(ge=0, le=100)] = 20.0
    fitted_termination_tolerance_percent: Annotated[float, Meta(ge=0, le=50)] = 5.0
    sense_off_max_v: Annotated[float, Meta(gt=0, le=12)] = 1.0
    """The most that an ignition-sense wire may show with the ignition off."""
