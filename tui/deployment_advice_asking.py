"""Which kind of deployment is asked about. Pure."""

from protocols.deployments import DeploymentKind
from tui.deployment_words import KIND_WORDS
from tui.dialogs.choice import Option

_KEYS: dict[DeploymentKind, str] = {
    "av-capture": "a",
    "camera-alarm": "c",
    "property-tracking": "p",
    "vehicle-tracking": "v",
    "delivery-support": "d",
    "critical-incident": "i",
}


def kind_options() -> list[Option[DeploymentKind]]:
    """The kinds, each with its key."""
    return [Option(key, KIND_WORDS[kind], "", kind) for kind, key in _KEYS.items()]
