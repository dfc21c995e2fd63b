"""``numpy.ma`` itself, which is imported when it is first used."""

import sys

import numpy.ma

sys.modules[__name__] = numpy.ma
