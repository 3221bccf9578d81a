"""JAX as this package uses it: in double precision.

Sums over millions of bins lose 3e-3 of a statistic in single precision, more than a fit may lose. The switch is one for
the whole process and has to be set before the first array is made: rooms that compile import `jax` after this module.
"""

import jax
import numpy as np
from numpy.typing import NDArray

jax.config.update("jax_enable_x64", True)

Floats = NDArray[np.float64]
