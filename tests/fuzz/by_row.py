"""Elementwise functions that no other module draws: their arguments are as in their rows."""

import operator
from typing import Any

import numpy as np

import xgrad as xg
from tests.fuzz.drawing import OPERATIONS, Draw, operation
from tests.op_table import ROWS, Row
from xgrad.engine.batching import batch_elementwise


def draw_others() -> None:
    """Declare how they are drawn, after all modules."""
    drawn = {op.name for op in OPERATIONS}
    for row in {row.name: row for row in reversed(ROWS)}.values():
        if row.name not in drawn and _is_elementwise(row.name):
            operation(row.name)(_maker(row))


def _is_elementwise(name: str) -> bool:
    try:
        primitive = operator.attrgetter(f"{name}.primitive")(xg)
    except AttributeError:  # not a primitive, or not public
        return False
    return primitive.rules.batch is batch_elementwise


def _maker(row: Row) -> Any:
    def make(d: Draw, name: str) -> str:
        arguments: list[str] = []
        for values in zip(*row.samples, strict=True):
            seen = np.concatenate([np.ravel(v) for v in values])
            like = arguments[0] if arguments and arguments[0] in d.values else None
            if seen.dtype.kind != "f":
                arguments.append(d.like(like, "ib") if like else d.array("ib"))
            elif seen.min() > 0 or seen.max() < 0:
                arguments.append(d.within(float(seen.min()), float(seen.max())))
            elif np.abs(seen).min() > 0.1:
                arguments.append(d.away_from_zero())
            else:
                arguments.append(d.like(like) if like else d.array())
        return f"xg.{name}({', '.join(arguments)})"

    return make
