"""Random programs of array functions, with checks of their derivatives: ``python -m tests.fuzz``."""
