"""Choosing kit for a deployment: what is kept for it, what could be, and what is still missing. Pure."""

from collections.abc import Collection, Sequence

import msgspec

from protocols.api.deployments import DeploymentView
from protocols.api.kit import ItemView
from tui.deployment_page import item_line, missing_of, wanted_words
from tui.paint import EMPTY, Line, Span, joined


def choosable(view: DeploymentView, items: Sequence[ItemView]) -> list[ItemView]:
    """What is kept for it or out for it, then what can go out: kinds that it wants first, each by code. What can not go
    out is left out."""
    known = {one.item: one for one in items} | {one.item: one for one in view.items}
    kept = {one.item for one in view.items}
    wanted = [want.kind for want in view.wants]
    free = [one for one in known.values() if one.item in kept or one.standing in {"available", "reserved"}]
    return sorted(
        free,
        key=lambda one: (
            one.item not in kept,
            wanted.index(one.kind) if one.kind in wanted else len(wanted),
            one.standing != "available",
            one.item,
        ),
    )


def tick_line(item: ItemView, width: int, ticked: Collection[str]) -> Line:
    """One item with its tick; what is kept for another is said."""
    box = Span("[x]" if item.item in ticked else "[ ]", "accent")
    other = Span(f"  for {item.reserved_for}", "fair") if item.reserved_for and item.item not in ticked else Span("")
    return (box, *item_line(item, width - 3), other)


def matches(item: ItemView, words: str) -> bool:
    """Whether every word of `words` is in what the list says of it."""
    said = (item.item, item.kind, item.model, item.model_name, item.serial, item.unit or "", item.unit_label or "")
    text = " ".join([*said, item.place or "", item.custodian, item.standing]).lower()
    return all(word in text for word in words.lower().split())


def title_line(view: DeploymentView, items: Sequence[ItemView], ticked: Collection[str]) -> Line:
    """What it wants, and what would be missing with the items that are ticked."""
    chosen = [one for one in items if one.item in ticked]
    missing = missing_of(msgspec.structs.replace(view, items=chosen))
    kept = {one.item for one in view.items}
    lacks: Line = (Span("nothing is missing", "good"),)
    if missing:
        lacks = (Span(f"missing {wanted_words(missing)}", "fair"),)
    unsaved: Line = (Span("not saved: enter keeps it", "accent"),) if kept != set(ticked) else EMPTY
    head: Line = (Span(f" KIT  {view.row.deployment}  ", "muted"), Span(str(len(ticked)), "strong"))
    return joined([head, lacks, unsaved])


def kept_sentence(me: str, view: DeploymentView, ticked: Collection[str]) -> str:
    """What choosing leaves in the log."""
    kept = {one.item for one in view.items}
    said = f"deployment.kit-kept: {me} keeps {', '.join(sorted(ticked)) or 'nothing'} for {view.row.deployment}"
    released = sorted(kept - set(ticked))
    return f"{said}, and no more {', '.join(released)}" if released else said
