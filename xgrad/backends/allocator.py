"""The allocator of NumPy arrays: it keeps freed memory for the next step.

A graph holds its arrays until the backward pass frees them all at once. The C library of Linux
(glibc) then returns the memory to the system and requests it again, page by page, in the next
step. It keeps up to twice the size of the largest block that was mapped and freed, at most
64 MiB. CuPy's memory pool does the same on a GPU.
"""

import os

import numpy as np


def keep_freed_memory() -> None:
    """Let the C library keep freed memory, unless ``XGRAD_KEEP_FREED_MEMORY=0`` is set.

    This frees one block of the largest size that has an effect. The block is never written, so it
    uses no memory. On other C libraries it has no effect; glibc's ``MALLOC_TRIM_THRESHOLD_`` and
    ``MALLOC_MMAP_THRESHOLD_`` take precedence.
    """
    if os.environ.get("XGRAD_KEEP_FREED_MEMORY", "1") != "0":
        np.empty((1 << 25) - (1 << 13), np.uint8)
