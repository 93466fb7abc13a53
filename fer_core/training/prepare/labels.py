"""What the names of folders, columns and files say of a picture's emotion and split."""

import re
from typing import Final

from fer_core.emotions import EMOTIONS

SPLITS: Final = ("train", "validation", "test")

_SYNONYMS: Final = {
    "angry": "angry anger ang",
    "disgust": "disgust disgusted dis",
    "fear": "fear fearful feared afraid scared",
    "happy": "happy happiness hap joy joyful",
    "sad": "sad sadness",
    "surprise": "surprise surprised sur",
    "neutral": "neutral neutrality neu",
}
_EMOTION_OF: Final = {word: name for name, words in _SYNONYMS.items() for word in words.split()}

_SPLIT_WORDS: Final = {
    "train": "train training",
    "validation": "validation valid val dev publictest",
    "test": "test testing privatetest",
}
_SPLIT_OF: Final = {word: split for split, words in _SPLIT_WORDS.items() for word in words.split()}


def emotion_named(name: str) -> str | None:
    """The emotion that a word means, or None; numbers and marks around the word do not count.

    Example:
        >>> emotion_named("Happiness"), emotion_named("04_fearful"), emotion_named("contempt")
        ('happy', 'fear', None)
    """
    return _EMOTION_OF.get(re.sub(r"^[\W\d_]+|[\W\d_]+$", "", name).casefold())


def split_named(name: str) -> str | None:
    """The split that a word means, or None.

    Example:
        >>> split_named("PublicTest"), split_named("val"), split_named("faces")
        ('validation', 'validation', None)
    """
    return _SPLIT_OF.get(name.strip().casefold())


def file_usage(stem: str) -> str | None:
    """The word for a split that a file's name begins with, or None.

    Example:
        >>> file_usage("PrivateTest_88305"), file_usage("train-00000-of-00001"), file_usage("a_1")
        ('PrivateTest', 'train', None)
    """
    word = re.split(r"[^A-Za-z]", stem, maxsplit=1)[0]
    return word if split_named(word) else None


class Labels:
    """Reads labels as the sources write them.

    Args:
        numbers: the integer of each emotion in the sources; None is FER2013's order.
    """

    def __init__(self, numbers: dict[str, int] | None) -> None:
        self._folders_may_be_numbers = numbers is not None
        order = numbers or {name: number for number, name in enumerate(EMOTIONS)}
        self._by_number = {str(number): name for name, number in order.items()}

    def of_value(self, value: object) -> int | None:
        """Index into `EMOTIONS` of a cell of a table: an integer or a name; None if unknown."""
        text = str(value).strip()
        return _index(self._by_number.get(text) or emotion_named(text))

    def of_folders(self, folders: tuple[str, ...]) -> int | None:
        """Index into `EMOTIONS` from the names of folders, outermost first; the nearest counts."""
        for name in reversed(folders):
            counted = self._by_number.get(name) if self._folders_may_be_numbers else None
            if emotion := counted or emotion_named(name):
                return _index(emotion)
        return None


def usage_of_path(folders: tuple[str, ...], stem: str) -> str | None:
    """The word for a split in a path: the file's own name counts before its folders."""
    words = (name for name in reversed(folders) if split_named(name))
    return file_usage(stem) or next(words, None)


def _index(emotion: str | None) -> int | None:
    return None if emotion is None else EMOTIONS.index(emotion)
