"""Freed memory kept for the next batch.

A pass allocates and frees tensors of the same sizes again and again. By default glibc gives large blocks back to the
system at once, and the system hands them out again page by page, zeroed: for small models that costs as much as a tenth
of the pass. What is kept never exceeds what the pass needs at its peak.
"""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # from malloc.h
_KEEP = 2**30


def keep_freed_memory() -> bool:
    """Ask the C library to keep freed blocks of up to 1 GiB; whether it could be asked."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library than glibc
        return False
    return all(mallopt(option, _KEEP) == 1 for option in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD))
