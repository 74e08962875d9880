"""Who is in the week: the demo's people, three engineers and an approver more, and what each has learnt."""

from datetime import date, time, timedelta

from protocols.people import Role
from protocols.rota.member import Competence, Regulation21, WorkingDay, WorkingTerms
from protocols.rota.model import Level

MORE_PEOPLE: dict[str, Role] = {
    "TO-08": "engineer",
    "TO-18": "engineer",
    "TO-23": "engineer",
    "AP-06": "approver",
}
"""Beside `fleet.demo.place.PEOPLE`."""

ENGINEERS = ("TO-07", "TO-08", "TO-12", "TO-15", "TO-18", "TO-21", "TO-23")
TRAININGS = ("unit:van-kit", "unit:mast-kit", "unit:pack-kit")
_NOT_TRAINED = {"TO-18": "unit:mast-kit", "TO-08": "unit:pack-kit"}
_ELECTRICIANS = frozenset({"TO-07", "TO-12", "TO-21", "TO-18"})
_AUTOMOTIVE: dict[str, int | None] = {"TO-07": None, "TO-12": 400, "TO-08": -30, "TO-23": 20}
"""Until so many days after the week's last."""
_NO_LICENCE = "TO-15"
_DAY = timedelta(days=1)


def terms(person_id: str, last_day: date) -> WorkingTerms:
    """An engineer's terms: office hours, and competences counted from the week's last day.

    TO-15 does not drive, what TO-08 knows of vehicles has lapsed, and what TO-23 knows of them lapses in 20 days.
    """
    held = [Competence(subject=one) for one in TRAININGS if _NOT_TRAINED.get(person_id) != one]
    if person_id != _NO_LICENCE:
        days = 45 if person_id == "TO-21" else 900
        held.append(Competence(subject="driving-licence", evidence="category B", valid_until=last_day + days * _DAY))
    if person_id in _ELECTRICIANS:
        held.append(_level("wiring-regulations", 3, "BS 7671", last_day + 400 * _DAY))
    if person_id in _AUTOMOTIVE:
        days_left = _AUTOMOTIVE[person_id]
        until = None if days_left is None else last_day + days_left * _DAY
        held.append(_level("automotive", 3, "IMI L3", until))
    # The level 4 that a rota's pair has to have between them.
    is_senior = person_id == "TO-07"
    held.append(_level("electrical", 4 if is_senior else 3, "HNC" if is_senior else "BTEC L3", None))
    claim = Regulation21(reason="somebody has to be there day and night", since=last_day - 60 * _DAY)
    return WorkingTerms(competences=held, hours=_office_hours(), regulation_21=claim)


def _level(subject: str, level: Level, evidence: str, until: date | None) -> Competence:
    return Competence(subject=subject, level=level, evidence=evidence, valid_until=until)


def _office_hours() -> list[WorkingDay]:
    return [WorkingDay(weekday=day, from_time=time(9), until_time=time(17), break_min=60) for day in range(5)]
