"""Conversion of a state (of a callback, an optimizer...) to JSON with separate arrays, exactly."""

import json
from typing import Any

from xgrad.backends.registry import find_backend
from xgrad.backends.scalars import is_scalar
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import as_tensor

#: Keys of the one-item dicts that encode values without a JSON form.
_TAGS = ("$tensor", "$array", "$scalar", "$tuple", "$dict", "$complex")


def without_tensors(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Return JSON values, and move arrays to ``tensors``, each named by its path."""
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
    if is_scalar(value):  # a NumPy scalar, whose precision matters
        return {"$scalar": _named(as_tensor(value), name, tensors)}
    if find_backend(value) is not None:
        return {"$array": _named(as_tensor(value), name, tensors)}
    try:  # an instance of a subclass of bool, int, float or str, such as an enum's value
        return json.loads(json.dumps(value))
    except TypeError:
        raise TypeError(
            f"Checkpoint: cannot save {name}, a {type(value).__name__}: a state may contain "
            "Tensors, arrays, numbers, strings, None, and lists, tuples and dicts of these"
        ) from None


def _named(x: Tensor, name: str, tensors: dict[str, Tensor]) -> str:
    """Add a tensor under its name, made unique: "a.b" may be a path or a key."""
    while name in tensors:
        name += "'"
    tensors[name] = x
    return name


def with_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Rebuild a state from JSON values and named arrays."""
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
    x = tensors[content]
    if tag == "$tensor":
        return x
    return x.data if tag == "$array" else x.detach().numpy()[()]
