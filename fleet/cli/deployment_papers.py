"""`fleet deployment checklist|evidence|template|readiness|file`: what steps ask for, and what they leave behind."""

import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from fleet.cli.deployment_options import DeploymentName, number_of
from fleet.cli.deployment_shown import print_deployment, print_readiness
from fleet.cli.door import Config, Json, ask
from fleet.cli.files import check_new, write_new
from fleet.cli.options import Form, ShortLine
from fleet.cli.output import moment, print_json, print_line, print_remark, print_table
from fleet.cli.rota_files import InFile, read_document
from fleet.client import FleetClient
from fleet.errors import NotFound, RequestRefused
from protocols.api.checklists import ChecklistView, NewEvidence, SetTemplate, TemplateView
from protocols.api.reports import DeploymentFile
from protocols.deployments import ChecklistItem, DeploymentKind, Step
from protocols.text import escaped

_YES, _NO = frozenset({"", "ok", "yes"}), frozenset({"no", "not"})
KEY_FORM = Form(re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII), "the item's key, as fleet deployment checklist lists it")
StepName = Annotated[Step, Parameter(help="The step that asks for it.")]


def add_commands(app: App) -> None:
    """Make these commands part of `fleet deployment`."""
    for command in (checklist, evidence, template, readiness):
        app.command(command)
    app.command(file_, name="file")


def checklist(
    deployment: DeploymentName,
    step: Annotated[Step | None, Parameter(help="The step; without it, all.")] = None,
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show the checklists of a deployment, and what was found. Evidence is given with fleet deployment evidence.

    Exit code 1 when something is missing of the step that is named.
    """
    every = ask(client, lambda door: door.checklists(number_of(deployment)))
    found = [one for one in every if step in {None, one.step}]
    if json:
        print_json(found)
    else:
        _print(found)
    if step is not None and any(one.missing for one in found):
        sys.exit(1)


def evidence(
    deployment: DeploymentName,
    step: StepName,
    key: Annotated[str, Parameter(validator=KEY_FORM, help="The item's key.")],
    found: Annotated[
        str, Parameter(validator=ShortLine(0, 200), allow_leading_hyphen=True, help="A number or text; ok or no.")
    ] = "",
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """Say what was found at one item of a checklist: ok (without more) or no, a number, or a text, as the item asks.

    What was said before stays, and the latest counts. A number outside of its limits is kept, and is not met.
    """

    async def give(door: FleetClient) -> ChecklistView:
        number = number_of(deployment)
        item = _item(await door.checklists(number), number, step, key)
        return await door.give_evidence(number, _said(item, step, found))

    done = ask(client, give)
    if json:
        print_json(done)
        return
    given = next(one for one in done.evidence if one.key == key)
    print_line(f"{key} of {step}: {'met' if given.met else 'NOT MET'}")
    if not given.met and key not in done.missing:
        print_remark(f"{key} may stay open: {step} goes on without it")
    print_remark(f"still missing: {', '.join(done.missing)}" if done.missing else f"all that {step} needs is there")


def template(
    kind: Annotated[DeploymentKind, Parameter(help="For which kind of deployment.")],
    step: StepName,
    *,
    set_to: Annotated[
        InFile | None,
        Parameter(name="--set", help="Lay it down as this JSON file says: the items, as they are printed."),
    ] = None,
    client: Config = None,
) -> None:
    """Print what a kind of deployment asks for at a step, as JSON, or lay it down with --set. For supervisors.

    Steps that have begun go on by the version that they began with.
    """
    items = None if set_to is None else read_document(set_to, list[ChecklistItem], "checklist")

    async def decide(door: FleetClient) -> TemplateView:
        every = await door.checklist_templates()
        seen = next((one for one in every if (one.kind, one.step) == (kind, step)), None)
        if items is None:
            return seen or TemplateView(kind=kind, step=step, version=0, items=[])
        wanted = SetTemplate(version=0 if seen is None else seen.version, items=items)
        return await door.set_checklist_template(kind, step, wanted)

    done = ask(client, decide)
    if items is None:
        print_line(msgspec.json.format(msgspec.json.encode(done.items), indent=2).decode())
    else:
        print_line(f"the checklist of {kind} at {step} is laid down in version {done.version}")


def readiness(deployment: DeploymentName, *, client: Config = None, json: Json = False) -> None:
    """Judge the units of a deployment by their latest reports, and keep the certificates. They hold for 12 h.

    Exit code 1 unless every unit passed.
    """
    found = ask(client, lambda door: door.judge_readiness(number_of(deployment)))
    if json:
        print_json(found)
    else:
        print_readiness(found)
    if not found or not all(one.passed for one in found):
        sys.exit(1)


def file_(
    deployment: DeploymentName,
    *,
    out: Annotated[Path | None, Parameter(help="Write the JSON to this new file.")] = None,
    pdf: Annotated[Path | None, Parameter(help="Write the PDF to this new file.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show the whole file of a deployment, with the log's entries about it, or write it to files. No address is in it.

    For its team, and for those who may see reports. Each reading becomes an entry of the log, with the SHA-256 of the
    JSON, which every page of the PDF has too.
    """
    check_new([path for path in (out, pdf) if path is not None])

    async def fetch(door: FleetClient) -> tuple[bytes, bytes]:
        number = number_of(deployment)
        paged = b"" if pdf is None else await door.deployment_file_pdf(number)
        return (b"" if out is None and pdf is not None else await door.deployment_file_json(number)), paged

    content, paged = ask(client, fetch)
    if pdf is not None:
        write_new(pdf, paged)
    if out is not None:
        write_new(out, content)
    if out is not None or pdf is not None:
        print_line(", ".join(escaped(str(path)) for path in (out, pdf) if path is not None))
        return
    if json:
        sys.stdout.write(escaped(content.decode()) + "\n")
        return
    _print_file(msgspec.json.decode(content, type=DeploymentFile), sha256(content).hexdigest())


def _print_file(file: DeploymentFile, digest: str) -> None:
    print_deployment(file.deployment)
    print_line("\nchecklists")
    _print(file.checklists)
    print_line("\nentries of the log")
    rows = [("not yet" if one.index is None else one.index, one.kind, one.at, one.actor) for one in file.entries]
    print_table(("leaf", "kind", "at", "who"), rows, empty="no entry")
    if file.entries_left_out:
        print_remark(f"{file.entries_left_out} older entries are left out: fleet log list --deployment")
    print_line(f"\nmade {moment(file.made_at)} by {file.made_by}; JSON sha256 {digest}")


def _print(found: list[ChecklistView]) -> None:
    rows = []
    for one in found:
        given = {each.key: each for each in one.evidence}
        for item in one.items:
            said = given.get(item.key)
            words: tuple[object, ...] = (None, None, None)
            if said is not None:
                text = {
                    "tick": "ok" if said.ticked else "no",
                    "text": said.text,
                    "number": f"{said.number:.10g}" if said.number is not None else "",
                }
                words = (text[item.evidence], said.by, said.at)
            standing = "met" if said is not None and said.met else ("MISSING" if item.key in one.missing else "")
            rows.append((one.step, item.key, item.text, item.procedure, _asks(item), standing, *words))
    columns = ("step", "key", "what", "procedure", "asks for", "standing", "found", "by", "at")
    print_table(columns, rows, empty="no checklist", free=["what", "found"])


def _asks(item: ChecklistItem) -> str:
    least = "" if item.at_least is None else f" ≥ {item.at_least:.10g}"
    most = "" if item.at_most is None else f" ≤ {item.at_most:.10g}"
    return f"{item.evidence}{least}{most} {item.unit_of_measure}".strip()


def _item(found: list[ChecklistView], number: str, step: Step, key: str) -> ChecklistItem:
    item = next((each for one in found if one.step == step for each in one.items if each.key == key), None)
    if item is None:
        raise NotFound(
            "checklist-item-unknown",
            f"{step} of {number} asks for no {key}",
            f"list it: fleet deployment checklist {number}",
        )
    return item


def _said(item: ChecklistItem, step: Step, found: str) -> NewEvidence:
    """What was typed, as the item asks for it."""
    if item.evidence == "text":
        if not found:
            raise RequestRefused("evidence-unfit", f"{item.key} asks for a text", "say what was found")
        return NewEvidence(step=step, key=item.key, text=found)
    if item.evidence == "number":
        try:
            return msgspec.convert({"step": step, "key": item.key, "number": float(found)}, NewEvidence)
        except (ValueError, msgspec.ValidationError) as error:
            measure = f" in {item.unit_of_measure}" if item.unit_of_measure else ""
            raise RequestRefused("evidence-unfit", f"{item.key} asks for a number{measure}", "type one") from error
    if found.casefold() not in _YES | _NO:
        raise RequestRefused("evidence-unfit", f"{item.key} asks for ok or no", "say one of them")
    return NewEvidence(step=step, key=item.key, ticked=found.casefold() in _YES)
