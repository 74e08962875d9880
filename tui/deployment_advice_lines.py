"""Technical advice as lines: what could be fielded, with whom, and what is missing. Pure."""

from collections.abc import Sequence

from protocols.api.advice import Advice, Available, Candidate
from tui.deployment_blocks import blocker_block, head
from tui.deployment_page import wanted_words
from tui.deployment_words import KIND_WORDS, Look
from tui.paint import EMPTY, Line, Span, columns, fit, joined, wrap
from tui.words import UNKNOWN, plural

_WIDE = 130
_MOST_HELD_BACK = 4


def advice_page(advice: Advice, width: int, look: Look) -> list[Line]:
    """All of it; in two columns where there is room."""
    top = [title_line(advice, look), *_verdict(advice, width), EMPTY]
    half = width // 2 if width >= _WIDE else width
    kit = [line for one in advice.kit for line in available_lines(one, half - 2)]
    left = [head("KIT"), *kit]
    right = [head("PEOPLE"), *[line for one in _in_order(advice) for line in candidate_lines(one, width - half)]]
    if width >= _WIDE:
        return [*top, *columns(left, right, half)]
    right = [head("PEOPLE"), *[line for one in _in_order(advice) for line in candidate_lines(one, width)]]
    return [*top, *left, EMPTY, *right]


def title_line(advice: Advice, look: Look) -> Line:
    """For what kind and time."""
    span = f"{look.moment(advice.starts_at)} to {look.moment(advice.until)}"
    return joined([(Span(" WHAT COULD GO", "muted"), Span(f"  {KIND_WORDS[advice.kind]}", "title")), (Span(span),)])


def _verdict(advice: Advice, width: int) -> list[Line]:
    if advice.possible:
        team = ", ".join(advice.team) or "nobody in particular"
        many = plural(advice.at_most, "deployment")
        return [(Span(" yes", "good"), Span(f"   at most {many} of this kind   with {team}"))]
    lines: list[Line] = [
        (Span(" no", "bad"), Span(f"   {plural(len(advice.missing), 'thing is', 'things are')} missing"))
    ]
    return lines + [(Span("   "), *line) for one in advice.missing for line in wrap(f"✗ {one}", width - 3, "fair")]


def _in_order(advice: Advice) -> list[Candidate]:
    """The team first, then those on call, then who is free."""
    return sorted(advice.people, key=lambda one: (one.person not in advice.team, not one.free, one.on_call is None))


def available_lines(available: Available, width: int) -> list[Line]:
    """One wanted thing: how many could go, which, and why others can not."""
    many = len(available.items)
    enough = Span(f"{many} can go", "good") if not available.missing else Span(f"missing {available.missing}", "bad")
    first: Line = (Span("  "), Span(fit(wanted_words([available.wanted]), 24), "strong"), enough)
    lines: list[Line] = [first]
    if available.items:
        lines += [(Span("    "), *line) for line in wrap("  ".join(available.items), width - 4)]
    shown = available.held_back[:_MOST_HELD_BACK]
    lines += [(Span("    "), *line) for one in shown for line in wrap(f"not {one}", width - 4, "muted")]
    if len(available.held_back) > len(shown):
        lines.append((Span(f"    and {len(available.held_back) - len(shown)} more held back", "muted"),))
    return lines


def candidate_lines(candidate: Candidate, width: int) -> list[Line]:
    """One person: whether they are free, on call, what they may do, and what to mind."""
    free = Span(fit("free", 9), "good") if candidate.free else Span(fit("not free", 9), "muted")
    return [
        (
            Span(f"  {candidate.person:<8}", "strong"),
            free,
            Span(fit(f"on call {candidate.on_call}" if candidate.on_call else UNKNOWN, 19), "muted"),
            Span(", ".join(candidate.works) or "no work that takes a competence", "muted"),
        ),
        *blocker_block(candidate.findings, width),
    ]


def picked(advice: Advice) -> list[str]:
    """The codes of what would go: as many of each wanted thing as there are, each once."""
    found: list[str] = []
    for one in advice.kit:
        found += [item for item in one.items if item not in found][: one.wanted.count]
    return found


def picked_words(kit: Sequence[Available]) -> list[tuple[str, str]]:
    """What would go of each wanted thing, in words."""
    told: list[tuple[str, str]] = []
    taken: list[str] = []
    for one in kit:
        going = [item for item in one.items if item not in taken][: one.wanted.count]
        taken += going
        lacks = f", {one.missing} missing" if one.missing else ""
        told.append((wanted_words([one.wanted]), (", ".join(going) or "none") + lacks))
    return told
