"""The engine: tensors, levels, primitives, the tape and its traversal.

It knows no op and no array library. Read in this order: `levels`, `node`, `primitive`,
`tensor`, `dispatch`, then the three kinds (`tape`, `dual`, `batched`), then
`constructors`, `apply` and `backward`.
"""
