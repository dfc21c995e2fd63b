"""Operations: one entry for each function, with its value, its rules and its docstring."""

from xgrad.ops.methods import bind_methods
from xgrad.ops.recorded import fill_recorded_namespace

bind_methods()
fill_recorded_namespace()
