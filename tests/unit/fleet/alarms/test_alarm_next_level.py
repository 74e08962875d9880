"""Which level is paged next, for the person who looks at an alarm."""

from datetime import UTC, datetime

from fleet.alarms.rules.paging import Paged, Waiting, Who, next_level, next_page_at
from protocols.alarms import PageLevel, PagingPolicy

AT = datetime(2026, 11, 21, 2, 51, tzinfo=UTC)


def level_after(who: Who, *pages: Paged) -> PageLevel | None:
    waiting, policy = Waiting(AT), PagingPolicy()
    at = next_page_at(waiting, policy, who, pages, AT)
    assert at is not None
    return next_level(waiting, policy, who, pages, at)


def test_the_next_level_is_one_where_somebody_can_be_reached() -> None:
    first = Paged(0, 0, "TO-07", "sent")
    everybody = Who((("TO-07",), ("TO-15",), ("SU-02",)), ("", "", ""))
    assert level_after(everybody, first) == 1
    assert level_after(everybody, first, Paged(0, 1, "TO-15", "sent")) == 2
    no_secondary = Who((("TO-07",), (), ("SU-02",)), ("", "nobody is on call as secondary", ""))
    assert level_after(no_secondary, first) == 2
    alone = Who((("TO-07",), (), ()), ("", "", ""))
    assert level_after(alone, first) is None, "the same again"
