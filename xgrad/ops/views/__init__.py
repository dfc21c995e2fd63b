"""Parts and views of a tensor: how they are indexed, read and written.

| module | holds |
| --- | --- |
| `keys` | checks of ``x[key]``; basic keys (integers, slices, None, ...) are normalised |
| `parts` | the part that a basic key indexes: read, written, and as a kind of view |
| `take` | elements and slices by integer arrays |
| `advanced` | keys with integer arrays and masks, lowered to the two above |
| `reading` | ``x[key]`` |
| `writing` | ``x[key] = v`` and ``x += y`` |
| `kinds` | functions whose results are views: `reshape`, `permute_dims`, `flip`, ... |

How a view follows its base is in `xgrad.engine.views`, which does not know any operation.
"""
