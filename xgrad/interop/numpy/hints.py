"""Errors for NumPy functions without an xgrad counterpart."""

from xgrad.interop.libraries import calling

_DATES = "Tensors hold numbers, not dates"
_FILES = "use xgrad.save_file and xgrad.load_file"
#: Functions without any meaning for Tensors, with the whole message.
REFUSED = {
    "np.isnat": f"np.isnat: {_DATES}; xgrad.isnan finds what is not a number",
    "np.packbits": "np.packbits: bits carry no derivative; use x.detach().numpy()",
    "np.unpackbits": "np.unpackbits: bits carry no derivative; use x.detach().numpy()",
    **{
        f"np.{name}": f"np.{name}: {_DATES}"
        for name in ("busday_count", "busday_offset", "is_busday", "datetime_as_string")
    },
    **{
        f"np.{name}": f"np.{name}: a Tensor is not written to NumPy's files; {_FILES}"
        for name in ("save", "savetxt", "savez", "savez_compressed")
    },
}


def refusal(name: str) -> str:
    """Return the error message for a NumPy function, by the name that users write."""
    caller = calling()
    start = f"{caller} calls {name}" if caller else name
    return (
        f"{start}: xgrad has no differentiable form of it for Tensors; "
        "detach().numpy() returns a plain array, without gradients"
    )
