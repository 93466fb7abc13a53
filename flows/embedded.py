"""Prefect's embedded server, but for one that is left behind when its user is killed."""

import subprocess
from typing import Any

from prefect.server.api.server import SubprocessASGIServer

from flows.lifeline import end_with_us


class EmbeddedServer(SubprocessASGIServer):
    """Prefect ends its server at exit; this one ends without that, too.

    There is one in a process: where Prefect asks for its own, it gets this.
    """

    def _run_uvicorn_command(self) -> "subprocess.Popen[Any]":
        process = super()._run_uvicorn_command()
        end_with_us(process.pid)
        return process
