"""What is measured. Each function runs in a fresh process (`python -m fer_core.bench.work`).

Heavy packages are imported within the functions, so that a process holds what it needs and no
more.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from fer_core.bench.job import Job, Outcome
from fer_core.config import ProcessConfig
from fer_core.settings import load_config

_LOOP_S = 5.0
"""The usual loop is stopped after this long: its speed is the same all the way."""


class Stopwatch:
    """Seconds by the clock and of the processor (children too) since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), _cpu_s()

    def outcome(self) -> Outcome:
        return Outcome(time.perf_counter() - self._wall, _cpu_s() - self._cpu)


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def decode(job: Job, scratch: Path) -> Outcome:
    """Nothing but decoding, of every frame or of those that others refer to."""
    import av

    config = load_config(ProcessConfig, overrides=list(job.settings))
    watch = Stopwatch()
    for video in job.videos:
        with av.open(video) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if config.sample.skip == "nonref":
                stream.codec_context.skip_frame = "NONREF"
            for _ in container.decode(stream):
                pass
    return watch.outcome()


def usual_loop(job: Job, scratch: Path) -> Outcome:
    """The usual loop over the first seconds of one video."""
    from fer_core.bench.clips import Clip
    from fer_core.bench.usual_loop import load
    from fer_core.resources import model_dir
    from fer_core.runtime.keras_network import import_keras

    began = time.perf_counter()
    fps = load_config(ProcessConfig, overrides=list(job.settings)).sample.fps
    video = Path(job.videos[0])
    frames = Clip.of(video).frames
    import_keras()
    loop = load(
        model_dir("yunet") / "face_detection_yunet_2023mar.onnx",
        model_dir("fer-cnn") / "model.keras",
    )
    loaded = time.perf_counter()
    watch, read = Stopwatch(), 0
    for _ in loop(video, 0.0 if isinstance(fps, str) else fps):
        read += 1
        if time.perf_counter() - loaded > _LOOP_S:
            break
    if not read:
        raise RuntimeError(f"{video}: expected pictures, OpenCV reads none")
    return replace(watch.outcome(), part=read / frames, load_s=loaded - began)


def pipeline(job: Job, scratch: Path) -> Outcome:
    """This pipeline on all videos at once, into `scratch`."""
    from fer_core.bench.calls import count_calls
    from fer_core.bench.threads import NETWORKS, VIDEO, ThreadTimes, named
    from fer_core.classifiers.keras_cnn import KerasClassifier
    from fer_core.detectors.yunet import YuNet
    from fer_core.engine import Engine
    from fer_core.pipeline import Progress, analyse
    from fer_core.tracking import Tracker

    began = time.perf_counter()
    config = load_config(ProcessConfig, overrides=list(job.settings))
    calls = {
        "detector": count_calls(YuNet, "detect"),
        "classifier": count_calls(KerasClassifier, "classify"),
    }
    firsts: list[float] = []

    def note(progress: Progress) -> None:
        if not firsts:
            firsts.append(_age_s())

    with named(NETWORKS):
        engine = Engine.load(config)
    Tracker(config.track)  # imports what the first video would
    load_s = time.perf_counter() - began
    with engine, ThreadTimes() as times:
        watch = Stopwatch()
        with ThreadPoolExecutor(len(job.videos), thread_name_prefix=VIDEO) as pool:
            videos = own_names(job.videos, scratch)
            tasks = [pool.submit(analyse, v, scratch / "out", engine, config, note) for v in videos]
        rows = [task.result() for task in tasks]
        outcome = watch.outcome()
    if bad := [row for row in rows if row.status == "failed"]:
        raise RuntimeError(f"{bad[0].source}: {bad[0].error}")
    return replace(
        outcome,
        load_s=load_s,
        first_s=firsts[0] if firsts else None,
        shares=times.shares(),
        batches={name: each.mean for name, each in calls.items()},
        busy={name: each.seconds / outcome.wall_s for name, each in calls.items()},
        figures={
            "faces": float(sum(row.faces for row in rows)),
            "sampled": float(sum(row.frames_sampled for row in rows)),
        },
    )


def own_names(videos: tuple[str, ...], scratch: Path) -> list[Path]:
    """Links of different names, so that one file may be several videos."""
    links = [scratch / f"{index}{Path(video).suffix}" for index, video in enumerate(videos)]
    for link, video in zip(links, videos, strict=True):
        link.symlink_to(Path(video).absolute())
    return links


def _age_s() -> float:
    """Seconds since this process was started, the interpreter's own start included."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def ffmpeg(job: Job, scratch: Path) -> Outcome:
    """What rendering is compared with: ffmpeg decodes and encodes, and draws nothing."""
    options = "-an -c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p -movflags +faststart"
    watch = Stopwatch()
    for index, video in enumerate(job.videos):
        command = ["ffmpeg", "-nostdin", "-v", "error", "-i", video, *options.split()]
        subprocess.run([*command, str(scratch / f"{index}.mp4")], check=True)
    return watch.outcome()


def _main() -> None:
    from fer_core.bench.many import command, decide, orchestrate
    from fer_core.bench.networks import networks

    functions = (
        decode, usual_loop, pipeline, ffmpeg, networks, decide, orchestrate, command
    )  # fmt: skip
    known: dict[str, Callable[[Job, Path], Outcome]] = {f.__name__: f for f in functions}
    job = Job.from_json(sys.argv[1])
    outcome = known[job.what](job, Path(sys.argv[2]))
    sys.stdout.write(f"{outcome.to_json()}\n")


if __name__ == "__main__":
    _main()
