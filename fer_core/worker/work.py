"""What `fer process` has its worker process do.

The process that orders these imports this module, so what they need is imported when they run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_core.config import ProcessConfig
from fer_core.types import OnProgress

if TYPE_CHECKING:
    from fer_core.jobs import Job, Outcome


@dataclass(frozen=True, slots=True)
class LoadNetworks:
    """Loads the networks, so that a missing model or device is known before any video."""

    config: ProcessConfig

    def run(self, on_progress: OnProgress) -> None:
        import fer_core.pipeline  # noqa: F401, what the first video would import
        from fer_core.worker.networks import engine_for

        engine_for(self.config)


@dataclass(frozen=True, slots=True)
class DoJob:
    """Does one piece of work on one video.

    Args:
        job: what is to be done.
        out: the output directory, from the root.
        config: settings.
    """

    job: "Job"
    out: Path
    config: ProcessConfig

    def run(self, on_progress: OnProgress) -> "Outcome":
        from fer_core.jobs import do
        from fer_core.ledger import VideoSummary
        from fer_core.mirror import fetch, local_of, publish
        from fer_core.worker.networks import engine_for

        decision, local = self.job.decision, local_of(self.out)
        fetch(self.out, decision)
        outcome = do(self.job, local, engine_for(self.config), self.config, on_progress)
        if isinstance(outcome, VideoSummary):
            publish(self.out, decision.row, outcome)
        return outcome


@dataclass(frozen=True, slots=True)
class WriteReport:
    """Makes the pages of a dataset.

    Args:
        out: the output directory, from the root.
        config: settings.
    """

    out: Path
    config: ProcessConfig

    def run(self, on_progress: OnProgress) -> None:
        from fer_core.report.options import ReportOptions
        from fer_core.report.pages import write_report

        config = self.config
        options = ReportOptions(config.report.timezone, smooth_s=config.smooth_s)
        write_report(self.out, options)
