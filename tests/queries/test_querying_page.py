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
from fer_core.queries.sql import query
from fer_core.sample_week import make_sample_week

PAGE = Path(__file__).parents[2] / "docs" / "querying.md"
QUESTION = re.compile(r"^### \d+\. .*?(?=^##)", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"```(python|sql)\n(.*?)```\n(?:```text\n(.*?)```\n)?", re.DOTALL)


def questions() -> Iterator[str]:
    yield from QUESTION.findall(PAGE.read_text(encoding="utf-8"))


def answer(language: str, code: str) -> str:
    """What a block gives, as text; run where `week` is."""
    result = query("week", code).read_pandas() if language == "sql" else _value(code)
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
    """A text with the answer behind each block."""
    return CODE.sub(
        lambda m: f"```{m[1]}\n{m[2]}```\n```text\n{answer(m[1], m[2]).rstrip()}\n```\n", text
    )


@pytest.mark.parametrize("text", list(questions()), ids=lambda text: text.splitlines()[0][4:])
def test_the_answer_is_right(text: str, week: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(week.parent)
    assert answered(text) == text


def test_there_are_twenty() -> None:
    assert len(list(questions())) == 20
    assert all(text.count("```sql") == text.count("```python") == 1 for text in questions())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory, chdir(directory):
        make_sample_week(Path("week"))
        PAGE.write_text(QUESTION.sub(lambda m: answered(m[0]), PAGE.read_text()), encoding="utf-8")
