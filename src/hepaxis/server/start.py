"""Starting and stopping the server on loopback.

Held: the socket is bound to 127.0.0.1 before anything is told; the start address holds a token that works once.  There
is no access log; what uvicorn says of faults goes without their messages, which could hold a patient's values.
"""

from __future__ import annotations

import logging
import secrets
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from hepaxis.problems import InputError, error
from hepaxis.server.app import build_app
from hepaxis.server.room import Room
from hepaxis.server.workspace import open_workspace

LOOPBACK = "127.0.0.1"
PORT = 8731
STOPPING = 2.0  # seconds that open connections get when the server stops


def serve(
    root: Path,
    *,
    port: int = PORT,
    slots: int = 1,
    browser: bool = True,
    say: Callable[[str], None] = print,
) -> None:
    """Serve a workspace until interrupted.

    port: 0 takes a free one; slots: jobs at a time.  Raises InputError when the workspace or the port is taken.
    """
    workspace = open_workspace(root)
    try:
        with _bound(port) as listening:
            port = listening.getsockname()[1]
            token = secrets.token_urlsafe(24)
            address = f"http://{LOOPBACK}:{port}/start?token={token}"
            app = build_app(Room.of(workspace, slots), port=port, token=token)
            config = uvicorn.Config(
                app,
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=int(STOPPING),
                lifespan="on",
            )
            for name in ("uvicorn", "uvicorn.error", "asyncio"):
                logging.getLogger(name).setLevel(logging.CRITICAL)  # their tracebacks hold messages
            say(f"workspace {workspace.root}")
            say(f"open {address}")
            say("(this address works once, on this machine; stop with Ctrl-C)")
            if browser:
                webbrowser.open(address)
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        workspace.close()


def _bound(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
        listening.listen()  # before the address is told: an early browser waits instead of failing
    except OSError as fault:
        listening.close()
        hint = "stop what uses it, or give --port 0 for a free one"
        raise InputError([error("serve.port", f"port {port} cannot be taken: {fault.strerror}", hint)]) from None
    return listening
