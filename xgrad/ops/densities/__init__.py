"""Densities and distribution functions, as plain functions of standardized variables.

They are composed of other ops, for arguments that are Tensors: a variable inside the support, and
valid parameters. `xgrad.stats` adds SciPy's arguments, supports, locations and scales.
"""
