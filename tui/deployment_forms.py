"""What the forms about deployments mean: each field's text, and what is wrong with the first that is. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar, get_args

import msgspec

from protocols.access_record import Modality
from protocols.api.authorities import AuthorityView
from protocols.api.deployments import (
    Attending,
    DeploymentView,
    NewDeployment,
    NewIncident,
    NewVisit,
    SetDeployment,
    VisitView,
)
from protocols.deployments import DeploymentKind, KitWanted, SiteCode, TeamRole, VisitKind, Work
from protocols.ids import PERSON_ID
from protocols.kit import ItemKind, ModelId
from protocols.rota.model import RotaId
from tui.deployment_page import wanted_words
from tui.deployment_words import KIND_WORDS, Look
from tui.periods import PeriodUnclear, read_coming
from tui.rota_forms import Unclear
from tui.words import in_zone

KINDS: tuple[DeploymentKind, ...] = get_args(DeploymentKind)
VISIT_KINDS: tuple[VisitKind, ...] = get_args(VisitKind)
ROLES: tuple[TeamRole, ...] = get_args(TeamRole)
WORKS: tuple[Work, ...] = get_args(Work)
MODALITIES: tuple[Modality, ...] = get_args(Modality)
ITEM_KINDS: tuple[ItemKind, ...] = get_args(ItemKind)
TIMES = "now, +4h, +7d, 22:00, 2026-11-21 14:00"
_WANT = re.compile(r"([1-9][0-9]?)(?: ?x)? ([a-z]+)(?: \(([a-z0-9-]+)\))?")
_MOST_HOURS = 72

Word = TypeVar("Word", bound=str)


def typed_time(at: datetime, look: Look) -> str:
    """A time as it can be typed."""
    return f"{in_zone(at, utc=look.utc):%Y-%m-%d %H:%M}"


def new_of(values: Mapping[str, str], look: Look) -> NewDeployment:
    """The request that a form describes; raises Unclear."""
    starts_at = time_of(values["from"], "from", look)
    return NewDeployment(
        kind=kind_of(values["kind"]),
        title=title_of(values["title"]),
        site=site_of(values["site"]),
        starts_at=starts_at,
        expected_back_at=back_of(values["back"], starts_at, look),
        lead=person_of(values["lead"], "lead"),
        rota=rota_of(values["rota"]),
        supervisor=person_of(values["supervisor"], "supervisor"),
        note=values["note"],
    )


def set_of(values: Mapping[str, str], view: DeploymentView, look: Look) -> SetDeployment:
    """What a form changes of a deployment; raises Unclear. Times that read as they did stay to the second."""
    row = view.row
    starts_at = _time_changed(values["from"], "from", row.starts_at, look)
    back_at = _time_changed(values["back"], "back", row.expected_back_at, look, after=starts_at or row.starts_at)
    if (back_at or row.expected_back_at) <= (starts_at or row.starts_at):
        raise Unclear("back", "back: later than from")
    wants, works = wants_of(values["wants"]), words_of(values["works"], "works", WORKS)
    modalities = words_of(values["modalities"], "modalities", MODALITIES)
    return SetDeployment(
        based_on=view.version,
        title=_changed(title_of(values["title"]), row.title),
        site=_kept("site", site_of(values["site"]), row.site),
        starts_at=starts_at,
        expected_back_at=back_at,
        wants=None if wanted_words(wants) == wanted_words(view.wants) else wants,
        works=None if set(works) == set(view.works) else works,
        modalities=None if set(modalities) == set(view.modalities) else modalities,
        lead=_kept("lead", person_of(values["lead"], "lead"), row.lead),
        rota=_kept("rota", rota_of(values["rota"]), view.rota),
        supervisor=_kept("supervisor", person_of(values["supervisor"], "supervisor"), view.supervisor),
        note=_changed(values["note"], view.note),
    )


def changed_words(change: SetDeployment) -> str:
    """`title, site, lead`: the names of what changes; empty where nothing does."""
    names = [name for name in SetDeployment.__struct_fields__ if name != "based_on"]
    return ", ".join(name.replace("_", " ") for name in names if getattr(change, name) is not None)


def visit_of(values: Mapping[str, str], look: Look) -> NewVisit:
    """The visit that a form describes; raises Unclear. No works: as the deployment has them."""
    kind = _one_of(values["kind"], "kind", VISIT_KINDS)
    starts_at = time_of(values["from"], "from", look)
    ends_at = time_of(values["until"], "until", look, after=starts_at)
    if ends_at <= starts_at:
        raise Unclear("until", "until: later than from, as +2h")
    return NewVisit(
        kind=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        people=people_of(values["people"]),
        away=_yes(values["away"], "away"),
        works=words_of(values["works"], "works", WORKS) if values["works"] else None,
    )


def again(visit: VisitView) -> NewVisit:
    """A visit as it is, to be set with others."""
    return NewVisit(
        kind=visit.kind,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        people=list(visit.people),
        away=visit.away,
        works=list(visit.works),
    )


def incident_of(values: Mapping[str, str], items: Sequence[str], authorities: Sequence[str]) -> NewIncident:
    """The critical incident that a form describes, with what goes and what it rests on; raises Unclear."""
    hours = values["hours"]
    if not hours.isdecimal() or not 1 <= int(hours) <= _MOST_HOURS:
        raise Unclear("hours", f"hours: a whole number from 1 to {_MOST_HOURS}")
    return NewIncident(
        title=title_of(values["title"]),
        site=site_of(values["site"]),
        items=list(items),
        authorities=list(authorities),
        hours=int(hours),
    )


def kind_of(text: str) -> DeploymentKind:
    """The kind that the text begins, by either of its names; raises Unclear."""
    typed = text.lower()
    named = [kind for kind in KINDS if typed and (kind.startswith(typed) or KIND_WORDS[kind].startswith(typed))]
    if len(named) != 1:
        raise Unclear("kind", f"kind: one of {', '.join(KIND_WORDS.values())}; the first letters do")
    return named[0]


def title_of(text: str) -> str:
    """A title; raises Unclear."""
    if not 1 <= len(text) <= 60:
        raise Unclear("title", "title: a few words, which do not say whom it concerns")
    return text


def site_of(text: str) -> str | None:
    """A site's code, None for none; raises Unclear."""
    return _form(text.upper(), "site", SiteCode, "a site's code, as K7; never an address")


def rota_of(text: str) -> str | None:
    """A rota's short name, None for none; raises Unclear."""
    return _form(text, "rota", RotaId, "a rota's short name, as technical")


def person_of(text: str, field: str) -> str | None:
    """A person's id, None for none; raises Unclear."""
    if not text:
        return None
    if not PERSON_ID.fullmatch(text.upper()):
        raise Unclear(field, f"{field}: an id, as TO-12")
    return text.upper()


def people_of(text: str) -> list[Attending]:
    """`TO-12 lead, TO-15 driver`: who takes part as what, as an engineer where nothing is said; raises Unclear."""
    found: list[Attending] = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, *roles = part.split()
        person = person_of(name, "people")
        if person is None or len(roles) > 1:
            raise Unclear("people", f"people: “{part}”: an id and one role, as TO-12 lead")
        if any(one.person == person for one in found):
            raise Unclear("people", f"people: {person} is there twice")
        role: TeamRole = _one_of(roles[0], "people", ROLES) if roles else "engineer"
        found.append(Attending(person=person, role=role))
    if not found:
        raise Unclear("people", "people: who goes, as TO-12 lead, TO-15 driver")
    return found


def people_text(people: Sequence[Attending]) -> str:
    """People as they are typed."""
    return ", ".join(f"{one.person} {one.role}" for one in people)


def wants_of(text: str) -> list[KitWanted]:
    """`1 unit, 2 battery (lion-100)` as wishes; raises Unclear."""
    found: list[KitWanted] = []
    for part in filter(None, (one.strip().lower() for one in text.split(","))):
        typed = _WANT.fullmatch(part)
        if typed is None:
            raise Unclear("wants", f"wants: “{part}”: how many of what, as 2 battery, or 1 loom (loom-a)")
        kind = _one_of(typed[2], "wants", ITEM_KINDS)
        model = _form(typed[3], "wants", ModelId, "a model, as lion-100") if typed[3] else None
        found.append(KitWanted(kind=kind, count=int(typed[1]), model=model))
    return found


def words_of(text: str, field: str, known: Sequence[Word]) -> list[Word]:
    """The words of `known` that the text begins, in their order; raises Unclear."""
    typed = [word for word in re.split(r"[\s,+]+", text.lower()) if word]
    for word in typed:
        if not any(one.startswith(word) for one in known):
            raise Unclear(field, f"{field}: “{word}” is none of {', '.join(known)}")
    return [one for one in known if any(one.startswith(word) for word in typed)]


def time_of(text: str, field: str, look: Look, after: datetime | None = None) -> datetime:
    """The time that was typed, in whole seconds; raises Unclear."""
    try:
        found = read_coming(text, look.now, utc=look.utc, after=after)
    except PeriodUnclear as error:
        raise Unclear(field, f"{field}: {error}") from error
    if found is None:
        raise Unclear(field, f"{field}: {TIMES}")
    return found


def back_of(text: str, starts_at: datetime, look: Look) -> datetime:
    """When kit is expected back; raises Unclear."""
    back_at = time_of(text, "back", look, after=starts_at)
    if back_at <= starts_at:
        raise Unclear("back", "back: later than from")
    return back_at


def _time_changed(
    text: str, field: str, before: datetime, look: Look, after: datetime | None = None
) -> datetime | None:
    """The time that was typed, None where it is as it was."""
    return None if text == typed_time(before, look) else time_of(text, field, look, after=after)


def _changed(text: str, before: str) -> str | None:
    return None if text == before else text


def _kept(field: str, typed: str | None, before: str | None) -> str | None:
    """What takes the place of `before`, None where it stays; raises Unclear where nothing would."""
    if typed is None and before is not None:
        raise Unclear(field, f"{field}: {before} can be changed, not left out")
    return None if typed == before else typed


def _form(text: str, field: str, form: object, says: str) -> str | None:
    if not text:
        return None
    try:
        msgspec.convert(text, form)
    except msgspec.ValidationError as error:
        raise Unclear(field, f"{field}: {says}") from error
    return text


def _one_of(text: str, field: str, known: Sequence[Word]) -> Word:
    found = [one for one in known if text and one.startswith(text.lower())]
    exact = [one for one in found if one == text.lower()]
    if len(exact or found) != 1:
        raise Unclear(field, f"{field}: one of {', '.join(known)}")
    return (exact or found)[0]


def _yes(text: str, field: str) -> bool:
    if text.lower() not in {"", "yes", "y", "no", "n"}:
        raise Unclear(field, f"{field}: yes or no")
    return text.lower().startswith("y")


def named_of(text: str, views: Sequence[AuthorityView]) -> list[AuthorityView]:
    """The authorities that are named by their place in `views`, or by how their reference begins; raises Unclear."""
    found: list[AuthorityView] = []
    for word in text.replace(",", " ").split():
        by_place = views[int(word) - 1 : int(word)] if word.isdecimal() and int(word) > 0 else []
        fitting = by_place or [one for one in views if one.reference.lower().startswith(word.lower())]
        if len(fitting) != 1:
            raise Unclear("authorities", f"rests on: “{word}” is not one of those above")
        if fitting[0] not in found:
            found.append(fitting[0])
    return found
