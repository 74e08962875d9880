"""The six questions that make a harness from a template, and what may be answered. Pure.

The command and the console ask the same questions, with the same bounds and the same refusals.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

import msgspec

from fleet.wiring.rules.kit_circuit import Circuit, ignition_circuit
from fleet.wiring.rules.sizing import smallest_fuse_a
from fleet.wiring.rules.tables import BLADE_COLOURS, FUSE_LOAD_SHARE
from protocols.wiring.parts import Source
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from protocols.wiring.words import PositiveTerminal

SourceAnswer = Literal["battery", "auxiliary", "ignition"]
"""The starter battery, the second battery, or a circuit that is live with the ignition."""

GroundAnswer = Literal["chassis", "battery"]
"""A stud at the chassis close to the kit, or the battery's negative."""

_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_RATINGS = tuple(f"{rating:g}" for rating in BLADE_COLOURS)


class Answers(NamedTuple):
    """What is wanted: kit that draws `load_a` at most, `run_m` metres of conductor from the source. `fuse_a` None: the
    smallest that carries it. `hot_c`: of the hottest place on the way."""

    load_a: float
    run_m: float
    source: SourceAnswer = "battery"
    fuse_a: float | None = None
    ground: GroundAnswer = "chassis"
    hot_c: float = 60.0


class Question(NamedTuple):
    """A question for one field of `Answers`: a number from `low` to `high` in `unit`, both included, or one of
    `choices`. An answer to an `optional` one may be left out."""

    name: str
    label: str
    unit: str
    hint: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()
    optional: bool = False

    def refusal(self, text: str) -> str | None:
        """Why a text is no answer, a sentence that says what would be one; None where it is."""
        written = text.strip()
        if not written and self.optional:
            return None
        if self.choices:
            return None if written in self.choices else f"{self.label} is one of {', '.join(self.choices)}"
        if not _NUMBER.fullmatch(written) or not self.low <= float(written) <= self.high:
            return f"{self.label} is a number from {self.low:g} to {self.high:g}, in {self.unit}"
        return None


_DEFAULTS: dict[str, Answers] = {
    "van-12v": Answers(load_a=2.2, run_m=4.0),
    "car-12v-stop-start": Answers(load_a=2.3, run_m=3.0, source="auxiliary"),
    "lorry-24v": Answers(load_a=1.3, run_m=10.0, ground="battery", hot_c=80.0),
}


class Refused(NamedTuple):
    """An answer that is none: to which question, and why."""

    name: str
    sentence: str


_LOAD_MAX_A = FUSE_LOAD_SHARE * max(BLADE_COLOURS)
"""What the largest blade fuse carries for hours."""


def questions(plan: Plan) -> tuple[Question, ...]:
    """The six questions for a template: only what its vehicle has can be chosen."""
    sources = tuple(one for one in get_args(SourceAnswer) if _source(plan, one) is not None)
    return (
        Question("load_a", "load", "A", "the most the kit draws for longer than an instant", 0.1, _LOAD_MAX_A),
        Question("run_m", "run", "m", "from the source to the kit, measured with a string", 0.1, 30.0),
        Question("source", "source", "", "where the kit is fed from", choices=sources),
        Question("fuse_a", "fuse", "A", "empty: the smallest that carries the load", choices=_RATINGS, optional=True),
        Question("ground", "ground", "", "where the return goes", choices=get_args(GroundAnswer)),
        Question("hot_c", "temperature", "°C", "of the hottest place on the way", 20.0, 100.0),
    )


def read_answers(plan: Plan, texts: Mapping[str, str]) -> Answers | list[Refused]:
    """The answers that texts say, by the questions' names, for a template; a question without a text is refused unless
    it is optional. Every refusal, where there are some."""
    asked = questions(plan)
    refused = [
        Refused(one.name, sentence) for one in asked if (sentence := one.refusal(texts.get(one.name, ""))) is not None
    ]
    if refused:
        return refused
    fuse_a = texts.get("fuse_a", "").strip()
    return Answers(
        load_a=float(texts["load_a"]),
        run_m=float(texts["run_m"]),
        source=msgspec.convert(texts["source"].strip(), SourceAnswer),
        fuse_a=float(fuse_a) if fuse_a else None,
        ground=msgspec.convert(texts["ground"].strip(), GroundAnswer),
        hot_c=float(texts["hot_c"]),
    )


def defaults(template_name: str) -> Answers:
    """What the questions of a template begin with, one of `library.TEMPLATES`. Raises `KeyError` for any other."""
    return _DEFAULTS[template_name]


def answered(template: Plan, answers: Answers, policy: WiringPolicy | None = None) -> Plan:
    """A whole plan for the vehicle of a template: conductors, and the fuse where none is given, as advised. It passes
    every rule where a plan with these answers can; else the rules say of it what does not. Raises `KeyError` for a
    source that is not among the choices of `questions`."""
    source = _source(template, answers.source)
    if source is None:
        raise KeyError(answers.source)
    circuit = Circuit(
        base=template,
        source=source,
        load_a=answers.load_a,
        run_m=answers.run_m,
        fuse_a=answers.fuse_a or smallest_fuse_a(answers.load_a) or max(BLADE_COLOURS),
        to_chassis=answers.ground == "chassis",
        hot_c=answers.hot_c,
    )
    return circuit.planned(policy or WiringPolicy())


def _source(plan: Plan, answer: SourceAnswer) -> Source | None:
    if answer == "ignition":
        return ignition_circuit(plan)
    batteries = [] if plan.vehicle is None else list(plan.vehicle.batteries)
    wanted: PositiveTerminal = "30" if answer == "battery" else "30a"
    told = (one for one in plan.sources.values() if one.terminal == wanted and one.circuit == "battery")
    found = next(told, None)
    if found is not None:
        return found
    at = 0 if answer == "battery" else 1
    return Source(terminal=wanted, battery=batteries[at], circuit="battery") if at < len(batteries) else None
