"""Which of HIPS/autograd's tests do not pass with xgrad, and why."""

from fnmatch import fnmatch

TRIANGLE = "the gradient is Hermitian, as in PyTorch and JAX; HIPS's is that of the triangle read"
CONSTANT = "a function that returns a Python number raises; HIPS warns, and returns zeros"
DEPRECATED = "names that HIPS deprecated in 2018"
WHERE = "np.where returns what NumPy's returns; HIPS's returns Python numbers and lists"
_KINDS = ("float", "int", "list")
LISTS = "NumPy has no hook for lists of Tensors; xgrad.numpy takes them"
TRACER = "HIPS's tracer: const_graph is not there; xgrad.linearize computes a graph once"

#: Files of internals: vector spaces.
NOT_COLLECTED = ("test_vspaces.py",)
#: By file and name, as patterns of `fnmatch`.
BOTH = {
    "test_builtins::test_isinstance": CONSTANT,
    "test_graphs::test_grad_const": CONSTANT,
    "test_fft::test_rfftn_odd_not_implemented": "odd lengths have derivatives",
    "test_graphs::test_assignment_raises_error": "assignments are differentiable",
    "test_linalg::test_eigvalh_*": TRIANGLE,
    "test_misc::test_const_graph*": TRACER,
    "test_numpy::test_cast_to_int": "np.int64 is NumPy's type: t.astype(np.int64)",
    "test_tests::*": "the text of an error message",
    **{f"test_wrappers::test_custom_where_dtypes[[]{kind}-*": WHERE for kind in _KINDS},
    "test_wrappers::test_custom_where": "np.where takes no keywords, as NumPy's",
    "test_wrappers::test_deprecated_def*": DEPRECATED,
    "test_wrappers::test_dtypes": "longdouble has no derivatives: the standard has no such dtype",
    "test_wrappers::test_wrapped_name_and_docs": "a gradient has the name of its function",
}
_OF_LISTS = (
    *("append_list_2D", "c_", "c_mixed", "mean_list_of_boxes", "norm_list_of_boxes"),
    *("r_basic", "r_double", "r_mixed", "r_node_and_const", "r_slicing"),
    *("std_list_of_boxes", "var_list_of_boxes"),
)
#: With NumPy itself; and with `xgrad.numpy`.
ONLY = {
    "numpy": {f"test_*::test_*{name}": LISTS for name in _OF_LISTS},
    "xgrad.numpy": {},
}


def reason_for(name, mode):
    """Return the reason why a test is expected to fail, or None."""
    for names in (BOTH, ONLY[mode]):
        for pattern, reason in names.items():
            if fnmatch(name, pattern):
                return reason
    return None
