"""``numpy.polynomial`` itself, which is imported when it is first used."""

import sys

import numpy.polynomial

sys.modules[__name__] = numpy.polynomial
