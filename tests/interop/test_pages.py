"""The page about SciPy, and the table of functions."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest
import sklearn

ROOT = Path(__file__).parents[2]


@pytest.mark.filterwarnings("ignore")
def test_the_code_of_the_page():
    out = []
    page = ROOT / "docs" / "scipy.md"
    test = doctest.DocTestParser().get_doctest(page.read_text(), {}, page.name, str(page), 0)
    with sklearn.config_context():
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        failed = runner.run(test, out=out.append).failed
    assert not failed, "".join(out)


def test_the_table_is_true():
    command = [sys.executable, str(ROOT / "tools" / "scipy_table.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
