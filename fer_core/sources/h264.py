"""Whether pictures of an H.264 stream can be left out of decoding without a trace.

H.264 marks each picture that no other refers to. Where every packet is a whole picture, the
decoder can leave such a one out, and all others stay the same bit by bit. A stream of fields may
hold a picture in two packets; whether it can, its parameter sets tell, and FFmpeg does not.

Source: ITU-T H.264 (08/2021), 7.3.2.1.1 and 7.4.1; ISO/IEC 14496-15, 5.3.3.1 (avcC).
"""

from collections.abc import Iterator

_PARAMETER_SET = 7
"""nal_unit_type of a sequence parameter set."""

_WITH_CHROMA_FORMAT = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
"""Values of profile_idc whose parameter sets state the chroma format and bit depths."""


def has_frames_only(extradata: bytes) -> bool:
    """Whether every picture is stored as a frame, never as two fields.

    Args:
        extradata: the stream's parameter sets, as avcC or with start codes.

    Returns:
        False also where they are missing, or of a rare kind that is not read to its end.
    """
    try:
        flags = [_frame_mbs_only(unit) for unit in _parameter_sets(extradata)]
    except IndexError:  # cut short
        return False
    return bool(flags) and all(flags)


def _parameter_sets(extradata: bytes) -> Iterator[bytes]:
    if extradata[:1] != b"\1":
        for unit in extradata.split(b"\0\0\1"):
            if unit and unit[0] & 31 == _PARAMETER_SET:
                yield unit
        return
    place = 6
    for _ in range(extradata[5] & 31):
        length = int.from_bytes(extradata[place : place + 2], "big")
        yield extradata[place + 2 : place + 2 + length]
        place += 2 + length


def _frame_mbs_only(unit: bytes) -> bool:
    """The flag of that name; False for parameter sets with scaling lists or POC type 1."""
    bits = _Bits(unit[4:].replace(b"\0\0\3", b"\0\0"))
    bits.golomb()  # seq_parameter_set_id
    if unit[1] in _WITH_CHROMA_FORMAT:
        if bits.golomb() == 3:  # chroma_format_idc
            bits.take(1)
        bits.golomb()  # bit depths
        bits.golomb()
        bits.take(1)
        if bits.take(1):  # scaling lists follow
            return False
    bits.golomb()  # log2_max_frame_num_minus4
    order = bits.golomb()
    if order == 1:
        return False
    if order == 0:
        bits.golomb()
    bits.golomb()  # max_num_ref_frames
    bits.take(1)
    bits.golomb()  # width and height
    bits.golomb()
    return bool(bits.take(1))


class _Bits:
    """Reads numbers bit by bit.

    Raises:
        IndexError: there are no more.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, count: int) -> int:
        number = 0
        for place in range(self._place, self._place + count):
            number = number << 1 | self._data[place // 8] >> 7 - place % 8 & 1
        self._place += count
        return number

    def golomb(self) -> int:
        """An unsigned Exp-Golomb code."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)
