"""HIPS/autograd's own tests and examples, run with xgrad in its place.

``python -m tests.hips PATH`` takes a checkout of HIPS/autograd, of which nothing is kept here.
"""
