"""Tables of numbers with units as FITS files."""

import os
from collections.abc import Mapping

import astropy.units as u
import numpy as np
from astropy.io import fits

from skyfold.io.fits import write_hdus


def write_table(
    path: str | os.PathLike[str], columns: Mapping[str, u.Quantity], name: str, *, overwrite: bool = False
) -> None:
    """Write columns of one length as a binary table; the file is complete or not there.

    Raises
    ------
    DataError
        The file exists and may not be overwritten.
    """
    made = [
        fits.Column(title, "D", values.unit.to_string("fits"), array=np.asarray(values.value))
        for title, values in columns.items()
    ]
    write_hdus([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(made, name=name)], path, overwrite=overwrite)
