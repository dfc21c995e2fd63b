"""Everything that is checked, one session each: ``nox -l`` lists them."""

import os
import runpy
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", "tests", "docs", "examples"]
nox.options.error_on_missing_interpreters = True

#: Test sessions: the extra of xgrad's that each installs, and other packages. They follow from
#: the table of built-in backends, which imports the standard library only.
BACKENDS = runpy.run_path("xgrad/backends/builtin.py")["sessions"]()
#: Where coverage is measured, which makes tests take twice as long, and the files that then run
#: separately, without it: these two sessions run every line but those of other backends (layers
#: are compared with PyTorch's in its session, ops in the first).
SAMPLES = tuple(f"tests/test_opinfo{which}.py" for which in ("", "_modules", "_optimizers"))
COVERED = {"numpy": (), "torch": ("tests/test_ops.py", "tests/test_nesting.py", *SAMPLES)}
#: Backends on which the standard's own test suite is run.
CONFORMING = ["numpy", "torch", "jax", "array_api_strict"]
#: Settings of single sessions; {lib} is the folder of their libraries.
SETTINGS = {
    "jax": {  # programs that run once need no optimization
        "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
        " --xla_cpu_use_fusion_emitters=false"
    },
    "dpnp": {  # on the CPU, through the OpenCL runtime that the extra installs
        "OCL_ICD_FILENAMES": "{lib}/libintelocl.so",
        "ONEAPI_DEVICE_SELECTOR": "opencl:cpu",
        "LD_LIBRARY_PATH": "{lib}",
    },
}
WORKERS = os.environ.get("XGRAD_TEST_WORKERS", "2")


def install(session: nox.Session, *backends: str, also: tuple[str, ...] = ()) -> None:
    """Install xgrad for its tests on some backends."""
    extras = ",".join(dict.fromkeys(["test", *(BACKENDS[name][0] for name in backends)]))
    besides = [package for name in backends for package in BACKENDS[name][1]]
    # Most packages are never imported: their bytecode is compiled when they are.
    session.install("--no-compile", "-e", f".[{extras}]", *besides, *also)


def settings(session: nox.Session, backend: str) -> dict[str, str]:
    """Return the settings of a backend's session."""
    library = str(Path(session.virtualenv.location) / "lib")
    return {k: v.replace("{lib}", library) for k, v in SETTINGS.get(backend, {}).items()}


@nox.session
@nox.parametrize("backend", list(BACKENDS), ids=list(BACKENDS))
def tests(session: nox.Session, backend: str) -> None:
    """Run the tests on one backend, on some measuring coverage; arguments go to pytest."""
    install(session, backend)
    if backend == "cupy":
        usable = "import cupy; print('usable' if cupy.cuda.is_available() else 'none')"
        found = "usable" in str(session.run("python", "-c", usable, silent=True)).split()
        if not found and os.environ.get("XGRAD_REQUIRE_GPU") == "1":
            session.error("XGRAD_REQUIRE_GPU=1, but CuPy finds no usable CUDA device here")
        if not found:
            session.skip(
                "CuPy finds no usable CUDA device here (XGRAD_REQUIRE_GPU=1 fails instead)"
            )
    environment = {
        "XGRAD_TEST_BACKEND": backend,
        "COVERAGE_FILE": str(Path(f".coverage.{backend}").absolute()),
        "OMP_NUM_THREADS": "1",
        "XGRAD_JAX_CACHE": str(Path(".cache/jax").absolute()),
        **settings(session, backend),
    }
    run = ("pytest", "-n", WORKERS, *session.posargs)
    if backend not in COVERED:
        session.run(*run, env=environment)
        return
    apart = () if session.posargs else COVERED[backend]
    measure = ("--cov=xgrad", "--cov-report=", "--cov-fail-under=0")
    session.run(*run, *measure, *(f"--ignore={path}" for path in apart), env=environment)
    if apart:
        session.run(*run, *apart, env=environment)


def checkout(name: str, variable: str) -> str:
    """Return the path of a checkout of a test suite: of a variable, or in a folder of suites."""
    nearby = sorted(Path.cwd().resolve().parent.glob(f"*/suites/{name}"))
    return os.environ.get(variable, "") or (str(nearby[0]) if nearby else "")


@nox.session
@nox.parametrize("backend", CONFORMING, ids=CONFORMING)
def conformance(session: nox.Session, backend: str) -> None:
    """Run data-apis/array-api-tests: a path to a checkout, if any, then options of the tool.

    Without a path: the one in ARRAY_API_TESTS, or one in a folder of suites next to this
    checkout; where there is none, the session is skipped.

    On the other backends the same failures as those of the library underneath are expected:
    run ``tools/run_array_api_tests.py SUITE array_api_compat.torch`` to compare.
    """
    given, *options = session.posargs or [""]
    if given.startswith("-"):
        given, options = "", session.posargs
    suite = given or checkout("array-api-tests", "ARRAY_API_TESTS")
    if not suite:
        session.skip(
            "no checkout of data-apis/array-api-tests: none was given, ARRAY_API_TESTS is not "
            "set, and no folder next to this one has suites/array-api-tests"
        )
    if not (Path(suite) / "array_api_tests" / "__init__.py").is_file():
        session.error(f"no checkout of data-apis/array-api-tests at {suite}")
    install(session, backend, also=("pytest-json-report", "ndindex"))
    module = "xgrad"
    if backend == "numpy":
        options += ["--xfails-file", "tools/conformance/numpy-xfails.txt"]
        options += ["--min-passed", "1345", "--max-skipped", "5"]
    else:
        module = f'exec("import xgrad as xp; xp.set_backend({backend!r})")'
    session.run(
        *("python", "tools/run_array_api_tests.py", suite, module, "--version", "2025.12"),
        *("--max-examples", "20", "--by-file", "--list-failed", *options),
    )


@nox.session
def interop(session: nox.Session) -> None:
    """Call SciPy, scikit-learn and others with Tensors; arguments go to pytest.

    They take arrays of other libraries only if SCIPY_ARRAY_API is set before they are imported.
    The tests of array-api-extra run with xgrad as their backend, too, from the checkout in
    ARRAY_API_EXTRA or in a folder of suites next to this one, if there is one.
    """
    session.install("--no-compile", "-e", ".[test,interop]")
    environment = {"SCIPY_ARRAY_API": "1", "OMP_NUM_THREADS": "1", "XGRAD_TEST_BACKEND": "numpy"}
    session.run("pytest", "-q", *(session.posargs or ("tests/interop",)), env=environment)
    suite = checkout("array-api-extra", "ARRAY_API_EXTRA")
    if suite and not session.posargs:
        session.run("python", "tools/run_array_api_extra_tests.py", suite, env=environment)


@nox.session
def hips(session: nox.Session) -> None:
    """Run HIPS/autograd's tests and examples with xgrad: a path to a checkout, then options.

    Without a path: the one in HIPS_AUTOGRAD, or suites/autograd in a folder next to this checkout;
    where there is none, the session is skipped.
    """
    given, *options = session.posargs or [""]
    if given.startswith("-"):
        given, options = "", session.posargs
    suite = given or checkout("autograd", "HIPS_AUTOGRAD")
    if not suite:
        session.skip(
            "no checkout of HIPS/autograd: none was given, HIPS_AUTOGRAD is not set, and no folder "
            "next to this one has suites/autograd"
        )
    install(session, "numpy", also=("matplotlib", "xarray"))
    session.run("python", "-m", "tests.hips", suite, *options, env={"OMP_NUM_THREADS": "1"})


@nox.session
def coverage(session: nox.Session) -> None:
    """Combine the coverage of the numpy and torch sessions, and ask for 95 %."""
    session.install("coverage[toml]")
    if not list(Path().glob(".coverage.*")):
        session.error("no coverage was measured yet: run nox -s tests first")
    session.run("coverage", "combine", "--keep", env={"COVERAGE_FILE": ".coverage"})
    session.run("coverage", "report", env={"COVERAGE_FILE": ".coverage"})


@nox.session
def mutation(session: nox.Session) -> None:
    """Delete every rule of every primitive in turn; a check must notice each time."""
    session.install("-e", ".[test]")
    session.run("python", "-W", "ignore", "-m", "tests.mutation", *session.posargs)


#: Programs of the fuzzer: libraries that compile, and those that are slow for each, get few.
PROGRAMS = {
    "numpy": 2000,
    "torch": 250,
    "array_api_strict": 200,
    "cupy-emulated": 200,
    "jax": 8,
}


@nox.session
def fuzz(session: nox.Session) -> None:
    """Check random programs on each backend; with arguments, on NumPy with those alone."""
    backends = ["numpy"] if session.posargs else list(PROGRAMS)
    install(session, *backends)
    for name in backends:
        options = session.posargs or ["--programs", str(PROGRAMS[name]), "--seed", "14"]
        session.run(
            *("python", "-m", "tests.fuzz", "--backend", name, *options),
            env={"OMP_NUM_THREADS": "1", **settings(session, name)},
        )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and common mistakes."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly, also in rules that are lambdas."""
    session.install("-e", ".", "mypy")
    session.run("mypy")
    session.run("python", "tools/check_rules.py")


@nox.session
def docs(session: nox.Session) -> None:
    """Run the examples in docstrings and pages, then build the pages; warnings are errors."""
    session.install("-e", ".[test,docs,dask]")
    others = (f"xgrad/backends/{name}" for name in BACKENDS if name != "numpy")
    ignored = [f"--ignore={path}" for name in others for path in (name, f"{name}.py")]
    # There the functions have NumPy's docstrings; a test runs the examples of the modules.
    wrapped = ("__init__", "emath", "fft", "linalg", "random", "testing")
    ignored += [f"--ignore=xgrad/numpy/{name}.py" for name in wrapped]
    session.run("pytest", "-q", "--doctest-modules", "xgrad", "-p", "no:cacheprovider", *ignored)
    pages = ("docs", "README.md", "--ignore=docs/scipy.md")  # in the session interop
    session.run("pytest", "-q", "--doctest-glob=*.md", *pages)
    session.run(
        "sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build/html"
    )


@nox.session
def examples(session: nox.Session) -> None:
    """Run a short form of every example."""
    session.install("-e", ".[examples,dask]", "array-api-strict")
    session.run("python", "examples/digits.py", "--epochs", "12", "--require", "0.95")
    session.run(
        *("python", "examples/digits.py", "--backend", "array_api_strict"),
        *("--epochs", "3", "--require", "0.85"),
    )
    session.run("python", "examples/breast_cancer.py", "--folds", "2", "--require", "0.95")
    session.run("python", "examples/regression.py")
    session.run("python", "examples/sine_rnn.py", "--epochs", "12", "--require", "0.01")
    session.run(
        *("python", "examples/digits_cnn.py", "--epochs", "1", "--examples", "4000"),
        *("--require", "0.9"),
    )
    for name in ("char_lm", "char_gpt"):
        session.run(
            *("python", f"examples/{name}.py", "--epochs", "1", "--characters", "40000", "--any")
        )
    session.run("python", "examples/rosenbrock.py")
    session.run("python", "examples/gaussian_process.py")
    session.run("python", "examples/neural_ode.py", "--steps", "300", "--require", "1.0")
    session.run("python", "examples/phase_retrieval.py")
    session.run("python", "examples/tomography.py", "--weight", "0.8")
    session.run("python", "examples/heat_control.py", "--iterations", "15", "--require", "0.5")
    session.run("python", "examples/custom_kernel.py", "--backend", "numpy")
    session.run("python", "examples/digits.py", "--amp", "--epochs", "8", "--require", "0.9")
    session.run("python", "examples/out_of_core.py", "--rows", "200000")
    session.run("python", "examples/own_backend.py")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Run the benchmarks against PyTorch, HIPS/autograd and MyGrad; writes benchmarks/results."""
    session.install("-e", ".[torch]", "autograd", "mygrad")
    session.run("python", "benchmarks/run.py", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """Build the sdist and the wheel, and import what the wheel installs."""
    session.install("build")
    out = session.create_tmp()
    session.run("python", "-m", "build", "--outdir", out)
    wheel = max(Path(out).glob("*.whl"), key=lambda path: path.stat().st_mtime)
    session.install(str(wheel))
    with session.chdir(out):
        session.run("python", "-m", "xgrad", "info")
