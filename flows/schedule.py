"""Serves the flow of a night by a timetable, in the foreground."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect.runner import Runner
from prefect.schedules import Cron
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
from prefect.types.entrypoint import EntrypointType

from fer_core.config import ProcessConfig
from fer_core.errors import ConfigError
from fer_core.night import NightConfig
from fer_core.paths import to_text
from flows.nightly import nightly
from flows.standing_server import standing_server

# How often the server is asked for runs that are due.
_QUERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Timetable:
    """When nights begin.

    Args:
        cron: minute, hour, day of month, month, day of week …
        timezone: … in the zone of this IANA name.
        name: of the deployment; one server can hold several.
    """

    cron: str
    timezone: str = "UTC"
    name: str = "nightly"


def serve(
    archive: Path,
    out: Path,
    config: ProcessConfig,
    night: NightConfig,
    timetable: Timetable,
    port: int,
    say: Callable[[str], None],
) -> None:
    """Runs nights by a timetable until SIGINT or SIGTERM. One that is at work then is cancelled.

    Args:
        archive, out, config, night: as `nightly` takes them.
        timetable: when.
        port: of the server that is started where none is set.
        say: is told where the server is, and when it serves.

    Raises:
        InputError: the port is taken.
        ConfigError: there is no such time.
    """
    parameters = {
        "archive": to_text(archive.absolute()),
        "out": to_text(out.absolute()),
        "config": config.model_dump(mode="json"),
        "night": night.model_dump(mode="json"),
    }
    # Before the event loop has handlers of its own, SIGTERM is to run the same way out as SIGINT.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        url = get_current_settings().api.url
        if url is None:
            url = stack.enter_context(standing_server(port))
            stack.enter_context(temporary_settings({PREFECT_API_URL: url}))
        say(f"Prefect server: {str(url).removesuffix('/api')}")
        asyncio.run(_serve(parameters, timetable, say))


async def _serve(
    parameters: dict[str, Any], timetable: Timetable, say: Callable[[str], None]
) -> None:
    # A night that lasts longer than a day is not joined by the next: that waits.
    runner = Runner(name=timetable.name, limit=1, query_seconds=_QUERY_S)
    await runner.aadd_deployment(await _deployment(parameters, timetable))
    stop = asyncio.Event()
    serving = asyncio.create_task(runner.start())
    await asyncio.sleep(0)  # it sets a handler for SIGTERM first, which these replace
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    say(f"serving {timetable.name!r} at {timetable.cron} ({timetable.timezone}) until Ctrl-C")
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        await runner.astop()
    await serving


async def _deployment(parameters: dict[str, Any], timetable: Timetable) -> Any:
    try:
        return await nightly.ato_deployment(
            timetable.name,
            schedule=Cron(timetable.cron, timezone=timetable.timezone),
            parameters=parameters,
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
    except ValueError as error:
        raise ConfigError(
            f"expected five fields such as '0 2 * * *' and a timezone, got {timetable.cron!r} "
            f"and {timetable.timezone!r}"
        ) from error
