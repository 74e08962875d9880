"""What the form of a new rollout means: each field's text, and what is wrong with the first that is. Pure."""

import re
from collections.abc import Mapping
from datetime import time, timedelta

import msgspec

from protocols.api.rollouts import NewRollout
from protocols.ids import UNIT_ID
from protocols.releases.manifest import Manifest
from protocols.rollouts import Ring, RolloutPlan
from tui.firmware_words import ONE_UNIT_PERCENT, manifest_name, parts_words, rings_words, threshold_words, time_words
from tui.rota_forms import Unclear
from tui.words import duration, plural

TEMPLATE = "1 unit wait 1h, 10% wait 4h, rest"
"""The rings that a form begins with."""

_HEAD = r"(?P<head>1 unit|[0-9]{1,3}(?:\.[0-9]{1,2})? ?%|rest|unit-[a-z0-9]+(?: ?\+ ?unit-[a-z0-9]+)*)"
_RING = re.compile(rf"{_HEAD}(?: success (?P<success>[0-9]{{1,3}}) ?%)?(?: wait (?P<wait>[0-9a-z ]+))?")
_SPAN = re.compile(r"([0-9]{1,4}) ?(s|min|h|d)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_TIMES = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9]) ?(?:-|–|to) ?([01]?[0-9]|2[0-3]):([0-5][0-9])")
_YES = {"yes": True, "y": True, "no": False, "n": False, "": False}


def new_rollout_of(values: Mapping[str, str], manifest: str) -> NewRollout:
    """The rollout that the form describes; raises Unclear."""
    if not values["title"]:
        raise Unclear("title", "title: what it is for, in a few words")
    rings = _rings(values["rings"].lower())
    times = _TIMES.fullmatch(values["time"])
    if values["time"] and times is None:
        raise Unclear("time", "told from: as 22:00-05:00, London's time; empty: at any time")
    deployed = _YES.get(values["deployed"].lower())
    if deployed is None:
        raise Unclear("deployed", "deployed: yes or no")
    begins, ends = (None, None) if times is None else (_time(times, 1), _time(times, 3))
    if begins is not None and begins == ends:
        raise Unclear("time", "told from: both times are the same; leave it empty to tell units at any time")
    try:
        plan = RolloutPlan(
            rings=rings,
            at_once=_whole(values, "at_once", "at once", 1, 1000),
            stop_bad_percent=_percent(values, "stop"),
            stop_after=_whole(values, "after", "once ended", 1, 1000),
            from_time=begins,
            until_time=ends,
            deployed=deployed,
            limit_s=_limit(values["limit"]),
        )
    except ValueError as error:
        if isinstance(error, Unclear):
            raise
        raise Unclear("rings", f"rings: {error}") from error
    new = NewRollout(title=values["title"], manifest=manifest, plan=plan, units=_units(values["units"]))
    try:
        return msgspec.convert(msgspec.to_builtins(new), NewRollout)
    except msgspec.ValidationError as error:
        raise Unclear("rings", str(error)) from error


def started_sentence(new: NewRollout, me: str) -> str:
    """What goes into the log, and what will happen."""
    who = plural(len(new.units), "named unit") if new.units else "every unit that it suits"
    plan = new.plan
    return (
        f"rollout.started: {me} brings {who} to {manifest_name(new.manifest)}: {rings_words(plan)}; "
        f"at most {plan.at_once} at once, {time_words(plan)}; {threshold_words(plan)}"
    )


def manifest_words(content: Manifest) -> str:
    """`autumn: agent 1.5.0, MCU 2.2.1`."""
    return f"{content.name}: {parts_words(content)}"


def _rings(text: str) -> list[Ring]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        return [Ring(name="all", share_percent=100)]
    rings = [_ring(part, is_last=part is parts[-1]) for part in parts]
    if parts[-1].split(" ")[0] != "rest":
        raise Unclear("rings", "rings: the last one is “rest”: it takes every unit that is in none before")
    return rings


def _ring(text: str, *, is_last: bool) -> Ring:
    found = _RING.fullmatch(text)
    if found is None:
        raise Unclear("rings", f"rings: “{text[:40]}” is none; write 1 unit, 10%, unit-0c41+unit-9f02 or rest")
    head = found["head"]
    if head == "rest" and not is_last:
        raise Unclear("rings", "rings: “rest” is the last one")
    success = float(found["success"]) if found["success"] else 95.0
    if success > 100:
        raise Unclear("rings", "rings: success is at most 100 %")
    wait_s = 0 if found["wait"] is None else _span_s(found["wait"].strip(), "rings", "wait")
    share, units = 0.0, list[str]()
    if head == "rest":
        share = 100.0
    elif head == "1 unit":
        share = ONE_UNIT_PERCENT
    elif head.startswith("unit-"):
        units = [one.strip() for one in head.split("+")]
    else:
        share = float(head.removesuffix("%"))
    if share > 100:
        raise Unclear("rings", "rings: a share is at most 100 %")
    name = plural(len(units), "named unit") if units else head.replace(" %", "%").replace("%", " %")
    return Ring(name=name, share_percent=share, units=units, success_percent=success, wait_s=wait_s)


def _units(text: str) -> list[str]:
    units = [one for one in re.split(r"[,\s]+", text) if one]
    wrong = next((one for one in units if UNIT_ID.fullmatch(one) is None), None)
    if wrong is not None:
        raise Unclear("units", f"units: “{wrong[:20]}” is no id of a unit, as unit-0c41d2f8; empty: all that it suits")
    return units


def _whole(values: Mapping[str, str], field: str, label: str, least: int, most: int) -> int:
    text = values[field]
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise Unclear(field, f"{label}: a whole number from {least} to {most}")
    return int(text)


def _percent(values: Mapping[str, str], field: str) -> float:
    text = values[field].removesuffix("%").strip()
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", text) or float(text) > 100:
        raise Unclear(field, "stop above: a percentage of units that ended in a ring, as 3%")
    return float(text)


def _limit(text: str) -> int:
    found = _span_s(text, "limit", "a unit’s limit")
    if not 60 <= found <= timedelta(days=7).total_seconds():
        raise Unclear("limit", f"a unit's limit: from 1 min to 7 d, not {duration(found)}")
    return found


def _span_s(text: str, field: str, label: str) -> int:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise Unclear(field, f"{label}: a length of time, as 30min, 4h or 2d")
    return int(found[1]) * _SECONDS[found[2]]


def _time(found: re.Match[str], group: int) -> time:
    return time(int(found[group]), int(found[group + 1]))
