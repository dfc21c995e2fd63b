"""Random programs of array functions, whose derivatives are checked: ``python -m tests.fuzz``."""
