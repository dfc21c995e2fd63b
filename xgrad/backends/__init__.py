"""Array libraries: which one runs the numbers, and what each does in its own way."""
