"""The shape of the house: imports go down only, and heavy packages are loaded late."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = sorted((ROOT / "fer_core").rglob("*.py"))
FLOWS = sorted((ROOT / "flows").rglob("*.py"))

HEAVY = ("tensorflow", "keras", "torch", "openvino", "prefect", "cv2", "pandas", "av")

# From the ground up; a module may import from its own floor and those below it.
FLOORS = [
    {
        "emotions",
        "errors",
        "locks",
        "paths",
        "types",
        "atomic",
        "overlap",
        "ranges",
        "resources",
        "s3",
    },
    {"smoothing", "trust", "settings"},
    {"config", "schema", "crops", "cards", "runtime", "inputs", "ledger_files", "listing"},
    {"sources", "detectors", "classifiers", "sinks", "tracking", "capture_time", "samples"},
    {
        "batching",
        "following",
        "hiding",
        "stages",
        "engine",
        "images",
        "ledger",
        "records",
        "queries",
        "selection",
        "used_settings",
    },
    {"mirror"},
    {"sample_week", "exports", "subtitles", "chunks"},
    {"report"},
    {"forget"},
    {"annotate"},
    {"results"},
    {"pipeline"},
    {"jobs", "long_videos"},
    {"worker"},
    {"batch", "status", "progress", "doctor", "export", "streams", "night"},
    {"training", "bench"},
    {"cli"},
]


def imports(file: Path) -> list[tuple[str, bool]]:
    """Names of the modules that a file imports, and whether it does so when it is loaded."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    lazy = {
        inner
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) or _is_type_checking(outer)
        for inner in ast.walk(outer)
    }
    found: list[tuple[str, bool]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node not in lazy) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
            found += [(name, node not in lazy) for name in (module, *names)]
    return found


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def room(module: str) -> str:
    """The part of `fer_core` that a dotted name lies in."""
    return [*module.split("."), ""][1]


def floor(name: str) -> int:
    return next(index for index, rooms in enumerate(FLOORS) if name in rooms)


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_down_only(file: Path) -> None:
    own = room(".".join(file.relative_to(ROOT).with_suffix("").parts))
    if own == "__init__":
        return
    for module, _ in imports(file):
        if module.startswith("fer_core.") and room(module):
            if not any(room(module) in rooms for rooms in FLOORS):
                continue  # a name in fer_core itself, such as `__version__`
            assert floor(room(module)) <= floor(own), f"{own} imports {module}"


def test_every_room_has_a_floor() -> None:
    rooms = {file.relative_to(ROOT / "fer_core").parts[0].removesuffix(".py") for file in LIBRARY}
    assert rooms - {"__init__"} <= set.union(*FLOORS)


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: str(file.relative_to(ROOT)))
def test_prefect_stays_in_flows_and_training_out_of_inference(file: Path) -> None:
    own = room(".".join(file.relative_to(ROOT).with_suffix("").parts))
    for module, at_import in imports(file):
        assert module.split(".")[0] != "prefect", f"{file} imports Prefect"
        if own != "cli":
            assert module.split(".")[0] != "flows", f"{file} imports flows"
        assert not (module.startswith("flows") and at_import), f"{file} imports flows early"


@pytest.mark.parametrize("file", FLOWS, ids=lambda file: file.name)
def test_flows_hold_no_network_code(file: Path) -> None:
    used = {module.split(".")[0] for module, _ in imports(file)}
    assert not used & {"tensorflow", "keras", "torch", "cv2", "av", "numpy"}


def loaded(code: str) -> set[str]:
    """Which heavy packages a fresh interpreter has loaded after some code."""
    script = f"import sys\n{code}\nprint(*set({HEAVY!r}).intersection(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(result.stdout.splitlines()[-1].split())


def test_the_probe_sees_what_is_loaded() -> None:
    assert loaded("import av") == {"av"}


def test_importing_the_library_loads_nothing_heavy() -> None:
    assert loaded("import fer_core") == set()


def test_help_loads_nothing_heavy() -> None:
    code = (
        "from fer_core.cli.main import app\n"
        "for arguments in (['--help'], ['process', '--help'], ['train', '--help']):\n"
        "    app(arguments, standalone_mode=False)"
    )
    assert loaded(code) == set()


def test_the_process_that_orders_work_loads_neither_decoders_nor_networks() -> None:
    assert loaded("import fer_core.cli.run, flows.worker") == set()
    assert loaded("import flows.process_videos, fer_core.jobs") == {"prefect"}


def test_settings_load_nothing_heavy() -> None:
    assert loaded("import fer_core.config, fer_core.inputs") == set()


def test_functions_and_files_stay_short() -> None:
    for file in (*LIBRARY, *FLOWS):
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 500, file
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.end_lineno - node.body[0].lineno + 1
                assert body <= 60, f"{file}: {node.name} has {body} lines"
