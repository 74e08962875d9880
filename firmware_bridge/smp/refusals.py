"""What a device says when it refuses, in words. Pure."""

from enum import IntEnum
from typing import Final, NamedTuple

from smp.file_management import FS_MGMT_ERR
from smp.header import GroupId
from smp.image_management import IMG_MGMT_ERR
from smp.os_management import OS_MGMT_RET_RC
from smp.settings_management import SETTINGS_MGMT_ERR
from smp.statistics_management import STAT_MGMT_ERR

NOT_SUPPORTED: Final = 8
_GENERAL: Final = {
    1: "it does not say why",
    2: "not enough memory",
    3: "a value is wrong",
    4: "it took too long",
    5: "there is no such thing",
    6: "not in its present state",
    7: "the reply would be too large",
    NOT_SUPPORTED: "not supported",
    9: "damaged",
    10: "busy with another command",
    11: "access denied",
    12: "its protocol is too old",
    13: "its protocol is too new",
}
_OF_GROUP: Final[dict[int, type[IntEnum]]] = {
    GroupId.OS_MANAGEMENT: OS_MGMT_RET_RC,
    GroupId.IMAGE_MANAGEMENT: IMG_MGMT_ERR,
    GroupId.STATISTICS_MANAGEMENT: STAT_MGMT_ERR,
    GroupId.SETTINGS_MANAGEMENT: SETTINGS_MGMT_ERR,
    GroupId.FILE_MANAGEMENT: FS_MGMT_ERR,
}


class Refusal(NamedTuple):
    """`code` of `group`, or of SMP itself where `group` is None."""

    code: int
    group: int | None

    def __str__(self) -> str:
        """As a person reads it."""
        if self.group is None:
            return f"refused: {_GENERAL.get(self.code, 'unknown')} (code {self.code})"
        kind = _OF_GROUP.get(self.group)
        name = "UNKNOWN" if kind is None or self.code not in set(kind) else kind(self.code).name
        words = name.removeprefix("ERR_").lower().replace("_", " ")
        return f"refused: {words} (code {self.code} of group {self.group})"


def refusal_in(content: dict[str, object]) -> Refusal | None:
    """The refusal that a reply's body is; None for any other. A code of 0 is success."""
    told = content.get("err")
    if isinstance(told, dict):
        code, group = told.get("rc"), told.get("group")
        if isinstance(code, int) and isinstance(group, int) and code:
            return Refusal(code, group)
    code = content.get("rc")
    return Refusal(code, None) if isinstance(code, int) and code else None
