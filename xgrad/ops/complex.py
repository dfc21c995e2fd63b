"""Magnitudes, signs, and the parts of complex numbers, element by element."""

from xgrad.backends.dtypes import canonical, int8, is_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_elementwise, fill_batch
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG
from xgrad.typing import Value

__all__ = ["abs", "conj", "sign"]

# -- magnitude and sign ------------------------------------------------------------------------


def _abs_vjp(xp: Namespace, g: Value, x: Value) -> Value:
    return xp.multiply(g, xp.sign(x)) if xp is XG else g * xp.sign(x)


def _abs_jvp(xp: Namespace, t: Value, x: Value) -> Value:
    if is_complex(x.dtype):
        return xp.real(xp.multiply(xp.conj(xp.sign(x)), t))
    return xp.multiply(t, xp.sign(x))


@general(
    vjps=(_abs_vjp,),
    jvps=(_abs_jvp,),
    batch=batch_elementwise,
    direct=True,
    numpy="absolute",
    operator="abs(x)",
    rules=True,
)
def abs(xp: Namespace, x: Value, /) -> Value:
    """Magnitude. Gradient: ``sign(x)``, which is 0 at 0; for complex input ``x / |x|``."""
    return xp.abs(x)


def _sign_vjp(xp: Namespace, g: Value, x: Value, out: Value) -> Value:
    if not is_complex(x.dtype):
        return xp.zeros_like(g)
    size = xp.abs(x)
    across = xp.subtract(g, xp.multiply(out, xp.real(xp.multiply(xp.conj(out), g))))
    zero = xp.equal(size, 0)
    return xp.where(zero, xp.zeros_like(g), xp.divide(across, xp.where(zero, 1.0, size)))


@general(
    vjps=(_sign_vjp,),
    jvps=(_sign_vjp,),
    batch=batch_elementwise,
    direct=True,
    numpy="sign",
    rules=True,
)
def sign(xp: Namespace, x: Value, /) -> Value:
    """Sign: -1, 0 or 1; for complex input ``x / |x|``. The gradient of real input is 0.

    See Also
    --------
    xgrad.signbit : Whether the sign bit is set, also of -0.0.
    xgrad.copysign : A magnitude with the sign of another number.
    """
    return xp.sign(x)


@general(
    vjps=(lambda xp, g: xp.conj(g),),
    jvps=(lambda xp, t: xp.conj(t),),
    batch=batch_elementwise,
    numpy="conjugate",
    rules=True,
)
def conj(xp: Namespace, x: Value, /) -> Value:
    """Complex conjugate; real input is returned unchanged (booleans as int8, as by NumPy)."""
    if is_complex(x.dtype):
        return xp.conj(x)
    return xp.astype(x, int8) if canonical(x.dtype).kind == "b" else x


@general(
    vjps=(lambda xp, g: g,),
    jvps=(lambda xp, t: xp.real(t) if is_complex(t.dtype) else t,),
    batch=batch_elementwise,
    rules=True,
)
def real(xp: Namespace, x: Value, /) -> Value:
    """Real part."""
    return xp.real(x) if is_complex(x.dtype) else x


@general(
    vjps=(lambda xp, g: xp.real(g), lambda xp, g: xp.imag(g)),
    jvps=(
        lambda xp, t, out: xp.astype(t, canonical(out.dtype)),
        lambda xp, t, out: xp.multiply(t, 1j),
    ),
    batch=lambda op, args, batched, params: op(*fill_batch(args, batched)),
)
def from_parts(xp: Namespace, real: Value, imag: Value, /) -> Value:
    """Complex numbers from real and imaginary parts; either may be infinite or NaN."""
    return xp.as_complex(xp.stack([real, imag], axis=-1))


def _imag_vjp(xp: Namespace, g: Value, like: Value) -> Value:
    if not is_complex(like.dtype):
        return xp.zeros_like(g)
    return xp.multiply(xp.astype(g, like.dtype), 1j)


@general(
    vjps=(_imag_vjp,),
    jvps=(lambda xp, t: xp.imag(t) if is_complex(t.dtype) else xp.zeros_like(t),),
    batch=batch_elementwise,
    rules=True,
)
def imag(xp: Namespace, x: Value, /) -> Value:
    """Imaginary part; 0 for real input."""
    return xp.imag(x) if is_complex(x.dtype) else xp.zeros_like(x)
