"""SciPy functions whose derivative is not that of the steps that they take."""
