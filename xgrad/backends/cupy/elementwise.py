"""Kernels of elementwise functions."""

from xgrad.backends.cupy.kernels import Elementwise

#: ``g * partial``, but 0 where the cotangent is 0 and the partial is not finite.
masked_product = Elementwise(
    "masked_product",
    "T g, T partial",
    "T out",
    "out = g == T(0) && !isfinite((double)partial) ? T(0) : T(g * partial)",
)

masked = Elementwise("masked", "T t, bool mask", "T out", "out = mask ? t : T(0)")

# Half precision is computed in single precision; W is the wide type.
_WIDE = """
template <class T> struct Wide { typedef float type; };
template <> struct Wide<double> { typedef double type; };
template <class W> __device__ __forceinline__ W logistic(W x) {
  W small = exp(-abs(x));
  return (x >= 0 ? W(1) : small) / (1 + small);
}
"""

silu = Elementwise(
    "silu",
    "T x",
    "T out",
    "typedef typename Wide<T>::type W; const W w = x; out = T(w * logistic(w))",
    _WIDE,
)

silu_partial = Elementwise(
    "silu_partial",
    "T x",
    "T out",
    """typedef typename Wide<T>::type W; const W w = x; const W s = logistic(w);
    out = T(s * (1 + w * (1 - s)))""",
    _WIDE,
)

#: ``x Φ(x)``, and Φ(x).
gelu = Elementwise(
    "gelu",
    "T x",
    "T out, T share",
    """typedef typename Wide<T>::type W; const W w = x;
    const W s = W(0.5) * erfc(-w * W(0.70710678118654752440));
    share = T(s); out = T(w * s)""",
    _WIDE,
)

gelu_vjp = Elementwise(
    "gelu_vjp",
    "T g, T x, T share",
    "T out",
    """typedef typename Wide<T>::type W; const W w = x;
    const W density = exp(W(-0.5) * w * w) * W(0.39894228040143267794);
    out = T(W(g) * (W(share) + w * density))""",
    _WIDE,
)

_CUBIC = (
    _WIDE
    + """
template <class W> __device__ __forceinline__ W tanh_of_cubic(W x) {
  const W scale = W(0.79788456080286535588);
  return tanh(x * (scale + scale * W(0.044715) * x * x));
}
"""
)

gelu_tanh = Elementwise(
    "gelu_tanh",
    "T x",
    "T out",
    """typedef typename Wide<T>::type W; const W w = x;
    out = T(W(0.5) * w * (1 + tanh_of_cubic(w)))""",
    _CUBIC,
)

gelu_tanh_partial = Elementwise(
    "gelu_tanh_partial",
    "T x",
    "T out",
    """typedef typename Wide<T>::type W; const W w = x; const W t = tanh_of_cubic(w);
    const W scale = W(0.79788456080286535588);
    const W slope = scale + 3 * scale * W(0.044715) * w * w;
    out = T(W(0.5) * (1 + t + (1 - t * t) * w * slope))""",
    _CUBIC,
)
