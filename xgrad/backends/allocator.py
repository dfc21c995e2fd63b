"""The allocator of NumPy's arrays: it keeps freed memory for the next step.

A graph holds its arrays until the backward pass frees them all at once. The C library of Linux
(glibc) then hands the memory back to the system and asks for it again, page by page, in the next
step. It keeps up to twice the size of the largest block that it has mapped and freed, 64 MiB at
most. CuPy's memory pool does the same on a GPU.
"""

import os

import numpy as np


def keep_freed_memory() -> None:
    """Let the C library keep freed memory, unless ``XGRAD_KEEP_FREED_MEMORY=0`` is set.

    One block of the largest size that counts is freed. It is never touched, so it costs no memory.
    Other C libraries do nothing; glibc's own ``MALLOC_TRIM_THRESHOLD_`` and
    ``MALLOC_MMAP_THRESHOLD_`` take precedence.
    """
    if os.environ.get("XGRAD_KEEP_FREED_MEMORY", "1") != "0":
        np.empty((1 << 25) - (1 << 13), np.uint8)
