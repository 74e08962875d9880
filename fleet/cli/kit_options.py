"""What commands about kit have in common: arguments, and how an item is shown."""

import re
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.options import Each, Form, ShortLine
from fleet.cli.output import moment, print_facts, print_line, print_table
from fleet.kit.rules.codes import typed_code
from protocols.api.kit import ItemDetail, ItemView
from protocols.kit import DueMaintenance

_MODEL = r"[a-z0-9][a-z0-9-]{1,39}"
CODE_FORM = Form(re.compile(r"(?:[Kk]-?)?0*[1-9][0-9]{0,5}", re.ASCII), "the code on its label, as K-0042 or 42")
MODEL_FORM = Form(re.compile(_MODEL, re.ASCII), "a model's id, as van-kit")
PLACE_FORM = Form(re.compile(r"[A-Z0-9][A-Z0-9-]{0,11}", re.ASCII), "the code of a store, van or bench, as STORE-1")

Code = Annotated[str, Parameter(validator=CODE_FORM, help="The code on its label, as K-0042 or 42.")]
Codes = Annotated[list[str], Parameter(negative="", validator=Each(CODE_FORM), help="Codes on labels, as K-0042.")]
ModelName = Annotated[str, Parameter(validator=MODEL_FORM, help="The model's id, as van-kit.")]
Place = Annotated[str, Parameter(validator=PLACE_FORM, help="The code of a store, van or bench, as STORE-1.")]
Note = Annotated[str, Parameter(validator=ShortLine(0, 80), help="What else to know, in one line.")]


def code_of(typed: str) -> str:
    """The code that `typed` says, once CODE_FORM has let it pass."""
    code = typed_code(typed)
    assert code is not None
    return code


def where(one: ItemView) -> str:
    """Where an item is, and what for."""
    if one.place is not None:
        return one.place
    return f"out for {one.deployment}" if one.deployment else "out"


def print_items(rows: list[ItemView]) -> None:
    """A table of items."""
    cells = [
        (
            one.item,
            one.model,
            one.serial,
            one.unit_label,
            one.standing,
            one.condition,
            where(one),
            one.custodian,
            one.expected_back_at,
            one.reserved_for,
            one.why,
        )
        for one in rows
    ]
    columns = (
        "item",
        "model",
        "serial",
        "unit",
        "standing",
        "condition",
        "where",
        "has it",
        "back by",
        "kept for",
        "why not",
    )
    print_table(columns, cells, empty="no item", free=["serial", "unit", "why not"])


def print_detail(detail: ItemDetail) -> None:
    """All of an item."""
    row = detail.row
    facts: list[tuple[str, object]] = [
        ("item", row.item),
        ("model", f"{row.model_name} ({row.model}, {row.kind})"),
        ("serial", row.serial),
        ("unit", None if row.unit is None else f"{row.unit_label} ({row.unit})"),
        ("standing", row.standing),
        ("may it go out", "yes" if not row.why else f"no: {row.why}"),
        ("condition", row.condition),
        ("service", row.service),
        ("where", where(row)),
        ("has it", row.custodian),
        ("out since", row.out_since),
        ("back by", row.expected_back_at),
        ("version", row.version),
    ]
    facts += [
        ("kept", f"for {one.deployment} from {moment(one.starts_at)} until {moment(one.ends_at)}")
        for one in detail.reservations
    ]
    facts += [
        (one.counter, f"{one.value}, {moment(one.read_at)}, {one.read_by or 'from its reports'}")
        for one in detail.counters
    ]
    print_facts(facts)
    if detail.maintenance:
        print_line("")
        print_due(detail.maintenance)
    if detail.maintained:
        print_line("")
        done = [(one.rule, one.done_at, one.done_by, one.counter_value, one.note) for one in detail.maintained]
        print_table(("done", "when", "by", "at", "note"), done, empty="", free=["note"])


def print_due(every: list[DueMaintenance]) -> None:
    """Maintenance, the most pressing first."""
    rows = [(one.rule, one.what, one.procedure, one.standing, one.due_at, one.counter, one.left) for one in every]
    columns = ("maintenance", "what", "procedure", "standing", "due", "counter", "left")
    print_table(columns, rows, empty="it needs no maintenance", free=["what"])
