"""Sites as lines: codes, what a survey found, and the page with address and access notes. Pure."""

from datetime import datetime

from protocols.api.sites import SignalSeen, SiteRow, SiteView, Supply, SurveyView
from tui.paint import Line, Span, Tone, fit, joined, wrap
from tui.words import UNKNOWN, age, fact, moment, plural

SUPPLY_WORDS: dict[Supply, str] = {
    "mains": "mains",
    "vehicle-12-v": "vehicle 12 V",
    "vehicle-24-v": "vehicle 24 V",
    "battery": "battery",
    "poe": "PoE",
    "none": "none",
}
_SIGNAL_LIMITS: tuple[tuple[float, str, Tone], ...] = (
    (-80, "excellent", "good"),
    (-95, "good", "good"),
    (-105, "fair", "fair"),
    (-115, "poor", "bad"),
)
_LABEL = 12


def signal_span(rsrp_dbm: float | None) -> Span:
    """`−98 dBm fair`; by the limits that units' health goes by."""
    if rsrp_dbm is None:
        return Span(UNKNOWN, "muted")
    for least, word, tone in _SIGNAL_LIMITS:
        if rsrp_dbm > least:
            return Span(f"{_minus(rsrp_dbm)} dBm {word}", tone)
    return Span(f"{_minus(rsrp_dbm)} dBm hardly any", "bad")


def _minus(value: float) -> str:
    return f"{value:.0f}".replace("-", "−")


def site_heads(width: int) -> Line:
    """The names of the columns."""
    heads = (("site", 14), ("supply", 15), ("best signal", 22), ("surveyed", 14), ("deployments", 12))
    del width
    return tuple(Span(fit(name, columns), "muted") for name, columns in heads)


def site_line(row: SiteRow, width: int, now: datetime) -> Line:
    """One line: the code, its supply, the best signal there, how old that is, how much goes on there."""
    del width
    supply = SUPPLY_WORDS[row.supply] if row.supply is not None else UNKNOWN
    signal = signal_span(row.best_rsrp_dbm)
    return (
        Span(fit(row.site, 14), "strong"),
        Span(fit(supply, 15)),
        Span(fit(signal.text, 22), signal.tone),
        Span(fit(age(row.surveyed_at, now), 14), "fair" if row.surveyed_at is None else "muted"),
        Span(fit(str(row.deployments), 6)),
        Span("address erased" if row.erased_at else "", "muted"),
    )


def consult_sentence(me: str, site: str) -> str:
    """What looking at a site's page enters."""
    return f"site.consulted: {me} reads the address and access notes of site {site}"


def site_detail(row: SiteRow, me: str) -> list[Line]:
    """What opening the page means."""
    said = f" enter shows its address, and logs “{consult_sentence(me, row.site)}”"
    return [(Span(said, "accent"),)]


def site_page(view: SiteView, width: int, now: datetime, *, utc: bool) -> list[Line]:
    """All of one site; the address was asked for, and that is in the log."""
    row = view.row
    title: list[Line] = [
        (Span(f" SITE {row.site}", "title"),),
        (Span(plural(row.deployments, "deployment is open there", "deployments are open there"), "muted"),),
    ]
    lines: list[Line] = [joined(title), ()]
    if row.erased_at is not None:
        lines.append((Span(f" address and access notes were erased {moment(row.erased_at, now, utc=utc)}", "fair"),))
    else:
        lines += _named("address", view.address, width) + _named("access", view.access, width)
    lines += [(), (Span(" SURVEYS", "accent"),)]
    if not view.surveys:
        lines.append((Span("  nobody has been there to measure: s records a survey", "muted"),))
    for survey in view.surveys:
        lines += _survey_lines(survey, width, now, utc=utc)
    return lines


def _named(name: str, text: str, width: int) -> list[Line]:
    first, *others = wrap(text, max(20, width - _LABEL - 2), "strong") or [(Span(UNKNOWN, "muted"),)]
    head: Line = (Span(f" {name:<{_LABEL}}", "muted"), *first)
    return [head, *[(Span(" " * (_LABEL + 1)), *line) for line in others]]


def _survey_lines(survey: SurveyView, width: int, now: datetime, *, utc: bool) -> list[Line]:
    volts = f" {survey.supply_mv / 1000:.1f} V" if survey.supply_mv is not None else ""
    head: list[Line] = [
        (Span(f"  {fit(moment(survey.surveyed_at, now, utc=utc), 13)}", "muted"), Span(survey.surveyed_by)),
        (Span("supply ", "muted"), Span(fact(SUPPLY_WORDS[survey.supply] + volts, survey.surveyed_at, now))),
    ]
    lines = [joined(head), *[_signal_line(one) for one in survey.signals]]
    return [*lines, *[(Span("    "), *line) for line in wrap(survey.note, width - 5, "muted")]]


def _signal_line(one: SignalSeen) -> Line:
    sinr = "" if one.sinr_db is None else f"  SINR {_minus(one.sinr_db)} dB"
    return (Span(f"    {fit(one.network, 12)}"), signal_span(one.rsrp_dbm), Span(sinr, "muted"))
