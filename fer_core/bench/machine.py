"""On what the benchmark ran."""

import os

from fer_core.doctor import processor, version_of

_PACKAGES = ("av", "opencv-python", "openvino", "tensorflow", "numpy")


def describe_machine() -> dict[str, str]:
    """Processor, cores, memory and versions; nothing that names a person or a host."""
    import platform

    import av

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "ffmpeg in av": av.ffmpeg_version_info,
        **{name: version_of(name) for name in _PACKAGES},
    }
