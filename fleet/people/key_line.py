"""What may be given as a person's public key. Pure, and without an SSH library: commands check before they send."""

import re

_LINE = re.compile(r"[a-z0-9@.-]{1,64} [A-Za-z0-9+/]{16,2000}={0,2}(?: [^\n\r]{0,200})?")


def public_key_line(text: str) -> str | None:
    """The one OpenSSH public key line that `text` is, None when it is anything else, such as a private key."""
    line = text.strip()
    return line if "PRIVATE KEY" not in line and _LINE.fullmatch(line) else None
