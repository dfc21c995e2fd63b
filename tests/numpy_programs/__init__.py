"""Programs as people write them, for `tests/test_programs_of_numpy.py`."""

from tests.numpy_programs import algorithms, fields, mechanics, statistics
from tests.numpy_programs.registry import PROGRAMS, Program

__all__ = ["PROGRAMS", "Program", "algorithms", "fields", "mechanics", "statistics"]
