"""Keras as the training code uses it: without the types that checkers infer for it.

Keras publishes no annotations, and what can be inferred from its defaults is wrong (`axis=-1`
becomes "int only", every operation "may return None"). Which backend computes is decided by
KERAS_BACKEND before the first import, as everywhere in Keras.
"""

from typing import Any

from fer_core.runtime.keras_network import import_keras

keras: Any = import_keras()
layers: Any = keras.layers
ops: Any = keras.ops

Tensor = Any
"""A tensor of whatever backend computes, or a numpy array."""
