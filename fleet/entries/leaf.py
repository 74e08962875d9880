"""Leaves of the deployment log: an entry's stored body with its place in the tree, never stored a second time."""

from protocols.tlog.leaf import MAX_LEAF_BYTES


def compose(index: int, prior: int | None, body: bytes) -> bytes:
    """The leaf at `index`, from 0, of the entry whose JSON object is `body`.

    `prior` is the index of the entry before this one of the same unit, None when there is none. Raises ValueError when
    `body` is no object with a field, when `prior` does not lie before `index`, or when the leaf would be too long.
    """
    if not body.startswith(b"{") or body.startswith(b"{}"):
        raise ValueError("the body of an entry begins with a brace and a field")
    if index < 0 or (prior is not None and not 0 <= prior < index):
        raise ValueError(f"leaf {index} can not come after leaf {prior}")
    leaf = b'{"index":%d,"prior":%b,%b' % (index, b"null" if prior is None else b"%d" % prior, body[1:])
    if len(leaf) > MAX_LEAF_BYTES:
        raise ValueError(f"a leaf of {len(leaf)} bytes, the limit is {MAX_LEAF_BYTES}")
    return leaf
