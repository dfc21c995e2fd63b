"""Tensor's methods, for editors and type checkers; `xgrad.ops.methods` binds them.

Written by ``python tools/declared.py`` from the declarations of ops.
"""

from typing import TYPE_CHECKING, Any

from xgrad.typing import ArrayLike, Axis, SupportsArray

if TYPE_CHECKING:
    from xgrad.engine.tensor import Tensor


class Operators:
    """The signatures of methods that the ops layer binds."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def T(self) -> Tensor:
            """The tensor with its axes reversed; a view. Of a stack of matrices use ``mT``."""

        def all(
            self, axis: Axis = None, out: Any = None, keepdims: Any = ..., *, where: Any = ...
        ) -> Tensor:
            """Whether all elements are true (not 0)."""

        def any(
            self, axis: Axis = None, out: Any = None, keepdims: Any = ..., *, where: Any = ...
        ) -> Tensor:
            """Whether any element is true (not 0)."""

        def argmax(
            self, axis: int | None = None, out: Any = None, *, keepdims: Any = ...
        ) -> Tensor:
            """Index of the first greatest element along an axis, or in the flattened array."""

        def argmin(
            self, axis: int | None = None, out: Any = None, *, keepdims: Any = ...
        ) -> Tensor:
            """Index of the first smallest element along an axis, or in the flattened array."""

        def argpartition(
            self, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
        ) -> Tensor:
            """Positions that partition an array (see `partition`)."""

        def argsort(
            self, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
        ) -> Tensor:
            """Indices that sort along an axis, or the flattened array, as in NumPy."""

        def astype(
            self,
            dtype: Any,
            order: str = "K",
            casting: str = "unsafe",
            subok: bool = True,
            copy: bool = True,
            *,
            device: Any = None,
        ) -> Tensor:
            """Convert to another dtype, and move to ``device`` if it is passed; differentiable."""

        def backward(
            self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False
        ) -> None:
            """Add the gradients of this tensor to ``.grad`` of the leaves that it depends on."""

        @property
        def base(self) -> Tensor | None:
            """The tensor that a view shows a part of, or None for a tensor that is not a view."""

        def choose(self, choices: Any, out: Tensor | None = None, mode: str = "raise") -> Tensor:
            """For each element, the one of several arrays that an integer array names."""

        def clip(self, min: Any = None, max: Any = None, out: Tensor | None = None) -> Tensor:
            """Limit values to ``[min, max]``; a bound may be a number, an array or None."""

        def compress(
            self, condition: Any, axis: int | None = None, out: Tensor | None = None
        ) -> Tensor:
            """Slices along an axis for which a vector of conditions is true."""

        def conj(self) -> Tensor:
            """Complex conjugate; of real numbers the tensor itself, as in NumPy."""

        def conjugate(self) -> Tensor:
            """Complex conjugate; of real numbers the tensor itself, as in NumPy."""

        def copy(self, order: str = "C") -> Tensor:
            """Return the same values as a separate tensor, connected in the graph."""

        def cpu(self) -> Tensor:
            """Return the tensor on its backend's CPU device, or on NumPy if there is none (CuPy)."""

        def cuda(self, device: Any = None) -> Tensor:
            """Return the tensor on a CUDA device: the current one, or the one with this name or index."""

        def cumprod(self, axis: int | None = None, dtype: Any = None, out: Any = None) -> Tensor:
            """Cumulative products along an axis, or of the flattened array."""

        def cumsum(self, axis: int | None = None, dtype: Any = None, out: Any = None) -> Tensor:
            """Cumulative sums along an axis, or of the flattened array."""

        def detach(self) -> Tensor:
            """The same values, as a constant: no derivative flows through, in any mode."""

        def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
            """Return diagonals of the matrices along two axes, as the last axis; a view."""

        def dot(self, b: ArrayLike, out: Tensor | None = None) -> Tensor:
            """Sum products over the last axis of ``a`` and the last but one of ``b``, as in NumPy."""

        def fill(self, value: Any) -> None:
            """Set every element to a number, which may be a Tensor without axes."""

        @property
        def flat(self) -> Any:
            """The elements in row-major order: ``for e in x.flat``, ``x.flat[3]``, ``x.flat[2:] = v``."""

        @flat.setter
        def flat(self, value: Any) -> None: ...

        def flatten(self, order: str = "C") -> Tensor:
            """Return a 1-D copy of the elements."""

        @property
        def imag(self) -> Tensor:
            """Imaginary part, a view; 0 for real input."""

        @imag.setter
        def imag(self, value: Any) -> None: ...

        def item(self, *args: Any) -> Any:
            """Return one element as a Python number (on a GPU this waits for the result)."""

        @property
        def itemsize(self) -> int:
            """The bytes of one element."""

        @property
        def mT(self) -> Tensor:
            """Swap the last two axes; a view."""

        def max(
            self,
            axis: Axis = None,
            out: Any = None,
            keepdims: Any = ...,
            initial: Any = ...,
            where: Any = ...,
        ) -> Tensor:
            """Greatest element, or NaN if any is NaN. Ties share the gradient evenly."""

        def mean(
            self,
            axis: Axis = None,
            dtype: Any = None,
            out: Any = None,
            keepdims: Any = ...,
            *,
            where: Any = ...,
        ) -> Tensor:
            """Arithmetic mean over an axis, several axes (a tuple), or all (None)."""

        def min(
            self,
            axis: Axis = None,
            out: Any = None,
            keepdims: Any = ...,
            initial: Any = ...,
            where: Any = ...,
        ) -> Tensor:
            """Smallest element, or NaN if any is NaN. Ties share the gradient evenly."""

        @property
        def nbytes(self) -> int:
            """The bytes of all elements."""

        def nonzero(self) -> tuple[Tensor, ...]:
            """Positions of the elements that are not 0: one integer array for each axis."""

        def partition(
            self, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None
        ) -> None:
            """Partition in place, as NumPy's method does; `xgrad.partition` returns a copy."""

        def prod(
            self,
            axis: Axis = None,
            dtype: Any = None,
            out: Any = None,
            keepdims: Any = ...,
            initial: Any = ...,
            where: Any = ...,
        ) -> Tensor:
            """Product over an axis, several axes (a tuple), or all (None), with NumPy's arguments."""

        def ptp(self, axis: Axis = None, out: Any = None, keepdims: Any = ...) -> Tensor:
            """Greatest element minus the smallest ("peak to peak")."""

        def put(self, ind: Any, v: ArrayLike, mode: str = "raise") -> None:
            """Write values at positions of the flattened array; they are repeated if there are too few."""

        def ravel(self, order: str = "C") -> Tensor:
            """Flatten to one axis; a view if the elements are contiguous."""

        @property
        def real(self) -> Tensor:
            """Real part; a view."""

        @real.setter
        def real(self, value: Any) -> None: ...

        def repeat(self, repeats: Any, axis: int | None = None) -> Tensor:
            """Repeat each element, along an axis or of the flattened array."""

        def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Tensor:
            """Give the elements another shape: ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``."""

        def round(self, decimals: int = 0, out: Any = None) -> Tensor:
            """Round to a number of decimals, halves to even digits. The derivative is 0."""

        def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> Tensor:
            """Positions at which inserting values keeps this 1-D array sorted."""

        def sort(
            self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None
        ) -> None:
            """Sort in place, as NumPy's method does; `xgrad.sort` returns a sorted copy."""

        def squeeze(self, axis: Axis = None) -> Tensor:
            """Remove axes of length 1: those in ``axis``, or all of them; a view."""

        def std(
            self,
            axis: Axis = None,
            dtype: Any = None,
            out: Any = None,
            ddof: float = 0,
            keepdims: Any = ...,
            *,
            where: Any = ...,
            mean: Any = ...,
            correction: Any = ...,
        ) -> Tensor:
            """Standard deviation over ``count - ddof``, as in NumPy; PyTorch divides by ``count - 1``."""

        @property
        def strides(self) -> tuple[int, ...]:
            """The bytes between neighbours along each axis."""

        def sum(
            self,
            axis: Axis = None,
            dtype: Any = None,
            out: Any = None,
            keepdims: Any = ...,
            initial: Any = ...,
            where: Any = ...,
        ) -> Tensor:
            """Sum over an axis, several axes (a tuple), or all (None), with NumPy's arguments."""

        def swapaxes(self, axis1: int, axis2: int) -> Tensor:
            """Exchange two axes; a view."""

        def take(
            self,
            indices: Any,
            axis: int | None = None,
            out: Tensor | None = None,
            mode: str = "raise",
        ) -> Tensor:
            """Take slices along an axis, or elements of the flattened array, by integer indices."""

        def to(
            self,
            *where: Any,
            backend: str | None = None,
            device: Any = None,
            dtype: Any = None,
            copy: bool = False,
            non_blocking: bool = False,
        ) -> Tensor:
            """Return the tensor on another backend or device, or with another dtype."""

        def to_device(self, device: Any, /, *, stream: Any = None) -> Tensor:
            """Return the tensor on another device of its backend."""

        def tobytes(self, order: str = "C") -> bytes:
            """Return the elements as bytes."""

        def tolist(self) -> Any:
            """Return the elements as nested Python lists; raises where a transform follows the tensor."""

        def trace(
            self,
            offset: int = 0,
            axis1: int = 0,
            axis2: int = 1,
            dtype: Any = None,
            out: Tensor | None = None,
        ) -> Tensor:
            """Return the sum along a diagonal of the matrices along two axes."""

        def transpose(self, *axes: Any) -> Tensor:
            """Reverse the axes, or reorder them as NumPy's method does."""

        def var(
            self,
            axis: Axis = None,
            dtype: Any = None,
            out: Any = None,
            ddof: float = 0,
            keepdims: Any = ...,
            *,
            where: Any = ...,
            mean: Any = ...,
            correction: Any = ...,
        ) -> Tensor:
            """Variance over ``count - ddof``, as in NumPy; PyTorch divides by ``count - 1``."""

        def view(self, dtype: Any = None, type: Any = None) -> Tensor:
            """Return a view of the tensor, or of its complex numbers as pairs of real ones, or back."""

        def __abs__(self) -> Tensor: ...
        def __add__(self, x2: ArrayLike) -> Tensor: ...
        def __and__(self, x2: ArrayLike) -> Tensor: ...
        def __array_namespace__(self, /, *, api_version: str | None = None) -> Any: ...
        def __bool__(self) -> bool: ...
        def __ceil__(self) -> int: ...
        def __complex__(self) -> complex: ...
        def __contains__(self, value: Any) -> bool: ...
        def __copy__(self) -> Tensor: ...
        def __deepcopy__(self, memo: dict[int, Any]) -> Tensor: ...
        def __divmod__(self, x2: ArrayLike) -> tuple[Tensor, Tensor]: ...
        def __eq__(self, y: object, /) -> Tensor: ...  # type: ignore[override]
        def __float__(self) -> float: ...
        def __floor__(self) -> int: ...
        def __floordiv__(self, x2: ArrayLike) -> Tensor: ...
        def __format__(self, spec: str) -> str: ...
        def __ge__(self, x2: ArrayLike) -> Tensor: ...
        def __getitem__(self, key: Any, /) -> Tensor: ...
        def __gt__(self, x2: ArrayLike) -> Tensor: ...
        def __iadd__(self, y: ArrayLike) -> Tensor: ...
        def __iand__(self, y: ArrayLike) -> Tensor: ...
        def __ifloordiv__(self, y: ArrayLike) -> Tensor: ...
        def __ilshift__(self, y: ArrayLike) -> Tensor: ...
        def __imatmul__(self, y: ArrayLike) -> Tensor: ...
        def __imod__(self, y: ArrayLike) -> Tensor: ...
        def __imul__(self, y: ArrayLike) -> Tensor: ...
        def __index__(self) -> int: ...
        def __int__(self) -> int: ...
        def __invert__(self) -> Tensor: ...
        def __ior__(self, y: ArrayLike) -> Tensor: ...
        def __ipow__(self, y: ArrayLike) -> Tensor: ...
        def __irshift__(self, y: ArrayLike) -> Tensor: ...
        def __isub__(self, y: ArrayLike) -> Tensor: ...
        def __itruediv__(self, y: ArrayLike) -> Tensor: ...
        def __ixor__(self, y: ArrayLike) -> Tensor: ...
        def __le__(self, x2: ArrayLike) -> Tensor: ...
        def __lshift__(self, x2: ArrayLike) -> Tensor: ...
        def __lt__(self, x2: ArrayLike) -> Tensor: ...
        def __matmul__(self, x2: SupportsArray) -> Tensor: ...
        def __mod__(self, x2: ArrayLike) -> Tensor: ...
        def __mul__(self, x2: ArrayLike) -> Tensor: ...
        def __ne__(self, y: object, /) -> Tensor: ...  # type: ignore[override]
        def __neg__(self) -> Tensor: ...
        def __or__(self, x2: ArrayLike) -> Tensor: ...
        def __pos__(self) -> Tensor: ...
        def __pow__(self, x2: ArrayLike) -> Tensor: ...
        def __radd__(self, y: ArrayLike, /) -> Tensor: ...
        def __rand__(self, y: ArrayLike, /) -> Tensor: ...
        def __rdivmod__(self, y: ArrayLike, /) -> Tensor: ...
        def __rfloordiv__(self, y: ArrayLike, /) -> Tensor: ...
        def __rlshift__(self, y: ArrayLike, /) -> Tensor: ...
        def __rmatmul__(self, y: ArrayLike, /) -> Tensor: ...
        def __rmod__(self, y: ArrayLike, /) -> Tensor: ...
        def __rmul__(self, y: ArrayLike, /) -> Tensor: ...
        def __ror__(self, y: ArrayLike, /) -> Tensor: ...
        def __round__(self, ndigits: int | None = None) -> Tensor: ...
        def __rpow__(self, y: ArrayLike, /) -> Tensor: ...
        def __rrshift__(self, y: ArrayLike, /) -> Tensor: ...
        def __rshift__(self, x2: ArrayLike) -> Tensor: ...
        def __rsub__(self, y: ArrayLike, /) -> Tensor: ...
        def __rtruediv__(self, y: ArrayLike, /) -> Tensor: ...
        def __rxor__(self, y: ArrayLike, /) -> Tensor: ...
        def __setitem__(self, key: Any, v: Any, /) -> None: ...
        def __sub__(self, x2: ArrayLike) -> Tensor: ...
        def __truediv__(self, x2: ArrayLike) -> Tensor: ...
        def __trunc__(self) -> int: ...
        def __xor__(self, x2: ArrayLike) -> Tensor: ...
