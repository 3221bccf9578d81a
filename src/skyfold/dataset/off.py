"""What becomes of an off measurement when bins or observations are added up."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def expected_in_on(counts_off: Floats, acceptance: Floats, acceptance_off: Floats) -> Floats:
    """Background α × counts_off; 0 where there is no off acceptance."""
    product = counts_off * acceptance
    return np.divide(product, acceptance_off, out=np.zeros_like(product), where=acceptance_off > 0)


def joint_acceptance_off(counts_off: Floats, acceptance: Floats, acceptance_off: Floats, background: Floats) -> Floats:
    """Off acceptance of a sum, such that α × counts_off is the sum of its parts' backgrounds.

    acceptance_off = acceptance · N_off / Σ(α N_off). Without off counts it is the sum of the off acceptances, so that α
    is that of all parts together.

    Parameters
    ----------
    counts_off, acceptance, acceptance_off, background : sums over the parts of N_off, both acceptances, and α N_off.
    """
    return np.divide(acceptance * counts_off, background, out=acceptance_off.copy(), where=background > 0)
