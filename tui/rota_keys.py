"""Why a key of a rota's board does nothing now. Pure."""

from collections.abc import Collection

from tui.rota_draft import Draft

DRAFTING = ("give_next", "fix", "clear", "weigh", "save", "publish", "undo", "redo")
"""What is done to a draft, by keys that mean nothing else."""
_OF_BOARD = frozenset(
    {"edit", "year", "fairness", "solve", "plans", "next_rota", "settings", "new"}
    | {"change", "changes", "call_outs", "times_off"}
)
_DONE = {
    "undo": "nothing to take back",
    "redo": "nothing was taken back",
    "save": "nothing to save: it is as it was saved",
    "publish": "no turn is given yet",
    "weigh": "no turn is given yet",
}


def why_not(actions: Collection[str], draft: Draft | None, *, is_ended: bool) -> str:
    """Why none of a key's `actions` can be done on the board, with the draft that is on it; empty: nobody knows."""
    if draft is not None:
        told = next((_DONE[action] for action in _DONE if action in actions), "")
        return told or ("not while drafting: esc leaves the draft" if _OF_BOARD & set(actions) else "")
    if set(DRAFTING) & set(actions):
        return "only in a draft, and the rota has ended" if is_ended else "only in a draft: e begins one"
    if "next_rota" in actions:
        return "there is no other rota"
    return "the rota has ended" if is_ended and _OF_BOARD & set(actions) else ""
