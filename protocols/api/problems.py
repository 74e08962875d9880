"""The one error body of the API."""

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not done: `code` to act on, `message` what, `remedy` what would make it possible."""

    code: str
    message: str
    remedy: str = ""
