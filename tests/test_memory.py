"""Who may see which memory: what is shared is never written, and what comes back is one's own."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw


@pytest.mark.parametrize("size", [3, 1 << 15, 100_000])
def test_a_partial_may_be_a_number_at_every_size(size):
    if NAME == "dask" and size > 3:
        pytest.skip("chunks of two elements make it slow, and no path of it depends on a size")
    x = raw(np.full(size, 2.0))
    np.testing.assert_allclose(host(xg.grad(lambda x: xg.sum(x / 4.0))(x)), 0.25)
    np.testing.assert_allclose(host(xg.grad(lambda x: xg.sum(4.0 / x))(x)), -1.0)
    np.testing.assert_allclose(host(xg.grad(lambda x: xg.sum(xg.sqrt(x * 2)))(x)), 0.5)
