"""Whether there is a GPU, without loading a framework to find out."""

import ctypes


def cuda_devices() -> int:
    """How many GPUs NVIDIA's driver offers this process; `CUDA_VISIBLE_DEVICES` counts.

    No memory is taken on them. 0 where there is no driver.
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value
