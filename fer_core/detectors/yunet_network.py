"""YuNet's network in Keras, and its weights taken over from the published ONNX file.

Architecture: Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine
Intelligence Research 20 (2023), as it stands in `face_detection_yunet_2023mar.onnx`:
53,104 parameters, a backbone of depthwise-separable blocks, a top-down neck over strides
8, 16 and 32, and one head a stride.

`python -m fer_core.detectors.yunet_network SOURCE.onnx TARGET.keras` makes the weights that
are shipped; it alone needs the package `onnx`.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

STRIDES = (8, 16, 32)
PARTS = ("point", "depth")  # the two convolutions of a unit
HEADS = ("cls", "obj", "bbox", "kps")  # of 1, 1, 4 and 10 channels, side by side in one map


def build_yunet() -> keras.Model:
    """The untrained network.

    Input: (n, height, width, 3) float32 BGR, 0–255; height and width multiples of 32.
    Outputs: for each stride s of 8, 16, 32 a float32 map (n, height/s, width/s, 16): logits of
    class and object, box (centre offset and log size in strides), five landmarks (offsets in
    strides). The published network has four heads a stride and sigmoids behind two of them;
    as one head of 16 channels it takes a twelfth less time.
    """
    inputs = layers.Input((None, None, 3), name="bgr")
    x = layers.ZeroPadding2D(1)(inputs)
    x = layers.Conv2D(16, 3, strides=2, activation="relu", name="stem")(x)
    x = _unit(x, 16, "stage0_b")
    features = []
    for stage, (inner, outer) in enumerate(((16, 32), (32, 64), (64, 64), (64, 64), (64, 64)), 1):
        if stage != 2:  # the second stage alone keeps the resolution of the first
            x = layers.MaxPooling2D(2)(x)
        x = _unit(x, inner, f"stage{stage}_a")
        x = _unit(x, outer, f"stage{stage}_b")
        features.append(x)
    levels = zip(_neck(features[2:]), STRIDES, strict=True)
    outputs = [_unit(level, 16, f"head_{stride}", relu=False) for level, stride in levels]
    return keras.Model(inputs, outputs, name="yunet")


def _unit(x: keras.KerasTensor, filters: int, name: str, relu: bool = True) -> keras.KerasTensor:
    """A pointwise, then a depthwise 3×3 convolution."""
    x = layers.Conv2D(filters, 1, name=f"{name}_point")(x)
    activation = "relu" if relu else None
    return layers.DepthwiseConv2D(3, padding="same", activation=activation, name=f"{name}_depth")(x)


def _neck(features: list[keras.KerasTensor]) -> list[keras.KerasTensor]:
    """Coarse levels refined and added to the finer ones; finest first, as they came."""
    levels: list[keras.KerasTensor] = []
    for index in (2, 1, 0):
        x = features[index]
        if levels:
            x = layers.Add()([x, layers.UpSampling2D(2, interpolation="nearest")(levels[0])])
        levels.insert(0, _unit(x, 64, f"neck{index}"))
    return levels


def load_onnx_weights(model: keras.Model, onnx_file: Path) -> None:
    """Copies the weights of the published ONNX file into a model of `build_yunet`.

    The file's convolutions stand in the order of `_onnx_order`; kernels go from ONNX's
    (out, in, h, w) to Keras' (h, w, in, out), depthwise ones to (h, w, channels, 1). Those of
    the four heads of a stride are joined along their output channels.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(onnx_file)).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    convolutions = (node for node in graph.node if node.op_type == "Conv")
    weights = {
        name: [tensors[weight] for weight in node.input[1:3]]
        for name, node in zip(_onnx_order(), convolutions, strict=True)
    }
    for stride in STRIDES:
        for part in PARTS:
            heads = [weights.pop(f"{head}_{stride}_{part}") for head in HEADS]
            weights[f"head_{stride}_{part}"] = [
                np.concatenate(arrays) for arrays in zip(*heads, strict=True)
            ]
    for name, (kernel, bias) in weights.items():
        layer = model.get_layer(name)
        axes = (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0)
        layer.set_weights([np.transpose(kernel, axes), bias])


def _onnx_order() -> list[str]:
    units = ["stage0_b", *(f"stage{stage}_{part}" for stage in range(1, 6) for part in "ab")]
    units += ["neck2", "neck1", "neck0"]
    units += [f"{head}_{stride}" for head in ("cls", "bbox", "obj", "kps") for stride in STRIDES]
    return ["stem", *(f"{unit}_{part}" for unit in units for part in PARTS)]


def main(source: str, target: str) -> None:
    """Converts the published ONNX file to the `.keras` file that is shipped."""
    model = build_yunet()
    load_onnx_weights(model, Path(source))
    model.save(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
