"""Views and writes: what NumPy does, recorded.

Random programs of views and writes run on NumPy and on xgrad with the same steps. Every live
array must hold the same numbers, and the gradient must match finite differences of the
program.
"""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xgrad as xg
from tests.environment import NAME, host, raw

EXAMPLES = {"jax": 12, "numpy": 150}.get(NAME, 60)
SHAPE = (3, 4)


@st.composite
def slices(draw, n):
    bound = st.none() | st.integers(-n - 1, n + 1)
    step = draw(st.sampled_from([None, 1, 2, -1, -2]))
    return slice(draw(bound), draw(bound), step)


@st.composite
def keys(draw, shape):
    """Draw a basic key: integers, slices, None, Ellipsis."""
    parts = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        kinds = ["slice", "slice", "int", "none"] if n else ["slice"]
        kind = draw(st.sampled_from(kinds))
        if kind == "none":
            parts.append(None)
        parts.append(draw(st.integers(-n, n - 1)) if kind == "int" else draw(slices(n)))
    if draw(st.booleans()):
        parts.append(Ellipsis)
    return tuple(parts)


@st.composite
def advanced_keys(draw, shape):
    """Draw a key with an integer array, or a mask."""
    if not shape or 0 in shape:
        return (Ellipsis,)
    axis = draw(st.integers(0, len(shape) - 1))
    if draw(st.booleans()):
        mask = draw(st.lists(st.booleans(), min_size=shape[axis], max_size=shape[axis]))
        part = np.array(mask)
    else:
        part = np.array(
            draw(st.lists(st.integers(-shape[axis], shape[axis] - 1), min_size=1, max_size=4))
        )
    return (*(slice(None),) * axis, part)


@st.composite
def programs(draw):
    """Draw steps on a growing list of arrays, which starts with one base."""
    shapes = [SHAPE]
    steps = []
    for _ in range(draw(st.integers(2, 9))):
        i = draw(st.integers(0, len(shapes) - 1))
        shape = shapes[i]
        probe = np.zeros(shape)
        kind = draw(
            st.sampled_from(
                ["view", "view", "transpose", "reshape", "flip", "write", "write", "add",
                 "update", "copy", "advanced", "from", "own"]
            )
        )  # fmt: skip
        if kind == "view":
            key = draw(keys(shape))
            steps.append((kind, i, key))
            shapes.append(probe[key].shape)
        elif kind == "transpose":
            steps.append((kind, i))
            shapes.append(shape[::-1])
        elif kind == "reshape":
            new = draw(st.sampled_from([(-1,), (*shape, 1), (1, *shape), (probe.size,)]))
            new = (probe.size,) if new == (-1,) else new
            steps.append((kind, i, new))
            shapes.append(new)
        elif kind == "flip" and shape:
            axis = draw(st.integers(0, len(shape) - 1))
            steps.append((kind, i, axis))
            shapes.append(shape)
        elif kind == "copy":
            steps.append((kind, i))
            shapes.append(shape)
        elif kind == "from":  # write one array, or a part of it, into another
            j = draw(st.integers(0, len(shapes) - 1))
            if np.broadcast_shapes(shapes[j], shape) == shape if _fits(shapes[j], shape) else False:
                steps.append((kind, i, j))
        elif kind in ("write", "add"):
            steps.append((kind, i, draw(keys(shape)), draw(st.integers(1, 5))))
        elif kind == "advanced":
            steps.append((kind, i, draw(advanced_keys(shape)), draw(st.integers(1, 5))))
        elif kind in ("update", "own"):
            steps.append((kind, i, draw(st.integers(1, 5))))
    return steps


def _fits(a, b):
    return len(a) <= len(b) and all(n in (1, m) for n, m in zip(a[::-1], b[::-1], strict=False))


def run(m, w, steps):
    """Run a program over ``m``: NumPy with an array, or xgrad with a Tensor."""
    base = m.sin(w) + w * w
    arrays = [base]
    for kind, i, *rest in steps:
        x = arrays[i]
        if kind == "view":
            arrays.append(x[rest[0]])
            if not arrays[-1].shape and ... not in rest[0]:  # a number; here an array of it
                arrays[-1] = np.array(arrays[-1]) if m is np else xg.asarray(arrays[-1], copy=True)
        elif kind == "transpose":
            arrays.append(m.permute_dims(x, tuple(range(len(x.shape)))[::-1]))
        elif kind == "reshape":
            arrays.append(m.reshape(x, rest[0]))
        elif kind == "flip":
            arrays.append(m.flip(x, axis=rest[0]))
        elif kind == "copy":
            arrays.append(np.array(x, order="C") if m is np else x.copy())
        elif kind == "write":
            x[rest[0]] = rest[1] * 0.25
        elif kind == "add":
            x[rest[0]] += rest[1] * m.cos(m.reshape(w, (-1,))[rest[1]])
        elif kind == "update":
            x *= 1.0 + 0.25 * rest[0]
            arrays[i] = x  # of no axes: another tensor, as of NumPy's numbers
        elif kind == "own":
            x += m.sum(w) * x * 0.01 * rest[0]
            arrays[i] = x
        elif kind == "advanced":
            key = tuple(k if m is np or not isinstance(k, np.ndarray) else raw(k) for k in rest[0])
            x[key] = m.sin(m.reshape(w, (-1,))[rest[1]]) * 2.0
        elif kind == "from":
            x[...] = arrays[rest[0]]
    return arrays


def loss(m, arrays):
    total = 0.0
    for k, x in enumerate(arrays):
        total = total + (k + 1) * m.sum(x * x * m.cos(x))
    return total


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=programs())
def test_random_programs_do_what_numpy_does(steps):
    w = np.linspace(0.2, 1.7, 12).reshape(SHAPE)
    expected = run(np, w, steps)
    leaf = xg.tensor(raw(w), requires_grad=True)
    found = run(xg, leaf, steps)
    for x, y in zip(found, expected, strict=True):
        assert x.shape == y.shape
        np.testing.assert_allclose(host(x), y, rtol=1e-12, atol=1e-12)
    loss(xg, found).backward()
    direction = np.cos(np.arange(12.0)).reshape(SHAPE)
    h = 1e-6
    numeric = (
        loss(np, run(np, w + h * direction, steps)) - loss(np, run(np, w - h * direction, steps))
    ) / (2 * h)
    np.testing.assert_allclose(np.sum(host(leaf.grad) * direction), numeric, rtol=1e-5, atol=1e-5)
    total = lambda v: loss(xg, run(xg, v, steps))
    tangent = xg.jvp(total, (raw(w),), (raw(direction),))[1]
    np.testing.assert_allclose(host(tangent), numeric, rtol=1e-5, atol=1e-5)
    gradient = xg.grad(total)(raw(w))
    np.testing.assert_allclose(host(gradient), host(leaf.grad), rtol=1e-10, atol=1e-10)


def test_a_stale_view_in_any_place_of_an_operation():
    for take in (
        lambda v, w: xg.add(v, w),
        lambda v, w: xg.add(xg.ones(2), w),
        lambda v, w: xg.where(xg.asarray(w > 0), w, v),
        lambda v, w: xg.nn.functional.linear(xg.ones((1, 2)), xg.ones((3, 2)) * 1.0, 0 * v[0] + w[0] * xg.ones(3)),
        lambda v, w: xg.clip(xg.ones(2), v, w),
    ):  # fmt: skip
        x = xg.asarray(raw(np.ones(4)), copy=True)
        v, w = x[:2], x[2:]
        x[:] = 5.0
        fresh = xg.full((2,), 5.0)
        np.testing.assert_allclose(host(take(v, w)), host(take(fresh, fresh)))


def test_one_element_is_a_copy_and_with_an_ellipsis_a_view():
    for make in (lambda v: xg.asarray(raw(v), copy=True), lambda v: leaf_times_one(v)):
        x = make(np.asarray([1.0, 2.0, 3.0]))
        a = x[0]
        x[0] = x[1]
        x[1] = a
        np.testing.assert_allclose(host(x), [2.0, 1.0, 3.0])
        b, view = x[2], x[2, ...]
        x[2] += 5.0
        assert (b.item(), view.item()) == (3.0, 8.0)
        b += 1.0
        view *= 2.0
        np.testing.assert_allclose(host(x), [2.0, 1.0, 16.0])
        elements, parts = list(x), xg.unstack(x)
        x[...] = 0.0
        assert [v.item() for v in elements] == [v.item() for v in parts] == [2.0, 1.0, 16.0]
    m = xg.asarray(raw(np.arange(6.0).reshape(2, 3)), copy=True)
    row, one, kept = m[1], m[1, 2], m.T[2, 1]
    scalar = row[0]
    m *= 10.0
    assert (one.item(), kept.item(), scalar.item()) == (5.0, 5.0, 3.0)
    np.testing.assert_allclose(host(row), [30.0, 40.0, 50.0])
    zero = xg.asarray(raw(np.asarray(4.0)), copy=True)
    copied, viewed = zero[()], zero[...]
    zero += 1.0
    assert (copied.item(), viewed.item()) == (4.0, 5.0)


def leaf_times_one(v):
    return xg.tensor(raw(v), requires_grad=True) * 1.0


def test_swapping_two_elements_inside_transforms():
    def f(v):
        x = v * v
        a = x[0]
        x[0] = x[1]
        x[1] = a
        return 3.0 * x[0] + x[1] * x[2]

    v = raw(np.asarray([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(host(xg.grad(f)(v)), [18.0, 12.0, 6.0])
    np.testing.assert_allclose(host(xg.vmap(xg.grad(f))(xg.asarray(v)[None]))[0], [18, 12, 6])
    xg.testing.check_grads(f, (v,))


def test_an_element_of_a_leaf_is_a_copy_of_it():
    w = xg.tensor(raw(np.asarray([1.0, 2.0])), requires_grad=True)
    element = w[0]
    with xg.no_grad():
        w[0] = 7.0
    assert element.item() == 1.0
    element.backward()
    np.testing.assert_allclose(host(w.grad), [1.0, 0.0])


def test_a_write_mixes_tapes_as_any_operation_does():
    w = xg.tensor(raw(np.asarray([2.0, 3.0])), requires_grad=True)

    def f(v, into):
        x = {
            "constant": xg.zeros(4),
            "eager": xg.concat([w, w]) * 1.0,
            "own": xg.concat([v, v]) * 1.0,
        }[into]
        part = x[1:3]
        part[0] = v[0] * v[1]
        part[1] = w[0] * v[0]
        x[3] = w[1]
        return xg.sum(x * x)

    def reference(v, w, into):
        first = {"constant": 0.0, "eager": w[0], "own": v[0]}[into]
        return first**2 + (v[0] * v[1]) ** 2 + (w[0] * v[0]) ** 2 + w[1] ** 2

    v = np.asarray([0.5, 1.5])
    for into in ("constant", "eager", "own"):
        gradient = xg.grad(lambda v, into=into: f(v, into))(raw(v))
        one = lambda v, w, into=into: reference(v, w, into)
        np.testing.assert_allclose(host(gradient), host(xg.grad(one)(raw(v), w.detach())))
        w.grad = None
        xg.grad(lambda v, into=into: f(v, into))(xg.asarray(raw(v)) * w).sum().backward()
        both = lambda w, one=one: xg.sum(xg.grad(one)(xg.asarray(raw(v)) * w, w))
        np.testing.assert_allclose(host(w.grad), host(xg.grad(both)(raw(host(w)))))
        with xg.no_grad():
            assert not f(raw(v), into).requires_grad


def test_a_written_view_is_computed_from_its_base():
    """So the base's gradient, hooks and `retain_grad` include what later uses the view."""

    def leaf():
        w = xg.tensor(raw(np.asarray([1.0, 2.0, 3.0])), requires_grad=True)
        return w, w * 1.0

    w, y = leaf()
    y.retain_grad()
    v = y[:2]
    v.retain_grad()
    v *= 3
    (xg.sum(v * v) + xg.sum(y * y)).backward()
    np.testing.assert_allclose(host(w.grad), [36.0, 72.0, 6.0])
    np.testing.assert_allclose(host(y.grad), [12.0, 24.0, 6.0])
    np.testing.assert_allclose(host(v.grad), [6.0, 12.0])
    w, y = leaf()
    v = y[:2]
    v[0] = 0.5
    y.register_hook(lambda g: g * 10)
    xg.sum(v * v).backward()
    np.testing.assert_allclose(host(w.grad), [0.0, 40.0, 0.0])
