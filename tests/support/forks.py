"""`mythgate` in processes of their own, without the seconds that importing it takes.

A process that has imported everything waits for orders and forks one child an order, which goes on as the
command line program would: own environment, folder, arguments and pipes, killed and waited for by its
process id. Each test process has one such parent; when that test process is gone, so are all of them.
"""

from __future__ import annotations

import array
import asyncio
import atexit
import contextlib
import functools
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import STDOUT

_MOST = 1 << 20  # bytes of an order


class Forked:
    """A running program; of `asyncio.subprocess.Process` what tests use."""

    def __init__(
        self,
        pid: int,
        stdin: asyncio.StreamWriter,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader | None,
        end: asyncio.StreamReader,
    ) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._end = asyncio.ensure_future(self._ended(end))

    async def _ended(self, end: asyncio.StreamReader) -> int:
        self.returncode = int(await end.read())
        return self.returncode

    async def wait(self) -> int:
        return await asyncio.shield(self._end)

    async def communicate(self, typed: bytes = b"") -> tuple[bytes, bytes]:
        """Give it its whole input; what it wrote to stdout and stderr until its end."""
        self.stdin.write(typed)
        self.stdin.close()
        read = (self.stdout.read(), self.stderr.read() if self.stderr is not None else _nothing())
        output, errors = await asyncio.gather(*read)
        await self.wait()
        return output, errors

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def fork(*words: str, cwd: Path, env: Mapping[str, str] | None = None, stderr: int | None = None) -> Forked:
    """Start `mythgate words…`. `stderr` is a descriptor, STDOUT, or None for a pipe; no `env` means ours."""
    stdin, typed = os.pipe()
    printed, stdout = os.pipe()
    end, ended = os.pipe()
    complained, errors = os.pipe() if stderr is None else (None, stdout if stderr == STDOUT else stderr)
    theirs = (stdin, stdout, errors, ended)
    order = json.dumps({"words": words, "cwd": str(cwd), "env": dict(os.environ if env is None else env)}).encode()
    parent = _parent()
    parent.sendmsg([order], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", theirs))])
    pid = int(parent.recv(_MOST))
    for descriptor in (stdin, stdout, ended, *([errors] if stderr is None else [])):
        os.close(descriptor)
    return Forked(
        pid,
        await _writer(typed),
        await _reader(printed),
        None if complained is None else await _reader(complained),
        await _reader(end),
    )


async def _nothing() -> bytes:
    return b""


async def _reader(descriptor: int) -> asyncio.StreamReader:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0))
    return reader


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(descriptor, "wb", 0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


@functools.cache
def _parent() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        # -P: the modules beside this one are not to stand in for those of Python
        command = [sys.executable, "-P", __file__, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


# --- the other side ------------------------------------------------------------------------------------


def _wait_for_orders(orders: socket.socket) -> list[str]:
    """Fork until nobody gives orders any more. Returns in the children only, with their words."""
    wake, woken = socket.socketpair()
    for one in (wake, woken):
        one.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, int] = {}  # where the end of each is told
    selector = selectors.DefaultSelector()
    selector.register(orders, selectors.EVENT_READ)
    selector.register(wake, selectors.EVENT_READ)
    while True:
        ready = {key.fileobj for key, _ in selector.select()}
        if wake in ready:
            wake.recv(4096)
            _tell_ends(children)
        if orders not in ready:
            continue
        data, ancillary, _, _ = orders.recvmsg(_MOST, socket.CMSG_SPACE(4 * 4))
        if not data:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
            sys.exit()
        descriptors = array.array("i")
        descriptors.frombytes(ancillary[0][2])
        *standard, ended = descriptors
        pid = os.fork()
        if not pid:
            break
        children[pid] = ended
        for descriptor in standard:
            os.close(descriptor)
        orders.send(str(pid).encode())

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    selector.close()
    for descriptor in (*children.values(), ended, orders.detach(), wake.detach(), woken.detach()):
        os.close(descriptor)
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
    for descriptor in standard:
        os.close(descriptor)
    order = json.loads(data)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.path[:0] = ["", *filter(None, order["env"].get("PYTHONPATH", "").split(os.pathsep))]
    words: list[str] = order["words"]
    return words


def _tell_ends(children: dict[int, int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            break
        ended = children.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            os.write(ended, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(ended)


def _main(orders: socket.socket) -> None:
    # Whatever a child would import: the whole program.
    import mythgate.bootstrap  # noqa: F401
    from mythgate.cli import main

    gc.collect()
    gc.freeze()
    words = _wait_for_orders(orders)
    sys.argv = ["mythgate", *words]
    main()


if __name__ == "__main__":
    _main(socket.socket(fileno=int(sys.argv[1])))
