"""What a fit says of one spectrum."""

import numpy as np

from skyfold.errors import ModelError
from skyfold.fit.fit import FitResult
from skyfold.model.source import Source
from skyfold.num.double import Floats


def spectrum_covariance(result: FitResult, name: str) -> Floats:
    """Covariance of all parameters of the spectrum of a source, (n, n), as `skyfold.model.spectral.derived` wants it.

    In their order in the table; zero for those that were frozen, J C Jᵀ for those that follow others, and zero too
    for those that have no error, at a bound say: what they would add to an error is not known.

    Raises
    ------
    ModelError
        The sky has no source of this name.
    """
    if not isinstance(result.sky.get(name), Source):
        sources = [other for other, part in result.sky.items() if isinstance(part, Source)]
        raise ModelError(f"no source {name!r} in this fit; there are {', '.join(sources) or 'none'}")
    _, matrix, _ = result.parameters.linear()
    mine = [i for i, row in enumerate(result.parameters.rows) if row.name.startswith(f"{name}.spectrum.")]
    return np.asarray(matrix[mine] @ np.nan_to_num(result.covariance) @ matrix[mine].T)
