"""Settings of the dataset preparation, as `docs/datasets.md` explains them."""

import re
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, PositiveInt, field_validator, model_validator

from fer_core.config import DetectConfig, SampleConfig
from fer_core.emotions import EMOTIONS
from fer_core.settings import Section
from fer_core.training.prepare.labels import emotion_named


def _class_map(value: Any) -> Any:
    """Emotion → integer, from a mapping or from text such as "happy: 0, sad: 1"."""
    if isinstance(value, str):
        try:
            value = yaml.safe_load("{" + value + "}")
        except yaml.YAMLError as error:
            raise ValueError("expected text such as 'happy: 0, sad: 1'") from error
    if not isinstance(value, dict):
        return value
    named = {str(name): emotion_named(str(name)) for name in value}
    unknown = [name for name, emotion in named.items() if emotion is None]
    if unknown:
        raise ValueError(f"expected names of {', '.join(EMOTIONS)}, got {', '.join(unknown)}")
    if len(set(named.values())) < len(value) or len(set(value.values())) < len(value):
        raise ValueError("expected each emotion and each integer once")
    return {named[str(name)]: number for name, number in value.items()}


ClassMap = Annotated[dict[str, int], BeforeValidator(_class_map)]


class SplitConfig(Section):
    """How pictures are shared out that no source puts into a split.

    Pictures that are equal, the frames of one video, and with `subjects` all of one person stay
    together.

    Args:
        train, validation, test: shares, which sum to 1.
        from_source: keep the splits that the sources have; else all is shared out anew.
        validation_of_train: share of the sources' train split that becomes the validation split,
            for sources that have train and test alone.
        subjects: regular expression, searched in each picture's path; its first group (or all it
            matches) names the person.
        seed: of the shuffling.
    """

    train: float = Field(default=0.8, ge=0, le=1)
    validation: float = Field(default=0.1, ge=0, le=1)
    test: float = Field(default=0.1, ge=0, le=1)
    from_source: bool = True
    validation_of_train: float = Field(default=0.0, ge=0, lt=1)
    subjects: str | None = None
    seed: int = Field(default=1, ge=0)

    @field_validator("subjects")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _sums_to_one(self) -> "SplitConfig":
        if abs(self.train + self.validation + self.test - 1) > 1e-6:
            raise ValueError("train, validation and test must sum to 1")
        return self


class DropConfig(Section):
    """What is left out. Everything is reported, whether it is left out or not.

    Args:
        blank: pictures of one single grey.
        leaks: training pictures that are in the validation or test split too.
        near_leaks: training pictures that look like one of these splits.
        conflicts: equal pictures with different labels, all of them.
        duplicates: all but the first of equal pictures within a split.
        where: whether blank, conflicting and duplicate pictures go from the training split alone,
            so that figures on a published validation split stay comparable, or from all.
    """

    blank: bool = False
    leaks: bool = False
    near_leaks: bool = False
    conflicts: bool = False
    duplicates: bool = False
    where: Literal["train", "all"] = "train"


class FacesConfig(Section):
    """Where faces are in pictures.

    Args:
        find: "never" takes each picture as a face already cut out, "always" looks for the
            largest face in it, "auto" looks for it unless the picture is square and small. In
            videos faces are always looked for.
        largest_crop: longest side in pixels that "auto" takes for a face already cut out.
        sample: which frames of a video are looked at. One a second by default: neighbours show
            the same face and teach little.
        detect: how faces are found.
    """

    find: Literal["auto", "always", "never"] = "auto"
    largest_crop: PositiveInt = 256
    sample: SampleConfig = SampleConfig(fps=1.0)
    detect: DetectConfig = DetectConfig()


class PrepareConfig(Section):
    """Everything `fer prepare` can be told.

    Args:
        size: side of the written pictures in pixels.
        classes: the integer of each emotion in the written dataset, 0–6. Emotions that are not
            named take the integers that are left, in FER2013's order.
        source_classes: what integers mean in the sources; None is FER2013's order, and then
            folders whose names are numbers have no label.
        split: how pictures are shared out.
        drop: what is left out.
        faces: how faces are found in photos and videos.
        near_distance: two pictures whose 64-bit perceptual hashes differ in so many bits at most
            are near duplicates. On FER2013, of 20 pairs drawn at each distance, all at 4 showed
            the same photo, two at 6 did not, and most at 8 did not.
        shard_rows: most rows of one Parquet file.
    """

    size: int = Field(default=48, ge=16, le=512)
    classes: ClassMap = Field(
        default_factory=lambda: {name: number for number, name in enumerate(EMOTIONS)}
    )
    source_classes: ClassMap | None = None
    split: SplitConfig = SplitConfig()
    drop: DropConfig = DropConfig()
    faces: FacesConfig = FacesConfig()
    near_distance: int = Field(default=4, ge=0, le=16)
    shard_rows: PositiveInt = 10_000

    @field_validator("classes")
    @classmethod
    def _covers_all(cls, value: dict[str, int]) -> dict[str, int]:
        numbers = range(len(EMOTIONS))
        if not set(value.values()) <= set(numbers):
            raise ValueError(f"expected {', '.join(EMOTIONS)} with one of 0–{numbers[-1]} each")
        left = (number for number in numbers if number not in value.values())
        return value | {name: next(left) for name in EMOTIONS if name not in value}
