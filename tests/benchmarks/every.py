"""What `detect.every` loses and saves: the table in docs/detection.md.

    python -m tests.benchmarks.every VIDEO…

Faces are found in every sampled frame once; what `every` would make of them follows from that,
since a frame's faces do not depend on other frames. Two boxes are the same face from an IoU of
0.5 on.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import supervision as sv

from fer_core.config import DetectConfig, SampleConfig
from fer_core.detectors.yunet import YuNet
from fer_core.following import find_faces
from fer_core.sources.video import VideoSource
from fer_core.types import ByteArray, Faces, Frame

BLANK = np.zeros((1, 1), np.uint8)


class Memory:
    """A detector that knows each frame's faces already; counts the frames it is asked for."""

    batch_size = 16

    def __init__(self, known: list[Faces]) -> None:
        self.known, self.looks = known, 0

    def detect(self, images: Sequence[ByteArray]) -> list[Faces]:
        self.looks += len(images)
        return [self.known[image.shape[2]] for image in images]

    def close(self) -> None: ...


def faces_of(video: Path, fps: float | str, detector: YuNet) -> tuple[list[Frame], list[Faces]]:
    """The sampled frames, with their number in place of their pictures, and their faces."""
    frames: list[Frame] = []
    known: list[Faces] = []
    with VideoSource(video, SampleConfig.model_validate({"fps": fps})) as source:
        for frame, faces in find_faces(source.frames(), detector, 4):
            number = np.zeros((1, 1, len(frames)), np.uint8)
            frames.append(Frame(frame.frame_index, frame.pts, frame.time_s, BLANK, number))
            known.append(faces)
    return frames, known


def matches(found: Faces, truth: Faces) -> int:
    if not len(found) or not len(truth):
        return 0
    overlaps = sv.box_iou_batch(found.corners, truth.corners)
    return int((overlaps.max(axis=0) >= 0.5).sum())


def main(videos: list[Path]) -> None:
    detector = YuNet.load(DetectConfig(), "cpu")
    for fps in ("all", 5.0):
        clips = [faces_of(video, fps, detector) for video in videos]
        for every in (1, 2, 3, 5):
            looks = same = found = there = frames = 0
            for stamps, known in clips:
                memory = Memory(known)
                results = [faces for _, faces in find_faces(stamps, memory, 16, every)]
                looks, frames = looks + memory.looks, frames + len(stamps)
                same += sum(matches(a, b) for a, b in zip(results, known, strict=True))
                found, there = found + sum(map(len, results)), there + sum(map(len, known))
            recall, precision, looked = same / there, same / found, looks / frames
            print(
                f"| {fps} | {every} | {looked:.0%} | {recall:.4f} | {precision:.4f} |", flush=True
            )


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
