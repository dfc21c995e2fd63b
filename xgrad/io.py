"""Saving and loading tensors in the safetensors format, without pickle."""

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
from xgrad.ops.creation import as_tensor
from xgrad.ops.interchange import from_numpy

__all__ = ["load_file", "load_metadata", "save_file"]


def __dir__() -> list[str]:
    return __all__


#: The metadata key that lists complex128 arrays: safetensors lacks the dtype, so pairs are stored.
_PAIRS = "complex128"


def save_file(
    tensors: Mapping[str, Any], path: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Write named tensors to a file atomically.

    The data is written to a temporary file in the same directory, which then replaces the
    target, so a crash leaves the old file intact. The next save removes leftovers of a crash.
    A symbolic link is kept, and its target keeps the file mode.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array
        Such as a module's ``state_dict()``. Every dtype of xgrad can be written; other
        readers see complex128 as float64 with a last axis of real and imaginary parts.
    path : path
        The usual extension is ``.safetensors``.
    metadata : dict of str, optional
        Metadata to store in the file.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import xgrad as xg
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> xg.save_file({"w": xg.ones(2)}, path)
    >>> xg.load_file(path)
    {'w': Tensor([1., 1.])}
    """
    from safetensors.numpy import save  # imported on first use, because importing it is slow

    if not isinstance(tensors, Mapping):
        raise TypeError(
            f"save_file: expected a mapping of names to tensors, got {type(tensors).__name__}"
        )
    notes = dict(metadata or {})
    if not all(isinstance(text, str) for pair in notes.items() for text in pair):
        raise TypeError(f"save_file: expected strings as metadata, got {notes}")
    if _PAIRS in notes:
        raise ValueError(f"save_file: the metadata key {_PAIRS!r} is reserved by the format")
    arrays, pairs = {}, []
    for name, x in tensors.items():
        if not isinstance(name, str):
            raise TypeError(f"save_file: expected names of type str, got {type(name).__name__}")
        if name == "__metadata__":
            raise ValueError("save_file: the name '__metadata__' is reserved by the format")
        if isinstance(x, str | Mapping):
            raise TypeError(
                f"save_file: expected an array or a Tensor for {name!r}, got {type(x).__name__}; "
                "the format is flat: save one file per model, and pickle nested states; "
                "xgrad.train.Checkpoint saves models and optimizers"
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
    """Replace a file's content atomically."""
    target = Path(os.path.realpath(path))  # a symbolic link is kept
    old = target.stat() if target.exists() else None
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise ValueError(f"save_file: {os.fspath(path)} exists and is not a regular file")
    _remove_leftovers(target)
    temporary, descriptor = _create_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if old is not None:
                if hasattr(os, "fchown") and (old.st_uid, old.st_gid) != _owner(descriptor):
                    with contextlib.suppress(OSError):  # only some users may change the owner
                        os.fchown(descriptor, old.st_uid, old.st_gid)
                temporary.chmod(stat.S_IMODE(old.st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if _can_lock:
                temporary.replace(target)  # while locked, so that it is not removed as a leftover
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
except ImportError:  # Windows, which does not allow removing an open file
    _can_lock = False
else:
    _can_lock = True


def _locked(descriptor: int, wait: bool) -> bool:
    """Lock a file until it is closed or its process ends; False if it is locked elsewhere."""
    if _can_lock:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:  # locked by another process, or the file system does not support locks
            return False
    return True


def _create_beside(target: Path) -> tuple[Path, int]:
    """Create and lock a temporary file next to ``target``; an unlocked one is a leftover."""
    while True:
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(temporary, flags, 0o666)  # minus the process's umask
        except OSError as error:  # name the file that the user named
            raise type(error)(error.errno, error.strerror, str(target)) from None
        _locked(descriptor, wait=True)
        if os.fstat(descriptor).st_nlink or not _can_lock:
            return temporary, descriptor
        os.close(descriptor)  # another process removed the file before it was locked


def _remove_leftovers(target: Path) -> None:
    """Remove temporary files that killed processes left next to this file."""
    ours = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{16}}\.tmp")
    # Ignore a directory that cannot be listed and files that no longer exist.
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
        If the file is damaged or not a safetensors file.
    TypeError
        If the backend does not support the dtype of an array.
    """
    return load_with_metadata(path)[0]


def load_with_metadata(
    path: str | os.PathLike[str],
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a file's tensors and metadata in one pass, so that they are consistent."""
    from safetensors import SafetensorError, deserialize

    content = Path(path).read_bytes()
    try:
        parts: Any = deserialize(content)  # type: ignore[no-untyped-call]
        length = int.from_bytes(content[:8], "little")
        notes = json.loads(content[8 : 8 + length]).get("__metadata__", {})
        pairs = set(json.loads(notes.pop(_PAIRS, "[]")))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ValueError(
            f"load_file: {os.fspath(path)} is damaged or not a safetensors file ({error})"
        ) from error
    del content  # at most two copies of each array are in memory
    tensors = {}
    while parts:
        name, part = parts.pop()
        try:
            array = host.from_bytes(part["data"], part["dtype"], part["shape"])
            tensors[name] = from_numpy(host.from_pairs(array) if name in pairs else array)
        except (TypeError, ImportError) as error:
            raise TypeError(
                f"load_file: {name!r} in {os.fspath(path)} has dtype {part['dtype']}, which the "
                f"backend {get_backend().name!r} does not support here ({error})"
            ) from error
    return tensors, notes


def load_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the metadata that `save_file` stored in a file.

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
            f"load_metadata: {os.fspath(path)} is damaged or not a safetensors file ({error})"
        ) from error
    notes.pop(_PAIRS, None)
    return notes
