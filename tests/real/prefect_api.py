"""What a Prefect server knows, asked as anybody can."""

import json
import urllib.request
from typing import Any


def ask(url: str, body: dict[str, Any]) -> Any:
    """The answer to a POST."""
    return _send(
        urllib.request.Request(
            url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
    )


def get(url: str) -> Any:
    """The answer to a GET."""
    return _send(urllib.request.Request(url))


def _send(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)
