"""Tables of the extragalactic background light: how much of a spectrum arrives, by energy and redshift."""

from typing import Any

import numpy as np

from skyfold.errors import DataError
from skyfold.io.fits import PathLike
from skyfold.io.paths import expand
from skyfold.io.spectra import read_xspec_table
from skyfold.model.ebl import EBLAbsorption

# The names that the field gives them, and the files of its data folder.
TABLES = {
    "franceschini": "ebl_franceschini.fits.gz",
    "dominguez": "ebl_dominguez11.fits.gz",
    "finke": "frd_abs.fits.gz",
    "franceschini17": "ebl_franceschini_2017.fits.gz",
    "saldana-lopez21": "ebl_saldana-lopez_2021.fits.gz",
}
# What is lost below single precision is written as zero; the deepest absorption that such a table can say.
_FAINTEST = float(np.finfo(np.float32).tiny)


def read_ebl(name: PathLike, redshift: Any = 0.1, alpha_norm: Any = 1.0) -> EBLAbsorption:
    """Read an absorption model by the name of its table, or from an XSPEC table model of transmissions.

    Parameters
    ----------
    name : "franceschini" (2008), "dominguez" (2011), "finke" (2010), "franceschini17", "saldana-lopez21", which are in
        ``$SKYFOLD_DATA/ebl``; or the path of a table in the same format (energies in keV, a row for each redshift).
    redshift, alpha_norm : of the source, and a factor on the optical depth.

    Raises
    ------
    DataError
        There is no such table, or the file is none.
    ModelError
        The redshift is beyond the table.
    """
    path = expand(f"$SKYFOLD_DATA/ebl/{TABLES[str(name)]}" if name in TABLES else name)
    if name not in TABLES and not path.exists():
        raise DataError(f"{name}: neither a file nor one of the tables {', '.join(TABLES)}")
    table = read_xspec_table(path)
    if not np.all((table.rows >= 0) & (table.rows <= 1 + 1e-6)):
        raise DataError(
            f"{path}: HDU 'SPECTRA': column INTPSPEC has values from {table.rows.min():g} to {table.rows.max():g};"
            " a table of transmissions has them from 0 to 1"
        )
    redshifts, rows = np.unique(table.parameter, return_index=True)  # sorted; one file says one redshift twice
    depth = -np.log(np.clip(table.rows[rows], _FAINTEST, 1.0))
    if redshifts[0] > 0:  # from nowhere nothing is lost
        redshifts, depth = np.append(0.0, redshifts), np.concatenate([np.zeros((1, len(table.low))), depth])
    return EBLAbsorption(table.energy, redshifts, depth, redshift, alpha_norm, str(name))
