"""Errors of what crosses a boundary.

    ProtocolError
    ├── InvalidId            an identifier that does not have its form
    ├── InvalidTopic         a topic outside `up/<unit>/…` and `down/<unit>/…`
    ├── InvalidMessage       a payload that is not the message its topic promises
    │   ├── MessageTooLarge
    │   ├── UnknownVersion
    │   └── WrongUnit
    ├── InvalidEnvelope      a `down/` envelope that must not be obeyed
    ├── InvalidVoucher       a voucher text that can not be read
    ├── InvalidSshSignature  an SSHSIG that does not prove what it should
    ├── InvalidPeopleList    a people list that must not replace the one before it
    ├── InvalidAccessRecord  a record that does not continue a unit's chain
    ├── InvalidMandate       a mandate that must not be obeyed
    ├── InvalidLease         a lease that must not be obeyed
    ├── InvalidProof, InvalidNote, InvalidCheckpoint, InvalidPolicy, InvalidReceipt  of the deployment log
    ├── InvalidSignal        a unit's word about an opening that proves nothing
    ├── InvalidManifest, InvalidPermit, InvalidImage, InvalidBundle  of releases (`protocols.releases`)
    └── InvalidRota          a rota, or a rota's book, that its rules can not judge

Every error carries the facts as attributes; `reason` is a short word that can be counted and shown.
"""


class ProtocolError(Exception):
    """Base of everything in this package. `reason` is a stable word, kebab-case."""

    reason = "protocol-error"


class InvalidId(ProtocolError):
    """`value` is not a well-formed `what`."""

    reason = "invalid-id"

    def __init__(self, what: str, value: str) -> None:
        super().__init__(f"{value[:60]!r} is not a {what}")
        self.what = what
        self.value = value


class InvalidTopic(ProtocolError):
    """`topic` is not one of the contract's topics."""

    reason = "invalid-topic"

    def __init__(self, topic: str) -> None:
        super().__init__(f"{topic[:120]!r} is not a topic of the wire contract")
        self.topic = topic


class InvalidMessage(ProtocolError):
    """A payload that can not be read; `detail` says where and why."""

    reason = "malformed"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class MessageTooLarge(InvalidMessage):
    """A payload of `size_bytes`, above `limit_bytes`."""

    reason = "oversized"

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"payload of {size_bytes} bytes, the limit is {limit_bytes}")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class UnknownVersion(InvalidMessage):
    """A message of format version `version`, which this program does not speak."""

    reason = "unknown-version"

    def __init__(self, version: object) -> None:
        super().__init__(f"message version {version!r} is unknown here; update the older side")
        self.version = version


class WrongUnit(InvalidMessage):
    """A message that names `named` on the topic of `topic_unit`."""

    reason = "wrong-unit"

    def __init__(self, named: str, topic_unit: str) -> None:
        super().__init__(f"message names unit {named[:40]!r} on the topic of {topic_unit!r}")
        self.named = named
        self.topic_unit = topic_unit


class InvalidEnvelope(ProtocolError):
    """An envelope that must not be obeyed; `reason` says which check failed."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidVoucher(ProtocolError):
    """A voucher text that is damaged or not a voucher."""

    reason = "voucher-unreadable"


class InvalidSshSignature(ProtocolError):
    """An SSH signature that proves nothing; `reason` is one of `protocols.sshsig`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidPeopleList(ProtocolError):
    """A people list that must not be taken; `reason` is one of `protocols.people`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidAccessRecord(ProtocolError):
    """A record that does not continue a unit's chain; `reason` is one of `protocols.access_record`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidProof(ProtocolError):
    """A Merkle proof that proves nothing; `reason` is one of `protocols.tlog.merkle`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidNote(ProtocolError):
    """A signed note or verifier key that must not be believed; `reason` is one of `protocols.tlog.note`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidCheckpoint(ProtocolError):
    """A checkpoint that must not be relied on; `reason` is one of `protocols.tlog.policy`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidPolicy(ProtocolError):
    """A log policy that can not be used; `reason` is one of `protocols.tlog.policy`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidReceipt(ProtocolError):
    """A receipt that can not be read, or a leaf that is none of ours; `reason` is one of `protocols.tlog.receipt` or
    `protocols.tlog.leaf`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidMandate(ProtocolError):
    """A mandate that must not be obeyed; `reason` is one of `protocols.mandate`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidImage(ProtocolError):
    """An image that no device must be sent; `reason` is one of `protocols.releases.mcuboot`, `remedy` what to do."""

    reason = "image-invalid"

    def __init__(self, reason: str, detail: str, remedy: str) -> None:
        super().__init__(f"{detail}; {remedy}")
        self.reason = reason
        self.detail = detail
        self.remedy = remedy


class InvalidBundle(ProtocolError):
    """A release of the agent that can not be read; `detail` says why."""

    reason = "bundle-unreadable"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidManifest(ProtocolError):
    """A manifest that can not be read; `detail` says where and why."""

    reason = "manifest-unreadable"

    def __init__(self, detail: str) -> None:
        super().__init__(f"the manifest can not be used: {detail}")
        self.detail = detail


class InvalidPermit(ProtocolError):
    """A permit that allows nothing; `reason` is one of `protocols.releases.permit`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidLease(ProtocolError):
    """A lease that must not be obeyed; `reason` is one of `protocols.lease`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidSignal(ProtocolError):
    """What a unit says about an opening, and does not prove; `reason` is one of `protocols.signalling`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidRota(ProtocolError):
    """A rota, or a rota's book, that its rules can not judge; `reason` is one of `protocols.rota.reading`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
