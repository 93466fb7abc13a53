"""Every answer in docs/querying.md is what its code gives.

`python -m tests.queries.test_querying_page` writes the answers anew.
"""

import ast
import re
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fer_core
from fer_core import Engine, ProcessConfig
from fer_core.queries.sql import query
from fer_core.sample_week import make_sample_week
from fer_core.samples import make_samples

PAGE = Path(__file__).parents[2] / "docs" / "querying.md"
QUESTION = re.compile(r"^### \d+\. .*?(?=^##)", re.MULTILINE | re.DOTALL)
DATASET = re.compile(r'"(week|demo/out)"')
CODE = re.compile(r"```(python|sql)\n(.*?)```\n(?:```text\n(.*?)```\n)?", re.DOTALL)


def questions() -> Iterator[str]:
    yield from QUESTION.findall(PAGE.read_text(encoding="utf-8"))


def make_datasets(directory: Path) -> None:
    """The two that are asked: the made-up week, and what `fer demo` finds in its clips."""
    make_sample_week(directory / "week")
    config = ProcessConfig.model_validate({"render": {"enabled": False}, "device": "cpu"})
    with Engine.load(config) as engine:
        for video in make_samples(directory / "demo" / "videos"):
            fer_core.analyse(video, directory / "demo" / "out", engine, config)


def answer(language: str, code: str, dataset: str) -> str:
    """What a block gives, as text; run where the datasets are."""
    result = query(dataset, code).read_pandas() if language == "sql" else _value(code)
    options = ("display.width", 100, "display.max_columns", 20, "display.precision", 2)
    with pd.option_context(*options):
        if language == "sql":
            return result.to_string(index=False)
        return re.sub(r"\n(Name|Length|dtype): .*", "", str(result))


def _value(code: str) -> Any:
    """The value of the last expression, as in a notebook."""
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    names: dict[str, Any] = {"fer_core": fer_core, "pd": pd}
    exec(compile(tree, "question", "exec"), names)
    return eval(compile(ast.Expression(last.value), "question", "eval"), names)


def answered(text: str) -> str:
    """A question with the answer behind each block; SQL asks the dataset that Python names."""
    [dataset] = set(DATASET.findall(text))

    def whole(block: re.Match[str]) -> str:
        language, code = block[1], block[2]
        found = answer(language, code, dataset).rstrip()
        return f"```{language}\n{code}```\n```text\n{found}\n```\n"

    return CODE.sub(whole, text)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("questions")
    make_datasets(directory)
    return directory


@pytest.mark.parametrize("text", list(questions()), ids=lambda text: text.splitlines()[0][4:])
def test_the_answer_is_right(text: str, datasets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(datasets)
    assert answered(text) == text


def test_there_are_twenty() -> None:
    assert len(list(questions())) == 20
    assert all(text.count("```sql") == text.count("```python") == 1 for text in questions())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory, chdir(directory):
        make_datasets(Path())
        PAGE.write_text(QUESTION.sub(lambda m: answered(m[0]), PAGE.read_text()), encoding="utf-8")
