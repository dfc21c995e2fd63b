"""Context managers as decorators: of functions, generators, coroutines; without parentheses."""

import asyncio

import numpy as np
import pytest

import xgrad as xg
from xgrad.contexts import context

pytestmark = pytest.mark.numpy_only

OPEN = []


@context
def opened(label="default"):
    """A context that records its use."""
    OPEN.append(label)
    try:
        yield label
    finally:
        OPEN.remove(label)


SWITCHES = {"no_grad": (xg.no_grad, False), "enable_grad": (xg.enable_grad, True)}


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("parentheses", [True, False])
def test_recording_in_decorated_functions(switch, parentheses):
    make, inside = SWITCHES[switch]
    outside = not inside
    decorate = make() if parentheses else make

    @decorate
    def function(x):
        """Return whether operations are recorded."""
        return x, xg.is_grad_enabled()

    @decorate
    def generator(x):
        for i in range(x):
            got = yield i, xg.is_grad_enabled()
            assert xg.is_grad_enabled() == inside
            if got == "stop":
                return "returned"
        return None

    @decorate
    async def coroutine(x):
        await asyncio.sleep(0)
        return x, xg.is_grad_enabled()

    class Model:
        @decorate
        def method(self, x):
            return self, x, xg.is_grad_enabled()

    with xg.enable_grad() if outside else xg.no_grad():
        assert function(1) == (1, inside)
        assert function.__doc__ == "Return whether operations are recorded."
        m = Model()
        assert m.method(2) == (m, 2, inside)
        assert asyncio.run(coroutine(3)) == (3, inside)
        steps = generator(3)
        assert xg.is_grad_enabled() == outside
        for i, recorded in steps:
            assert recorded == inside
            assert xg.is_grad_enabled() == outside, i
        steps = generator(3)
        next(steps)
        with pytest.raises(StopIteration) as stopped:
            steps.send("stop")
        assert stopped.value.value == "returned"


def test_generators_get_what_is_thrown_and_are_closed():
    seen = []

    @opened("g")
    def generator():
        try:
            while True:
                try:
                    yield list(OPEN)
                except KeyError:
                    seen.append(("caught", list(OPEN)))
        finally:
            seen.append(("closed", list(OPEN)))

    g = generator()
    assert next(g) == ["g"]
    assert OPEN == []
    assert g.throw(KeyError("k")) == ["g"]
    with pytest.raises(ValueError, match="beyond"):
        g.throw(ValueError("beyond"))
    g = generator()
    next(g)
    g.close()
    assert seen == [("caught", ["g"]), ("closed", ["g"]), ("closed", ["g"])]
    assert OPEN == []


def test_a_context_can_be_entered_again_and_inside_itself():
    for make in (xg.no_grad, lambda: opened("again")):
        c = make()
        for _ in range(2):
            with c, c:
                assert OPEN == ["again"] * 2 or not xg.is_grad_enabled()
        assert OPEN == []
        assert xg.is_grad_enabled()
    with opened("value") as value:
        assert value == "value"


def test_an_error_leaves_the_context():
    @opened
    def fails():
        raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert OPEN == []


@pytest.mark.parametrize(
    "decorate",
    [
        xg.amp.autocast("float16"), xg.amp.autocast, xg.detect_anomaly(), xg.detect_anomaly, xg.profile,
        xg.testing.no_host_transfers, xg.testing.no_host_transfers(), xg.testing.count_host_reads,
        xg.use_backend("numpy"), xg.device("cpu"), xg.peak_memory,
    ],
)  # fmt: skip
def test_every_public_context_decorates(decorate):
    @decorate
    def function(x):
        return xg.sum(x * x)

    @decorate
    def generator(x):
        yield xg.sum(x * x)

    x = np.ones(3)
    assert function(x).data == 3.0
    (found,) = generator(x)
    assert found.data == 3.0


def test_each_stretch_of_a_generator_runs_in_the_context():
    @xg.testing.no_host_transfers()
    def generator(x):
        yield xg.sum(x)
        yield xg.sum(x).item()

    steps = generator(xg.ones(3))
    assert next(steps).item() == 3.0  # outside
    with pytest.raises(xg.HostTransferError):
        next(steps)

    @xg.amp.autocast("float16")
    def products(x):
        yield x @ x
        yield x @ x

    x = xg.ones((2, 2), dtype=xg.float32)
    for y in products(x):
        assert y.dtype == xg.float16
        assert (x @ x).dtype == xg.float32


def test_invalid_targets_of_decorators():
    with pytest.raises(TypeError, match="no_grad: can decorate functions and methods, got Model"):

        @xg.no_grad()
        class Model:
            pass

    with pytest.raises(TypeError, match="no_grad: can decorate functions and methods, got int"):
        xg.no_grad(3)
    with pytest.raises(TypeError, match="asynchronous generator"):

        @xg.no_grad()
        async def generator():
            yield 1
