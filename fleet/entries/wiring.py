"""Entries of harnesses: plans that were kept, given to deployments, and compared with what was fitted.

What a plan or a value says is in none of them: `sha256` is of exact texts.
"""

from fleet.entries.entry import Entry, HashedText


class HarnessKept(Entry, frozen=True, kw_only=True, tag="harness.kept"):
    """A plan was kept: the first revision of a harness, or a later one; `failing` and `unjudged` are how many
    judgements did not pass then."""

    harness: str
    revision: int
    sha256: str
    failing: int
    unjudged: int
    title: HashedText | None


class HarnessGiven(Entry, frozen=True, kw_only=True, tag="deployment.harness-given"):
    """A deployment has a revision of a harness from now on, for `item`; with `unit`, it is that unit."""

    harness: str
    revision: int
    sha256: str
    item: str | None
    failing: int
    unjudged: int


class HarnessWithdrawn(Entry, frozen=True, kw_only=True, tag="deployment.harness-withdrawn"):
    """A deployment does not have a harness any more."""

    harness: str
    revision: int


class HarnessFitted(Entry, frozen=True, kw_only=True, tag="deployment.harness-fitted"):
    """Values were measured on a harness of a deployment, `by_unit` of them by its unit; `sha256` is of the exact texts
    of the values and of how they compare with the plan. It passed where all did."""

    harness: str
    revision: int
    fitting: str
    measured: int
    by_unit: int
    passed: bool
    sha256: str
    note: HashedText | None
