"""Linear algebra: each function once, with its rules; matrices are the last two axes."""
