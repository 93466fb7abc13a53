"""What a page says of its model."""

from fer_core.config import ProcessConfig
from fer_core.engine import ModelIds
from fer_core.report.worth import worth_of


def test_the_shipped_model_says_how_often_it_is_right() -> None:
    [text] = worth_of(ModelIds.of(ProcessConfig()).classifier)
    assert "this model is right on" in text
    assert "calibrated" in text
    assert "Most often it takes" in text


def test_a_model_that_is_not_here_says_so() -> None:
    for model in (None, "", "fer-cnn@000000000000", "nobody@123456789012", "../../etc@1"):
        [text] = worth_of(model)
        assert "not here" in text
