"""What is drawn onto a frame, and where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.emotions import EMOTIONS
from fer_core.sinks.drawing import Painter, Patch, Planes, Style, panel, yuv_matrix
from fer_core.sinks.layout import PanelPlaces, Rect, clip_box
from fer_core.sinks.palette import EMOTION_COLOURS, bgr


def black(width: int, height: int) -> Planes:
    return (
        np.full((height, width), 16, np.uint8),
        np.full((height // 2, width // 2), 128, np.uint8),
        np.full((height // 2, width // 2), 128, np.uint8),
    )


def test_every_emotion_has_a_colour_of_its_own() -> None:
    assert tuple(EMOTION_COLOURS) == EMOTIONS
    assert len(set(EMOTION_COLOURS.values())) == len(EMOTIONS)
    assert bgr("angry") == (0x00, 0x5E, 0xD5)


@pytest.mark.parametrize("bt709", [False, True])
@pytest.mark.parametrize(
    ("colour", "luma"), [((0, 0, 0), 16), ((255, 255, 255), 235), ((128, 128, 128), 126)]
)
def test_grey_has_no_chroma_and_the_right_luma(
    bt709: bool, colour: tuple[int, int, int], luma: int
) -> None:
    planes = black(8, 8)
    picture = np.full((4, 4, 3), colour, np.uint8)
    Patch.of(2, 2, picture, 1.0, yuv_matrix(bt709)).paint(planes)
    assert (planes[0][2:6, 2:6] == luma).all()
    assert (planes[1] == 128).all()
    assert (planes[2] == 128).all()
    assert planes[0].sum() == 16 * 48 + luma * 16


def test_opacity_lets_the_picture_through() -> None:
    planes = black(8, 8)
    white = np.full((8, 8, 3), 255, np.uint8)
    Patch.of(0, 0, white, 0.5, yuv_matrix(True)).paint(planes)
    assert abs(planes[0].astype(int) - (16 + 235) / 2).max() <= 1


def test_a_patch_larger_than_the_frame_is_cut_off() -> None:
    planes = black(8, 8)
    white = np.full((20, 20, 3), 255, np.uint8)
    Patch.of(4, 4, white, 1.0, yuv_matrix(True)).paint(planes)
    assert (planes[0][4:, 4:] == 235).all()
    assert (planes[0][:4] == 16).all()


def test_bars_are_as_long_as_the_probabilities() -> None:
    style = Style.of(1920, 1080)
    values = [0.0, 0.1, 0.2, 1.0, 0.5, 0.05, 0.7]
    picture = panel(style, "#1 happy 0.93", "happy", values)
    assert not any(side % 2 for side in picture.shape[:2])
    stripe = max(2, style.unit // 5)
    lengths = [
        int((picture[:, stripe:] == bgr(name)).all(axis=2).sum(axis=1).max()) for name in EMOTIONS
    ]
    full = lengths[EMOTIONS.index("happy")]
    assert full > 60
    assert [length / full for length in lengths] == pytest.approx(values, abs=0.02)


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080), (3840, 2160), (360, 640)])
def test_panels_are_legible_and_leave_most_of_the_picture(size: tuple[int, int]) -> None:
    style = Style.of(*size)
    picture = panel(style, "#12 surprise 0.93", "surprise", [1 / 7] * 7)
    assert style.unit >= 11
    assert style.line % 2 == 0
    assert picture.shape[0] < size[1] / 3
    assert picture.shape[1] < size[0] / 3


def test_panels_keep_their_width_as_results_change() -> None:
    style = Style.of(640, 360)
    widths = {
        panel(style, f"#{track} {name} 0.50", name, [1 / 7] * 7).shape[1]
        for name in EMOTIONS
        for track in (1, 9, 10)
    }
    assert len(widths) == 1


FRAME = (640, 360)
BOXES = st.tuples(st.floats(-200, 700), st.floats(-200, 400), st.floats(1, 500), st.floats(1, 500))


@given(BOXES)
def test_boxes_are_clipped_to_even_pixels_of_the_frame(box: tuple[float, ...]) -> None:
    rect = clip_box(box, *FRAME)
    sides = (rect.left, rect.top, rect.right, rect.bottom)
    assert not any(side % 2 for side in sides)
    assert 0 <= rect.left <= rect.right <= FRAME[0]
    assert 0 <= rect.top <= rect.bottom <= FRAME[1]


@given(st.lists(BOXES, min_size=1, max_size=8))
def test_panels_lie_within_the_frame(boxes: list[tuple[float, ...]]) -> None:
    faces = [clip_box(box, *FRAME) for box in boxes]
    places = PanelPlaces(*FRAME, gap=4).place(faces, range(len(faces)), [(102, 92)] * len(faces))
    for place in places:
        assert place.left >= 0
        assert place.right <= FRAME[0]
        assert place.top >= 0
        assert place.bottom <= FRAME[1]
        assert (place.right - place.left, place.bottom - place.top) == (102, 92)
        assert place.left % 2 == place.top % 2 == 0


def test_panels_do_not_cover_faces_where_there_is_room() -> None:
    faces = [Rect(40, 40, 140, 180), Rect(300, 40, 400, 180), Rect(530, 60, 620, 180)]
    places = PanelPlaces(*FRAME, gap=4).place(faces, [1, 2, 3], [(102, 92)] * 3)
    for place in places:
        assert sum(place.overlap(other) for other in faces) == 0
        assert sum(place.overlap(other) for other in places) == place.area


def test_a_panel_stays_on_its_side_while_that_is_free() -> None:
    places = PanelPlaces(*FRAME, gap=4)
    at_the_edge = places.place([Rect(500, 40, 600, 180)], [1], [(102, 92)])[0]
    assert at_the_edge.right <= 500
    moved_back = places.place([Rect(300, 40, 400, 180)], [1], [(102, 92)])[0]
    assert moved_back.right <= 300
    somebody_else = places.place([Rect(300, 40, 400, 180)], [2], [(102, 92)])[0]
    assert somebody_else.left >= 400


@pytest.mark.parametrize("size", [(64, 48), (640, 360)])
def test_faces_of_any_place_can_be_painted(size: tuple[int, int]) -> None:
    painter = Painter(*size, bt709=False)
    boxes = np.array([[-50, -50, 2000, 2000], [size[0] - 4, 10, 90, 20], [5, 5, 0, 0]], np.float32)
    table = np.full((3, 7), 1 / 7, np.float32)
    patches = painter.patches(boxes, [1, 2, 3], ["sad", "happy", "fear"], [0.5, 0.4, 0.3], table)
    planes = black(*size)
    for patch in patches:
        patch.paint(planes)
    assert (planes[0] != 16).any()


def test_nobody_is_no_patch() -> None:
    empty = np.zeros((0, 4), np.float32)
    painter = Painter(640, 360, bt709=False)
    assert painter.patches(empty, [], [], [], np.zeros((0, 7), np.float32)) == []
