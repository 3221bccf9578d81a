"""Tables with units."""

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable

from skyfold.errors import DataError
from skyfold.io.tables import write_table


def test_a_table_is_read_back_with_its_units(tmp_path):
    columns = {"energy": [1.0, 2.0] * u.TeV, "dnde": [3e-12, 1e-12] * u.Unit("TeV-1 s-1 cm-2")}
    write_table(tmp_path / "a.fits", columns, "SPECTRUM")
    read = QTable.read(tmp_path / "a.fits", hdu="SPECTRUM")
    for title, values in columns.items():
        np.testing.assert_array_equal(read[title].to_value(values.unit), values.value)
    with pytest.raises(DataError, match="exists"):
        write_table(tmp_path / "a.fits", columns, "SPECTRUM")
