"""From a run to a model that inference uses."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from fer_core.cards import sha256_of
from fer_core.classifiers.keras_cnn import KerasClassifier
from fer_core.cli.evaluate import evaluate as evaluate_command
from fer_core.config import ClassifyConfig
from fer_core.emotions import EMOTIONS
from fer_core.errors import InputError, ModelError, TrainingError
from fer_core.export import export
from fer_core.records import load_records
from fer_core.training.backend import keras
from fer_core.training.publish import publish
from fer_core.training.source import load_faces
from tests.cli.command import fer
from tests.training.examples import SIZE

# Keras' own conversion of TensorFlow's tensors to numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def load(model: Path, flip: bool = False) -> KerasClassifier:
    # `auto` may take bfloat16 for a model that was measured in it, and float32 for its copy.
    config = ClassifyConfig(model=str(model), flip=flip, precision="float32")
    return KerasClassifier.load(config, "cpu")


def test_a_published_model_gives_probabilities(model: Path, faces_dir: Path):
    faces = load_faces(faces_dir / "validation.parquet", SIZE)[0]
    classifier = load(model)
    probabilities = classifier.classify(faces.images)
    assert classifier.input_size == SIZE
    assert probabilities.shape == (len(faces), 7)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    card = json.loads((model / "card.json").read_text())
    share = float(np.mean(probabilities.argmax(axis=1) == faces.labels))
    assert card["metrics"]["validation"]["accuracy"] == pytest.approx(share, abs=1e-4)
    with (model / "history.csv").open() as stream:
        best = max(float(row["accuracy"]) for row in csv.DictReader(stream))
    assert share == pytest.approx(best, abs=0.005)


def test_process_takes_it(model: Path, sample_videos: list[Path], tmp_path: Path):
    result = fer(
        *("process", sample_videos[0], "--out", tmp_path / "out", "--model", model),
        *("--sample-fps", "1", "--no-render", "--device", "cpu", "--json"),
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["faces"] > 0
    emotions = load_records(tmp_path / "out")["emotion"].dropna()
    assert len(emotions)
    assert set(emotions) <= set(EMOTIONS)


def test_with_flips_a_face_and_its_mirror_image_say_the_same(model: Path, faces_dir: Path):
    faces = load_faces(faces_dir / "validation.parquet", SIZE)[0].images
    mirrored = faces[:, :, ::-1]
    plain, both = load(model), load(model, flip=True)
    assert np.abs(plain.classify(faces) - plain.classify(mirrored)).max() > 1e-4
    np.testing.assert_allclose(both.classify(faces), both.classify(mirrored), atol=1e-6)
    mean = (plain.classify(faces) + plain.classify(mirrored)) / 2
    np.testing.assert_allclose(both.classify(faces), mean, atol=1e-6)


def test_the_card_says_what_inference_and_people_need(model: Path):
    card = json.loads((model / "card.json").read_text())
    assert card["kind"] == "classifier"
    assert card["classes"] == list(EMOTIONS)
    assert card["input"] == {"size": SIZE, "channels": 1, "range": [0, 255]}
    assert card["sha256"] == sha256_of(model / card["weights"])
    assert card["cpu"]["sha256"] == {
        name: sha256_of(model / name) for name in ("cpu.xml", "cpu.bin")
    }
    assert card["output"] == "logits"
    assert card["trained"]["epochs"] == 2
    assert str(model.parent) not in (model / "card.json").read_text()
    readme = (model / "README.md").read_text()
    for title in ("How it was trained", "Where it fails", "Rights", "JPEG quality 30"):
        assert title in readme
    assert "The weights come from train.parquet" in readme
    assert "turned by up to 15°, scaled by up to 20%, moved by up to 4% of the side" in readme
    assert "mirrored" not in readme  # switched off in this run
    scores = {name: s["f1"] for name, s in card["metrics"]["validation"]["classes"].items()}
    weakest = min(scores, key=lambda name: scores[name])
    assert f"Least to be trusted: {weakest} (F1 {scores[weakest]:.3f})" in readme


def test_another_order_of_classes_comes_out_in_the_projects_own(
    model: Path, faces_dir: Path, tmp_path: Path
):
    other = tmp_path / "other"
    shutil.copytree(model, other)
    order = [3, 4, 0, 6, 1, 5, 2]
    network = keras.saving.load_model(model / "model.keras", compile=False)
    head = network.get_layer("label")
    kernel, bias = head.get_weights()
    head.set_weights([kernel[:, order], bias[order]])
    network.save(other / "model.keras")
    card = json.loads((model / "card.json").read_text())
    card["classes"] = [EMOTIONS[i] for i in order]
    card["sha256"] = sha256_of(other / "model.keras")
    (other / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="made from other weights"):
        load(other)
    export(other)

    images = load_faces(faces_dir / "validation.parquet", SIZE)[0].images
    np.testing.assert_allclose(
        load(other).classify(images), load(model).classify(images), atol=1e-5
    )


def test_a_mixed_up_model_and_a_run_without_weights_are_refused(
    model: Path, finished_run: Path, tmp_path: Path
):
    other = tmp_path / "other"
    shutil.copytree(model, other)
    with (other / "model.keras").open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(ModelError, match="sha256"):
        load(other)
    with pytest.raises(TrainingError, match="expected a run with a best"):
        publish(tmp_path, "none", tmp_path)
    with pytest.raises(InputError, match="expected a name"):
        publish(finished_run, "../small", tmp_path)


def test_notes_of_an_earlier_readme_are_kept(finished_run: Path, tmp_path: Path):
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "README.md").write_text("# old\n\n## Notes\nby hand\n")
    publish(finished_run, "small", tmp_path, robustness=False)
    readme = (tmp_path / "small" / "README.md").read_text()
    assert readme.startswith("# small")
    assert readme.endswith("## Notes\nby hand\n")
    assert "JPEG quality 30" not in readme


def test_evaluate_prints_one_object_last(model: Path, faces_dir: Path, tmp_path: Path):
    app = typer.Typer()
    app.command()(evaluate_command)
    picture = tmp_path / "confusion.png"
    data = faces_dir / "train.parquet"
    result = CliRunner().invoke(
        app,
        ["--data", str(data), "--model", str(model), "--json", "--confusion", str(picture)],
        catch_exceptions=False,
    )
    facts = json.loads(result.stdout.splitlines()[-1])
    assert facts["n"] == len(load_faces(data, SIZE)[0])
    assert set(facts) >= {"accuracy", "balanced_accuracy", "macro_f1", "ece", "faces_per_second"}
    # Every one of these pictures was learnt from.
    assert (facts["n_unseen"], facts["accuracy_unseen"]) == (0, None)
    assert picture.stat().st_size > 0
