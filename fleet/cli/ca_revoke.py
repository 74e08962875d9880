"""`fleet ca revoke`: certificates of controllers and servers; a unit's is revoked with `fleet unit revoke`."""

import asyncio
import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.door import Json
from fleet.cli.options import ConfigFile, Form, ShortLine
from fleet.cli.output import print_json, print_line, print_remark
from fleet.settings import load_settings

_DEFAULT = Path("/etc/muster/fleet.toml")
_SERIAL = re.compile(r"(?=(?:.*[1-9A-Fa-f]))[0-9A-Fa-f]{1,2}(?::?[0-9A-Fa-f]{2}){0,19}", re.ASCII)
Serial = Annotated[
    str,
    Parameter(
        validator=Form(_SERIAL, "a serial number in hexadecimal, as `openssl x509 -serial` prints it"),
        help="The certificate's serial number in hexadecimal.",
    ),
]


def revoke(
    serial: Serial,
    *,
    holder: Annotated[str, Parameter(validator=ShortLine(1, 80), help="Whose certificate it was, in one line.")],
    config: ConfigFile = _DEFAULT,
    json: Json = False,
) -> None:
    """Put a controller's or server's certificate on the revocation list; running controllers publish it at once.

    A certificate of this host's own controller or broker is made anew first.
    """
    from fleet.custody import revoke as put_on_list  # noqa: PLC0415 - it needs the database's driver

    number = f"{int(serial.replace(':', ''), 16):x}"
    own = asyncio.run(put_on_list(load_settings(config), number, holder))
    if json:
        print_json({"serial": number, "holder": holder, "own": own})
        return
    print_line(f"{number} is revoked")
    if own:
        print_remark("it was this host's own, and another one was made; restart the broker if it was the broker's")
