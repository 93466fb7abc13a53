"""What the pipeline is compared with: the loop that one finds in tutorials, kept as it is.

A frame is read, its faces are found, each face is cut out and given to `model.predict`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

LONG_SIDE = 640
Loop = Callable[[Path, float], Iterator[int]]


def load(detector_file: Path, classifier_file: Path) -> Loop:
    """The loop with both networks loaded; the first prediction, which is slow, is behind it.

    Args:
        detector_file: YuNet as ONNX.
        classifier_file: a `.keras` file that takes grey faces of 48×48.

    Returns:
        From a video and the frames to look at, a second of it (0 looks at all), to how many
        faces each frame has, one after another; -1 where none were looked for.
    """
    import keras

    detector = cv2.FaceDetectorYN.create(str(detector_file), "", (LONG_SIDE, LONG_SIDE), 0.7)
    model: Any = keras.saving.load_model(classifier_file, compile=False)
    model.predict(np.zeros((1, 48, 48, 1), np.uint8), verbose=0)

    def loop(video: Path, fps: float) -> Iterator[int]:
        capture = cv2.VideoCapture(str(video))
        every = max(1, round(capture.get(cv2.CAP_PROP_FPS) / fps)) if fps else 1
        index = 0
        while True:
            is_read, frame = capture.read()
            if not is_read:
                break
            yield look(frame) if index % every == 0 else -1
            index += 1
        capture.release()

    def look(frame: np.ndarray) -> int:
        scale = min(1.0, LONG_SIDE / max(frame.shape[:2]))
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        detector.setInputSize((small.shape[1], small.shape[0]))
        _, faces = detector.detect(small)
        if faces is None:
            return 0
        for face in faces:
            x, y, width, height = (max(0, round(float(value) / scale)) for value in face[:4])
            crop = cv2.cvtColor(frame[y : y + height, x : x + width], cv2.COLOR_BGR2GRAY)
            crop = cv2.resize(crop, (48, 48))[..., np.newaxis]
            model.predict(crop[None], verbose=0)
        return len(faces)

    return loop
