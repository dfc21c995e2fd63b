"""Linear algebra functions and their rules; matrices are the last two axes."""
