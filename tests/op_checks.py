"""The checks that run for every row of the op table."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xgrad as xg
from tests.environment import COMPILES, NAME, cast, host, raw
from tests.op_table import Row

#: The row of dropout draws from its own generator, with the same numbers for every example.
vmap = functools.partial(xg.vmap, randomness="same")

Sample = tuple[Any, ...]


def samples_of(row: Row) -> list[Sample]:
    """Return the samples to run: one or two fixed shapes if the backend is slow."""
    return row.samples[: {"jax": 2, "dpnp": 1}.get(NAME)]


def differentiated(row: Row, sample: Sample) -> tuple[Callable[..., Any], Sample]:
    """Return the call as a function of the differentiated arguments, and their data."""
    arrays = [raw(x) for x in sample]

    def f(*chosen: Any) -> Any:
        full = list(arrays)
        for i, x in zip(row.by, chosen, strict=True):
            full[i] = x
        return row.call(xg, *full)

    return f, tuple(arrays[i] for i in row.by)


def assert_close(found: Any, expected: Any, tolerance: float = 1e-9) -> None:
    found, expected = host(found), np.asarray(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def check_value(row: Row) -> None:
    """Check value and dtype against NumPy."""
    for sample in samples_of(row) + row.complex_samples:
        out = row.call(xg, *(xg.asarray(raw(x)) for x in sample))
        expected = np.asarray(row.reference(np, *sample))
        assert_close(out, expected, 1e-10)
        assert out.dtype.kind == expected.dtype.kind
        assert out.backend.name == NAME


def check_derivatives(row: Row) -> None:
    """Check both modes, up to the row's order, against finite differences."""
    for i, sample in enumerate(samples_of(row) + row.complex_samples):
        f, args = differentiated(row, sample)
        xg.testing.check_grads(f, args, order=1)
        if row.order > 1 and (not COMPILES or i == 0):  # slow: one shape
            xg.testing.check_grads(f, args, order=2, atol=row.atol)


def _cotangent(out: Any) -> Any:
    values = np.cos(np.arange(out.size, dtype=np.float64)).reshape(out.shape)
    if out.dtype.kind == "c":
        values = values + 1j * np.sin(np.arange(out.size)).reshape(out.shape)
    return raw(values.astype(out.dtype))


def pulled(f: Callable[..., Any], args: Sample) -> tuple[Any, ...]:
    out, pullback = xg.vjp(f, *args)
    return pullback(_cotangent(xg.asarray(out)))


def check_backward(row: Row) -> None:
    """Check that the eager tape, whose dispatch is inlined, agrees with the transform."""
    for sample in samples_of(row) + row.complex_samples:
        f, args = differentiated(row, sample)
        leaves = [xg.tensor(x, requires_grad=True) for x in args]
        out = f(*leaves)
        out.backward(_cotangent(out))
        again = f(*leaves)
        listed = xg.autograd.grad(again, leaves, _cotangent(again), create_graph=True)
        for leaf, graph_grad, expected in zip(leaves, listed, pulled(f, args), strict=True):
            assert_close(leaf.grad, host(expected), 1e-11)
            assert_close(graph_grad, host(expected), 1e-11)
            assert leaf.grad.dtype == leaf.dtype


#: Functions whose results are float64, as NumPy's are.
_WIDE = ("astype", "float_power", "bincount", "histogram", "histogram2d", "histogramdd",
         "cov", "corrcoef", "vander", "polyfit", "polyder", "polyint", "roots")  # fmt: skip


def check_float32(row: Row) -> None:
    """Check that float32 is preserved: values, gradients, tangents."""
    if row.name in _WIDE:
        return
    f, args = differentiated(row, tuple(cast(np.asarray(x), "float32") for x in row.samples[0]))
    out, tangent = xg.jvp(f, args, args)
    assert xg.asarray(out).dtype == xg.asarray(tangent).dtype
    assert xg.asarray(out).dtype.name in ("float32", "complex64")
    for g, x in zip(pulled(f, args), args, strict=True):
        assert xg.asarray(g).dtype == xg.asarray(x).dtype


def _examples(sample: Sample, by: tuple[int, ...]) -> list[Sample]:
    """Return three variations of a sample with the same shapes."""
    out = []
    for k in range(3):
        changed = []
        for i, x in enumerate(sample):
            x = np.asarray(x)
            if x.dtype.kind in "fc" and (i in by or not by):
                changed.append(x * (1 + 0.05 * k))
            elif x.dtype.kind == "b":
                changed.append(np.roll(x, k))
            else:
                changed.append(np.roll(x, k, axis=-1) if x.ndim else x)
        out.append(tuple(changed))
    return out


def check_vmap(row: Row) -> None:
    """Check that a batch equals a loop: all arguments batched, and each one alone."""
    for sample in samples_of(row)[: 1 if NAME == "jax" else 2] + row.complex_samples[:1]:
        examples = _examples(sample, row.by)
        count = len(sample)
        masks = {(True,) * count, *(tuple(i == j for j in range(count)) for i in range(count))}
        for mask in sorted(masks):
            stacked = [
                raw(np.stack([e[i] for e in examples])) if mask[i] else raw(sample[i])
                for i in range(count)
            ]
            axes = tuple(0 if m else None for m in mask)

            def f(*arrays: Any) -> Any:
                return row.call(xg, *(xg.asarray(x) for x in arrays))

            batch = vmap(f, in_axes=axes)(*stacked)
            loop = [
                host(f(*(raw(e[i] if mask[i] else sample[i]) for i in range(count))))
                for e in examples
            ]
            assert_close(batch, np.stack(loop), 1e-10)


def check_vmap_of_derivatives(row: Row) -> None:
    """Check that derivatives batch: vmap(vjp), vmap(jvp), and a batch of cotangents."""
    for sample in samples_of(row)[:1] + row.complex_samples[:1]:
        examples = _examples(sample, row.by)
        stacked = [raw(np.stack([e[i] for e in examples])) for i in range(len(sample))]

        def backward(*arrays: Any) -> Any:
            def of_chosen(*chosen: Any) -> Any:
                full = list(arrays)
                for i, x in zip(row.by, chosen, strict=True):
                    full[i] = x
                return row.call(xg, *full)

            chosen = tuple(arrays[i] for i in row.by)
            out, pullback = xg.vjp(of_chosen, *chosen)
            back = pullback(xg.asarray(_cotangent(xg.asarray(out))))
            return back + (xg.jvp(of_chosen, chosen, chosen)[1],)

        batch = vmap(backward)(*stacked)
        for k, example in enumerate(examples):
            loop = backward(*(xg.asarray(raw(x)) for x in example))
            for found, expected in zip(batch, loop, strict=True):
                assert_close(host(found)[k], host(expected), 1e-10)
        # One point, a batch of cotangents: the operation of jacrev.
        f, args = differentiated(row, sample)
        out, pullback = xg.vjp(f, *args)
        g = host(_cotangent(xg.asarray(out)))
        many = vmap(pullback)(raw(np.stack([g, 2 * g])))
        for found, expected in zip(many, pullback(raw(g)), strict=True):
            assert_close(host(found)[0], host(expected), 1e-10)
            assert_close(host(found)[1], 2 * host(expected), 1e-10)


def check_torch_oracle(row: Row) -> None:
    import torch

    for sample in row.samples + row.complex_samples:
        f, args = differentiated(row, sample)
        theirs = [torch.asarray(np.asarray(x)) for x in sample]
        for i in row.by:
            theirs[i].requires_grad_()
        expected = row.torch(torch, *theirs)
        out = f(*args)
        assert_close(out, expected.detach().resolve_conj().numpy(), 1e-11)
        g = torch.asarray(host(_cotangent(xg.asarray(out))))
        grads = torch.autograd.grad(expected, [theirs[i] for i in row.by], g, allow_unused=True)
        for found, want in zip(pulled(f, args), grads, strict=True):
            want = np.zeros(found.shape) if want is None else want.resolve_conj().numpy(force=True)
            assert_close(found, want, 1e-10)


def _weights(x: Any) -> np.ndarray:
    """Return differentiable weights for a gradient."""
    x = np.asarray(x)
    values = np.sin(1.0 + np.arange(x.size)).reshape(x.shape)
    if x.dtype.kind == "c":
        values = values + 1j * np.cos(np.arange(x.size)).reshape(x.shape)
    return values.astype(x.dtype)


def second_order(f: Callable[..., Any], args: Sample, g: Any) -> tuple[Any, ...]:
    """Return the gradient of Re<weights, gradient>."""
    weights = [raw(_weights(host(x))) for x in args]

    def weighed(*chosen: Any) -> Any:
        _, pullback = xg.vjp(f, *chosen)
        terms = zip(pullback(g), weights, strict=True)
        return sum(xg.sum(xg.real(xg.asarray(x) * xg.conj(w))) for x, w in terms)

    found = xg.grad(weighed, argnums=tuple(range(len(args))))(*args)
    return tuple(found)


def check_torch_second_order(row: Row) -> None:
    import torch

    for sample in row.samples + row.complex_samples:
        f, args = differentiated(row, sample)
        theirs = [torch.asarray(np.asarray(x)) for x in sample]
        inputs = [theirs[i].requires_grad_() for i in row.by]
        out = row.torch(torch, *theirs)
        g = _cotangent(xg.asarray(f(*args)))
        grads = torch.autograd.grad(
            out, inputs, torch.asarray(host(g)), create_graph=True, allow_unused=True
        )
        total = torch.zeros((), dtype=torch.float64)
        for x, grad in zip(inputs, grads, strict=True):
            if grad is not None:
                weights = torch.asarray(_weights(x.detach().resolve_conj().numpy()))
                total = total + (grad * weights.conj()).real.sum()
        wanted = [None] * len(inputs)
        if total.requires_grad:
            wanted = torch.autograd.grad(total, inputs, allow_unused=True)
        for found, want in zip(second_order(f, args, g), wanted, strict=True):
            want = np.zeros(found.shape) if want is None else want.resolve_conj().numpy(force=True)
            assert_close(found, want, 1e-8)


def check_jax_second_order(row: Row) -> None:
    import jax
    import jax.numpy as jnp

    sample = (row.samples or row.complex_samples)[0]
    f, args = differentiated(row, sample)
    arrays = [jnp.asarray(x) for x in sample]
    g = _cotangent(xg.asarray(f(*args)))
    weights = [_weights(host(x)) for x in args]

    def weighed(*chosen: Any) -> Any:
        full = list(arrays)

        def theirs(*inner: Any) -> Any:
            for i, x in zip(row.by, inner, strict=True):
                full[i] = x
            return row.jax(jnp, *full)

        _, back = jax.vjp(theirs, *chosen)
        grads = back(jnp.conj(g) if jnp.iscomplexobj(g) else g)  # JAX does not conjugate
        terms = zip(grads, weights, strict=True)
        return sum(jnp.sum(jnp.real(jnp.conj(x) * jnp.conj(w))) for x, w in terms)

    numbers = tuple(range(len(row.by)))
    their_gradient = jax.jit(jax.grad(weighed, argnums=numbers))  # compiled once, not op by op
    wanted = their_gradient(*(arrays[i] for i in row.by))
    for found, want in zip(second_order(f, args, g), wanted, strict=True):
        assert_close(found, np.conj(np.asarray(want)), 1e-8)


def check_jax_oracle(row: Row) -> None:
    import jax
    import jax.numpy as jnp

    for sample in (row.samples + row.complex_samples)[:2]:
        f, args = differentiated(row, sample)
        arrays = [jnp.asarray(x) for x in sample]

        def theirs(*chosen: Any) -> Any:
            full = list(arrays)
            for i, x in zip(row.by, chosen, strict=True):
                full[i] = x
            return row.jax(jnp, *full)

        @jax.jit  # compiled once, not op by op
        def value_and_pulled(g: Any, *chosen: Any) -> Any:
            value, back = jax.vjp(theirs, *chosen)
            return value, back(jnp.conj(g) if jnp.iscomplexobj(g) else g)  # JAX does not conjugate

        out = f(*args)
        g = _cotangent(xg.asarray(out))
        expected, theirs_back = value_and_pulled(g, *(arrays[i] for i in row.by))
        assert_close(out, np.asarray(expected), 1e-11)
        for found, want in zip(pulled(f, args), theirs_back, strict=True):
            assert_close(found, np.conj(np.asarray(want)), 1e-10)


def check_jit(row: Row) -> None:
    """Check that the op and its rules run on abstract arrays."""
    import jax

    f, args = differentiated(row, row.samples[0])

    def loss(*chosen: Any) -> Any:
        out = f(*chosen)
        total = xg.sum(out * _cotangent(xg.asarray(out)))
        return xg.real(total) if out.dtype.kind == "c" else total

    by = tuple(range(len(row.by)))
    found = jax.jit(xg.grad(loss, argnums=by))(*args)
    for a, b in zip(found, xg.grad(loss, argnums=by)(*args), strict=True):
        assert_close(a, host(b), 1e-10)


def _refuses(ask: Callable[[], Any]) -> bool:
    try:
        ask()
    except xg.AutogradError as error:
        return "no closed form" in str(error)
    return False


def check_refusals(row: Row) -> None:
    """Check that unknown derivatives raise, in both modes."""
    arrays = [raw(x) for x in row.samples[0]]
    for i in row.refuses:

        def f(x: Any, i: int = i) -> Any:
            return row.call(xg, *arrays[:i], x, *arrays[i + 1 :])

        for ask in (lambda: pulled(f, (arrays[i],)), lambda: xg.jvp(f, (arrays[i],), (arrays[i],))):
            assert _refuses(ask), f"{row.id}: a derivative by argument {i} that is not known"


#: Argument positions, by row, that need axes, so that a number raises.
ARRAYS_ONLY = {
    **dict.fromkeys(("kron", "meshgrid-ij", "meshgrid-xy"), (0, 1)),
    "concat-flat": (0, 1),
    "quantile-by q": (0,),
    "tensordot-outer": (0, 1),
    "take": (1,),
    "take-matrix of indices": (1,),
}


def takes_a_number(row: Row, sample: Sample, place: int) -> bool:
    """Whether NumPy's function takes a number at a position, and xgrad's a 0-d array."""
    x = np.asarray(sample[place])
    if x.dtype.kind not in "fciu" or not x.size or row.name in ("lstm_scan", "sparse"):
        return False
    number = x.reshape(-1)[0]
    try:
        row.reference(np, *sample[:place], number.item(), *sample[place + 1 :])
        row.call(xg, *map(raw, (*sample[:place], np.asarray(number), *sample[place + 1 :])))
    except (TypeError, ValueError, IndexError, AttributeError, RuntimeError):
        return False
    return True


def check_python_numbers(row: Row) -> None:
    """Check that a Python number acts like a 0-d array, at each position, to second derivatives."""
    for sample in row.samples[:1] + row.complex_samples[:1]:
        for place in range(len(sample) if len(sample) > 1 else 0):
            if not takes_a_number(row, sample, place):
                continue
            x = np.asarray(sample[place])
            number = x.reshape(-1)[0].item()
            signs = (1, -1) if x.dtype.kind in "fc" and row.name in ("pow", "copysign") else (1,)
            for sign in signs:
                _check_python_number(row, sample, place, sign * number)


def _check_python_number(row: Row, sample: Sample, place: int, number: complex) -> None:
    by = [i for i in row.by if i != place]
    args = tuple(raw(sample[i]) for i in by)

    def results(value: Any) -> list[Any]:
        def f(*chosen: Any) -> Any:
            full = [xg.asarray(raw(x)) for x in sample]
            full[place] = value
            for i, x in zip(by, chosen, strict=True):
                full[i] = x
            return row.call(xg, *full)

        out = xg.asarray(f(*map(xg.asarray, args)))
        if not by or out.dtype.kind not in "fc":
            return [out]
        g = _cotangent(out)
        first = [*pulled(f, args), xg.jvp(f, args, args)[1]]
        second = second_order(f, args, g) if row.order > 1 else ()
        tape = [xg.tensor(x, requires_grad=True) for x in args]
        eager = xg.autograd.grad(f(*tape), tape, g, create_graph=True)
        return [out, *first, *second, *eager]

    if place in ARRAYS_ONLY.get(row.id, ()):
        with pytest.raises(TypeError, match=row.name):
            results(number)
        return
    zero_d = xg.asarray(raw(np.asarray(number, np.asarray(sample[place]).dtype)))
    with np.errstate(all="ignore"):  # powers of negative numbers
        for found, expected in zip(results(number), results(zero_d), strict=True):
            assert xg.asarray(found).dtype == xg.asarray(expected).dtype
            assert_close(found, host(expected), 1e-10)


#: The checks of a row.
CHECKS: dict[str, Callable[[Row], None]] = {
    "value": check_value,
    "vmap": check_vmap,
    "backward": check_backward,
    "vmap_of_derivatives": check_vmap_of_derivatives,
    "derivatives": check_derivatives,
    "float32": check_float32,
    "python_numbers": check_python_numbers,
    "refusals": check_refusals,
}


def _several(row: Row) -> bool:
    return any(len(sample) > 1 for sample in row.samples + row.complex_samples)


def applies(check: str, row: Row) -> bool:
    """Whether a check applies to a row."""
    if NAME == "dask" and check not in ("value", "backward"):
        return False  # values and first derivatives
    if check in ("vmap", "vmap_of_derivatives") and not row.vmap:
        return False
    if COMPILES:  # slow there: shared code is tested elsewhere
        if row.variation and check != "value":
            return False
        if row.name.startswith("special.") and check in ("vmap_of_derivatives", "float32"):
            return False
    if check == "python_numbers" and (COMPILES or not _several(row)):
        return False  # shared code; each shape would be compiled
    if check == "refusals":
        return bool(row.refuses)
    return check in ("value", "vmap") or bool(row.by)
