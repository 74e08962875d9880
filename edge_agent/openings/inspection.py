"""How openings stand on a unit, seen from outside: from the ledger's file, and from a running agent if one answers."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from edge_agent.errors import StateUnusable
from edge_agent.openings.calling import look
from edge_agent.openings.carried import Look
from edge_agent.openings.ledger import Ledger
from edge_agent.openings.ledger_file import FILE_NAME, read_ledger
from edge_agent.openings.london_days import day_of
from edge_agent.openings.verdicts import Bench
from protocols.access_record import Modality


class OpenNow(msgspec.Struct, frozen=True, kw_only=True):
    """What is open, or was when an agent that does not run any more was killed."""

    opening: str
    mandate: str
    person: str
    modalities: list[Modality]


class UsedToday(msgspec.Struct, frozen=True, kw_only=True):
    """What is used, and reserved for what is open, of today in London."""

    mandate: str
    modality: Modality
    used_s: int
    openings: int


class OpeningsView(msgspec.Struct, frozen=True, kw_only=True):
    """`devices` are those that the settings name; `bench` None when no agent says what it senses. `problem` says why
    nothing can open, "" when something can."""

    devices: list[Modality]
    open: list[OpenNow]
    used_today: list[UsedToday]
    cancelled: int
    bench: Bench | None
    plain_keys_may_sign: bool
    problem: str


def inspect(state_dir: Path, devices: list[Modality], now_ms: int, *, plain_keys_may_sign: bool) -> OpeningsView:
    """How openings stand at Unix milliseconds `now_ms`; waits at most some seconds for an agent. Raises nothing."""
    problem = ""
    try:
        ledger = read_ledger(state_dir / FILE_NAME) or Ledger()
    except StateUnusable as error:
        ledger, problem = Ledger(), str(error)
    looked = look(state_dir, Look())
    return OpeningsView(
        devices=devices,
        open=[
            OpenNow(opening=one.opening, mandate=one.mandate, person=one.person, modalities=one.modalities)
            for one in ledger.open
        ],
        used_today=list(_used(ledger, day_of(max(now_ms, ledger.highest_ms)))),
        cancelled=len(ledger.cancelled),
        bench=None if looked is None else Bench(looked.lid_open, looked.in_workshop),
        plain_keys_may_sign=plain_keys_may_sign,
        problem=problem or ("" if looked is None else looked.obstacle),
    )


def lines(view: OpeningsView) -> Iterator[str]:
    """The same for a person."""
    if view.plain_keys_may_sign:
        yield "WARNING    mandates signed with keys on disk open this unit (plain_keys_may_sign): demo and benches only"
    yield f"devices    {', '.join(view.devices) or 'none: nothing can be opened'}"
    if view.problem:
        yield f"openings   NONE POSSIBLE: {view.problem}"
    for one in view.open:
        yield f"open       {', '.join(one.modalities)} for {one.person} under {one.mandate} ({one.opening})"
    if not view.open:
        yield "open       nothing"
    for used in view.used_today:
        yield (
            f"today      {used.modality} under {used.mandate}: "
            f"{used.used_s // 60} min {used.used_s % 60} s, {used.openings} openings"
        )
    if view.bench is not None:
        yield f"bench      {_sensed(view.bench)}"


def _sensed(bench: Bench) -> str:
    signs = {"the lid is open": bench.lid_open, "in the workshop": bench.in_workshop}
    sensed = [sign for sign, is_there in signs.items() if is_there]
    return f"{' and '.join(sensed)}: bench mandates are obeyed" if sensed else "not sensed: bench mandates are refused"


def _used(ledger: Ledger, day: str) -> Iterator[UsedToday]:
    keys = {(each.mandate, each.modality) for each in ledger.usages if each.day == day}
    keys |= {(one.mandate, modality) for one in ledger.open for modality in one.modalities}  # since yesterday, perhaps
    for mandate, modality in sorted(keys):
        used_s = ledger.used_ms(mandate, modality, day) // 1000
        openings = ledger.openings(mandate, modality, day)
        if used_s or openings:
            yield UsedToday(mandate=mandate, modality=modality, used_s=used_s, openings=openings)
