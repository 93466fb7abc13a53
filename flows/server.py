"""Which Prefect server a run reports to, and a quiet embedded one where none is set."""

import os
import signal
import threading
from typing import Any


def keep_quiet() -> None:
    """Keeps Prefect's own log lines off the terminal; call it before Prefect is imported.

    They still reach the server. Variables that the user has set are left as they are.
    """
    for name in ("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "PREFECT_INTERNAL_LOGGING_LEVEL"):
        os.environ.setdefault(name, "CRITICAL")


class Server:
    """The server of this run: the one that is configured, or an embedded one.

    Starting the embedded one takes seconds and happens in another process, so it is begun
    early and waited for late.

    Example:
        >>> server = Server()  # doctest: +SKIP
        >>> server.start()  # doctest: +SKIP
        >>> ...  # load the networks meanwhile
        >>> server.wait()  # doctest: +SKIP
    """

    def __init__(self) -> None:
        # Migrating a new database on a busy machine takes longer than Prefect's 20 s.
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_ENABLED", "true")
        from prefect.settings import get_current_settings

        self.url: str | None = get_current_settings().api.url
        self._embedded: Any = None
        self._thread = threading.Thread(target=self._run, name="prefect-server", daemon=True)
        self._error: Exception | None = None

    def start(self) -> None:
        """Begins to start the embedded server, if no other is configured."""
        if self.url is None:
            # Imported here and not in the thread: warning filters are per process, and two
            # threads that import at once spoil each other's.
            from flows.embedded import EmbeddedServer

            self._embedded = EmbeddedServer()
            self._thread.start()

    def wait(self) -> None:
        """Returns when runs can be reported.

        Raises:
            RuntimeError: the embedded server did not start.
        """
        if self._embedded:
            self._thread.join()
        if self._error:
            raise self._error

    def kill(self) -> None:
        """Ends the embedded server at once, for a process that cannot end in good order."""
        if self._embedded and self._embedded.server_process:
            self._embedded.server_process.kill()

    def _run(self) -> None:
        # The terminal sends Ctrl-C to this child as well; it must live on until the flow has
        # reported that it was stopped. A blocked signal is inherited, an ignored one is not
        # enough: uvicorn would set its own handler.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._embedded.start()
        except Exception as error:  # raised again in `wait`, by the thread that needs the server
            self._error = error


def describe_server() -> str:
    """The Prefect server that runs report to, in words."""
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url:
        return str(settings.api.url)
    return f"embedded, database in {settings.home}"
