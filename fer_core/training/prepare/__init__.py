"""Dataset preparation: labelled faces of any shape in, one checked and versioned dataset out."""

from fer_core.training.prepare.config import PrepareConfig
from fer_core.training.prepare.read import is_dataset, read_dataset, read_faces
from fer_core.training.prepare.report import PrepareReport
from fer_core.training.prepare.run import prepare

__all__ = ["PrepareConfig", "PrepareReport", "is_dataset", "prepare", "read_dataset", "read_faces"]
