"""The checklists that there are before a house sets its own, all †. Data only.

References are to the unit's own operating procedures: OP012 preparation, OP014 installation, OP016 vehicles,
OP018 commissioning, OP021 maintenance, OP024 recovery, OP030 work at height, OP031 electrical safety.
"""

from protocols.deployments import ChecklistItem, DeploymentKind, Step


def _tick(key: str, text: str, procedure: str = "", *, required: bool = True) -> ChecklistItem:
    return ChecklistItem(key=key, text=text, procedure=procedure, required=required)


def _said(key: str, text: str, procedure: str = "", *, required: bool = True) -> ChecklistItem:
    return ChecklistItem(key=key, text=text, evidence="text", procedure=procedure, required=required)


def _measured(
    key: str,
    text: str,
    unit: str,
    procedure: str,
    limits: tuple[float | None, float | None],
    *,
    required: bool = True,
) -> ChecklistItem:
    """`limits` are the least and the greatest that is good."""
    return ChecklistItem(
        key=key,
        text=text,
        evidence="number",
        procedure=procedure,
        unit_of_measure=unit,
        at_least=limits[0],
        at_most=limits[1],
        required=required,
    )


_RISK = _said("risk-assessment", "Reference of the risk assessment for the place and the work", "OP014")
_HEIGHT = _said("height-risk", "Reference of the risk assessment for ladders and height, or: none is used", "OP030")
_CHARGED = _measured("battery-charge", "Charge of the battery that has the least", "%", "OP012", (90, 100))
_RSRP = _measured("rsrp", "RSRP of the network, at the aerial's place", "dBm", "OP018", (-115, None), required=False)
_SUPPLY_12 = _measured("supply-load", "Supply at the unit while it sends, 12 V system", "mV", "OP018", (11_000, 15_000))
_SUPPLY_5 = _measured("supply-load", "Supply at the unit while it sends, 5 V system", "mV", "OP018", (4_750, 5_250))
_AIM = _tick("aim-focus", "Aim and focus checked in a check under the mandate, and the camera locked", "OP018")
_SOUND = _tick("sound-level", "Sound level checked in a check under the mandate: heard, and not clipped", "OP018")
_TAMPER = _tick("tamper-switch", "Tamper switch opened and closed: the event came, and cleared", "OP018")
_VSWR = _measured("antenna-vswr", "VSWR of the aerial with its cable", ":1", "OP014", (1, 2), required=False)

COMMON: dict[Step, tuple[ChecklistItem, ...]] = {
    "plan": (_RISK,),
    "check-out": (
        _tick("bench-test", "Unit bench-tested: it reports, its clock is in step, no alarm is open", "OP012"),
        _tick("seals", "Seals and enclosures are whole, desiccant is dry", "OP012"),
        _measured("kit-count", "Items in the cases, counted", "items", "OP012", (1, None)),
    ),
    "commission": (
        _tick("online-seen", "Console shows the unit online, with a report from this place", "OP018"),
        _tick("work-safe", "Work area is safe and left as it was found; nothing of ours lies about", "OP014"),
    ),
    "maintain": (_said("maintenance-why", "What is to be done, and what was seen", "OP021", required=False),),
    "resume": (
        _said("work-done", "What was done, and which parts were changed", "OP021"),
        _tick("closed-again", "Enclosure closed, seals renewed, tamper switch clear", "OP021"),
    ),
    "recover": (
        _measured("kit-count", "Items taken away, counted against the deployment's list", "items", "OP024", (1, None)),
        _tick("made-good", "Place or vehicle made good: fixings, cables and labels are gone", "OP024"),
        _tick("power-off", "Units shut down before they were taken away", "OP024"),
    ),
    "close": (
        _tick("kit-examined", "Kit examined at the bench, its condition entered", "OP024"),
        _said("lessons", "What should be otherwise next time", "OP024", required=False),
    ),
}
"""What every kind checks at a step."""

_MAINS = _tick("mains-dead", "Supply proved dead before work, and locked off while it lasted", "OP031")
_POLARITY = _tick("polarity-earth", "Polarity, earth continuity and RCD tested after connection", "OP031")
_FUSE = _measured("fuse-rating", "Fuse in the positive lead, within 300 mm of the source", "A", "OP016", (1, 10))
_DRAIN = _measured("battery-drain", "Drain of the kit from the vehicle's battery, asleep", "mA", "OP016", (0, 50))
_REST_MV = _measured("battery-rest", "Vehicle's battery before work, at rest", "mV", "OP016", (12_200, 13_000))
_START = _tick("vehicle-start", "Vehicle starts, and no warning lamp that was out before is on", "OP016")
_CHAFE = _tick("harness-secured", "Harness secured away from heat, edges, pedals and airbags", "OP016")
_FIXING = _tick("fixing-secure", "Fixings pulled by hand: nothing moves", "OP014")
_LENS = _tick("lens-clean", "Lens and window are clean, and what reflects is covered", "OP014")
_LID = _tick("lid-closed", "Lid closed; the unit says that it is not on the bench", "OP014")
_FIX = _measured("gnss-hdop", "HDOP at its place: the quality of the fix, not where it is", "", "OP018", (0, 5))

OF_KIND: dict[tuple[DeploymentKind, Step], tuple[ChecklistItem, ...]] = {
    ("av-capture", "check-out"): (_CHARGED, _tick("lens-mic", "Lens and microphone tested on the bench", "OP012")),
    ("av-capture", "fit"): (_HEIGHT, _FIXING, _LENS, _VSWR, _LID),
    ("av-capture", "commission"): (_SUPPLY_5, _RSRP, _AIM, _SOUND, _TAMPER),
    ("camera-alarm", "check-out"): (
        _tick("camera-bench", "Camera and alarm inputs tested on the bench", "OP012"),
        _tick("lead-pat", "Mains leads and supplies are within their test date", "OP031"),
    ),
    ("camera-alarm", "fit"): (_HEIGHT, _MAINS, _POLARITY, _FIXING, _LENS, _LID),
    ("camera-alarm", "commission"): (
        _SUPPLY_12,
        _RSRP,
        _AIM,
        _TAMPER,
        _tick("alarm-inputs", "Each alarm input tripped once: the event came", "OP018"),
    ),
    ("property-tracking", "check-out"): (_CHARGED,),
    ("property-tracking", "fit"): (
        _FIXING,
        _measured("mass", "Mass that was added to the property", "g", "OP014", (0, None), required=False),
        _LID,
    ),
    ("property-tracking", "commission"): (_RSRP, _FIX, _TAMPER),
    ("vehicle-tracking", "check-out"): (
        _tick("loom-tested", "Loom tested for continuity and shorts, its fuse is fitted", "OP016"),
    ),
    ("vehicle-tracking", "fit"): (_REST_MV, _FUSE, _CHAFE, _DRAIN, _START, _VSWR, _LID),
    ("vehicle-tracking", "commission"): (_SUPPLY_12, _RSRP, _FIX, _TAMPER),
    ("vehicle-tracking", "resume"): (_DRAIN, _START),
    ("vehicle-tracking", "recover"): (
        _START,
        _tick("vehicle-fuses", "Vehicle's own fuses and connectors are back in place", "OP016"),
    ),
    ("delivery-support", "check-out"): (_CHARGED, _tick("worn-test", "Kit tried on and tested as it is used", "OP012")),
    ("delivery-support", "fit"): (_FIXING, _LENS, _LID),
    ("delivery-support", "commission"): (_SUPPLY_5, _RSRP, _AIM, _SOUND),
    ("critical-incident", "check-out"): (_CHARGED,),
    ("critical-incident", "fit"): (_RISK, _FIXING, _LID),
    ("critical-incident", "commission"): (_SUPPLY_5, _RSRP),
}
"""What a kind checks beside."""
