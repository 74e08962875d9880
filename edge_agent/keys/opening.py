"""Where the unit's keys are, by its settings."""

from edge_agent.keys.keystore import KeyStore
from edge_agent.keys.soft import SoftKeyStore
from edge_agent.settings import AgentSettings


def open_keystore(own: AgentSettings) -> KeyStore:
    """The place for keys that `own` names: files in the state directory. Raises StateUnusable, SettingsInvalid."""
    return SoftKeyStore(own.state_dir)
