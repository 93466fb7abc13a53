"""Settings of a training run, as `configs/train.yaml` explains them."""

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from fer_core.settings import Section


class DataConfig(Section):
    """What is learnt from.

    Args:
        train: the training faces: a split of a prepared dataset (`DIR/train`), or whatever
            `fer prepare` reads.
        validation: the same with the faces by which the best epoch is chosen.
        train_split, validation_split: take only faces of this split, such as "PublicTest".
        size: side of the pictures in pixels.
        drop_blank: leave out training pictures of one single grey.
        drop_leaks: leave out training pictures that are in the validation data too.
    """

    train: Path
    validation: Path
    train_split: str | None = None
    validation_split: str | None = None
    size: int = Field(default=48, ge=16, le=512)
    drop_blank: bool = True
    drop_leaks: bool = False


class ModelConfig(Section):
    """The residual network.

    Args:
        normalise: what the network makes of grey values before anything else: mean 0 and
            deviation 1 of each picture ("standardise"), [0, 1] ("unit") or [-1, 1] ("signed").
        stem: channels of the first convolution.
        widths: channels of each stage; every stage halves the picture.
        blocks: residual blocks of each stage.
        se_ratio: by how much squeeze-and-excitation narrows its gate.
        dropout: share of features dropped before the heads (0–1).
    """

    normalise: Literal["standardise", "unit", "signed"] = "standardise"
    stem: PositiveInt = 32
    widths: tuple[PositiveInt, ...] = (64, 128, 256)
    blocks: tuple[PositiveInt, ...] = (1, 1, 1)
    se_ratio: PositiveInt = 8
    dropout: float = Field(default=0.3, ge=0, lt=1)

    @model_validator(mode="after")
    def _same_length(self) -> "ModelConfig":
        if len(self.widths) != len(self.blocks):
            raise ValueError("widths and blocks need one number for each stage")
        return self


class AugmentConfig(Section):
    """How training pictures are varied. 0 switches a variation off.

    Args:
        rotate_deg: greatest turn to either side, in degrees.
        zoom: greatest change of size (0.2 is 0.8–1.2 times).
        shift: greatest move along each axis, as a share of the side.
        flip: chance of a mirror image, left to right.
        flip_vertical: chance of a mirror image, top to bottom.
        black_border: chance that what a move lets in is black instead of the edge repeated.
        brightness: greatest change, as a share of the full range.
        contrast: greatest change (0.3 is 0.7–1.3 times).
        gamma: greatest factor or divisor of the exponent, less one (0.8 is 1/1.8–1.8).
        blur: chance of a Gaussian blur, of standard deviation up to `blur_sigma` pixels.
        shrink: chance that a picture is made smaller, `shrink_to` pixels at least, and up again.
        jpeg: chance of JPEG's losses, at a quality of `jpeg_quality` at least.
        noise: chance of Gaussian noise of up to `noise_sigma` grey levels.
        erase: chance that a rectangle is blanked, with sides up to `erase_side` of the picture's.
        mixup: alpha of the beta distribution that pictures are mixed with (Zhang et al., 2018).
    """

    rotate_deg: float = Field(default=15.0, ge=0, le=180)
    zoom: float = Field(default=0.2, ge=0, lt=1)
    shift: float = Field(default=0.12, ge=0, lt=1)
    flip: float = Field(default=0.5, ge=0, le=1)
    flip_vertical: float = Field(default=0.0, ge=0, le=1)
    black_border: float = Field(default=0.5, ge=0, le=1)
    brightness: float = Field(default=0.15, ge=0, lt=1)
    contrast: float = Field(default=0.3, ge=0, lt=1)
    gamma: float = Field(default=0.8, ge=0)
    blur: float = Field(default=0.15, ge=0, le=1)
    blur_sigma: PositiveFloat = 1.4
    shrink: float = Field(default=0.2, ge=0, le=1)
    shrink_to: PositiveInt = 20
    jpeg: float = Field(default=0.3, ge=0, le=1)
    jpeg_quality: int = Field(default=20, ge=1, le=95)
    noise: float = Field(default=0.1, ge=0, le=1)
    noise_sigma: PositiveFloat = 12.0
    erase: float = Field(default=0.3, ge=0, le=1)
    erase_side: float = Field(default=0.4, gt=0, le=1)
    mixup: float = Field(default=0.0, ge=0)


class LossConfig(Section):
    """What is asked of the network.

    Args:
        label_smoothing: share of each target spread evenly over all classes.
        class_weights: "balanced" weighs each class by the inverse of its frequency.
        votes_weight: weight of the loss of the additional head on FER+ votes; 0 for none.
        votes_blend: share of the label's target that is taken from the FER+ votes.
        teacher: a published model (name or directory) to learn from too (distillation), or None.
        teacher_blend: share of the label's target that is taken from its probabilities.
    """

    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    class_weights: Literal["none", "balanced"] = "none"
    votes_weight: float = Field(default=0.5, ge=0)
    votes_blend: float = Field(default=0.0, ge=0, le=1)
    teacher: str | None = None
    teacher_blend: float = Field(default=0.5, ge=0, le=1)


class OptimiserConfig(Section):
    """How weights are changed.

    Args:
        name: SGD with Nesterov momentum, or AdamW.
        learning_rate: the highest; a cosine takes it to 0 at the last step.
        warmup_epochs: epochs over which it first rises from 0.
        decay_epochs: epochs at the end over which the cosine falls; before them the rate stays
            at its highest. None spreads the cosine over the whole run.
        momentum: of SGD.
        weight_decay: decoupled, multiplied by the learning rate; never on norms and biases.
        ema: decay per step of the averaged weights, which are those that are kept; 0 for none.
    """

    name: Literal["sgd", "adamw"] = "sgd"
    learning_rate: PositiveFloat = 0.1
    warmup_epochs: float = Field(default=1.0, ge=0)
    decay_epochs: PositiveFloat | None = None
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=0.003, ge=0)
    ema: float = Field(default=0.998, ge=0, lt=1)


class TrainConfig(Section):
    """Everything `fer train` can be told.

    Args:
        name: the run's directory below `runs`.
        runs: where runs are kept.
        init: a published model (name or directory) whose weights to begin with, wherever a
            layer of the same name and shape is there; None begins with random ones.
        epochs: passes over the training data.
        batch_size: pictures a step.
        precision: type of the arithmetic; weights stay float32.
        early_stopping: epochs without a better validation accuracy after which the run ends, or
            None. It cuts the cosine short, so it is off by default.
        seed: of weights, order and variations.
    """

    name: str = Field(default="fer-cnn", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    runs: Path = Path("runs")
    data: DataConfig
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    loss: LossConfig = LossConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    init: str | None = None
    epochs: PositiveInt = 40
    batch_size: PositiveInt = 128
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "mixed_bfloat16"
    early_stopping: PositiveInt | None = None
    seed: int = 1

    @property
    def directory(self) -> Path:
        """Where this run keeps its checkpoints, log and pictures."""
        return self.runs / self.name
