"""Saving and loading tensors in the safetensors format: numbers and names, nothing pickled."""

import contextlib
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xgrad.backends import host
from xgrad.backends.registry import get_backend
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import as_tensor, from_numpy

__all__ = ["load_file", "load_metadata", "save_file"]


def __dir__() -> list[str]:
    return __all__


#: The note that names the complex128 arrays: the format has none, so they are kept as pairs.
_PAIRS = "complex128"


def save_file(
    tensors: Mapping[str, Any], path: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Write named tensors to a file, whole or not at all.

    The file is written beside its place and then moved there, so that a crash leaves the
    old one; what a crash left beside it goes with the next save. A symbolic link stays, and
    the file behind it keeps its mode.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array
        As a module's ``state_dict()`` gives it. Every dtype of xgrad can be written; other
        readers see complex128 as float64 with a last axis of real and imaginary parts.
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

    if not isinstance(tensors, Mapping):
        raise TypeError(
            f"save_file: expected a mapping of names to tensors, got {type(tensors).__name__}"
        )
    notes = dict(metadata or {})
    if _PAIRS in notes:
        raise ValueError(f"save_file: the note {_PAIRS!r} is taken by the format itself")
    arrays, pairs = {}, []
    for name, x in tensors.items():
        if not isinstance(name, str):
            raise TypeError(f"save_file: expected names that are str, got {type(name).__name__}")
        if name == "__metadata__":
            raise ValueError("save_file: the name '__metadata__' is taken by the format itself")
        if isinstance(x, str | Mapping):
            raise TypeError(
                f"save_file: expected an array or a Tensor as {name!r}, got {type(x).__name__}; "
                "the format is flat: save one file for each model, and pickle nested states; "
                "xgrad.train.Checkpoint keeps models and optimizers"
            )
        array = host.contiguous(as_tensor(x).detach().numpy())
        if array.dtype.name == "complex128":
            array = host.as_pairs(array)
            pairs.append(name)
        arrays[name] = array
    if pairs:
        notes[_PAIRS] = json.dumps(pairs)
    _write(save(arrays, metadata=notes or None), path)


def _write(content: bytes, path: str | os.PathLike[str]) -> None:
    """Replace a file's content at once: all of it is there, or all of the old."""
    target = Path(os.path.realpath(path))  # a symbolic link stays one
    old = target.stat() if target.exists() else None
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise ValueError(f"save_file: {os.fspath(path)} is there and no regular file")
    _remove_leftovers(target)
    temporary, descriptor = _create_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if old is not None:
                if hasattr(os, "fchown") and (old.st_uid, old.st_gid) != _owner(descriptor):
                    with contextlib.suppress(OSError):  # only some may give files away
                        os.fchown(descriptor, old.st_uid, old.st_gid)
                temporary.chmod(stat.S_IMODE(old.st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if _can_lock:
                temporary.replace(target)  # while the lock holds: nobody takes it for a leftover
        if not _can_lock:
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _owner(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_uid, found.st_gid


try:
    import fcntl
except ImportError:  # Windows, which does not let an open file be removed
    _can_lock = False
else:
    _can_lock = True


def _locked(descriptor: int, wait: bool) -> bool:
    """Lock a file until it is closed, or its process ends; False where others hold it."""
    if _can_lock:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:  # others hold it, or the file system has no locks
            return False
    return True


def _create_beside(target: Path) -> tuple[Path, int]:
    """Make a new file beside another, and lock it: a file without a lock is a leftover."""
    while True:
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(temporary, flags, 0o666)  # less the process's umask
        _locked(descriptor, wait=True)
        if os.fstat(descriptor).st_nlink or not _can_lock:
            return temporary, descriptor
        os.close(descriptor)  # another process removed it before it was locked


def _remove_leftovers(target: Path) -> None:
    """Remove what killed processes left when they wrote this file."""
    ours = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{16}}\.tmp")
    # A directory that cannot be listed, a file that is gone: nothing to do.
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if ours.fullmatch(entry.name):
                descriptor = os.open(entry.path, os.O_RDONLY)
                try:
                    if _can_lock and _locked(descriptor, wait=False):
                        os.unlink(entry.path)
                finally:
                    os.close(descriptor)
                if not _can_lock:
                    os.unlink(entry.path)


def load_file(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Read named tensors from a safetensors file onto the current backend.

    Raises
    ------
    ValueError
        If the file is damaged or no safetensors file.
    TypeError
        If an array has a dtype that the backend does not have.
    """
    return load_with_metadata(path)[0]


def load_with_metadata(
    path: str | os.PathLike[str],
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a file's tensors and its notes, which belong to each other, at once."""
    from safetensors import SafetensorError, deserialize

    content = Path(path).read_bytes()
    try:
        parts: Any = deserialize(content)  # type: ignore[no-untyped-call]
        length = int.from_bytes(content[:8], "little")
        notes = json.loads(content[8 : 8 + length]).get("__metadata__", {})
        pairs = set(json.loads(notes.pop(_PAIRS, "[]")))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ValueError(
            f"load_file: {os.fspath(path)} is damaged or no safetensors file ({error})"
        ) from error
    del content  # each array is in memory twice, no more
    tensors = {}
    while parts:
        name, part = parts.pop()
        try:
            array = host.from_bytes(part["data"], part["dtype"], part["shape"])
            tensors[name] = from_numpy(host.from_pairs(array) if name in pairs else array)
        except (TypeError, ImportError) as error:
            raise TypeError(
                f"load_file: {name!r} in {os.fspath(path)} has dtype {part['dtype']}, which the "
                f"backend {get_backend().name!r} does not have here ({error})"
            ) from error
    return tensors, notes


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
            notes = dict(file.metadata() or {})
    except (SafetensorError, ValueError) as error:
        raise ValueError(
            f"load_metadata: {os.fspath(path)} is damaged or no safetensors file ({error})"
        ) from error
    notes.pop(_PAIRS, None)
    return notes
