"""Reading the `.pub` file that a command names."""

from pathlib import Path

from fleet.errors import SettingsInvalid
from fleet.people.key_line import public_key_line

_KEY_FILE_SIGNS = 16_384
_NOT_PUBLIC = "is not one OpenSSH public key line; give the .pub file, never the private key"


def read_key_file(path: Path) -> str:
    """The one line of a `.pub` file; raises SettingsInvalid for anything else, a private key above all."""
    try:
        with path.open(encoding="utf-8") as file:
            line = public_key_line(file.read(_KEY_FILE_SIGNS))
    except OSError as error:
        raise SettingsInvalid(str(path), f"can not be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SettingsInvalid(str(path), _NOT_PUBLIC) from error
    if line is None:
        raise SettingsInvalid(str(path), _NOT_PUBLIC)
    return line
