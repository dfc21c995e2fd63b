"""Matrix products, linear algebra, Fourier transforms."""

from typing import Any

from tests.fuzz.drawing import Draw, Unfit, operation


def _small(x: Any) -> bool:
    return x.size < 200


@operation("matmul", weight=3.0)
def _matmul(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3), _small)
    n = d.value(x).shape[-1]
    fits = lambda y: y.shape[-2 if y.ndim > 1 else 0] == n and _small(y)  # noqa: E731
    names = d.names("fc", (1, 3), fits)
    if names and d.chance(0.8):
        y = d.choice(names)
    else:
        y = d.real(*d.choice([(n,), (n, 2), (n, 3), (2, n, 2)]))
    return f"{x} @ {y}" if d.chance() else f"xg.{d.choice(['matmul', 'linalg.matmul'])}({x}, {y})"


@operation("linalg.matmul")
def _linalg_matmul(d: Draw, name: str) -> str:
    x = d.array("fc", (2, 3), _small)
    return f"xg.linalg.matmul({x}, {d.real(d.value(x).shape[-1], 2)})"


@operation("vecdot", "linalg.vecdot")
def _vecdot(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    return f"xg.{name}({x}, {d.same(x, 'fc')}, axis={-d.integer(1, d.value(x).ndim)})"


@operation("outer", "linalg.outer")
def _outer(d: Draw, name: str) -> str:
    x, y = (d.array("fc", 1, lambda x: x.size < 10) for _ in range(2))
    return f"xg.{name}({x}, {y})"


@operation("kron")
def _kron(d: Draw, name: str) -> str:
    x, y = (d.array("fc", (1, 2), lambda x: x.size < 10) for _ in range(2))
    return f"xg.kron({x}, {y})"


@operation("tensordot", "linalg.tensordot")
def _tensordot(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3), _small)
    n = d.value(x).shape
    axis = d.integer(0, len(n) - 1)
    names = d.names("fc", (1, 3), lambda y: n[axis] in y.shape and _small(y))
    y = d.choice(names)
    other = d.value(y).shape.index(n[axis])
    if d.chance(0.2) and d.value(x).size * d.value(y).size < 100:
        return f"xg.{name}({x}, {y}, axes=0)"
    return f"xg.{name}({x}, {y}, axes=(({axis},), ({other},)))"


@operation("einsum", weight=2.0)
def _einsum(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3), _small)
    letters = "ijk"[: d.value(x).ndim]
    kind = d.integer(0, 3)
    if kind == 0:
        out = "".join(c for c in letters if d.chance(0.6))
        return f"xg.einsum('{letters}->{out}', {x})"
    if kind == 1:
        y = d.same(x, "fc")
        out = "".join(letters[i] for i in d.permutation(len(letters)) if d.chance(0.6))
        return f"xg.einsum('{letters},{letters}->{out}', {x}, {y})"
    y = d.array("fc", 1, lambda y: y.size < 5)
    if kind == 2:
        return f"xg.einsum('{letters},l->{letters[0]}l', {x}, {y})"
    z = d.array("fc", 2, lambda z: z.shape[0] == d.value(x).shape[-1] and z.size < 50)
    return f"xg.einsum('...{letters[-1]},{letters[-1]}l->...l', {x}, {z})"


@operation("linalg.multi_dot")
def _multi_dot(d: Draw, name: str) -> str:
    x = d.array("fc", 2, _small)
    n = d.value(x).shape[1]
    return f"xg.linalg.multi_dot([{x}, {d.real(n, 2)}, {d.real(2, 3)}])"


@operation("linalg.cross")
def _cross(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3), lambda x: x.shape[-1] == 3)
    return f"xg.linalg.cross({x}, {d.same(x, 'fc')})"


def _square(d: Draw, kinds: str = "fc", ndim: Any = (2, 3)) -> str:
    """Return an expression of regular matrices with distinct eigenvalues."""
    x = d.array(kinds, ndim, lambda x: 0 < x.shape[-1] == x.shape[-2] < 5 and _small(x))
    n = d.value(x).shape[-1]
    diagonal = d.constant([float(4 * i + 5) for i in range(n)])
    d.constants[diagonal] = d.constants[diagonal].astype(d.dtype)
    return f"(xg.tanh(xg.real({x})) + xg.eye({n}, dtype={diagonal}.dtype) * {diagonal})"


def _symmetric(d: Draw) -> str:
    x = _square(d)
    return f"({x} + xg.matrix_transpose({x})) * 0.5"


@operation("linalg.inv", "linalg.det", "linalg.pinv", "linalg.svdvals", "linalg.cond")
def _of_square(d: Draw, name: str) -> str:
    return f"xg.{name}({_square(d)})"


@operation("linalg.expm")
def _expm(d: Draw, name: str) -> str:
    x = d.array("f", (2, 3), lambda x: 0 < x.shape[-1] == x.shape[-2] < 5 and _small(x))
    return f"xg.linalg.expm(xg.tanh({x}))"


@operation("linalg.sqrtm", "linalg.logm", "linalg.fractional_matrix_power")
def _function_of_matrix(d: Draw, name: str) -> str:
    power = f", {d.choice(['0.3', '1.5'])}" if name.endswith("power") else ""
    return f"xg.{name}({_square(d, ndim=2)}{power})"


@operation("linalg.polar")
def _polar(d: Draw, name: str) -> str:
    return f"xg.linalg.polar({_square(d, ndim=2)})[{d.integer(0, 1)}]"


@operation("linalg.cholesky", "linalg.eigvalsh")
def _of_symmetric(d: Draw, name: str) -> str:
    return f"xg.{name}({_symmetric(d)})"


@operation("linalg.eigh")
def _eigh(d: Draw, name: str) -> str:
    if d.chance():
        return f"xg.linalg.eigh({_symmetric(d)})[0]"
    return f"xg.abs(xg.linalg.eigh({_symmetric(d)})[1])"


@operation("linalg.eigvals")
def _eigvals(d: Draw, name: str) -> str:
    return f"xg.real(xg.sum(xg.exp(xg.linalg.eigvals({_square(d)}) * 0.1), axis=-1))"


@operation("linalg.eig")
def _eig(d: Draw, name: str) -> str:
    return f"xg.real(xg.sum(xg.linalg.eig({_square(d)})[0] ** 2, axis=-1))"


@operation("linalg.svd")
def _svd(d: Draw, name: str) -> str:
    x = _square(d)
    return d.choice(
        [f"xg.linalg.svd({x})[1]", f"xg.abs(xg.linalg.svd({x}, full_matrices=False)[0])"]
    )


@operation("linalg.qr")
def _qr(d: Draw, name: str) -> str:
    return f"xg.abs(xg.linalg.qr({_square(d)})[{d.integer(0, 1)}])"


@operation("linalg.slogdet")
def _slogdet(d: Draw, name: str) -> str:
    return f"xg.linalg.slogdet({_square(d)})[1]"


@operation("linalg.matrix_power")
def _matrix_power(d: Draw, name: str) -> str:
    return f"xg.linalg.matrix_power({_square(d)}, {d.integer(-2, 3)})"


@operation("linalg.matrix_rank")
def _matrix_rank(d: Draw, name: str) -> str:
    return f"xg.linalg.matrix_rank({_square(d)})"


@operation("linalg.solve", "linalg.solve_triangular", "linalg.lstsq")
def _solve(d: Draw, name: str) -> str:
    a = _square(d)
    if a.count("(") < 1:
        raise Unfit
    inner = a.split("xg.real(")[1].split(")")[0]
    n = d.value(inner).shape[-1]
    names = d.names("f", 2, lambda b: b.shape[0] == n and b.size < 20)
    b = d.choice(names) if names and d.chance(0.7) else d.real(n, 2)
    if name == "linalg.lstsq":
        return f"xg.linalg.lstsq({a}, {b})[0]"
    upper = f", upper={d.chance()}" if name.endswith("triangular") else ""
    return f"xg.{name}({a}, {b}{upper})"


@operation("fft.fft", "fft.ifft")
def _fft(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 2), lambda x: 0 not in x.shape)
    n = d.choice(["", f", n={d.integer(1, 5)}"])
    return f"xg.{name}({x}{n}, axis={d.axis(x)})"


@operation("fft.rfft", "fft.ihfft")
def _rfft(d: Draw, name: str) -> str:
    x = d.array("f", (1, 2), lambda x: 0 not in x.shape)
    return f"xg.{name}({x}, axis={d.axis(x)})"


@operation("fft.irfft", "fft.hfft")
def _irfft(d: Draw, name: str) -> str:
    x = d.array("c", (1, 2), lambda x: 0 not in x.shape)
    return f"xg.{name}({x}, n={d.integer(2, 5)}, axis={d.axis(x)})"


@operation("fft.fftn", "fft.ifftn", "fft.rfftn", "fft.irfftn")
def _fftn(d: Draw, name: str) -> str:
    kinds = {"fft.rfftn": "f", "fft.irfftn": "c"}.get(name, "fc")
    x = d.array(kinds, (1, 3), lambda x: 0 not in x.shape and x.shape[-1] > 1)
    return f"xg.{name}({x})"


@operation("fft.fftshift", "fft.ifftshift")
def _fftshift(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array('fc', (1, 3))})"


@operation("fft.fftfreq", "fft.rfftfreq")
def _fftfreq(d: Draw, name: str) -> str:
    return f"xg.{name}({d.integer(1, 5)}, d=0.5)"
