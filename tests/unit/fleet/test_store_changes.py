"""Notices of what changed: nothing is lost in sending, and each fits PostgreSQL."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fleet.store.changes import Change

_IDS = st.sets(st.text("abc-", min_size=8, max_size=40), max_size=400)


_FLAGS = st.fixed_dictionaries(
    {name: st.booleans() for name in ("events", "joins", "fleet", "revocations", "rotas", "deployments")}
)


@given(units=_IDS, commands=_IDS, people=_IDS, mandates=_IDS, flags=_FLAGS)
def test_what_is_sent_is_what_changed(
    *, units: set[str], commands: set[str], people: set[str], mandates: set[str], flags: dict[str, bool]
) -> None:
    changed = Change(units=units, commands=commands, people=people, mandates=mandates, **flags)
    heard = Change()
    for notice in changed.notices():
        assert len(notice.encode()) < 8000
        heard.merge(msgspec.json.decode(notice, type=Change))
    assert heard == changed
    assert bool(heard) == bool(changed.notices())
