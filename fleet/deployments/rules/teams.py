"""Teams that can do all of some work together. A person is a mask of what they can do, bit by bit. Pure."""

from collections.abc import Sequence
from functools import cache
from itertools import combinations


def best_team(masks: Sequence[int], whole: int, people: int) -> list[int] | None:
    """The indices of a smallest set of at least `people` that can do `whole` together, ascending; of several as small
    the one that takes the earlier ones. None where there is none."""
    cover = _least(masks, whole)
    if cover is None or len(masks) < people:
        return None
    size = max(people, cover)
    team: list[int] = []
    done = 0
    for i, mask in enumerate(masks):
        if len(team) == size:
            break
        rest, places = masks[i + 1 :], size - len(team) - 1
        needed = _least(rest, whole & ~(done | mask))
        if needed is not None and needed <= places <= len(rest):
            team.append(i)
            done |= mask
    return team


def most_teams(masks: Sequence[int], whole: int, people: int, most: int) -> int:
    """Into how many teams, none sharing anybody, they could be split so that each can do `whole` and has at least
    `people`; at most `most`. Whoever can do all of it is enough for a team, and best used so; of the others it takes
    time that grows fast with `most` and the bits of `whole`: 12 and 3 are soon done."""
    alone = sum(mask & whole == whole for mask in masks)
    covers = _minimal_covers(sorted({mask & whole for mask in masks} - {0, whole}), whole)
    kinds = sorted({kind for cover in covers for kind in cover})
    counts = tuple(sum(mask & whole == kind for mask in masks) for kind in kinds)
    uses = [tuple(cover.count(kind) for kind in kinds) for cover in covers if cover]

    @cache
    def fewest(left: tuple[int, ...], teams: int) -> int | None:
        """The fewest people that so many teams take; None where there can not be so many."""
        if teams == 0:
            return 0
        best: int | None = None
        for use in uses:
            after = tuple(have - take for have, take in zip(left, use, strict=True))
            rest = None if min(after) < 0 else fewest(after, teams - 1)
            if rest is not None and (best is None or rest + max(people, sum(use)) < best):
                best = rest + max(people, sum(use))
        return best

    found = 0
    while found < most:
        others = max(0, found + 1 - alone)
        needed = fewest(tuple(min(have, others) for have in counts), others)
        if needed is None or needed + (found + 1 - others) * people > len(masks):
            break
        found += 1
    return found


def _minimal_covers(kinds: Sequence[int], whole: int) -> list[tuple[int, ...]]:
    """The sets of different masks that have `whole` together and would not without any of theirs; one without any
    where nothing is needed."""
    return [
        chosen
        for size in range(whole.bit_count() + 1)
        for chosen in combinations(kinds, size)
        if _union(chosen) == whole and all(_union([*chosen[:i], *chosen[i + 1 :]]) != whole for i in range(size))
    ]


def _least(masks: Sequence[int], whole: int) -> int | None:
    """How many of the masks it takes at least to have `whole`; None where all of them do not."""
    reached = {0}
    kinds = {mask & whole for mask in masks}
    for size in range(whole.bit_count() + 1):
        if whole in reached:
            return size
        reached |= {have | kind for have in reached for kind in kinds}
    return None


def _union(masks: Sequence[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found
