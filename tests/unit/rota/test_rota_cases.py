"""The worked cases, each by the function that decides it and, for rest and averages, in a whole book."""

import tomllib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fleet.rota.bank_holidays import bank_holidays
from fleet.rota.rules.allowance import monthly_allowance_gbp
from fleet.rota.rules.averages import WEEKS, weekly_average_h
from fleet.rota.rules.house import house_findings
from fleet.rota.rules.rest import earliest_start, rest_between
from fleet.rota.rules.schedule import shifts_of
from protocols.rota.findings import Answer
from tests.support.rota_books import LONDON, absence, local
from tests.support.rota_legal import DAY, HOUR, WHO, answer, called, claim_since, done, found, legal_book

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "rota.toml").read_text(encoding="utf-8"))["case"]
Case = dict[str, Any]


def of_rule(rule: str) -> list[Case]:
    cases = [case for case in CASES if case["rule"] == rule]
    assert cases, f"no case of {rule}"
    return cases


def test_no_case_is_forgotten() -> None:
    assert {case["rule"] for case in CASES} == {
        "daily rest",
        "daily rest after a call-out",
        "48 h average over 17 weeks",
        "allowance",
        "bank holidays in England, substitutes only",
        "deployment run",
        "deployment away",
    }


def before(wall: str) -> str:
    return (datetime.fromisoformat(wall) - 4 * HOUR).isoformat()


def after(wall: str) -> str:
    return (datetime.fromisoformat(wall) + 4 * HOUR).isoformat()


@pytest.mark.parametrize("claimed", [False, True])
@pytest.mark.parametrize("case", of_rule("daily rest"), ids=lambda case: case["off_duty"])
def test_daily_rest(case: Case, claimed: bool) -> None:
    off_duty, on_duty = case["off_duty"], case["on_duty"]
    rest = rest_between(datetime.fromisoformat(off_duty), datetime.fromisoformat(on_duty), LONDON)
    assert rest / HOUR == case["rest_h"]
    book = legal_book(
        "2026-03-23T00:00",
        "2026-04-06T00:00",
        work=done((before(off_duty), off_duty), (on_duty, after(on_duty))),
        claim=claim_since("2026-01-01") if claimed else None,
    )
    verdict: Answer = "needs compensatory rest" if claimed else "breach"
    if case["verdict"] == "ok":
        verdict = "ok"
    rule = answer(book, "daily-rest")
    assert (rule.answer, rule.measured) == (verdict, case["rest_h"])
    assert [one.answer for one in found(book, "daily-rest")] == ([] if verdict == "ok" else [verdict])


@pytest.mark.parametrize("claimed", [False, True])
@pytest.mark.parametrize("case", of_rule("daily rest after a call-out"), ids=lambda case: case["finished"])
def test_daily_rest_after_a_call_out(case: Case, claimed: bool) -> None:
    assert earliest_start(local(case["call_out"][1])) == local(case["earliest_start"])
    book = legal_book(
        work=done(("2026-06-10T09:00", case["finished"]), (case["next_start"], "2026-06-11T17:00")),
        calls=called(tuple(case["call_out"])),
        claim=claim_since("2026-01-01") if claimed else None,
    )
    [finding] = found(book, "daily-rest")
    assert finding.answer == ("needs compensatory rest" if claimed else "breach")
    assert (finding.measured, finding.limit, finding.owed_min) == (case["rest_h"], 11, 6.5 * 60)
    assert finding.sentence == (
        "TO-12 had 4 h 30 of rest before duty on Thu 11 Jun 09:00, called out 02:00–04:30; 11 h are required "
        "(reg. 10(1)); the earliest start is 15:30"
    )
    assert finding.remedy == (
        f"Let them begin at 15:30 or later, {'or' if claimed else 'and'} record 6 h 30 of compensatory rest that "
        "begins by Thu 25 Jun 09:00 (reg. 24)"
    )
    assert [shift.person for shift in finding.shifts] == [WHO]


@pytest.mark.parametrize("case", of_rule("48 h average over 17 weeks"), ids=lambda case: str(case["hours"]))
def test_weekly_average(case: Case) -> None:
    assert weekly_average_h(case["hours"] * HOUR, 0 * HOUR, WEEKS) == case["average_h"]
    monday = datetime.fromisoformat("2026-03-02T08:00")
    each_h = case["hours"] / WEEKS / 7
    days = [monday + day * DAY for day in range(7 * WEEKS)]
    work = done(*((day.isoformat(), (day + each_h * HOUR).isoformat()) for day in days), break_min=0)
    book = legal_book("2026-03-02T00:00", "2026-06-29T00:00", work=work, claim=claim_since("2026-01-01"))
    assert (answer(book, "weekly-average").answer, answer(book, "weekly-average").measured) == (
        case["verdict"],
        case["average_h"],
    )


@pytest.mark.parametrize("case", of_rule("allowance"), ids=lambda case: str(case["salary_gbp"]))
def test_allowance(case: Case) -> None:
    found = [monthly_allowance_gbp(case["salary_gbp"], round(percent * 10)) for percent in case["percent"]]
    assert found == [Decimal(pounds) for pounds in case["monthly_gbp"]]


def test_an_allowance_is_exact_to_the_penny_and_half_a_penny_is_one() -> None:
    assert monthly_allowance_gbp(Decimal("31234.56"), 125) == Decimal("325.36")
    assert monthly_allowance_gbp(Decimal("1.20"), 50) == Decimal("0.01")
    assert monthly_allowance_gbp(Decimal("1.19"), 50) == Decimal("0.00")
    assert monthly_allowance_gbp(36000, 0) == 0
    for salary, permille in ((-1, 50), (36000, -50)):
        with pytest.raises(ValueError, match="less than 0"):
            monthly_allowance_gbp(salary, permille)


@pytest.mark.parametrize("case", of_rule("bank holidays in England, substitutes only"), ids=["England"])
def test_bank_holidays(case: Case) -> None:
    for year, count in case["counts"].items():
        assert len(bank_holidays(date(int(year), 1, 1), date(int(year), 12, 31))) == count


@pytest.mark.parametrize("case", of_rule("deployment run"), ids=lambda case: str(case["consecutive_days"]))
@pytest.mark.parametrize("claimed", [False, True])
def test_deployment_run(case: Case, claimed: bool) -> None:
    assert case["verdict"] == "needs a recorded compensatory-rest plan"
    first = local("2026-06-01T00:00")
    for days, expected in ((case["consecutive_days"], ["needs compensatory rest"]), (12, [])):
        book = legal_book(
            absences=[absence(first, first + days * DAY, kind="away")],
            claim=claim_since("2026-01-01") if claimed else None,
        )
        assert [one.answer for one in found(book, "run-of-days")] == expected
        assert answer(book, "run-of-days").measured == days


@pytest.mark.parametrize("case", of_rule("deployment away"), ids=lambda case: str(case["days"]))
def test_deployment_away(case: Case) -> None:
    assert case["verdict"] == "warn: over 5 days"
    first = local("2026-06-01T00:00")
    for days, expected in ((case["days"], ["warning"]), (5, [])):
        book = legal_book(absences=[absence(first, first + days * DAY, kind="away")])
        findings = [one for one in house_findings(book, shifts_of(book)) if one.rule == "length-away"]
        assert [one.answer for one in findings] == expected
