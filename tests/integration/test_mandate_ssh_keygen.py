"""A mandate is signed and checked with OpenSSH alone: no program of ours has to be believed, or be at hand.

Whoever signs gets the line by any channel, reads it, and pastes back what the second command prints. The line end that
`printf` writes is signed too. On any machine with OpenSSH 8.1, or 8.2 for a FIDO token:

    printf '%s\\n' '{"v":1,"mandate":"M-…",…}' > mandate.txt
    ssh-keygen -Y sign -n mandate@muster -f ~/.ssh/id_ed25519_sk mandate.txt && cat mandate.txt.sig

Whoever checks has the people list's keys in `signers`, a line for each person:

    AP-07 namespaces="mandate@muster" sk-ssh-ed25519@openssh.com AAAA…
    ssh-keygen -Y verify -n mandate@muster -f signers -I AP-07 -s mandate.txt.sig < mandate.txt

What `ssh-keygen -Y verify` does not check, and a unit does: that somebody touched the token, that the two are two
people with roles that may sign, and what the line says.
"""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from fleet.client.signing import sign
from protocols.errors import InvalidMandate
from protocols.mandate import MANDATE_NAMESPACE, Mandate, SignedMandate, check_mandate, signed_bytes
from protocols.people import PeopleList
from tests.support.mandates import (
    APPROVER,
    AT,
    ENGINEER,
    House,
    Signatory,
    bench_mandate,
    mandate,
    retrieval_mandate,
    signatories,
)
from tests.support.sk_keys import TokenKey
from tests.support.ssh_token import LIMIT_S, SSH_KEYGEN, string

SIGNERS = (ENGINEER, APPROVER)
TOKENS = House()
BENCH = bench_mandate()


class Desk:
    """A folder of somebody who has OpenSSH and the people list's keys, and nothing of ours."""

    def __init__(self, folder: Path, people: PeopleList) -> None:
        self.folder = folder
        lines = [f'{one.person_id} namespaces="{MANDATE_NAMESPACE}" {one.key}\n' for one in people.people]
        (folder / "signers").write_text("".join(lines))

    def writes(self, line: str) -> Path:
        """The line in a file, as printf writes it."""
        path = self.folder / "mandate.txt"
        done = subprocess.run(["printf", "%s\\n", line], capture_output=True, check=True, timeout=LIMIT_S)
        path.write_bytes(done.stdout)
        return path

    def signs(self, line: str, key: Path, namespace: str = MANDATE_NAMESPACE) -> str:
        """What there is to paste back."""
        path = self.writes(line)
        path.with_suffix(".txt.sig").unlink(missing_ok=True)
        command = [SSH_KEYGEN, "-q", "-Y", "sign", "-n", namespace, "-f", str(key), str(path)]
        subprocess.run(command, check=True, timeout=LIMIT_S, capture_output=True)
        return path.with_suffix(".txt.sig").read_text()

    def verifies(self, line: str, who: str, signature: str) -> bool:
        """Whether the signature under the line is that person's."""
        path = self.writes(line)
        pasted = path.with_suffix(".txt.sig")
        pasted.write_text(signature)
        command = [SSH_KEYGEN, "-Y", "verify", "-n", MANDATE_NAMESPACE, "-f", str(self.folder / "signers"), "-I", who]
        done = subprocess.run(
            [*command, "-s", str(pasted)],
            input=path.read_bytes(),
            capture_output=True,
            check=False,
            timeout=LIMIT_S,
        )
        return done.returncode == 0


class AgentWithToken(asyncio.Protocol):
    """What ssh-agent is to who asks it: it lists one token's key, and has it sign. Each connection has one of these."""

    def __init__(self, token: TokenKey) -> None:
        self._token = token
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while len(self._heard) >= 4 and len(self._heard) >= 4 + (size := int.from_bytes(self._heard[:4], "big")):
            asked, self._heard = self._heard[4 : 4 + size], self._heard[4 + size :]
            self._transport.write(string(self._answer(asked)))

    def _answer(self, asked: bytes) -> bytes:
        if asked[0] == 11:  # SSH_AGENTC_REQUEST_IDENTITIES
            return b"\x0c" + (1).to_bytes(4, "big") + string(self._token.blob) + string(b"token")
        assert asked[0] == 13  # SSH_AGENTC_SIGN_REQUEST
        assert asked[1:].startswith(string(self._token.blob))
        rest = asked[1 + len(string(self._token.blob)) :]
        return b"\x0e" + string(self._token.signature(rest[4 : 4 + int.from_bytes(rest[:4], "big")]))


@asynccontextmanager
async def agent_with_token(socket: Path, token: TokenKey) -> AsyncIterator[str]:
    server = await asyncio.get_running_loop().create_unix_server(lambda: AgentWithToken(token), socket)
    async with server:
        yield str(socket)


@contextmanager
def agent_with_key(folder: Path, key: Path) -> Iterator[str]:
    """A real ssh-agent that holds the key on disk."""
    socket = str(folder / "agent")
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # it listens before it says where
            subprocess.run(["ssh-add", "-q", key], env={**os.environ, "SSH_AUTH_SOCK": socket}, check=True, timeout=20)
            yield socket
        finally:
            process.terminate()


def key_files(folder: Path) -> dict[str, Path]:
    """A key on disk for each signer, made by ssh-keygen."""
    paths = {who: folder / who for who in SIGNERS}
    for path in paths.values():
        subprocess.run([SSH_KEYGEN, "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=LIMIT_S)
    return paths


def listed(keys: dict[str, Path]) -> PeopleList:
    """The people list with these keys in it."""
    lines = {who: " ".join(path.with_suffix(".pub").read_text().split()[:2]) for who, path in keys.items()}
    house = House(signatories(plain=True))
    return house.people_list(1, log_policy="", **{who.replace("-", "_"): {"key": line} for who, line in lines.items()})


def refused(signed: SignedMandate, people: PeopleList) -> str:
    with pytest.raises(InvalidMandate) as error:
        check_mandate(signed, people, AT, plain_keys_may_sign=True)
    return error.value.reason


def test_what_plain_ssh_keygen_signs_a_unit_obeys(tmp_path: Path) -> None:
    keys = key_files(tmp_path)
    people = listed(keys)
    desk, line = Desk(tmp_path, people), BENCH.text()
    signatures = [desk.signs(line, keys[who]) for who in SIGNERS]
    signed = SignedMandate(text=line, requester=signatures[0], approver=signatures[1])
    assert check_mandate(signed, people, AT, plain_keys_may_sign=False) == BENCH
    assert all(desk.verifies(line, who, signature) for who, signature in zip(SIGNERS, signatures, strict=True))


def test_another_line_is_refused_by_both(tmp_path: Path) -> None:
    keys = key_files(tmp_path)
    people = listed(keys)
    desk, line = Desk(tmp_path, people), BENCH.text()
    first, second = (desk.signs(line, keys[who]) for who in SIGNERS)
    for other in (line.replace("aim", "arm"), line.replace('"minutes_per_day":10', '"minutes_per_day":11'), line + " "):
        assert other != line
        assert not desk.verifies(other, APPROVER, second)
        assert refused(SignedMandate(text=other, requester=first, approver=second), people) in {
            "bad-signature",
            "mandate-unreadable",
        }


def test_a_signature_of_somebody_else_or_for_something_else_is_refused_by_both(tmp_path: Path) -> None:
    keys = key_files(tmp_path)
    people = listed(keys)
    desk, line = Desk(tmp_path, people), BENCH.text()
    first = desk.signs(line, keys[ENGINEER])
    for wrong in (first, desk.signs(line, keys[APPROVER], "file")):
        assert not desk.verifies(line, APPROVER, wrong)
        assert refused(SignedMandate(text=line, requester=first, approver=wrong), people) == "bad-signature"


async def test_what_our_console_has_ssh_agent_sign_ssh_keygen_takes(tmp_path: Path) -> None:
    keys = key_files(tmp_path)
    desk, line = Desk(tmp_path, listed(keys)), BENCH.text()
    with agent_with_key(tmp_path, keys[APPROVER]) as socket:
        signature = await sign(signed_bytes(line), MANDATE_NAMESPACE, None, socket)
    assert desk.verifies(line, APPROVER, signature)
    assert not desk.verifies(line, ENGINEER, signature)
    assert not desk.verifies(line.replace("aim", "arm"), APPROVER, signature)


@pytest.mark.parametrize("asked", [mandate(), retrieval_mandate(), BENCH])
async def test_what_our_console_has_two_tokens_sign_is_taken_by_all(tmp_path: Path, asked: Mandate) -> None:
    people, line, signatures = TOKENS.people_list(), asked.text(), []
    desk = Desk(tmp_path, people)
    for who in SIGNERS:
        async with agent_with_token(tmp_path / f"agent-{who}", TokenKey(who)) as socket:
            signatures.append(await sign(signed_bytes(line), MANDATE_NAMESPACE, None, socket))
    signed = SignedMandate(text=line, requester=signatures[0], approver=signatures[1])
    assert check_mandate(signed, people, AT, plain_keys_may_sign=False) == asked
    assert all(desk.verifies(line, who, signature) for who, signature in zip(SIGNERS, signatures, strict=True))
    assert not desk.verifies(line.replace("aim", "arm").replace("kit", "cat"), APPROVER, signatures[1])


def test_papers_of_our_tests_are_papers_to_ssh_keygen(tmp_path: Path) -> None:
    """The software that signs in tests makes what OpenSSH takes, for tokens and for keys on disk."""
    for house in (TOKENS, House(signatories(plain=True))):
        signed, desk = house.signed_mandate(BENCH), Desk(tmp_path, house.people_list())
        assert desk.verifies(signed.text, ENGINEER, signed.requester)
        assert desk.verifies(signed.text, APPROVER, signed.approver)
        assert not desk.verifies(signed.text, ENGINEER, signed.approver)


def test_only_a_unit_asks_for_a_touch(tmp_path: Path) -> None:
    untouched, people = TOKENS.signed_mandate(flags=(1, 0)), TOKENS.people_list()
    assert Desk(tmp_path, people).verifies(untouched.text, APPROVER, untouched.approver)
    assert refused(untouched, people) == "user-absent"


def test_a_stranger_is_refused_by_both(tmp_path: Path) -> None:
    people = TOKENS.people_list()
    stranger = Signatory(APPROVER, "approver", TokenKey("a stranger's"))
    signed = TOKENS.signed_mandate(approver=stranger)
    assert not Desk(tmp_path, people).verifies(signed.text, APPROVER, signed.approver)
    assert refused(signed, people) == "bad-signature"
