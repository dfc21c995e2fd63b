"""How examples become a batch."""

from collections.abc import Mapping, Sequence
from typing import Any

from xgrad.backends.registry import current, find_backend
from xgrad.data.datasets import place_on_backend
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import asarray
from xgrad.ops.shape import stack


def default_collate(examples: Sequence[Any]) -> Any:
    """Make one batch of examples, on the current backend.

    Arrays and Tensors are stacked, numbers become a Tensor; dicts, tuples and lists are
    batched field by field; strings become a list.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.data.default_collate([({"x": 1.0}, "a"), ({"x": 2.0}, "b")])
    ({'x': Tensor([1., 2.])}, ['a', 'b'])
    """
    first = examples[0]
    if isinstance(first, Mapping):
        for example in examples:
            if example.keys() != first.keys():
                raise ValueError(
                    f"default_collate: examples have different keys, {list(first)} and "
                    f"{list(example)}"
                )
        return {key: default_collate([e[key] for e in examples]) for key in first}
    if isinstance(first, str | bytes):
        return list(examples)
    if isinstance(first, tuple | list):
        if any(len(e) != len(first) for e in examples):
            raise ValueError(
                "default_collate: examples have different lengths; give a collate_fn that pads them"
            )
        fields = [default_collate(field) for field in zip(*examples, strict=True)]
        if hasattr(first, "_fields"):  # a named tuple
            return type(first)(*fields)
        return tuple(fields) if isinstance(first, tuple) else fields
    selection = current()
    if isinstance(first, bool | int | float | complex):
        whole: Any = asarray(list(examples))
    elif isinstance(first, Tensor) or find_backend(first) is not None:
        shapes = {tuple(e.shape) for e in examples}
        if len(shapes) > 1:
            raise ValueError(
                f"default_collate: arrays have different shapes, {sorted(shapes)}; give a "
                "collate_fn that pads them"
            )
        whole = stack([asarray(e).detach() for e in examples])
    else:
        raise TypeError(f"default_collate: cannot batch {type(first).__name__}; give a collate_fn")
    return place_on_backend(whole, selection.backend.name, selection.device)
