"""Transforms of functions: derivatives and vectorisation over pytrees."""
