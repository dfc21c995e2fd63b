"""The handle that registering a hook returns."""

import itertools
from typing import Any, Self

_next_key = itertools.count().__next__


class RemovableHandle:
    """Removes a hook: by ``remove()``, or at the end of a ``with``.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([1.0], requires_grad=True)
    >>> with w.register_hook(lambda grad: print(grad)):
    ...     (w * 2).sum().backward()
    Tensor([2.])
    >>> (w * 2).sum().backward()
    """

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self._hooks, self._key = hooks, _next_key()
        hooks[self._key] = hook  # keys are not reused

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        self._hooks.pop(self._key, None)

    __call__ = remove

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()
