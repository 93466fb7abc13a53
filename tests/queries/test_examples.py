"""The examples in the docstrings of the questions say what comes out."""

import doctest
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

MODULES = """
    fer_core.records fer_core.smoothing fer_core.trust fer_core.queries.tables
    fer_core.queries.timeline fer_core.queries.episodes fer_core.queries.summary
    fer_core.queries.sql fer_core.exports fer_core.report.pages
    fer_core.report.worth
""".split()


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str, week: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(week.parent)
    module = import_module(name)
    with pd.option_context("display.width", 100, "display.max_columns", 20):
        result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0
