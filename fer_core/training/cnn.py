"""The network: a residual CNN with squeeze-and-excitation, for small grey faces.

He et al., "Deep Residual Learning" (2016), with the channel attention of Hu et al.,
"Squeeze-and-Excitation Networks" (2018), sized for 48×48 pixels: one convolution at full size,
then stages that halve the picture. A published model is made of Keras' own layers alone, so
that its `.keras` file loads in safe mode on every backend.
"""

from typing import Any

from fer_core.emotions import NUM_EMOTIONS
from fer_core.training.backend import Tensor, keras, layers
from fer_core.training.config import ModelConfig
from fer_core.training.norm import FusedBatchNormalization

LABEL_HEAD = "label"
VOTES_HEAD = "votes"


def build_cnn(config: ModelConfig, size: int, votes: int) -> Any:
    """The network as it is trained, in the current precision policy.

    Args:
        config: widths, blocks and dropout.
        size: side of the pictures in pixels.
        votes: classes of the additional head on FER+ votes, or 0 for none.

    Returns:
        A model from (n, size, size, 1), grey values 0–255 of any type, to a dict of float32
        logits: `label` (n, 7) and, if asked for, `votes` (n, votes).
    """
    image = keras.Input((size, size, 1), name="image")
    features = _features(image, config, FusedBatchNormalization)
    outputs = {LABEL_HEAD: _head(features, NUM_EMOTIONS, LABEL_HEAD)}
    if votes:
        outputs[VOTES_HEAD] = _head(features, votes, VOTES_HEAD)
    return keras.Model(image, outputs, name="fer_cnn")


def plain_cnn(trained: Any, config: ModelConfig, size: int) -> Any:
    """A trained network as it is published: float32, Keras' own layers, one output.

    Returns:
        A model from (n, size, size, 1), grey values 0–255, to float32 logits (n, 7).
    """
    policy = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("float32")
    try:
        image = keras.Input((size, size, 1), name="image")
        features = _features(image, config, layers.BatchNormalization)
        plain = keras.Model(image, _head(features, NUM_EMOTIONS, LABEL_HEAD), name="fer_cnn")
    finally:
        keras.mixed_precision.set_dtype_policy(policy)
    for layer in plain.layers:
        layer.set_weights(trained.get_layer(layer.name).get_weights())
    return plain


def begin_with(network: Any, published: Any) -> int:
    """Gives a network the weights of another wherever a layer of that name has the same shapes.

    Returns:
        How many layers' weights were taken.
    """
    known = {layer.name: layer.get_weights() for layer in published.layers}
    taken = 0
    for layer in network.layers:
        weights = known.get(layer.name, [])
        if weights and [w.shape for w in weights] == [tuple(v.shape) for v in layer.weights]:
            layer.set_weights(weights)
            taken += 1
    return taken


def _features(image: Tensor, config: ModelConfig, norm: Any) -> Tensor:
    x = _normalised(image, config.normalise)
    x = _conv(x, norm, config.stem, "stem")
    x = layers.Activation("relu", name="stem_relu")(x)
    for stage, (width, blocks) in enumerate(zip(config.widths, config.blocks, strict=True)):
        for block in range(blocks):
            stride = 2 if block == 0 else 1
            x = _residual_block(x, norm, width, stride, config.se_ratio, f"s{stage}b{block}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return layers.Dropout(config.dropout, name="dropout")(x)


def _normalised(image: Tensor, how: str) -> Tensor:
    if how == "signed":
        return layers.Rescaling(1 / 127.5, -1, dtype="float32", name="signed_range")(image)
    x = layers.Rescaling(1 / 255, dtype="float32", name="unit_range")(image)
    if how == "unit":
        return x
    # Each picture to mean 0 and deviation 1, so that light and contrast count for little.
    return layers.LayerNormalization(
        axis=[1, 2, 3], epsilon=1e-3, center=False, scale=False, dtype="float32", name="standardise"
    )(x)


def _head(x: Tensor, classes: int, name: str) -> Tensor:
    return layers.Dense(classes, dtype="float32", name=name)(x)


def _conv(
    x: Tensor,
    norm: Any,
    width: int,
    name: str,
    kernel: int = 3,
    stride: int = 1,
    gamma: str = "ones",
) -> Tensor:
    x = layers.Conv2D(
        width,
        kernel,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return norm(momentum=0.99, epsilon=1e-3, gamma_initializer=gamma, name=f"{name}_norm")(x)


def _residual_block(
    x: Tensor, norm: Any, width: int, stride: int, se_ratio: int, name: str
) -> Tensor:
    keeps_shape = stride == 1 and x.shape[-1] == width
    shortcut = x if keeps_shape else _conv(x, norm, width, f"{name}_skip", 1, stride)
    x = _conv(x, norm, width, f"{name}_a", stride=stride)
    x = layers.Activation("relu", name=f"{name}_relu_a")(x)
    # Begins as its shortcut alone (Goyal et al., 2017), so that a block may also be put into a
    # trained network without harm. Where each stage has one block, all beginning so is far slower.
    x = _conv(x, norm, width, f"{name}_b", gamma="zeros" if keeps_shape else "ones")
    x = _squeeze_excite(x, se_ratio, f"{name}_se")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.Activation("relu", name=f"{name}_relu_b")(x)


def _squeeze_excite(x: Tensor, ratio: int, name: str) -> Tensor:
    width = x.shape[-1]
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_pool")(x)
    gate = layers.Dense(max(width // ratio, 4), activation="relu", name=f"{name}_in")(gate)
    gate = layers.Dense(width, activation="sigmoid", name=f"{name}_out")(gate)
    return layers.Multiply(name=f"{name}_scale")([x, gate])
