"""SQL lives in files: `-- name: some_query` begins a query, which runs to the next such line."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_NAME = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)


@cache
def load(part: str) -> Mapping[str, str]:
    """The queries of `sql/<part>.sql` by name; raises ValueError when a name stands twice."""
    text = files("fleet.store").joinpath("sql", f"{part}.sql").read_text()
    pieces = _NAME.split(text)[1:]
    names = pieces[0::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{part}.sql names a query twice")
    return MappingProxyType(dict(zip(names, (body.strip() for body in pieces[1::2]), strict=True)))
