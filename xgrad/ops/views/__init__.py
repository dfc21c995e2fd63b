"""Parts and views of a tensor: how they are named, read and written.

| module | holds |
| --- | --- |
| `keys` | what a key of ``x[key]`` may be; basic keys (integers, slices, None, ...) spelled out |
| `parts` | the part that a basic key names: read, written, and as a kind of view |
| `take` | elements and slices by arrays of integers |
| `advanced` | keys with integer arrays and masks, lowered to the two above |
| `reading` | ``x[key]`` |
| `writing` | ``x[key] = v`` and ``x += y`` |
| `kinds` | functions whose results are views: `reshape`, `permute_dims`, `flip`, ... |

How a view follows its base is in `xgrad.engine.views`, which knows no operation.
"""
