"""A served workspace in a process of its own, and a plain client that keeps its session."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BEGIN = "import sys; from hepaxis.cli import main; main()"
PATIENCE = 60.0


class Served:
    """``hepaxis serve`` on a workspace; ``log`` is all it ever printed."""

    def __init__(self, workspace: Path, *options: str, port: int = 0) -> None:
        self.workspace = workspace
        self.log_file = workspace.parent / f"{workspace.name}.log"
        self._log = self.log_file.open("a", encoding="utf-8")
        begins = self.log_file.stat().st_size
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", BEGIN, "serve", "--workspace", str(workspace), "--no-browser", *options]
        self.process = subprocess.Popen(
            [*command, "--port", str(port)], stdout=self._log, stderr=self._log, env=environment
        )
        found = None
        until = time.monotonic() + PATIENCE
        while found is None and time.monotonic() < until and self.process.poll() is None:
            time.sleep(0.05)
            found = re.search(r"open (http://127\.0\.0\.1:(\d+)/start\?token=\S+)", self.log[begins:])
        assert found, self.log
        self.start, self.port = found.group(1), int(found.group(2))
        self.base = f"http://127.0.0.1:{self.port}"
        self.cookie = ""

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def ask(
        self, path: str, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body); sends the session and, to change something, the origin, unless told otherwise."""
        sent = {"Cookie": self.cookie} if self.cookie else {}
        if method == "POST":
            sent |= {"Origin": self.base, "Content-Type": "application/x-www-form-urlencoded"}
        sent = {name: value for name, value in {**sent, **(headers or {})}.items() if value}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.request(method, path, body or None, sent)
            answer = line.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            line.close()

    def enter(self) -> None:
        status, headers, _ = self.ask(self.start.removeprefix(self.base))
        assert status == 303
        self.cookie = headers["set-cookie"].split(";")[0]

    def data(self, path: str) -> dict[str, Any]:
        status, _, body = self.ask(path)
        assert status == 200, body[:500]
        found: dict[str, Any] = json.loads(body)
        return found

    def post(self, path: str, **form: str) -> tuple[int, dict[str, str], bytes]:
        from urllib.parse import urlencode

        return self.ask(path, "POST", urlencode(form).encode())

    def upload(self, files: dict[str, bytes]) -> tuple[int, dict[str, str], bytes]:
        mark = "----hepaxis-test"
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode() + content
            for name, content in files.items()
        ]
        body = b"\r\n".join([*parts, f"--{mark}--\r\n".encode()])
        return self.ask("/patients", "POST", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})

    def stop(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        self._log.close()


def example(root: Path, name: str = "viral_antibiotic") -> dict[str, bytes]:
    """Files of a shipped patient."""
    return {path.name: path.read_bytes() for path in sorted((root / "examples" / name).iterdir())}
