"""Choosing a vehicle to begin with, a deployment, an item of kit, or a harness."""

from collections.abc import Iterable, Sequence
from string import ascii_lowercase, digits

from fleet.wiring.rules.library import TEMPLATES, template
from protocols.api.deployments import DeploymentRow
from protocols.api.kit import ItemView
from protocols.api.wiring import DeploymentWiring, HarnessRow
from tui.dialogs.choice import ChoiceDialog, Option
from tui.words import safe

_KEYS = digits[1:] + ascii_lowercase
_BEYOND = "·"
"""Stands where there are more options than keys: arrows reach those."""


def _keyed(count: int) -> Iterable[str]:
    return (_KEYS[at] if at < len(_KEYS) else _BEYOND for at in range(count))


def template_dialog() -> ChoiceDialog[str]:
    """Which of the worked vehicles to begin with."""
    options = [
        Option(key, name, safe(_volts(name)), name) for key, name in zip(_keyed(len(TEMPLATES)), TEMPLATES, strict=True)
    ]
    return ChoiceDialog("Which vehicle is it most like?", options)


def _volts(name: str) -> str:
    vehicle = template(name).vehicle
    return "" if vehicle is None else f"{vehicle.system_v} V"


def deployment_dialog(title: str, rows: Sequence[DeploymentRow]) -> ChoiceDialog[str]:
    """Which of the deployments that go on."""
    keyed = zip(_keyed(len(rows)), rows, strict=True)
    return ChoiceDialog(
        title, [Option(key, f"{row.deployment}  {row.title}", row.state, row.deployment) for key, row in keyed]
    )


def item_dialog(deployment: str, items: Sequence[ItemView]) -> ChoiceDialog[str]:
    """Which item of a deployment it feeds; the empty text stands for not said."""
    keyed = zip(_keyed(len(items)), items, strict=True)
    options = [Option("0", "not said", "", "")]
    options += [
        Option(key, f"{one.item}  {one.unit_label or one.model_name}", one.kind, one.item) for key, one in keyed
    ]
    return ChoiceDialog(f"What of {deployment} does it feed?", options)


def harness_dialog(deployment: str, rows: Sequence[HarnessRow]) -> ChoiceDialog[HarnessRow]:
    """Which of the harnesses that may be fitted."""
    keyed = zip(_keyed(len(rows)), rows, strict=True)
    options = [Option(key, f"{row.name}  {row.title}", f"rev {row.revision}", row) for key, row in keyed]
    return ChoiceDialog(f"Which harness for {deployment}?", options)


def given_dialog(given: Sequence[DeploymentWiring]) -> ChoiceDialog[DeploymentWiring]:
    """At which of the deployments that have it."""
    keyed = zip(_keyed(len(given)), given, strict=True)
    options = [Option(key, one.deployment, f"rev {one.revision}", one) for key, one in keyed]
    return ChoiceDialog("Measured at which deployment?", options)
