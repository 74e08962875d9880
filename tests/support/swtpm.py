"""A TPM in software (swtpm), and a token in it through Debian's PKCS#11 module for TPMs.

A kernel gives each program its own view of a TPM's few object slots (/dev/tpmrm0). swtpm's socket does not, and serves
one program at a time: so what each command leaves in the slots is flushed before the next.
"""

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from hardware_keys import TokenAddress
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.reporting import until

MODULE = Path("/usr/lib/x86_64-linux-gnu/libtpm2_pkcs11.so.1")
LABEL = "muster"
_PIN = "tpm-user-pin"
_NEEDED = ("swtpm", "tpm2_ptool", "tpm2_flushcontext")
_TOOLS = ("changeauth", "create", "createprimary", "encryptdecrypt", "evictcontrol", "getcap", "load", "readpublic")
_MORE_TOOLS = ("import", "loadexternal", "sign", "unseal")
_FLAGS = ("--flags", "not-need-init,startup-clear")
_LIMIT_S = 20


class SoftTpm:
    """`async with SoftTpm(directory) as tpm`: a token labelled `muster`; `environ` leads programs to it."""

    def __init__(self, directory: Path) -> None:
        missing = [program for program in _NEEDED if shutil.which(program) is None]
        if missing or not MODULE.exists():
            raise RuntimeError(
                f"no {', '.join(missing) or MODULE}: apt-get install swtpm tpm2-tools libtpm2-pkcs11-1 "
                "libtpm2-pkcs11-tools"
            )
        self._directory = directory
        self._store = directory / "store"
        self._running = directory / "running"
        self.pin_file = directory / "pin"
        port = free_port()
        control = port + 1  # where the tools look for it
        server, controls = (f"type=tcp,port={number},bindaddr=127.0.0.1" for number in (port, control))
        where = f"swtpm:host=127.0.0.1,port={port}"
        self.environ = {"TPM2_PKCS11_STORE": str(self._store), "TPM2_PKCS11_TCTI": where, "TPM2TOOLS_TCTI": where}
        state = directory / "state"
        state.mkdir(parents=True)
        self._process = ServerProcess(
            [
                "swtpm",
                "socket",
                "--tpm2",
                "--tpmstate",
                f"dir={state}",
                "--server",
                server,
                "--ctrl",
                controls,
                *_FLAGS,
                "--pid",
                f"file={self._running}",
            ],
            [],  # asked whether it listens, it serves nobody else
            directory / "log",
        )

    @property
    def address(self) -> TokenAddress:
        """The token's address."""
        return TokenAddress(MODULE, LABEL, self.pin_file)

    @property
    def agent_environ(self) -> dict[str, str]:
        """What makes an agent keep its keys in this TPM."""
        return self.environ | {
            "MUSTER_AGENT_KEY_MODULE": str(MODULE),
            "MUSTER_AGENT_KEY_TOKEN": LABEL,
            "MUSTER_AGENT_KEY_PIN_FILE": str(self.pin_file),
            "MUSTER_AGENT_KEY_KIND": "tpm",
        }

    def flush(self) -> None:
        """Empty the slots, after a program that used the TPM."""
        self._tool("tpm2_flushcontext", "--transient-object")

    async def __aenter__(self) -> Self:
        self.pin_file.write_text(_PIN)
        self.pin_file.chmod(0o600)
        self._store.mkdir()
        await self._process.start()
        try:
            await until(self._running.exists)
            self._wrap_tools()
            self._tool("tpm2_ptool", "init", "--path", str(self._store))
            pins = [f"--sopin={_PIN}", f"--userpin={_PIN}"]
            self._tool("tpm2_ptool", "addtoken", "--pid=1", f"--label={LABEL}", *pins, "--path", str(self._store))
            self.flush()
        except BaseException:
            await self._process.terminate()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._process.terminate()

    def _wrap_tools(self) -> None:
        """Put before each tool that tpm2_ptool calls a flush of the slots."""
        wrapped = self._directory / "bin"
        wrapped.mkdir()
        for name in _TOOLS + _MORE_TOOLS:
            tool = shutil.which(f"tpm2_{name}")
            path = wrapped / f"tpm2_{name}"
            path.write_text(f'#!/bin/sh\ntpm2_flushcontext --transient-object\nexec {tool} "$@"\n')
            path.chmod(0o700)

    def _tool(self, *command: str) -> None:
        path = f"{self._directory / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            command,
            env=os.environ | self.environ | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
