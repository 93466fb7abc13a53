"""The networks of this process, loaded once for all its jobs."""

import threading

from fer_core.config import ProcessConfig
from fer_core.engine import Engine, ModelIds
from fer_core.tracking import Tracker

_OF_NETWORKS = ("detect", "classify", "device", "batch_wait_s")
"""Settings on which the networks themselves depend."""

_engines: dict[ProcessConfig, Engine] = {}
_engines_lock = threading.Lock()


def engine_for(config: ProcessConfig) -> Engine:
    """This process's networks for these settings, loaded at the first call.

    Raises:
        ModelError: a model is missing or damaged.
        ConfigError: the device does not exist.
    """
    with _engines_lock:
        if config not in _engines:
            _engines[config] = _new_engine(config)
        return _engines[config]


def _new_engine(config: ProcessConfig) -> Engine:
    """Networks that are loaded already serve all settings that ask for the same ones.

    What the engine writes into the records is of these settings, whoever had the networks loaded.
    """
    ids = ModelIds.of(config)
    for known, engine in _engines.items():
        same = all(getattr(known, name) == getattr(config, name) for name in _OF_NETWORKS)
        if same and engine.ids.classifier == ids.classifier:
            return Engine(engine.detector, engine.classifier, ids)
    Tracker(config.track)  # imports what the first video would, while Prefect's server starts
    return Engine.load(config)
