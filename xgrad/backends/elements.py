"""Hooks for elementwise functions that the standard lacks: roots, exponents, divisors, bits."""

from typing import Any

import numpy as np

from xgrad.backends.array_api import Standard
from xgrad.backends.dtypes import canonical
from xgrad.typing import Array

_FLOAT64 = np.dtype(np.float64)
_INT32 = np.dtype(np.int32)
_UINT8 = np.dtype(np.uint8)


class ElementwiseFunctions(Standard):
    """Agnostic forms."""

    def float_of(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Return the dtype that functions of real numbers give for integers of a dtype."""
        return _FLOAT64

    def cbrt(self, x: Array) -> Array:
        """Cube root of real numbers.

        Agnostic form: a power, and one step of Newton's method, because 1/3 is rounded.
        """
        size = self.abs(x)
        usual = self.logical_and(size > 0, self.isfinite(x))
        safe = self.where(usual, size, 1.0)
        root = self.pow(safe, 1 / 3)
        root = root - (root - safe / (root * root)) * (1 / 3)
        return self.where(usual, self.copysign(root, x), x)

    def ldexp(self, x: Array, n: Array) -> Array:
        """``x * 2**n`` for integers ``n``.

        Agnostic form: four factors, each of which is a normal number.
        """
        dtype = canonical(x.dtype)
        # Beyond these exponents every product is 0 or infinite.
        limit = 4 * {"float16": 15, "float64": 1000}.get(dtype.name, 120)
        n = self.astype(n, np.dtype(np.int64))
        n = self.where(n > limit, limit, self.where(n < -limit, -limit, n))
        quarter = n // 4
        for part in (quarter, quarter, quarter, n - 3 * quarter):
            factor = self.astype(part, x.dtype)
            x = self.multiply(x, self.pow(self.full_like(factor, 2.0), factor))
        return x

    def frexp(self, x: Array) -> tuple[Array, Array]:
        """Return mantissas in [0.5, 1) with the sign of x, and exponents.

        Agnostic form: the exponent by a logarithm, which may be off by one.
        """
        size = self.abs(x)
        usual = self.logical_and(size > 0, self.isfinite(x))
        exponent = self.floor(self.log2(self.where(usual, size, 1.0))) + 1
        exponent = self.astype(self.where(usual, exponent, 0.0), _INT32)
        mantissa = self.ldexp(x, -exponent)
        size = self.abs(mantissa)
        high, low = self.logical_and(usual, size >= 1), self.logical_and(usual, size < 0.5)
        mantissa = self.where(high, mantissa / 2, self.where(low, mantissa * 2, mantissa))
        off = self.astype(high, _INT32) - self.astype(low, _INT32)
        return mantissa, exponent + off

    def fmod(self, x: Any, y: Any) -> Array:
        """Remainder with the sign of x: of a division that rounds towards 0.

        One of the two may be a Python number.
        """
        whole = (
            canonical(v.dtype).kind in "iu" if hasattr(v, "dtype") else isinstance(v, int)
            for v in (x, y)
        )
        if all(whole):
            rest = self.remainder(x, y)
            across = self.not_equal(x < 0, y < 0)
            return self.where(self.logical_and(across, rest != 0), rest - y, rest)
        sizes = (self.abs(v) if hasattr(v, "dtype") else abs(v) for v in (x, y))
        return self.copysign(self.remainder(*sizes), x)

    def gcd(self, x: Array, y: Array) -> Array:
        """Greatest common divisor of integers.

        Agnostic form: Euclid's algorithm, as many steps as the largest integers may need.
        """
        x, y = self.add(x, 0 * y), self.add(y, 0 * x)
        if canonical(x.dtype).kind == "i":
            x, y = self.abs(x), self.abs(y)
        for _ in range(12 * canonical(x.dtype).itemsize):
            done = y == 0
            rest = self.remainder(x, self.where(done, self.ones_like(y), y))
            x, y = self.where(done, x, y), self.where(done, y, rest)
        return x

    def lcm(self, x: Array, y: Array) -> Array:
        """Least common multiple of integers, not negative."""
        divisor = self.gcd(x, y)
        safe = self.where(divisor == 0, self.ones_like(divisor), divisor)
        out = self.multiply(x // safe, y)
        return self.abs(out) if canonical(out.dtype).kind == "i" else out

    def bitwise_count(self, x: Array) -> Array:
        """Count the bits that are set in the magnitude of integers, as uint8."""
        dtype = canonical(x.dtype)
        size = self.abs(x) if dtype.kind == "i" else x
        total = self.zeros_like(x)
        for _ in range(8 * dtype.itemsize):
            odd = self.bitwise_and(size, self.ones_like(size))
            total = total + odd
            # The magnitude of the least integer is itself, negative: the shift copies its sign.
            size = self.bitwise_right_shift(self.bitwise_xor(size, odd), self.ones_like(size))
            if dtype.kind == "i":
                size = self.where(size < 0, self._without_sign(size, dtype), size)
        return self.astype(total, _UINT8)

    def _without_sign(self, x: Array, dtype: Any) -> Array:
        return self.bitwise_and(x, self.full_like(x, np.iinfo(dtype).max))
