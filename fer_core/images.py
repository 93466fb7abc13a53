"""Emotions in single pictures, for a look without a video."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pandas as pd

from fer_core.config import ProcessConfig
from fer_core.emotions import EMOTIONS, PROBABILITY_COLUMNS
from fer_core.engine import Engine
from fer_core.errors import InputError
from fer_core.stages import classify, detect
from fer_core.types import ByteArray, Frame, FrameFaces

Picture = str | Path | ByteArray


def detect_emotions(
    pictures: Picture | Sequence[Picture],
    engine: Engine | None = None,
    config: ProcessConfig | None = None,
) -> pd.DataFrame:
    """Faces and emotions in one picture or many.

    Args:
        pictures: a file, or an array (height, width, 3) uint8 BGR as OpenCV reads it, or
            (height, width) uint8 grey; or a sequence of these, sizes may differ; or an array
            (n, height, width, 3).
        engine: the networks; loaded for this call if None. Load one for many calls.
        config: settings; the defaults if None.

    Returns:
        A row a face: `picture` (its place in the sequence, from 0), `face_index`, `box_x`,
        `box_y`, `box_w`, `box_h` (pixels), `det_score`, `sharpness`, `yaw` (degrees),
        `emotion`, `confidence`, `p_angry` … `p_neutral` (sum 1). Pictures without a face have
        no row.

    Raises:
        InputError: a file is no picture, or an array has another shape or type.

    Example:
        >>> detect_emotions("holiday.jpg")[["emotion", "confidence"]]  # doctest: +SKIP
    """
    config = config or ProcessConfig()
    if engine is None:
        with Engine.load(config) as loaded:
            return detect_emotions(pictures, loaded, config)
    is_array = isinstance(pictures, np.ndarray) and pictures.ndim < 4
    is_one = isinstance(pictures, str | Path) or is_array
    batch = [cast(Picture, pictures)] if is_one else list(cast(Sequence[Picture], pictures))
    frames = (
        _frame(index, _read(picture), config.detect.long_side)
        for index, picture in enumerate(batch)
    )
    detector, classifier = engine.detector, engine.classifier
    crops = detect(frames, detector, classifier.input_size, detector.batch_size)
    results = classify(crops, classifier, classifier.batch_size)
    return pd.concat(
        [_table(result) for result in results] or [_table(FrameFaces(0, 0, 0.0))], ignore_index=True
    )


def _read(picture: Picture) -> ByteArray:
    if isinstance(picture, str | Path):
        try:
            content = np.fromfile(picture, np.uint8)
        except OSError as error:
            raise InputError(f"cannot read {picture}: {error.strerror}") from error
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
        if image is None:
            raise InputError(f"{picture} is no picture that OpenCV can read")
        return np.asarray(image, np.uint8)
    if picture.dtype == np.uint8 and picture.size:
        if picture.ndim == 2:
            return np.repeat(picture[..., np.newaxis], 3, axis=2)
        if picture.ndim == 3 and picture.shape[2] == 3:
            return picture
    raise InputError(
        "expected uint8 of shape (height, width, 3) BGR or (height, width) grey, "
        f"got {picture.dtype} of shape {picture.shape}"
    )


def _frame(index: int, image: ByteArray, long_side: int) -> Frame:
    height, width = image.shape[:2]
    scale = min(1.0, long_side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    luma = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return Frame(
        index, index, float(index), np.asarray(luma, np.uint8), np.asarray(small, np.uint8)
    )


def _table(result: FrameFaces) -> pd.DataFrame:
    faces, n = result.faces, len(result.faces)
    emotions = np.array(EMOTIONS)[result.probabilities.argmax(axis=1)]
    return pd.DataFrame(
        {
            "picture": np.full(n, result.frame_index),
            "face_index": np.arange(n),
            **{f"box_{side}": faces.boxes[:, index] for index, side in enumerate("xywh")},
            "det_score": faces.scores,
            "sharpness": result.sharpness,
            "yaw": result.yaw,
            "emotion": pd.Categorical(emotions, EMOTIONS),
            "confidence": result.probabilities.max(axis=1, initial=0),
            **dict(zip(PROBABILITY_COLUMNS, result.probabilities.T, strict=True)),
        }
    )
