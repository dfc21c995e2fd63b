"""No op, rule, layer or optimizer step converts an array to a NumPy array."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, raw
from tests.op_checks import _cotangent, vmap
from tests.op_table import ROWS

pytestmark = pytest.mark.skipif(
    NAME not in ("torch", "jax", "array_api_strict"), reason="NumPy arrays are NumPy's own"
)

#: A mask selects by value, and a library may need the host for that; the agnostic matrix
#: exponential reads the norm.
ALLOWED = {"take-[mask]"} | ({"linalg.expm"} if NAME == "array_api_strict" else set())
#: Special functions that PyTorch and JAX compute themselves, as are their derivatives. The
#: others are computed by SciPy on the host, as documented; so are the second derivatives of
#: `i0`, `i1`, `i0e`, `i1e`, which cancel near 0 in terms of these four.
NATIVE = {
    *("digamma", "entr", "erf", "erfc", "erfinv", "expit", "gammaln", "log_ndtr"),
    *("logit", "log_softmax", "logsumexp", "ndtr", "ndtri", "polygamma", "softmax"),
    *("xlog1py", "xlogy"),
}
#: jax.numpy.power inspects its exponent.
READS_BY_ITSELF = {"jax": {"pow", "pow-operator", "pow-base", "float_power", "logspace"}}


@pytest.fixture
def no_host(monkeypatch):
    """Make every conversion to NumPy, or to a Python number, raise."""

    def refuse(self, *args, **keywords):
        raise AssertionError("an array was converted to a NumPy array or a Python number")

    array = type(raw(np.zeros(2)))
    names = ["__array__", "tolist", "item", "__float__", "__int__", "__index__", "__bool__"]
    if NAME == "torch":
        names += ["numpy"]
    if NAME == "array_api_strict":  # the library's own code branches on boolean values
        names = ["__array__", "__buffer__", "tolist"]
    for name in names:
        if hasattr(array, name) and not (NAME == "jax" and name in ("__array__",)):
            monkeypatch.setattr(array, name, refuse, raising=False)
    backend = xg.get_backend()
    original = backend.to_numpy
    object.__setattr__(backend, "to_numpy", refuse)
    yield
    object.__setattr__(backend, "to_numpy", original)


#: Iterations test convergence; `funm` runs on the host (docs/api.md).
ITERATED = {f"linalg.{f}" for f in ("fractional_matrix_power", "funm", "logm", "polar", "sqrtm")}
#: As in NumPy, the values of an argument decide the length of the result (coefficients that are 0
#: are dropped), whether indices are in range, or whether a fit warns.
BY_VALUE = {"bincount", "choose", "polydiv", "polyfit", "polymul", "roots"}


def _fixture_rows():
    left_out = ALLOWED | READS_BY_ITSELF.get(NAME, set())
    native = NATIVE if NAME in ("torch", "jax") else {"expit", "log_softmax", "softmax"}
    return [
        r
        for r in ROWS
        if r.samples[0] and r.vmap and r.by and r.id not in left_out
        if r.name not in ITERATED | BY_VALUE
        if not (NAME == "jax" and r.variation)  # it compiles every op for every shape
        if not r.name.startswith("special.") or r.name.partition(".")[2] in native
        if r.id != "nn.functional.gelu" or NAME in ("torch", "jax")  # composed with ndtr
    ]


def test_ops_and_rules(request, monkeypatch):
    prepared = []
    for row in _fixture_rows():
        arrays = [raw(x) for x in row.samples[0]]
        out = row.call(xg, *map(xg.asarray, arrays))
        prepared.append((row, arrays, _cotangent(out)))
    request.getfixturevalue("no_host")
    _as_on_an_accelerator(monkeypatch)
    for row, arrays, g in prepared:

        def f(*chosen, row=row, arrays=arrays):
            full = list(arrays)
            for i, x in zip(row.by, chosen, strict=True):
                full[i] = x
            return row.call(xg, *full)

        leaves = [xg.tensor(arrays[i], requires_grad=True) for i in row.by]
        f(*leaves).backward(g)
        args = tuple(arrays[i] for i in row.by)
        xg.jvp(lambda *a, f=f: xg.vjp(f, *a)[1](g), args, args)
        # Three, as in the op table: JAX compiles every shape.
        vmap(lambda *a, row=row: row.call(xg, *a))(*(xg.stack([x, x, x]).data for x in arrays))


def _as_on_an_accelerator(monkeypatch):
    """Make every read of values by a rule or a check raise."""
    xp = type(xg.get_backend().xp)
    monkeypatch.setattr(xp, "holds", lambda self, mask: None)
    monkeypatch.setattr(xp, "reads_freely", lambda self, x: False)


def test_a_training_step(request, monkeypatch):
    generator = xg.random.Generator(0)
    model = xg.nn.Sequential(
        xg.nn.Linear(3, 4, generator=generator), xg.nn.Dropout(), xg.nn.Linear(4, 2)
    )
    x, y = generator.normal((5, 3), dtype=xg.float32), generator.integers(0, 2, (5,))
    optimizer = xg.optim.AdamW(model.parameters())
    loader = xg.data.DataLoader(xg.data.TensorDataset(x, y), 2, shuffle=True)
    request.getfixturevalue("no_host")
    _as_on_an_accelerator(monkeypatch)
    for batch, target in loader:
        loss = xg.nn.functional.cross_entropy(model(batch), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_the_guard_works(request):
    x = xg.asarray(raw(np.ones(2)))
    request.getfixturevalue("no_host")
    with pytest.raises(AssertionError, match="was converted"):
        x.tolist()
