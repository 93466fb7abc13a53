"""Facial emotion in video: decode, detect faces, classify them, write Parquet records.

```python
import fer_core

fer_core.analyse("lecture.mp4", "out")             # records, annotated video, a summary
faces = fer_core.load_records("out")               # a DataFrame, a row a face and frame
fer_core.episodes("out", emotion="surprise")       # who was surprised when, and for how long
for faces in fer_core.follow_records("out"): ...   # the same as they appear, from `fer tail`
fer_core.detect_emotions("holiday.jpg")            # the same for single pictures
```

Importing this package loads nothing heavy; what a name needs is imported at its first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fer_core.emotions import EMOTIONS
from fer_core.errors import FerError

if TYPE_CHECKING:
    from fer_core.config import ProcessConfig
    from fer_core.engine import Engine
    from fer_core.images import detect_emotions
    from fer_core.ledger import VideoSummary
    from fer_core.pipeline import analyse
    from fer_core.queries.episodes import episodes
    from fer_core.queries.summary import summary
    from fer_core.queries.tables import videos
    from fer_core.queries.timeline import timeline
    from fer_core.records import load_records, open_records
    from fer_core.streams.follow import follow_records
    from fer_core.streams.log import load_streams
    from fer_core.trust import FaceFilter

__all__ = [
    "EMOTIONS",
    "Engine",
    "FaceFilter",
    "FerError",
    "ProcessConfig",
    "VideoSummary",
    "analyse",
    "detect_emotions",
    "episodes",
    "follow_records",
    "load_records",
    "load_streams",
    "open_records",
    "summary",
    "timeline",
    "videos",
]

_HOMES = {
    "Engine": "engine",
    "FaceFilter": "trust",
    "ProcessConfig": "config",
    "VideoSummary": "ledger",
    "analyse": "pipeline",
    "detect_emotions": "images",
    "episodes": "queries.episodes",
    "follow_records": "streams.follow",
    "load_records": "records",
    "load_streams": "streams.log",
    "open_records": "records",
    "summary": "queries.summary",
    "timeline": "queries.timeline",
    "videos": "queries.tables",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
