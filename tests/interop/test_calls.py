"""Every call of other libraries with Tensors: values, gradients, refusals."""

import warnings

import pytest
import sklearn

import xgrad as xg
from tests.interop import rows
from tests.interop.calls import check, check_refused, passed

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def _dispatching():
    xg.set_backend("numpy")
    with sklearn.config_context(array_api_dispatch=True), warnings.catch_warnings():
        yield


@pytest.mark.parametrize("c", rows.CALLS, ids=lambda c: c.id)
def test_call(c):
    check(c)
    passed(c.name)


@pytest.mark.parametrize("r", rows.REFUSED, ids=lambda r: r.id)
def test_refused(r):
    check_refused(r)
    passed(f"refused.{r.name.split('.')[0]}")


def test_there_are_enough_calls():
    assert len(rows.CALLS) >= 200
    assert len(rows.REFUSED) >= 40
