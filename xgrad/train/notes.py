"""A state as JSON, with its arrays apart: what a callback or an optimizer keeps, exactly."""

import json
from typing import Any

from xgrad.backends.registry import find_backend
from xgrad.backends.scalars import is_scalar
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import as_tensor

#: What JSON has no word for is a dict with one of these keys.
_TAGS = ("$tensor", "$array", "$scalar", "$tuple", "$dict", "$complex")


def without_tensors(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Return JSON with arrays taken out and named, each by its path."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Tensor):
        return {"$tensor": _named(value, name, tensors)}
    if isinstance(value, dict):
        plain = all(isinstance(k, str) and not k.startswith("$") for k in value)
        if plain:
            return {k: without_tensors(v, f"{name}.{k}", tensors) for k, v in value.items()}
        pairs = [
            [
                without_tensors(k, f"{name}.{i}.key", tensors),
                without_tensors(v, f"{name}.{i}", tensors),
            ]
            for i, (k, v) in enumerate(value.items())
        ]
        return {"$dict": pairs}
    if isinstance(value, list | tuple):
        parts = [without_tensors(v, f"{name}.{i}", tensors) for i, v in enumerate(value)]
        return parts if isinstance(value, list) else {"$tuple": parts}
    if type(value) is complex:
        return {"$complex": [value.real, value.imag]}
    if is_scalar(value):  # NumPy's, whose precision counts
        return {"$scalar": _named(as_tensor(value), name, tensors)}
    if find_backend(value) is not None:
        return {"$array": _named(as_tensor(value), name, tensors)}
    try:  # a bool, a number or a string of a class of its own: an enum's value
        return json.loads(json.dumps(value))
    except TypeError:
        raise TypeError(
            f"Checkpoint: {name} is a {type(value).__name__}, which cannot be kept: a state is "
            "made of Tensors, arrays, numbers, strings, None, lists, tuples and dicts of them"
        ) from None


def _named(x: Tensor, name: str, tensors: dict[str, Tensor]) -> str:
    """Add a tensor under a name, or one like it: "a.b" is a path, and a key."""
    while name in tensors:
        name += "'"
    tensors[name] = x
    return name


def with_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Return the state that JSON and named arrays were made of."""
    if isinstance(value, list):
        return [with_tensors(v, tensors) for v in value]
    if not isinstance(value, dict):
        return value
    tag = next(iter(value)) if len(value) == 1 else None
    if tag not in _TAGS:
        return {k: with_tensors(v, tensors) for k, v in value.items()}
    content = value[tag]
    if tag == "$tuple":
        return tuple(with_tensors(v, tensors) for v in content)
    if tag == "$dict":
        return {with_tensors(k, tensors): with_tensors(v, tensors) for k, v in content}
    if tag == "$complex":
        return complex(*content)
    found = tensors[content]
    if tag == "$tensor":
        return found
    return found.data if tag == "$array" else found.detach().numpy()[()]
