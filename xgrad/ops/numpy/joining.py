"""Join arrays along an axis, as NumPy's functions do."""

from collections.abc import Sequence
from typing import Any

from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.shape import concat, reshape
from xgrad.typing import ArrayLike

__all__ = ["hstack"]


def _parts(name: str, arrays: Any, least: int) -> list[Tensor]:
    """Return arrays as Tensors with at least some number of axes, the new ones first."""
    if not isinstance(arrays, Sequence | Tensor):
        raise TypeError(
            f"{called(name)}: expected a sequence of arrays, got {type(arrays).__name__}"
        )
    parts = [as_tensor(x, like=arrays) for x in arrays]
    return [reshape(x, (*(1,) * (least - x.ndim), *x.shape)) for x in parts]


@function(numpy="hstack")
def hstack(tup: Sequence[ArrayLike], *, dtype: Any = None, casting: str = "same_kind") -> Tensor:
    """Join arrays along the second axis, 1-D arrays along the first.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.hstack((xg.asarray([1.0]), [2.0, 3.0]))
    Tensor([1., 2., 3.])
    """
    parts = _parts("hstack", tup, 1)
    out = concat(parts, axis=0 if all(x.ndim == 1 for x in parts) else 1)
    return out if dtype is None else astype(out, dtype)
