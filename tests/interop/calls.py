"""Calls of other libraries with Tensors: what is called, and how it is compared with NumPy.

A `Call` has a function of arrays. With plain NumPy arrays it is the reference: its value is compared,
and its finite differences are compared with the gradients. A `Refused` call goes through compiled
code: with a tensor that needs gradients it must raise, and say which function did not work.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import xgrad as xg


@dataclass(frozen=True)
class Call:
    """One call: its public name, the function, arguments, which of them are differentiated."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    wrt: tuple[int, ...]
    rtol: float = 1e-6
    step: float = 1e-4
    note: str = ""  # tells apart several calls of one function

    @property
    def id(self) -> str:
        return f"{self.name} {self.note}".strip()


@dataclass(frozen=True)
class Refused:
    """A call that must raise: its public name, the function, arguments, words of the message."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    says: str = ""
    named: bool = True  # compiled functions are not on the stack

    @property
    def id(self) -> str:
        return self.name


CALLS: list[Call] = []
REFUSED: list[Refused] = []
#: How many calls passed, by library: printed at the end.
PASSED: dict[str, int] = {}


def call(name, function, *args, wrt=None, **options):
    """Add a call; floating-point arrays are differentiated unless ``wrt`` lists others."""
    floating = (i for i, x in enumerate(args) if isinstance(x, np.ndarray) and x.dtype.kind in "fc")
    CALLS.append(Call(name, function, args, tuple(floating) if wrt is None else wrt, **options))


def refused(name, function, *args, says="", named=True):
    """Add a call that must raise."""
    REFUSED.append(Refused(name, function, args, says, named))


def arrays(out: Any) -> list[Any]:
    """Return the arrays of a result, which may be a tuple of them."""
    return [part for x in out for part in arrays(x)] if isinstance(out, tuple | list) else [out]


def given(c: Call, values: dict[int, Any], convert: Callable[[Any], Any]) -> list[Any]:
    """Return the arguments of a call, with some replaced."""
    return [
        values[i] if i in values else convert(x) if isinstance(x, np.ndarray) else x
        for i, x in enumerate(c.args)
    ]


def weights(outs: list[Any]) -> list[np.ndarray]:
    """Return fixed random weights for results; integers have none."""
    rng = np.random.default_rng(5)
    drawn = [rng.uniform(0.5, 1.5, np.shape(x)) for x in outs]
    return [
        w if np.asarray(x).dtype.kind in "fc" else w * 0 for w, x in zip(drawn, outs, strict=True)
    ]


def weighted(outs: list[Any], factors: list[np.ndarray]) -> Any:
    """Return the weighted sum of results, of real and imaginary parts."""
    total = 0.0
    for x, w in zip(outs, factors, strict=True):
        if np.dtype(x.dtype).kind not in "fc":
            continue
        parts = [x] if np.dtype(x.dtype).kind == "f" else [np.real(x), 0.7 * np.imag(x)]
        for part in parts:
            total = total + np.sum(part * w)
    return total


def check(c: Call) -> None:
    """Compare a call on Tensors with NumPy: value, dtype, shape, gradients by three ways."""
    expected = [np.asarray(x) for x in arrays(c.function(*given(c, {}, lambda x: x.copy())))]
    factors = weights(expected)
    leaves = {i: xg.tensor(c.args[i], requires_grad=True) for i in c.wrt}
    outs = arrays(c.function(*given(c, leaves, xg.asarray)))
    assert len(outs) == len(expected)
    for x, want in zip(outs, expected, strict=True):
        assert isinstance(x, xg.Tensor), f"{type(x).__name__} is not a Tensor"
        assert x.shape == want.shape
        assert x.dtype == want.dtype
        np.testing.assert_allclose(x.detach().numpy(), want, rtol=1e-8, atol=1e-10)
    weighted(outs, factors).backward()

    def scalar(*values: Any) -> Any:
        replaced = dict(zip(c.wrt, values, strict=True))
        return weighted(arrays(c.function(*given(c, replaced, xg.asarray))), factors)

    def plain(*values: Any) -> Any:
        replaced = dict(zip(c.wrt, values, strict=True))
        outs = arrays(c.function(*given(c, replaced, lambda x: x.copy())))
        return weighted([np.asarray(x) for x in outs], factors)

    points = [c.args[i] for i in c.wrt]
    _, pullback = xg.vjp(scalar, *points)
    gradients = pullback(np.asarray(1.0))
    rng = np.random.default_rng(7)
    for k, i in enumerate(c.wrt):
        gradient = np.asarray(gradients[k])
        np.testing.assert_allclose(
            np.asarray(leaves[i].grad.numpy()), gradient, rtol=1e-9, atol=1e-12
        )
        for _ in range(2):
            direction = rng.normal(size=c.args[i].shape).astype(c.args[i].dtype)
            if direction.dtype.kind == "c":
                direction += 1j * rng.normal(size=c.args[i].shape)
            direction /= np.linalg.norm(direction)

            def along(t: float) -> Any:
                return plain(
                    *[np.asarray(p + t * direction) if j == k else p for j, p in enumerate(points)]
                )

            h = c.step
            slope = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
            found = np.sum(np.real(np.conj(gradient) * direction))
            scale = max(1.0, float(np.max(np.abs(gradient))))
            np.testing.assert_allclose(found, slope, rtol=c.rtol, atol=c.rtol * scale)
            tangents = [direction if j == k else np.zeros_like(p) for j, p in enumerate(points)]
            pushed = xg.jvp(scalar, tuple(points), tuple(tangents))[1]
            np.testing.assert_allclose(float(pushed), found, rtol=1e-7, atol=1e-9 * scale)


def check_refused(r: Refused) -> None:
    """Check that a call raises on a tensor that needs gradients, on the tape and in `grad`."""
    first = next(
        i for i, x in enumerate(r.args) if isinstance(x, np.ndarray) and x.dtype.kind in "fc"
    )

    def called(x: Any) -> Any:
        rest = [xg.asarray(y) if isinstance(y, np.ndarray) else y for y in r.args]
        return r.function(*rest[:first], x, *rest[first + 1 :])

    def total(x: Any) -> Any:
        return sum(xg.sum(xg.real(part)) for part in arrays(called(x)))

    with pytest.raises((xg.AutogradError, TypeError)) as eager:
        total(xg.tensor(r.args[first], requires_grad=True)).backward()
    with pytest.raises((xg.AutogradError, TypeError)) as inside:
        xg.grad(total)(r.args[first])
    for caught in (eager, inside):
        text = str(caught.value)
        assert "gradient" in text or "derivative" in text, text
        assert r.name.rpartition(".")[2] in text or not r.named, text
        assert r.says in text, text


def passed(name: str) -> None:
    """Count a call that passed."""
    library = ".".join(name.split(".")[:2])
    PASSED[library] = PASSED.get(library, 0) + 1
