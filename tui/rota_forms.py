"""What the forms about rotas mean: each field's text, and what is wrong with the first that is. Pure."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple, get_args

import msgspec

from fleet.rota.rules.wall import midnight
from protocols.api.rotas import NewSolve, RotaView, SetRota
from protocols.errors import InvalidRota
from protocols.ids import PERSON_ID
from protocols.rota.model import CoveredPosition, Layer, Requirement, Rota, RotaPolicy, TurnLength
from protocols.rota.reading import check_rota

_ROTA_ID = re.compile(r"[a-z][a-z0-9-]{1,39}")
_SUBJECT = re.compile(r"[a-z][a-z0-9:-]{0,39}")
_WEEKS = re.compile(r"([1-9][0-9]{0,2}) ?(?:weeks?|wk|w)")
_PERMILLE: dict[str, Literal[0, 50, 100, 125]] = {"0": 0, "5": 50, "10": 100, "12.5": 125}
_YES = {"yes": True, "y": True, "no": False, "n": False}
_WEEK = timedelta(weeks=1)
_WORK_MOST = 3600


class Unclear(ValueError):
    """What is wrong with the text of `field`, in words for the person who typed it."""

    def __init__(self, field: str, says: str) -> None:
        super().__init__(says)
        self.field = field
        self.says = says


class Allowed(NamedTuple):
    """A whole number from `least` to `most`."""

    least: int
    most: int


NUMBERS: dict[str, Allowed] = {
    "notice_days": Allowed(0, 365),
    "away_days": Allowed(1, 60),
    "run_days": Allowed(1, 60),
    "turns_in_a_row": Allowed(1, 52),
    "remind_h": Allowed(1, 336),
}
"""The numbers of a rota's policy, as `RotaPolicy` takes them."""


def next_monday(after: date) -> date:
    """The first Monday after a date."""
    return after + timedelta(days=7 - after.weekday())


def new_rota_of(values: Mapping[str, str]) -> SetRota:
    """The rota that the form of a new one describes; raises Unclear."""
    if not _ROTA_ID.fullmatch(values["rota"]):
        raise Unclear("rota", "short name: small letters, digits and dashes, 2 to 40, as technical")
    starts = datetime.combine(_monday(values["starts"]), _time_of(values["handover"], "handover"))
    people = _people(values["members"])
    if len(people) < 2:
        raise Unclear("members", "members: two ids or more, in the order in which they take turns")
    secondary = _yes(values["secondary"], "secondary")
    positions: list[CoveredPosition] = ["primary", "secondary"] if secondary else ["primary"]
    week = TurnLength(every=1, unit="weeks")
    layers = [
        # Who is secondary in a week is primary in the next.
        Layer(layer=f"{name}-weeks", position=name, starts=starts, turn=week, order=people[ahead:] + people[:ahead])
        for ahead, name in enumerate(positions)
    ]
    rota = Rota(
        rota=values["rota"],
        name=_named(values["name"]),
        zone=values["zone"],
        layers=layers,
        members=people,
        positions=positions,
        allowance_permille=_permille(values["allowance"]),
        signers=secondary,
    )
    return SetRota(rota=_checked(rota), version=0)


def changed_rota_of(values: Mapping[str, str], view: RotaView) -> SetRota:
    """The rota as the form of an old one wants it; raises Unclear. Its layers stay as they are."""
    people = _people(values["members"])
    for layer in view.rota.layers:
        gone = next((one for one in layer.order if one not in people), None)
        if gone is not None:
            raise Unclear("members", f"members: {gone} has turns by the order of {layer.layer}, and stays a member")
    rota = msgspec.structs.replace(
        view.rota,
        name=_named(values["name"]),
        members=people,
        requirements=requirements_of(values["requirements"]),
        signers=_yes(values["signers"], "signers"),
        allowance_permille=_permille(values["allowance"]),
        policy=_policy(values, view.rota.policy),
    )
    return SetRota(rota=_checked(rota), version=view.version)


def solve_of(values: Mapping[str, str], zone: str) -> NewSolve:
    """What the form asks of a solver; raises Unclear."""
    starts = _date(values["from"], "from")
    weeks = _WEEKS.fullmatch(values["until"])
    ends = starts + int(weeks[1]) * _WEEK if weeks else _date(values["until"], "until")
    if not timedelta(0) < ends - starts <= timedelta(days=800):
        raise Unclear("until", "until: later than from, at most 800 days")
    return NewSolve(
        starts_at=midnight(starts, zone),
        ends_at=midnight(ends, zone),
        seed=_number(values["seed"], "seed", Allowed(0, 2**31 - 1)),
        work_limit=_number(values["work"], "work", Allowed(1, _WORK_MOST)),
        keep=_yes(values["keep"], "keep"),
    )


def requirements_of(text: str) -> list[Requirement]:
    """`electrical 3, driving-licence each` as requirements, of the pair where nothing else is said; raises Unclear."""
    found: list[Requirement] = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        subject, *words = part.split()
        who: Literal["each", "pair"] = "pair"
        level = 0
        for word in words:
            if word in {"each", "pair"}:
                who = "each" if word == "each" else "pair"
            elif word.isdecimal() and int(word) <= 8:
                level = int(word)
            else:
                raise Unclear("requirements", f"“{part}”: a subject, a level up to 8, then each or pair")
        if not _SUBJECT.fullmatch(subject):
            raise Unclear("requirements", f"“{subject}”: small letters, digits, dashes, as wiring-regulations")
        found.append(Requirement(subject=subject, level=level, who=who))
    return found


def requirements_text(requirements: list[Requirement]) -> str:
    """Requirements as they are typed."""
    return ", ".join(
        " ".join(filter(None, [one.subject, str(one.level) if one.level else "", one.who])) for one in requirements
    )


def allowance_text(permille: int) -> str:
    """`5`, `12.5`: an allowance in percent, as it is typed."""
    return f"{permille / 10:g}"


def _checked(rota: Rota) -> Rota:
    """The rota, when it passes the checks of the controller; raises Unclear."""
    try:
        read = msgspec.convert(msgspec.to_builtins(rota), Rota)
        check_rota(read)
    except msgspec.ValidationError as error:
        raise Unclear("", str(error)) from error
    except InvalidRota as error:
        raise Unclear("zone" if error.reason == "zone-unknown" else "", error.detail) from error
    return read


def _policy(values: Mapping[str, str], before: RotaPolicy) -> RotaPolicy:
    hours = values["handover"].replace("–", "-").split("-")
    if len(hours) != 2:
        raise Unclear("handover", "handover hours: two times of day, as 07:00-19:00")
    rest = values["weekly_rest"]
    if rest not in {"week", "fortnight"}:
        raise Unclear("weekly_rest", "weekly rest by: week or fortnight")
    numbers = {name: _number(values[name], name, allowed) for name, allowed in NUMBERS.items()}
    changes = {
        "handover_from": _time_of(hours[0].strip(), "handover"),
        "handover_until": _time_of(hours[1].strip(), "handover"),
        "weekly_rest": rest,
        **numbers,
    }
    return msgspec.structs.replace(before, **changes)


def _named(text: str) -> str:
    if not 1 <= len(text) <= 80:
        raise Unclear("name", "name: 1 to 80 signs")
    return text


def _people(text: str) -> list[str]:
    people = text.upper().replace(",", " ").split()
    for one in people:
        if not PERSON_ID.fullmatch(one):
            raise Unclear("members", f"“{one}” is no id: two capitals, a dash, digits, as TO-12")
        if people.count(one) > 1:
            raise Unclear("members", f"{one} is there twice")
    return people


def _date(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unclear(field, f"{field}: a date as 2026-12-07") from None


def _monday(text: str) -> date:
    day = _date(text, "starts")
    if day.weekday() != 0:
        raise Unclear("starts", f"from Monday: {day} is none; the next is {next_monday(day)}")
    return day


def _time_of(text: str, field: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise Unclear(field, f"{field}: a time of day as 09:00") from None


def _yes(text: str, field: str) -> bool:
    if text.lower() not in _YES:
        raise Unclear(field, f"{field}: yes or no")
    return _YES[text.lower()]


def _permille(text: str) -> Literal[0, 50, 100, 125]:
    clean = text.removesuffix("%").strip()
    if clean not in _PERMILLE:
        raise Unclear("allowance", f"allowance: one of {', '.join(_PERMILLE)} % of salary")
    return _PERMILLE[clean]


def _number(text: str, field: str, allowed: Allowed) -> int:
    if not text.isdecimal() or not allowed.least <= int(text) <= allowed.most:
        words = field.replace("_", " ")
        raise Unclear(field, f"{words}: a whole number from {allowed.least} to {allowed.most}")
    return int(text)


assert set(NUMBERS) <= set(RotaPolicy.__struct_fields__), "a rota's policy has these numbers"
assert get_args(CoveredPosition) == ("primary", "secondary"), "the form asks for these"
