"""Arrow schemas of `records/`, `videos/` and `streams/`, and their version.

A reader may rely on names, order and types of columns; a change of any of them raises
`SCHEMA_VERSION`, which every file carries in its metadata.
"""

import pyarrow as pa

from fer_core.emotions import PROBABILITY_COLUMNS

SCHEMA_VERSION = 1

RECORDS = pa.schema(
    [
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("camera", pa.string()),
        pa.field("frame_index", pa.int64(), nullable=False),
        pa.field("pts", pa.int64(), nullable=False),
        pa.field("time_s", pa.float64(), nullable=False),
        pa.field("captured_at", pa.timestamp("us", tz="UTC")),
        pa.field("face_index", pa.int16()),
        pa.field("track_id", pa.int32()),
        pa.field("box_x", pa.float32()),
        pa.field("box_y", pa.float32()),
        pa.field("box_w", pa.float32()),
        pa.field("box_h", pa.float32()),
        pa.field("det_score", pa.float32()),
        pa.field("landmarks", pa.list_(pa.float32(), 10)),
        pa.field("sharpness", pa.float32()),
        pa.field("yaw", pa.float32()),
        pa.field("emotion", pa.dictionary(pa.int8(), pa.string())),
        pa.field("confidence", pa.float32()),
        *(pa.field(name, pa.float32()) for name in PROBABILITY_COLUMNS),
    ]
)
"""A row for every face of every sampled frame, and one with null face columns (from
`face_index` on) for a sampled frame without a face. Key: (video_id, pts, face_index)."""

CHUNK = RECORDS.remove(RECORDS.get_field_index("track_id"))
"""What is kept of a chunk of a long video until all of them are there and can be tracked."""

VIDEOS = pa.schema(
    [
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("camera", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("error", pa.string()),
        pa.field("start_time_s", pa.float64()),
        pa.field("duration_s", pa.float64()),
        pa.field("fps", pa.float64()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("codec", pa.string()),
        pa.field("captured_at", pa.timestamp("us", tz="UTC")),
        pa.field("frames_decoded", pa.int64()),
        pa.field("frames_sampled", pa.int64()),
        pa.field("frames_corrupt", pa.int64()),
        pa.field("faces", pa.int64()),
        pa.field("tracks", pa.int64()),
        pa.field("wall_s", pa.float64()),
        pa.field("model", pa.string()),
        pa.field("settings_hash", pa.string()),
        pa.field("size", pa.int64()),
        pa.field("mtime", pa.timestamp("us", tz="UTC")),
        pa.field("started_at", pa.timestamp("us", tz="UTC")),
        pa.field("finished_at", pa.timestamp("us", tz="UTC")),
        pa.field("version", pa.string()),
        pa.field("annotated", pa.string()),
        pa.field("shows", pa.string()),
        pa.field("frames_bridged", pa.int64()),
    ]
)
"""A row a video, written last: the ledger of what is done."""

STREAMS = pa.schema(
    [
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("camera", pa.string(), nullable=False),
        pa.field("started_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("ended_at", pa.timestamp("us", tz="UTC")),
        pa.field("ended", pa.string()),
        pa.field("error", pa.string()),
        pa.field("attempts", pa.int32(), nullable=False),
        pa.field("first_frame_at", pa.timestamp("us", tz="UTC")),
        pa.field("last_frame_at", pa.timestamp("us", tz="UTC")),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("codec", pa.string()),
        pa.field("clock", pa.string()),
        pa.field("frames_received", pa.int64(), nullable=False),
        pa.field("frames_sampled", pa.int64(), nullable=False),
        pa.field("frames_dropped", pa.int64(), nullable=False),
        pa.field("frames_corrupt", pa.int64(), nullable=False),
    ]
)
"""A row for each connection to a camera, and for each time in which it could not be reached."""


def with_metadata(schema: pa.Schema, **values: str) -> pa.Schema:
    """The schema with its version and further texts in the file's metadata."""
    return schema.with_metadata({"schema_version": str(SCHEMA_VERSION), **values})
