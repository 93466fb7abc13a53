"""Prefect flows over `fer_core`: the only place that knows Prefect.

This product sends nothing anywhere, so Prefect's telemetry is off before Prefect is imported:
it reads these variables once, at import and when its server starts. A value that is already
set is kept.
"""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
