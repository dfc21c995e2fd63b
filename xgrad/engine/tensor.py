"""The Tensor: a value, a level, and what the level's kind carries."""

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from inspect import Signature
from typing import Any

from xgrad.backends import device as devices
from xgrad.backends import host
from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import canonical, is_differentiable
from xgrad.backends.registry import check_same, common_backend
from xgrad.engine.handles import RemovableHandle
from xgrad.engine.host_reads import read
from xgrad.engine.levels import DUAL, FLOOR, STALE, TRACE, Level
from xgrad.engine.node import Leaf, Node
from xgrad.engine.operators import Operators
from xgrad.engine.pickling import reduced
from xgrad.engine.refusals import array_refusal
from xgrad.engine.views import View, as_array, own_value, refresh, store, view_of
from xgrad.errors import AutogradError

#: Whether a user's rule is running, which may read raw arrays (`xgrad.transforms.rules`).
IN_RULE: ContextVar[bool] = ContextVar("xgrad rule", default=False)


class Tensor(Operators):
    """An array that derivatives flow through.

    Create one with `xgrad.asarray` (a constant) or `xgrad.tensor`; operations return new ones.
    The same class serves the eager tape, reverse and forward transforms, and `vmap`.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([1.0, 2.0], requires_grad=True)
    >>> xg.sum(w * w).backward()
    >>> w.grad
    Tensor([2., 4.])
    """

    __slots__ = (
        "__weakref__", "_leaf", "_level", "_node", "_parameter", "_value", "_view", "_views",
        "_writable",
    )  # fmt: skip
    __hash__ = object.__hash__
    __array_priority__ = 1000
    #: Users create tensors with `xgrad.tensor`; the arguments of ``__init__`` are internal.
    __signature__ = Signature()

    _value: Any  # a raw array of the backend, or a Tensor of a lower level
    _level: Level  # the transform that this tensor belongs to; level 0 is the eager tape
    _node: Any  # Node, Variable, Dual or Batched, by the kind of level; None for a constant
    _view: View  # only of a view: its base and what it shows of it (`xgrad.engine.views`)
    _views: list[Any]  # only of a base: weak references to its views
    _leaf: Leaf  # only of a frozen leaf: its node, with ``.grad`` and hooks, until it is thawed
    _writable: bool  # only of 0-d arrays; results of operations are numbers (`in_place`)
    _parameter: bool  # only of a parameter: the mark that `xgrad.nn.Parameter` checks

    def __init__(self, value: Any, level: Level, node: Any = None) -> None:
        self._value = value
        self._level = level
        self._node = node

    # -- attributes ----------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes; inside `vmap` those of one example."""
        if self._level is STALE:
            refresh(self)
        shape = tuple(self._value.shape)
        return shape if self._level.size is None else shape[1:]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        count = 1
        for length in self.shape:
            count *= length
        return count

    @property
    def dtype(self) -> Any:
        """The dtype, as a NumPy dtype on every backend."""
        return canonical(lowest(self).dtype)

    @property
    def backend(self) -> Backend:
        """The backend whose array holds the numbers."""
        return common_backend("backend", (lowest(self),))

    @property
    def device(self) -> devices.device:
        """The device that holds the numbers, an `xgrad.device`; None while JAX traces."""
        backend = self.backend
        found: devices.device = devices.device_of(backend, backend.xp.device(lowest(self)))
        return found

    @property
    def data(self) -> Any:
        """The raw array of the backend, not copied: to read, or to update a leaf without recording.

        A leaf whose memory is shared (with a graph, a detached tensor) is copied first, so that
        ``w.data -= step`` changes only the leaf. A later write of the library to the tensor may
        replace the array. Assigning replaces it, too. Inside a transform that follows the tensor
        this raises, except in a custom rule, which defines the derivative itself.
        """
        if is_batched(self):
            raise AutogradError(
                "data: inside vmap() there is no array of a single example; "
                "use operations of xgrad, which act on every example"
            )
        if type(refresh(self)._node) is Leaf and not self._level:
            own_value(self)
        elif self._level and not IN_RULE.get() and (level := follower(self)) and level.alive:
            raise AutogradError(
                f"data: {level.transform}() follows this tensor, and a raw array cannot carry its "
                "derivative; keep it a Tensor, or use xgrad.stop_gradient(x).data if that is "
                "intended"
            )
        return lowest(self)

    @data.setter
    def data(self, array: Any) -> None:
        raw = array.data if type(array) is Tensor else array
        if not hasattr(raw, "dtype"):
            raise TypeError(f"data: expected an array, got {type(raw).__name__}")
        if view_of(self) is not None:
            raise AutogradError("data: cannot be assigned on a view; write view[...] = array")
        if refresh(self)._level or (self._node is not None and type(self._node) is not Leaf):
            raise AutogradError("data: can be assigned only on a leaf or a constant tensor")
        if tuple(raw.shape) != self.shape or canonical(raw.dtype) != self.dtype:
            raise ValueError(
                f"data: expected shape {self.shape} and dtype {self.dtype}, "
                f"got {tuple(raw.shape)} and {canonical(raw.dtype)}"
            )
        store(self, check_same("data", lowest(self), raw).plain(raw))

    # -- gradients -----------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded."""
        return refresh(self)._node is not None

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        self.requires_grad_(flag)

    def requires_grad_(self, flag: bool = True) -> "Tensor":
        """Start (or stop) recording operations on this leaf; returns the tensor.

        A leaf that is frozen and thawed stays the same leaf, with its ``.grad``, hooks, and
        earlier graphs. While it is frozen, a backward pass does not add to its gradient.
        """
        if refresh(self)._level or (self._node is not None and type(self._node) is not Leaf):
            if flag:
                return self
            raise AutogradError(
                "requires_grad_: only a leaf can stop needing gradients; use detach()"
            )
        if not flag:
            if self._node is not None:
                self._leaf, self._node = self._node, None
                self._leaf.frozen = True
        elif self._node is None:
            leaf = getattr(self, "_leaf", None)
            if leaf is not None and leaf.dtype == self._value.dtype:
                leaf.frozen, self._node = False, leaf
                del self._leaf
                return self
            if not is_differentiable(self._value.dtype):
                raise TypeError(
                    "requires_grad: only floating-point and complex tensors have gradients, "
                    f"got dtype {self.dtype}; convert first with astype(xgrad.float64)"
                )
            self._value = self.backend.plain(self._value)
            self._node = Leaf(tuple(self._value.shape), self._value.dtype, self.backend.xp)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was created by the user, not by a recorded operation."""
        return refresh(self)._node is None or type(self._node) is Leaf

    @property
    def grad(self) -> "Tensor | None":
        """The gradient that `backward` has accumulated, or None."""
        node = leaf_of(self) or self._node
        if type(node) is Leaf:
            grad: Tensor | None = node.grad
            return grad if grad is None else as_array(refresh(grad))
        return node.extra.get("grad") if isinstance(node, Node) and node.extra else None

    @grad.setter
    def grad(self, grad: "Tensor | None") -> None:
        leaf = leaf_of(self)
        if leaf is None:
            raise AutogradError("grad: can be assigned only on a leaf that needs gradients")
        if grad is not None:
            if type(grad) is not Tensor:
                raise TypeError(f"grad: expected a Tensor or None, got {type(grad).__name__}")
            if grad.shape != self.shape or grad.dtype != self.dtype:
                raise ValueError(
                    f"grad: expected shape {self.shape} and dtype {self.dtype}, "
                    f"got {grad.shape} and {grad.dtype}"
                )
            check_same("grad", lowest(self), lowest(grad))
        leaf.grad = grad

    def retain_grad(self) -> None:
        """Store this tensor's gradient in ``.grad`` although it is not a leaf."""
        node = self._tape_node("retain_grad")
        if type(node) is not Leaf:
            node.extra = node.extra or {}
            node.extra["retain"] = True

    def register_hook(self, hook: Callable[["Tensor"], Any]) -> RemovableHandle:
        """Call ``hook(grad)`` when this tensor's gradient is complete.

        A hook may return a replacement. The returned handle removes the hook, by ``remove()``
        or at the end of a ``with``.
        """
        return self._tape_node("register_hook").add_hook(hook)

    def _tape_node(self, function: str) -> Node:
        node = refresh(self)._node
        if not isinstance(node, Node):
            raise AutogradError(f"{function}: this tensor does not need gradients")
        return node

    # -- conversion ----------------------------------------------------------------------------

    def numpy(self) -> Any:
        """Return a NumPy array, sharing memory where the backend allows.

        It is a snapshot: later writes of the library to the tensor do not change it.

        Raises
        ------
        AutogradError
            If the tensor needs gradients: call ``detach()`` first.
        """
        if refresh(self)._node is not None:
            raise AutogradError(
                "numpy: this tensor needs gradients, and a NumPy array cannot carry them; "
                "call detach().numpy()"
            )
        return read(self.backend, self._value, "array")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if refresh(self)._node is not None:
            if not is_differentiable(self.dtype):
                raise AutogradError(
                    f"np.asarray: inside {self._level.transform}() this tensor is not a single "
                    "array; to use it as an index, index an array of xgrad: xgrad.asarray(x)[i]"
                )
            raise AutogradError(array_refusal())
        return host.converted(self.numpy(), dtype, copy)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: Any = None,
        copy: bool | None = None,
    ) -> Any:
        raw = self._shared("__dlpack__")
        all_ = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        return raw.__dlpack__(**{name: value for name, value in all_.items() if value is not None})

    def __dlpack_device__(self) -> tuple[Any, int]:
        device: tuple[Any, int] = lowest(self).__dlpack_device__()
        return device

    def _shared(self, function: str) -> Any:
        """Return the raw array of a constant, for another library."""
        if refresh(self)._node is not None:
            raise AutogradError(
                f"{function}: this tensor needs gradients, which another library's array "
                "cannot carry; call detach() first"
            )
        return self._value

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        if not self.shape:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(self.shape[0]))

    def __repr__(self) -> str:
        notes = []
        refresh(self)
        if is_batched(self):
            body = f"shape={self.shape}, dtype={self.dtype}"
        elif (backend := self.backend).abstract:
            body = f"shape={self.shape}, dtype={self.dtype}, abstract"
        elif backend.lazy:  # printing does not compute
            body = f"shape={self.shape}, dtype={self.dtype}, lazy, backend={backend.name!r}"
        else:
            body, unusual = host.formatted(read(backend, lowest(self), "repr"), "Tensor(")
            if unusual:
                notes.append(f"dtype={self.dtype}")
            if not backend.on_host:
                notes.append(f"backend={backend.name!r}")
        if self._level:
            notes.append(f"inside {self._level.transform}()")
        elif self._node is not None:
            name = self._node.primitive.name if self._node.primitive else None
            notes.append(f"from={name}" if name else "requires_grad=True")
        return f"Tensor({', '.join([body, *notes])})"

    def __reduce__(self) -> Any:
        if refresh(self)._level or not self.is_leaf:
            raise AutogradError(
                "pickle: only constants and leaves can be pickled; call detach() first, or in this "
                "process copy.deepcopy(x), which stays in the graph"
            )
        return reduced(self)


def lowest(x: Any) -> Any:
    """Return the raw array below every level."""
    while type(x) is Tensor:
        x = x._value if x._level is not STALE else refresh(x)._value
    return x


def all_lowest(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return the raw arrays below every level of some values."""
    result = []
    for x in values:
        while type(x) is Tensor:
            x = x._value if x._level is not STALE else refresh(x)._value
        result.append(x)
    return tuple(result)


def is_batched(x: Any) -> bool:
    """Whether a tensor is batched at any of its levels."""
    while type(x) is Tensor:
        if refresh(x)._level.size is not None:
            return True
        x = x._value
    return False


def leaf_of(x: Tensor) -> Leaf | None:
    """Return the node of a leaf, frozen or not; None for any other tensor."""
    node = refresh(x)._node
    if node is None:
        return getattr(x, "_leaf", None)
    return node if type(node) is Leaf else None


def snapshot(x: Any) -> Any:
    """Return a tensor with the value of this one, which later writes do not change."""
    if type(x) is not Tensor:
        return x
    refresh(x)
    return Tensor(x._value, x._level, x._node)


def stripped(x: Any) -> Any:
    """Return the raw array of an untracked tensor; anything else unchanged."""
    if type(x) is not Tensor:
        return x
    if x._level is STALE:
        refresh(x)
    return x._value if x._node is None else x


def recording(level: Level) -> bool:
    """Whether a tape level records now."""
    return level > FLOOR.get()


def follower(x: Any) -> Level | None:
    """Return the innermost level that records this tensor now, or None."""
    while type(x) is Tensor:
        level = refresh(x)._level
        if x._node is not None:
            if level.kind is DUAL or recording(level):
                return level
            if level.kind is TRACE and level.trace.tape is None:
                return level
        x = x._value
    return None
