"""Recognition of out of memory, whoever says so: Python, PyTorch, OpenCV, or the system."""

from __future__ import annotations

import errno

from compositor.errors import MemoryShortageError

# Of PyTorch's CPU allocator; of oneDNN, C++ and PyTorch's files where a limit of address space is reached; of
# the allocator for Apple's GPUs; of Metal, for one buffer above its size limit.
_PYTORCH = (
    *("DefaultCPUAllocator", "could not create a primitive", "could not create a memory", "bad_alloc"),
    "unable to mmap",
    *("MPS backend out of memory", "Invalid buffer size"),
)
# Of Python, where the stack of a thread does not fit.
_THREAD = "can't start new thread"
# Of the dynamic loader, for a library that is imported late.
_LOADER = ("failed to map", "allocate memory")
# Of `cv2.error`, which is `cv2.Error.StsNoMem`.
_OPENCV_CODE = -4


def is_memory_shortage(error: BaseException) -> bool:
    """Whether an error means that there was not enough memory.

    Only Python and CUDA have types for it. A CPU, Apple's GPUs (MPS) and threads raise a plain RuntimeError,
    which only its text tells apart from others; OpenCV an error of its own with a code. The types of PyTorch
    and OpenCV are told by their names, as neither is imported for this.
    """
    text = str(error)
    match error:
        case MemoryError() | MemoryShortageError():
            return True
        case OSError():
            return error.errno == errno.ENOMEM
        case ImportError():
            return any(sign in text for sign in _LOADER)
        case RuntimeError():
            named = type(error).__name__ == "OutOfMemoryError"
            return named or any(sign in text for sign in (*_PYTORCH, _THREAD))
    return type(error).__module__ == "cv2" and getattr(error, "code", None) == _OPENCV_CODE
