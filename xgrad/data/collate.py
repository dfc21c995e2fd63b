"""Collation: combining examples into a batch."""

import copy
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.backends.registry import current, find_backend
from xgrad.backends.scalars import is_scalar
from xgrad.data.datasets import place_on_backend
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import as_tensor
from xgrad.ops.shape import stack


def default_collate(examples: Sequence[Any]) -> Any:
    """Combine examples into one batch on the current backend.

    Arrays and Tensors are stacked. Numbers become a Tensor; NumPy scalars keep their dtype.
    Mappings, tuples, named tuples, lists and other sequences are batched field by field
    and keep their type. Strings become a list. A Tensor that needs gradients stays in its graph.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.data.default_collate([({"x": 1.0}, "a"), ({"x": 2.0}, "b")])
    ({'x': Tensor([1., 2.])}, ['a', 'b'])
    """
    if not len(examples):
        raise ValueError("default_collate: expected at least one example, got none")
    first = examples[0]
    if isinstance(first, str | bytes):
        return list(examples)
    if isinstance(first, Mapping):
        for example in examples:
            if example.keys() != first.keys():
                raise ValueError(
                    f"default_collate: examples have different keys, {list(first)} and "
                    f"{list(example)}"
                )
        return _mapping(first, {key: default_collate([e[key] for e in examples]) for key in first})
    if isinstance(first, Sequence):
        if any(len(e) != len(first) for e in examples):
            raise ValueError(
                "default_collate: examples have different lengths; pass a collate_fn that pads them"
            )
        fields = [default_collate(field) for field in zip(*examples, strict=True)]
        return _sequence(first, fields)
    if hasattr(first, "dtype"):
        dtype = canonical(first.dtype)
        if dtype.kind not in "buifc" and dtype.name != "bfloat16":
            raise TypeError(
                f"default_collate: cannot batch arrays of dtype {dtype}; pass a collate_fn"
            )
    selection = current()
    if is_scalar(first) or isinstance(first, bool | int | float | complex):
        plain = all(isinstance(e, bool | int | float | complex) for e in examples)
        whole = as_tensor(list(examples)) if plain else stack([as_tensor(e) for e in examples])
    elif isinstance(first, Tensor) or find_backend(first) is not None:
        shapes = {tuple(e.shape) for e in examples}
        if len(shapes) > 1:
            raise ValueError(
                f"default_collate: arrays have different shapes, {sorted(shapes)}; pass a "
                "collate_fn that pads them"
            )
        whole = stack([as_tensor(e) for e in examples])
    else:
        raise TypeError(f"default_collate: cannot batch {type(first).__name__}; pass a collate_fn")
    return place_on_backend(whole, selection.backend.name, selection.device)


def _mapping(like: Mapping[Any, Any], fields: dict[Any, Any]) -> Any:
    """Return fields as the mapping's type, if possible, else as a dict."""
    if type(like) is dict:
        return fields
    try:
        if isinstance(like, MutableMapping):  # a copy keeps attributes that are not items
            out = copy.copy(like)
            out.update(fields)
            return out
        return type(like)(fields)  # type: ignore[call-arg]
    except TypeError:
        return fields


def _sequence(like: Sequence[Any], fields: list[Any]) -> Any:
    """Return fields as the sequence's type, if possible, else as a list."""
    if type(like) is list:
        return fields
    if hasattr(like, "_fields"):  # a named tuple
        return type(like)(*fields)
    try:
        return type(like)(fields)  # type: ignore[call-arg]
    except TypeError:  # a range
        return fields
