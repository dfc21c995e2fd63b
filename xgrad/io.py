"""Saving and loading tensors in the safetensors format: numbers and names, nothing pickled."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xgrad.backends import host
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import asarray, from_numpy

__all__ = ["load_file", "load_metadata", "save_file"]


def save_file(
    tensors: Mapping[str, Any], path: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Write named tensors to a file, whole or not at all.

    The file is written beside its place and then moved there, so that a crash leaves the
    old one.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array
        As a module's ``state_dict()`` gives it.
    path : path
        By custom it ends in ``.safetensors``.
    metadata : dict of str, optional
        Notes to keep in the file.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import xgrad as xg
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> xg.save_file({"w": xg.ones(2)}, path)
    >>> xg.load_file(path)
    {'w': Tensor([1., 1.])}
    """
    from safetensors.numpy import save  # on first use: it costs import time

    arrays = {}
    for name, x in tensors.items():
        if not isinstance(name, str):
            raise TypeError(f"save_file: expected names that are str, got {type(name).__name__}")
        arrays[name] = host.contiguous(asarray(x).detach().numpy())
    content = save(arrays, metadata=metadata)
    target = Path(path)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load_file(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Read named tensors from a safetensors file onto the current backend.

    Raises
    ------
    ValueError
        If the file is damaged or no safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    content = Path(path).read_bytes()
    try:
        arrays = load(content)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ValueError(
            f"load_file: {os.fspath(path)} is damaged or no safetensors file ({error})"
        ) from error
    return {name: from_numpy(x) for name, x in arrays.items()}


def load_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the notes that `save_file` kept in a file.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import xgrad as xg
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> xg.save_file({"w": xg.ones(2)}, path, metadata={"epoch": "3"})
    >>> xg.load_metadata(path)
    {'epoch': '3'}
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(os.fspath(path), framework="np") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, ValueError) as error:
        raise ValueError(
            f"load_metadata: {os.fspath(path)} is damaged or no safetensors file ({error})"
        ) from error
