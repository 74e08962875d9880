"""What the forms about alarms mean, and what is wrong with the first field that is. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from protocols.alarms import MAX_WINDOW_H, AlarmRules, EventRule, FigureRule, PagingPolicy, PresenceRule, Rule
from protocols.api.alarms import NewContact, NewWindow, SetAlarmRules
from protocols.health import FIGURES
from tui.kit_forms import one_of
from tui.periods import PeriodUnclear, read_coming
from tui.rota_forms import Unclear

_LENGTH = re.compile(r"([0-9]{1,5}) ?(s|min|h)?", re.ASCII)
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_LIMIT = re.compile(r"(above|below) (-?[0-9]{1,9}(?:\.[0-9]{1,3})?)", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,3})?", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
_KIND = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_UNIT = re.compile(r"[a-z0-9-]{8,40}", re.ASCII)
_DEPLOYMENT = re.compile(r"DEP-[0-9]{1,6}", re.ASCII)
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}", re.ASCII)
_DAY_S = 86_400
_WORDS: dict[str, bool | str] = {"yes": True, "true": True, "no": False, "false": False}


def seconds_of(text: str, field: str, least: int = 0, most: int = _DAY_S) -> int:
    """A length of time as it is typed: `120`, `2 min`, `1 h`; raises Unclear."""
    found = _LENGTH.fullmatch(text)
    seconds = int(found[1]) * _SECONDS[found[2] or "s"] if found is not None else -1
    if not least <= seconds <= most:
        raise Unclear(field, f"{field}: as 120 s, 5 min or 1 h; {least} s to {most} s")
    return seconds


def seconds_text(seconds: int) -> str:
    """A length of time that can be typed again."""
    for sign, length in (("h", 3600), ("min", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length} {sign}"
    return f"{seconds} s"


def figure_rule_of(values: Mapping[str, str]) -> Rule:
    """A rule about a figure; raises Unclear."""
    figure = one_of(values["figure"], "figure", FIGURES)
    given = {"figure": figure, **_common(values), **_spans(values)}
    if values["raise"].startswith("is "):
        typed = values["raise"].removeprefix("is ")
        given |= {"comparison": "is", "word": _WORDS.get(typed, typed)}
    else:
        limit = _LIMIT.fullmatch(values["raise"])
        if limit is None:
            raise Unclear("raise", "raised: above 80, below 15, or is yes")
        if not _NUMBER.fullmatch(values["clear"]):
            raise Unclear("clear", "over at: a number, so that what swings about the limit is one alarm")
        given |= {"comparison": limit[1], "raise_at": float(limit[2]), "clear_at": float(values["clear"])}
    return _made(given, FigureRule, "clear")


def presence_rule_of(values: Mapping[str, str]) -> Rule:
    """A rule about how long a unit says nothing; raises Unclear."""
    presence = one_of(values["presence"], "presence", ("stale", "quiet"))
    return _made({"presence": presence, **_common(values), **_spans(values)}, PresenceRule, "presence")


def event_rule_of(values: Mapping[str, str]) -> Rule:
    """A rule about alarm events; raises Unclear."""
    kinds = values["kinds"].replace(",", " ").split()
    for kind in kinds:
        if not _KIND.fullmatch(kind):
            raise Unclear("kinds", f"kinds: “{kind}” is no kind; small letters and dashes, as tamper")
    source = one_of(values["source"], "source", ("unit", "controller", "any"))
    return _made({"source": source, "kinds": kinds, **_common(values)}, EventRule, "kinds")


def _common(values: Mapping[str, str]) -> dict[str, object]:
    if not _NAME.fullmatch(values["rule"]):
        raise Unclear("rule", "name: small letters, digits and dashes, as battery-low")
    return {
        "rule": values["rule"],
        "severity": one_of(values["severity"], "severity", ("warning", "alarm")),
        "pages": one_of(values["pages"], "pages", ("deployed", "always", "never")),
    }


def _spans(values: Mapping[str, str]) -> dict[str, object]:
    return {"raise_after_s": seconds_of(values["for"], "for"), "clear_after_s": seconds_of(values["over"], "over")}


def _made(given: dict[str, object], kind: type[Rule], field: str) -> Rule:
    tag = {FigureRule: "figure", PresenceRule: "presence", EventRule: "event"}[kind]
    try:
        return msgspec.convert({**given, "type": tag}, kind)
    except msgspec.ValidationError as error:
        raise Unclear(field, str(error)) from None


def with_rule(rules: AlarmRules, rule: Rule, in_place_of: str | None, version: int) -> SetAlarmRules:
    """All rules with one in place of another, or at the end; raises Unclear where a name would be there twice."""
    names = [one.rule for one in rules.rules if one.rule != in_place_of]
    if rule.rule in names:
        raise Unclear("rule", f"name: there is another rule {rule.rule}")
    if in_place_of is None:
        changed = [*rules.rules, rule]
    else:
        changed = [rule if one.rule == in_place_of else one for one in rules.rules]
    return SetAlarmRules(version=version, rules=AlarmRules(rules=changed, policy=rules.policy))


def without_rule(rules: AlarmRules, name: str, version: int) -> SetAlarmRules:
    """All rules but one."""
    left = [one for one in rules.rules if one.rule != name]
    return SetAlarmRules(version=version, rules=AlarmRules(rules=left, policy=rules.policy))


def policy_of(values: Mapping[str, str]) -> PagingPolicy:
    """Whom an alarm pages when; raises Unclear."""
    secondary = seconds_of(values["secondary"], "secondary", 30)
    supervisor = seconds_of(values["supervisor"], "supervisor", 30)
    if supervisor < secondary:
        raise Unclear("supervisor", "supervisors: not before the secondary")
    return PagingPolicy(
        secondary_after_s=secondary,
        supervisor_after_s=supervisor,
        repeat_every_s=seconds_of(values["repeat"], "repeat", 60),
        rota=values["rota"] or None,
    )


def window_of(values: Mapping[str, str], now: datetime, *, utc: bool) -> NewWindow:
    """A maintenance window; raises Unclear."""
    about = values["about"]
    is_deployment = _DEPLOYMENT.fullmatch(about.upper()) is not None
    if not is_deployment and not _UNIT.fullmatch(about):
        raise Unclear("about", "of: a unit's id, or a deployment as DEP-118")
    starts = _at(values["from"] or "now", "from", now, utc=utc)
    ends = _at(values["until"], "until", now, utc=utc, after=starts)
    if not timedelta(0) < ends - starts <= timedelta(hours=MAX_WINDOW_H):
        raise Unclear("until", f"until: later, and at most {MAX_WINDOW_H} h after it begins")
    if not values["reason"]:
        raise Unclear("reason", "why? It can not stay empty")
    return NewWindow(
        unit=None if is_deployment else about,
        deployment=about.upper() if is_deployment else None,
        starts_at=starts,
        ends_at=ends,
        reason=values["reason"],
    )


def _at(text: str, field: str, now: datetime, *, utc: bool, after: datetime | None = None) -> datetime:
    try:
        at = read_coming(text, now, utc=utc, after=after)
    except PeriodUnclear as unclear:
        raise Unclear(field, str(unclear)) from None
    if at is None:
        raise Unclear(field, f"{field}: as 4h, 17:00, or 2026-11-21 17:00")
    return at


def contact_of(values: Mapping[str, str]) -> NewContact:
    """How somebody is to be reached: an address with an @ is e-mail, one with https:// a webhook; raises Unclear."""
    address = values["address"]
    if _MAIL.fullmatch(address):
        return NewContact(channel="e-mail", address=address)
    if address.startswith(("https://", "http://")):
        return NewContact(channel="webhook", address=address)
    raise Unclear("address", "address: an e-mail address, or a webhook's https:// URL")
