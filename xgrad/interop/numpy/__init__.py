"""NumPy: its protocols on Tensors."""
