"""Where the unit's keys are, by its settings."""

from edge_agent.errors import SettingsInvalid
from edge_agent.keys.keystore import KeyStore
from edge_agent.keys.soft import SoftKeyStore
from edge_agent.settings import AgentSettings

_TOKEN_KEYS = ("key_module", "key_token", "key_pin_file")


def open_keystore(own: AgentSettings) -> KeyStore:
    """The place for keys that `own` names: a token if it names a module, else files in the state directory.

    Raises SettingsInvalid for half a token. A token is reached only when a key is used.
    """
    given = [name for name in _TOKEN_KEYS if getattr(own, name) is not None]
    if not given:
        return SoftKeyStore(own.state_dir)
    if own.key_module is None or own.key_token is None or own.key_pin_file is None:
        raise SettingsInvalid(
            ", ".join(given), f"keys in a token need {', '.join(_TOKEN_KEYS)}; give all three or none"
        )
    # A unit without a token pays nothing for it.
    from edge_agent.keys.hardware import HardwareKeyStore  # noqa: PLC0415 - see above
    from hardware_keys import TokenAddress  # noqa: PLC0415 - see above

    return HardwareKeyStore(TokenAddress(own.key_module, own.key_token, own.key_pin_file), own.key_kind)
