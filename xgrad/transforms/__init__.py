"""Function transforms: derivatives and vectorisation over pytrees."""

from xgrad.engine import batched, dual, tape, trace  # noqa: F401 - each serves its kind of levels
