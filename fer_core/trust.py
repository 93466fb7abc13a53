"""Which faces are worth believing: one filter over the columns that tell."""

from dataclasses import dataclass
from functools import reduce
from operator import and_

import pyarrow as pa
import pyarrow.dataset as ds

from fer_core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class FaceFilter:
    """Faces that are large, sharp, frontal and certain enough; every default lets all through.

    Args:
        min_side: pixels of the shorter side of the box.
        min_sharpness: variance of the Laplacian of the 48×48 crop.
        max_yaw: degrees by which the face may be turned to either side, 0–90.
        min_score: what the detector must have been sure of, 0–1.

    Example:
        >>> FaceFilter(min_side=40, max_yaw=30)
        FaceFilter(min_side=40, min_sharpness=0.0, max_yaw=30, min_score=0.0)
    """

    min_side: float = 0.0
    min_sharpness: float = 0.0
    max_yaw: float = 90.0
    min_score: float = 0.0

    def __post_init__(self) -> None:
        least = min(self.min_side, self.min_sharpness, self.max_yaw, self.min_score)
        if least < 0 or self.max_yaw > 90 or self.min_score > 1:
            raise ConfigError(
                f"expected sizes ≥ 0, max_yaw in 0–90 and min_score in 0–1, got {self}"
            )

    def expression(self) -> ds.Expression | None:
        """The filter as Arrow pushes it down to Parquet; None if it lets all through."""
        parts: list[ds.Expression] = []
        if self.min_side > 0:
            parts += [_at_least("box_w", self.min_side), _at_least("box_h", self.min_side)]
        if self.min_sharpness > 0:
            parts.append(_at_least("sharpness", self.min_sharpness))
        if self.max_yaw < 90:
            parts += [_at_least("yaw", -self.max_yaw), ds.field("yaw") <= _float(self.max_yaw)]
        if self.min_score > 0:
            parts.append(_at_least("det_score", self.min_score))
        return reduce(and_, parts) if parts else None


def _at_least(column: str, value: float) -> ds.Expression:
    return ds.field(column) >= _float(value)


def _float(value: float) -> pa.Scalar:
    return pa.scalar(value, pa.float32())


REPORT_FACES = FaceFilter(min_side=20, min_sharpness=25, max_yaw=45)
"""What reports look at: chosen by the measurements in docs/querying.md."""
