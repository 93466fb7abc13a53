"""Runs the flow from the command line, and says what became of it."""

import json
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import typer

from fer_core.batch import BatchSummary, open_work, plan, summarise
from fer_core.cli.interrupt import EXIT_INTERRUPTED, Interruption
from fer_core.config import ProcessConfig
from fer_core.ledger import Decision, Todo
from fer_core.locks import RUN, alone
from fer_core.mirror import local_of
from fer_core.paths import printable, to_text
from fer_core.progress import Board
from fer_core.worker.work import LoadNetworks

_MOST_PROBLEMS = 20

_PLACES = {
    "records": "records",
    "annotated videos": "annotated",
    "summary, by video": "videos",
    "pages, index.html": "report",
}


def run(inputs: list[str], out: Path, config: ProcessConfig, *, debug: bool) -> BatchSummary:
    """Plans a run and, where there is work, hands it to the flow.

    Args:
        inputs: as `fer_core.inputs.find_videos` takes them.
        out: the output directory.
        config: settings.
        debug: whether Prefect's log lines may be seen.

    Raises:
        typer.Exit: with code 130, after Ctrl-C.
        FerError: the arguments or the models cannot be used.
    """
    stop = threading.Event()
    with Interruption(stop, printable(out)) as interruption:
        decisions = plan(inputs, out, config)
        work = open_work(decisions)
        summary = (
            _run_flow(inputs, out, config, work, interruption, debug)
            if work
            else summarise(out, decisions, {})
        )
    if stop.is_set():
        raise typer.Exit(EXIT_INTERRUPTED)
    return summary


def _run_flow(
    inputs: list[str],
    out: Path,
    config: ProcessConfig,
    work: list[Decision],
    interruption: Interruption,
    debug: bool,
) -> BatchSummary:
    with alone(local_of(out), RUN):  # who must wait is to know it at once; the flow takes it itself
        pass
    if not debug:
        _keep_prefect_quiet()
    visible = sys.stdout.isatty() and sys.stderr.isatty()
    _load(config, interruption, visible)

    from flows.process_videos import process_videos
    from flows.worker import Session, session

    second_pass = config.render.enabled and not config.annotates_along
    board = Board(work, second_pass, visible)
    session.set(Session(interruption.stop, board))
    interruption.working = True
    try:
        state = process_videos(
            [to_text(text) for text in inputs], to_text(out), config, return_state=True
        )
    finally:
        board.close()
    return _summary_of(state.result(raise_on_failure=False))


def _load(config: ProcessConfig, interruption: Interruption, visible: bool) -> None:
    """Starts what takes seconds side by side: Prefect's server, and the networks in their process.

    A cluster loads the networks where they are needed.
    """
    from flows.server import Server
    from flows.worker import worker

    networks = worker().submit(LoadNetworks(config)) if config.runner == "local" else None
    server = Server()
    interruption.last_resort = server.kill
    server.start()
    import flows.process_videos  # noqa: F401, takes a second of its own

    if networks:
        if visible:
            sys.stderr.write("loading the networks …\r")
        networks.result()
    server.wait()


def _summary_of(result: Any) -> BatchSummary:
    """What the flow gave; raises the error if it gave one that holds no summary."""
    from flows.process_videos import TooManyFailed

    if isinstance(result, TooManyFailed):
        return result.summary
    if isinstance(result, Exception):
        raise result
    return result


def _keep_prefect_quiet() -> None:
    """Warnings of this package reach the terminal, where Prefect keeps all others off it."""
    from flows.server import keep_quiet

    keep_quiet()
    logger = logging.getLogger("fer_core")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setLevel(logging.WARNING)
        handler.setFormatter(logging.Formatter("fer: %(message)s"))
        logger.addHandler(handler)


def report(summary: BatchSummary, out: Path, as_json: bool) -> None:
    """Prints what became of a run into `out`, for people or as one line of JSON."""
    typer.echo(json.dumps(summary.as_dict()) if as_json else describe(summary, out))


def describe(summary: BatchSummary, out: Path) -> str:
    """What became of a run into `out`, in a few lines."""
    counts = f"{summary.ok} ok, {summary.partial} partial, {summary.failed} failed"
    if summary.pending:
        counts += f", {summary.pending} not processed"
    before = f" ({summary.done_before} done before)" if summary.done_before else ""
    found = f"{summary.frames} frames looked at, {summary.faces} faces found"
    lines = [f"{counts}{before}; {found}"]
    left = {
        Todo.SETTLING: summary.settling,
        Todo.OUTSIDE: summary.outside,
        Todo.LIMITED: summary.limited,
    }
    if told := ", ".join(f"{count} {todo.value}" for todo, count in left.items() if count):
        lines.append(f"left alone: {told}")
    if not summary.videos:
        lines.insert(0, "nothing to do: no video is to be done now")
    elif summary.done_before == summary.videos:
        done = "1 video is" if summary.videos == 1 else f"{summary.videos} videos are"
        lines.insert(0, f"nothing to do: {done} done with these settings")
    if summary.blurred:
        videos = "1 video" if summary.blurred == 1 else f"{summary.blurred} videos"
        lines.append(
            f"faces blurred in {videos}; on {summary.frames_bridged} frames one was not found "
            "and bridged"
        )
    lines += [
        f"  {problem.status}: {problem.source}: {problem.error.removeprefix(problem.source + ': ')}"
        for problem in summary.problems[:_MOST_PROBLEMS]
    ]
    if more := len(summary.problems[_MOST_PROBLEMS:]):
        lines.append(f"  … and {more} more, see videos/")
    lines += [
        f"{what:<18} {summary.out}/{name}/"
        for what, name in _PLACES.items()
        if (local_of(out) / name).is_dir()
    ]
    return "\n".join(lines)
