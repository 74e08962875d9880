"""What may be rolled out: drafts that wait for signatures, roles and when they end, manifests in force. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from protocols.api.releases import DraftView, ReleasesView, RoleView
from protocols.releases.manifest import Manifest
from tui.firmware_lines import WIDE
from tui.firmware_words import PART_WORDS, models_words
from tui.paint import EMPTY, Line, Span, Tone, fit, joined, wrap
from tui.words import age, full_moment, left, number, plural, size

ENDS_SOON: Mapping[str, timedelta] = {
    "root": timedelta(days=30),
    "targets": timedelta(days=14),
    "snapshot": timedelta(days=1),
    "timestamp": timedelta(hours=2),
}
"""People need so long to sign the next; the controller renews its own two long before."""
_ROLE_MEANS = {
    "root": "who may sign",
    "targets": "what may be installed",
    "snapshot": "what belongs together",
    "timestamp": "that it is the newest",
}


def ends_tone(role: RoleView, now: datetime) -> Tone:
    """How a role's end stands."""
    if role.expires_at <= now:
        return "bad"
    return "fair" if role.expires_at - now < ENDS_SOON[role.role] else "good"


def waits_for(draft: DraftView, me: str) -> bool:
    """Whether a draft wants this person's signature."""
    return me in draft.may_sign and me not in draft.signed_by and len(draft.signed_by) < draft.needed


def release_lines(
    view: ReleasesView, me: str, width: int, now: datetime, *, utc: bool, may_roll_out: bool
) -> list[Line]:
    """The whole page; only who `may_roll_out` is told the key for it."""
    drafts = [line for draft in view.drafts for line in draft_lines(draft, me, width, now)]
    title = joined(
        [
            (Span(" RELEASES  ", "muted"), Span(plural(len(view.manifests), "manifest"), "strong")),
            (Span(plural(len(view.targets), "file"), "muted"),),
            (Span(f"{plural(len(view.drafts), 'draft waits', 'drafts wait')} for signatures", "fair"),)
            if view.drafts
            else EMPTY,
        ]
    )
    if not view.roles and not view.drafts:
        said = (
            "Nothing can be released yet: no root is trusted. An administrator drafts one with "
            "`fleet release root draft`, two sign it with `fleet release sign root`."
        )
        return [title, EMPTY, *[(Span(" "), *line) for line in wrap(said, width - 2, "fair")]]
    return [
        title,
        EMPTY,
        *drafts,
        *_role_lines(view, width, now, utc=utc),
        *_manifest_lines(view, may_roll_out=may_roll_out),
    ]


def draft_lines(draft: DraftView, me: str, width: int, now: datetime) -> list[Line]:
    """A draft: who has signed, who may, and what this person can do."""
    lines: list[Line] = [
        (
            Span(f" DRAFT {draft.role.upper()} {draft.version}", "accent"),
            Span(f"  {len(draft.signed_by)} of {draft.needed} have signed", "fair"),
            Span(f"   by {draft.made_by} {age(draft.made_at, now)} ago", "muted"),
        )
    ]
    signed = ", ".join(draft.signed_by) or "nobody yet"
    may = ", ".join(_you(one, me) for one in draft.may_sign if one not in draft.signed_by) or "nobody else"
    lines += [(Span("   "), *line) for line in wrap(f"signed by {signed}; may sign: {may}", width - 4)]
    if waits_for(draft, me):
        lines.append((Span("   "), Span(f"It waits for you: s reads and signs {draft.role}.", "loud")))
    return [*lines, EMPTY]


def _role_lines(view: ReleasesView, width: int, now: datetime, *, utc: bool) -> list[Line]:
    lines: list[Line] = [(Span(" IN FORCE", "accent"),)]
    for role in view.roles:
        tone = ends_tone(role, now)
        by_people = role.role in {"root", "targets"}
        signers = f"{role.threshold} of {', '.join(role.signers)}" if by_people else "the controller's own key"
        lines.append(
            (
                Span("  " + fit(f"{role.role} {number(role.version)}", 14), "strong"),
                Span(fit(left(role.expires_at, now), 16), tone),
                Span(fit({"good": "good", "fair": "ends soon", "bad": "over"}[tone], 11), tone),
                Span(f"{_ROLE_MEANS[role.role]}: {signers}" if width > WIDE else signers, "muted"),
            )
        )
    ending = [role for role in view.roles if ends_tone(role, now) != "good"]
    for role in ending:
        said = f"{role.role} ends {full_moment(role.expires_at, utc=utc)}: {ending_words(role)}."
        lines += [(Span("  "), *line) for line in wrap(said, width - 3, ends_tone(role, now))]
    return [*lines, EMPTY]


def ending_words(role: RoleView) -> str:
    """What a role's end means, and what to do about it."""
    if role.role in {"snapshot", "timestamp"}:
        return "the controller has not renewed it; see to its release key and its log"
    draft = "fleet release root draft" if role.role == "root" else "fleet release draft"
    return f"units install nothing after it; draft the next with `{draft}`"


def _manifest_lines(view: ReleasesView, *, may_roll_out: bool) -> list[Line]:
    if not view.manifests:
        return [(Span(" MANIFESTS", "accent"), Span("  none in force: `fleet release draft` adds one", "muted"))]
    how = "  n under F rolls one out" if may_roll_out else ""
    lines: list[Line] = [(Span(" MANIFESTS", "accent"), Span(how, "muted"))]
    sizes = {target.path: target.length_bytes for target in view.targets}
    for path, content in sorted(view.manifests.items()):
        lines += _manifest(path, content, sizes)
    return lines


def _manifest(path: str, content: Manifest, sizes: Mapping[str, int]) -> list[Line]:
    lines: list[Line] = [
        (Span(f"  {content.name}", "strong"), Span(f"   {models_words(content.models)}   {path}", "muted"))
    ]
    for part in content.parts:
        board = f"for {part.board}, " if part.board else ""
        what = f"{board}by {part.updater}, {size(sizes[part.target])}" if part.target in sizes else f"by {part.updater}"
        lines.append(
            (
                Span("    " + fit(PART_WORDS[part.part], 7), "muted"),
                Span(fit(part.version, 16)),
                Span(f" {what}", "muted"),
            )
        )
    return [*lines, EMPTY]


def _you(person: str, me: str) -> str:
    return f"{person} (you)" if person == me else person
