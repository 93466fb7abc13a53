"""`fer doctor` names what a bug report needs."""

import json

from tests.cli.command import fer


def test_facts_as_json_and_as_text() -> None:
    facts = json.loads(fer("doctor", "--json", PREFECT_API_URL="http://127.0.0.1:9/api").stdout)
    assert set(facts) == {"python", "packages", "devices", "codecs", "models", "prefect"}
    assert all(
        version[0].isdigit()
        for name, version in facts["packages"].items()
        if name != "fer-pipeline"
    )
    assert facts["codecs"]["encode libx264"] == "libx264"
    assert all("(verified)" in model for model in facts["models"].values())
    assert facts["devices"]["runtime"]
    assert facts["prefect"]["server"] == "http://127.0.0.1:9/api"

    text = fer("doctor")
    assert (text.returncode, text.stderr) == (0, "")
    for word in ("python:", "tensorflow", "openvino", "runtime", "libx264", "yunet", "embedded"):
        assert word in text.stdout
