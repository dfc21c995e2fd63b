"""Structured matrices and equations of matrices, by SciPy's names; counts of choices."""

from tests.fuzz.drawing import Draw, operation
from tests.fuzz.products import _small, _square
from tests.fuzz.special import special


def _vector(d: Draw) -> str:
    return d.array("fc", 1, lambda x: 0 < x.size < 6)


@operation("linalg.toeplitz", "linalg.hankel")
def _of_vectors(d: Draw, name: str) -> str:
    row = f", {_vector(d)}" if d.chance() else ""
    return f"xg.{name}({_vector(d)}{row})"


@operation("linalg.circulant")
def _circulant(d: Draw, name: str) -> str:
    return f"xg.linalg.circulant({_vector(d)})"


@operation("linalg.block_diag")
def _block_diag(d: Draw, name: str) -> str:
    blocks = [d.array("fc", (1, 2), lambda x: 0 < x.size < 12) for _ in range(d.integer(1, 3))]
    return f"xg.linalg.block_diag({', '.join(blocks)})"


@operation("linalg.solve_sylvester")
def _solve_sylvester(d: Draw, name: str) -> str:
    q = d.array("f", 2, lambda x: 0 < x.size < 20)
    n, m = d.value(q).shape
    # The eigenvalues of the two matrices are positive, so the solution is unique.
    a, b = (f"(xg.tanh({d.real(k, k)}) * 0.5 + xg.eye({k}, dtype={q}.dtype) * 4.0)" for k in (n, m))
    return f"xg.linalg.solve_sylvester({a}, {b}, {q})"


@operation("linalg.solve_continuous_lyapunov")
def _solve_continuous_lyapunov(d: Draw, name: str) -> str:
    q = d.array("f", 2, lambda x: 0 < x.shape[0] == x.shape[1] < 4)
    a = f"{_square(d, 'f', 2)}"
    n = d.value(q).shape[0]
    if d.chance() or f"eye({n}," not in a:
        a = f"(xg.tanh({q}) * 0.5 + xg.eye({n}, dtype={q}.dtype) * 4.0)"
    return f"xg.linalg.solve_continuous_lyapunov({a}, {q})"


@operation("linalg.solve_banded")
def _solve_banded(d: Draw, name: str) -> str:
    b = d.array("f", (1, 2), lambda x: 2 < x.shape[0] < 5 and _small(x))
    n = d.value(b).shape[0]
    lower, upper = d.integer(0, 2), d.integer(0, 2)
    main = d.constant([[4.0 if i == upper else 0.0] for i in range(lower + upper + 1)])
    d.constants[main] = d.constants[main].astype(d.dtype)
    bands = f"(xg.tanh({d.real(lower + upper + 1, n)}) * 0.5 + {main})"
    return f"xg.linalg.solve_banded(({lower}, {upper}), {bands}, {b})"


@operation("linalg.cho_factor", "linalg.cho_solve")
def _cho(d: Draw, name: str) -> str:
    x = d.array("f", 2, lambda x: 0 < x.shape[0] < 4 and _small(x))
    n = d.value(x).shape[0]
    symmetric = f"({x} @ xg.matrix_transpose({x}) + xg.eye({n}, dtype={x}.dtype) * 4.0)"
    factor = f"xg.linalg.cho_factor({symmetric}, lower={d.chance()})"
    return f"{factor}[0]" if name.endswith("factor") else f"xg.linalg.cho_solve({factor}, {x})"


@special("factorial")
def _factorial(d: Draw, name: str) -> str:
    return f"xg.special.factorial({d.within(0.3, 3.0)})"


@special("comb", "perm")
def _choices(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.within(3.0, 5.0)}, {d.choice(['1.5', '2.0', '0.5'])})"
