"""``python -m xgrad info``: installed versions, backends and devices of this machine."""

import platform
import sys

import array_api_compat
import optree

import xgrad
from xgrad.backends.registry import backend_status, load


def info() -> str:
    """Return versions, backends and devices, and why a backend is unavailable."""
    lines = [
        f"xgrad {xgrad.__version__}",
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"array-api-compat {array_api_compat.__version__}, optree {optree.__version__}",
        "",
        "backends",
    ]
    for name, reason in backend_status().items():
        if reason:
            lines.append(f"  {name:17} unavailable: {reason}")
        else:
            backend = load(name)
            devices = ", ".join(backend.devices())
            lines.append(f"  {name:17} {backend.version:12} devices: {devices}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run the command line."""
    if arguments != ["info"]:
        print("usage: python -m xgrad info", file=sys.stderr)
        return 2
    print(info())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
