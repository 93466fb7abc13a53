"""What many cameras need a day: cores, bytes, files, Prefect runs, money, and what breaks first.

```
python -m tests.benchmarks.scaling [--cameras 1000] [--samples-s 5] [--rows-a-sample 1] …
```

Nothing is measured here: unit costs that were measured once (docs/scaling.md says where) are
multiplied. Each is an option, so that those of another machine can be put in.
"""

import argparse
from dataclasses import dataclass, fields

DAY_S = 86_400


@dataclass(frozen=True)
class Units:
    """What is recorded, how it is processed, and what one of each costs.

    The first six say what is wanted, the next eight what was measured, the last three what is
    assumed.
    """

    cameras: int = 1000
    samples_s: float = 5.0
    rows_a_sample: float = 1.0
    file_s: float = 3600.0
    chunk_s: float = 600.0
    roll_s: float = 60.0

    cpu_s_a_media_minute: float = 8.07
    decode_s_a_media_minute: float = 4.36
    bytes_a_row: float = 140.0
    bytes_a_file: float = 8000.0
    ledger_row_bytes: float = 3050.0
    ledger_read_ms: float = 0.48
    ledger_again_ms: float = 0.026
    orchestration_ms: float = 39.5

    window_h: float = 24.0
    use: float = 0.7
    price_a_core_h: float = 0.04


def figures(units: Units) -> list[tuple[str, str]]:
    """What a day of these cameras needs, each line with its value in words."""
    media_minutes = units.cameras * DAY_S / 60
    core_h = media_minutes * units.cpu_s_a_media_minute / 3600
    cores = core_h / units.window_h / units.use
    rows = units.cameras * DAY_S * units.samples_s * units.rows_a_sample
    videos = units.cameras * DAY_S / units.file_s
    rows_a_file = rows / videos
    chunks = max(1.0, units.file_s / units.chunk_s)
    # One that cuts, one a chunk, one that finishes.
    tasks = videos * (1 if chunks <= 1 else chunks + 2)
    window_s = units.window_h * 3600
    parts = units.cameras * DAY_S / units.roll_s
    year = 365 * videos
    decode = units.decode_s_a_media_minute / units.cpu_s_a_media_minute
    return [
        ("media a day", f"{media_minutes / 60:,.0f} h"),
        ("processor time", f"{core_h:,.0f} core hours, {decode:.0%} of it decoding"),
        ("cores", f"{cores:,.0f} in {units.window_h:g} h at {units.use:.0%} use"),
        ("cost a camera and day", f"{core_h * units.price_a_core_h / units.cameras:.3f}"),
        ("rows", f"{rows:,.0f}"),
        ("records written", f"{videos * _file_mb(units, rows_a_file) / 1e3:,.1f} GB"),
        ("files of records", f"{videos:,.0f} of {_file_mb(units, rows_a_file):,.2f} MB"),
        ("live: parts", f"{parts:,.0f} of {_file_mb(units, rows / parts) * 1e3:,.0f} kB"),
        (
            "live: after fer compact",
            f"{units.cameras:,.0f} of {_file_mb(units, rows / units.cameras):,.0f} MB",
        ),
        ("ledger, a day more", f"{videos * units.ledger_row_bytes / 1e6:,.0f} MB"),
        ("ledger, files after a year", f"{year:,.0f}"),
        ("reading a day's ledger, first", f"{videos * units.ledger_read_ms / 1e3:,.1f} s"),
        ("reading a year's ledger, again", f"{year * units.ledger_again_ms / 1e3:,.0f} s"),
        ("Prefect task runs", f"{tasks:,.0f}, {tasks / window_s:,.1f} a second"),
        ("one orchestrating process", f"{1e3 / units.orchestration_ms:,.0f} a second at most"),
        ("processes that orchestrate", f"{tasks * units.orchestration_ms / 1e3 / window_s:.2f}"),
    ]


def _file_mb(units: Units, rows: float) -> float:
    return (rows * units.bytes_a_row + units.bytes_a_file) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    for field in fields(Units):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default
        )
    lines = figures(Units(**vars(parser.parse_args())))
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        print(f"{name:<{width}}  {value}")


if __name__ == "__main__":
    main()
