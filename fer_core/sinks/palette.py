"""The colour of each emotion, the same wherever one is drawn."""

from types import MappingProxyType
from typing import Final

EMOTION_COLOURS: Final = MappingProxyType(
    {
        "angry": "#d55e00",
        "disgust": "#009e73",
        "fear": "#cc79a7",
        "happy": "#f0e442",
        "sad": "#0072b2",
        "surprise": "#56b4e9",
        "neutral": "#bbbbbb",
    }
)
"""sRGB in hexadecimal: six colours that people with colour-blindness can tell apart (the palette
of Okabe and Ito, 2008) and a grey for neutral."""


def bgr(emotion: str) -> tuple[int, int, int]:
    """The colour of an emotion as OpenCV takes it: blue, green, red in 0–255."""
    red, green, blue = bytes.fromhex(EMOTION_COLOURS[emotion][1:])
    return blue, green, red
