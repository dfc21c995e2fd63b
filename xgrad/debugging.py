"""Watching operations as they run: the origin of a NaN, and the time of each operation."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from xgrad.backends.dtypes import canonical, is_differentiable
from xgrad.backends.registry import get_backend
from xgrad.contexts import context
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.node import Node
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.tensor import lowest
from xgrad.engine.watching import users_line, watch
from xgrad.errors import AnomalyError

__all__ = ["Profile", "detect_anomaly", "profile"]


def __dir__() -> list[str]:
    return __all__


def _arrays(values: Any) -> Iterator[Any]:
    for x in values if isinstance(values, tuple | list) else (values,):
        if isinstance(x, tuple | list):
            yield from _arrays(x)
        elif hasattr(x, "dtype") and hasattr(x, "shape"):
            yield lowest(x)


# -- anomalies ---------------------------------------------------------------------------------


class _Anomalies:
    checks_values = True  # so arguments are read and checked on a device, too

    def __init__(self, infinities: bool) -> None:
        self.infinities = infinities

    def _bad(self, x: Any) -> str | None:
        """Return a description of the invalid values of an array, or None."""
        if not is_differentiable(x.dtype) or not math.prod(x.shape):
            return None
        backend = backend_below(x)
        if backend.abstract:
            return None
        xp = backend.xp
        if bool(xp.any(xp.isnan(x))):
            return "a NaN"
        return "an infinity" if self.infinities and bool(xp.any(xp.isinf(x))) else None

    def _fine(self, values: Any) -> bool:
        return all(self._bad(x) is None for x in _arrays(values))

    def value(
        self, primitive: Primitive, args: tuple[Any, ...], params: Params, compute: Any
    ) -> Any:
        with XG.quiet():  # the error is more precise than the library's warning
            out = compute()
        problem = next((bad for x in _arrays(out) if (bad := self._bad(x))), None)
        if problem and self._fine(args):
            raise AnomalyError(
                f"{primitive.name}: produced {problem} from finite numbers, in the forward pass; "
                f"arguments {_shapes(args)}; called at {users_line()}"
            )
        return out

    def rule(self, primitive: Primitive, node: Node, g: Any, compute: Any) -> Any:
        cotangent_fine = self._fine(g)
        saved = node.saved
        out = compute()
        problem = next((bad for x in _arrays(out) if (bad := self._bad(x))), None)
        if problem and cotangent_fine and self._fine(saved or ()):
            line = (node.extra or {}).get("line")
            where = f"called at {line}" if line else "called before detect_anomaly()"
            raise AnomalyError(
                f"{primitive.name}: its derivative produced {problem} from finite numbers, in the "
                f"backward pass; cotangent {_shapes(g)}, arguments "
                f"{_shapes(tuple(p for p in node.parents if p is not None))}; {where}"
            )
        return out


def _shapes(values: Any) -> str:
    parts = [
        f"{tuple(x.shape)} {canonical(x.dtype)}" if hasattr(x, "shape") else repr(x)
        for x in (values if isinstance(values, tuple | list) else (values,))
        if x is not None
    ]
    return ", ".join(parts)


@context
def detect_anomaly(infinities: bool = True) -> Iterator[None]:
    """Raise at the operation that produces a NaN (or an infinity) from finite numbers.

    The error names the operation, the shapes of its arguments, and the line of the user's
    program that called it (in the backward pass, the line that recorded it). Every operation
    is checked on the host, in all threads. This is slow: use it for debugging, not for training.

    Parameters
    ----------
    infinities : bool
        Whether to detect infinities, too.

    Raises
    ------
    AnomalyError

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.detect_anomaly():  # doctest: +ELLIPSIS
    ...     xg.log(xg.asarray([1.0, 0.0]))
    Traceback (most recent call last):
    xgrad.errors.AnomalyError: log: produced an infinity from finite numbers, in the forward ...
    """
    with watch(_Anomalies(infinities)):
        yield


# -- times -------------------------------------------------------------------------------------


class Profile:
    """The calls, time and bytes of each operation; it prints as a table.

    Attributes
    ----------
    rows : dict
        Maps ``(operation, "forward" or "backward")`` to ``[calls, seconds, bytes]``: the time
        without that of nested operations, and the size of the results.
    """

    def __init__(self, synchronize: Callable[[], None] | None = None) -> None:
        self.rows: dict[tuple[str, str], list[float]] = {}
        self._synchronize = synchronize
        self._inside = threading.local()

    def _run(self, name: str, phase: str, compute: Any) -> Any:
        stack = self._inside.__dict__.setdefault("stack", [])
        stack.append(0.0)
        start = time.perf_counter()
        try:
            out = compute()
            if self._synchronize is not None:
                self._synchronize()
        finally:
            spent = time.perf_counter() - start
            inner = stack.pop()
            if stack:
                stack[-1] += spent
        row = self.rows.setdefault((name, phase), [0, 0.0, 0])
        row[0] += 1
        row[1] += spent - inner
        row[2] += sum(math.prod(x.shape) * canonical(x.dtype).itemsize for x in _arrays(out))
        return out

    def value(
        self, primitive: Primitive, args: tuple[Any, ...], params: Params, compute: Any
    ) -> Any:
        """Measure the value of an operation."""
        return self._run(primitive.name, "forward", compute)

    def rule(self, primitive: Primitive, node: Node, g: Any, compute: Any) -> Any:
        """Measure the rule of an operation."""
        return self._run(primitive.name, "backward", compute)

    @property
    def seconds(self) -> float:
        """The total time of all operations."""
        return math.fsum(row[1] for row in self.rows.values())

    def table(self, by: str = "time", limit: int | None = None) -> str:
        """Return the table, sorted by ``"time"``, ``"calls"`` or ``"bytes"``."""
        keys = {"calls": 0, "time": 1, "bytes": 2}
        if by not in keys:
            raise ValueError(f"table: by must be one of {', '.join(keys)}, got {by!r}")
        rows = sorted(self.rows.items(), key=lambda item: -item[1][keys[by]])[:limit]
        total = self.seconds or 1.0
        width = max((len(name) for (name, _), _ in rows), default=9)
        width = max(width, len("operation"))
        lines = [f"{'operation':<{width}}  {'pass':<8}  {'calls':>7}  {'ms':>10}  {'%':>5}  MiB"]
        lines.append("-" * (len(lines[0]) + 6))
        lines.extend(
            f"{name:<{width}}  {phase:<8}  {calls:>7.0f}  {seconds * 1e3:>10.3f}  "
            f"{100 * seconds / total:>5.1f}  {size / 2**20:.2f}"
            for (name, phase), (calls, seconds, size) in rows
        )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.table()


@context
def profile() -> Iterator[Profile]:
    """Count and time every operation in the body of a ``with``, in all threads.

    On an asynchronous device every operation of the current backend is synchronized. The fast
    path is disabled, so small operations take longer than without profiling.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([1.0, 2.0], requires_grad=True)
    >>> with xg.profile() as problem:
    ...     xg.sum(xg.exp(w)).backward()
    >>> sorted(problem.rows)
    [('exp', 'backward'), ('exp', 'forward'), ('sum', 'backward'), ('sum', 'forward')]
    """
    runtime = get_backend().runtime
    problem = Profile(runtime.synchronize if runtime.asynchronous else None)
    with watch(problem):
        yield problem
