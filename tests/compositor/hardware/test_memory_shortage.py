"""Out of memory is recognized by whatever says so, and nothing else is taken for it."""

from __future__ import annotations

import errno
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from compositor.errors import ImageError, MemoryShortageError
from compositor.hardware.memory_shortage import is_memory_shortage


def test_pytorch_opencv_and_numpy_are_recognized() -> None:
    huge = 10**15
    with pytest.raises(RuntimeError) as of_pytorch:
        torch.empty(huge)
    with pytest.raises(MemoryError) as of_numpy:
        np.empty(huge)
    with pytest.raises(cv2.error) as of_opencv:
        cv2.resize(np.zeros((1, 1), np.uint8), (2**30, 2**30))
    assert is_memory_shortage(of_pytorch.value)
    assert is_memory_shortage(of_numpy.value)
    assert is_memory_shortage(of_opencv.value)
    assert is_memory_shortage(torch.OutOfMemoryError("CUDA out of memory"))


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_thread_that_does_not_fit_is_recognized() -> None:
    program = """
import resource, threading, time
from compositor.hardware.memory_shortage import is_memory_shortage
resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))
threading.stack_size(2**26)
try:
    for _ in range(9):
        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
except RuntimeError as error:
    print(is_memory_shortage(error), flush=True)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize(
    "error",
    [
        MemoryShortageError("no memory"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ImportError("libx.so: failed to map segment from shared object"),
        ImportError("libx.so: cannot allocate memory in static TLS block"),
    ],
)
def test_the_system_and_the_engine_are_recognized(error: Exception) -> None:
    assert is_memory_shortage(error)


def test_other_errors_are_not_taken_for_it() -> None:
    with pytest.raises(cv2.error) as of_opencv:
        cv2.resize(np.zeros((0, 0), np.uint8), (2, 2))
    others = [RuntimeError("size mismatch"), OSError(errno.ENOSPC, "No space left"), ImportError("no module")]
    for error in (of_opencv.value, *others, ImageError("no image"), ValueError("bad_alloc")):
        assert not is_memory_shortage(error)
