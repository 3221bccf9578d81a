import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skyfold.errors import DataError, MissingHDU
from skyfold.geom.axis import Axis
from skyfold.io.rmf import read_rmf, rmf_from_hdus, rmf_to_hdus
from skyfold.irf.migration import Migration

TRUE = Axis.energy("0.1 TeV", "100 TeV", 6, true=True)
RECO = Axis.energy("0.2 TeV", "50 TeV", 8)

sparse = arrays(float, (6, 8), elements=st.sampled_from([0.0, 0.0, 0.05, 0.1]))


@settings(max_examples=30, deadline=None)
@given(matrix=sparse)
def test_any_matrix_reads_back_the_same(tmp_path_factory, matrix):
    path = tmp_path_factory.mktemp("rmf") / "rmf.fits.gz"
    fits.HDUList([fits.PrimaryHDU(), *rmf_to_hdus(Migration(TRUE, RECO, matrix))]).writeto(path)
    got = read_rmf(path)
    np.testing.assert_array_equal(got.matrix, matrix)
    assert got.energy.to("TeV") == RECO
    assert got.energy_true.to("TeV") == TRUE


def by_hand(first, *, name="MATRIX", tlmin=None, channel0=None, values=(0.5, 0.2, 0.3), n_chan=(1, 2)):
    """One true bin; groups of channels `first` and `first` + 2 of four."""
    groups = (
        [np.array([first, first + 2], dtype=">i2")],
        [np.array(n_chan, dtype=">i2")],
        [np.array(values, dtype=">f4")],
    )
    first_channels, lengths, numbers = (np.array([*g, None], dtype=object)[:1] for g in groups)
    matrix = fits.BinTableHDU.from_columns(
        [
            fits.Column("ENERG_LO", "E", "keV", array=[1.0]),
            fits.Column("ENERG_HI", "E", "keV", array=[2.0]),
            fits.Column("N_GRP", "I", array=[2]),
            fits.Column("F_CHAN", "PI()", array=first_channels),
            fits.Column("N_CHAN", "PI()", array=lengths),
            fits.Column("MATRIX", "PE()", array=numbers),
        ],
        name=name,
    )
    if tlmin is not None:
        matrix.header["TLMIN4"] = tlmin
    columns = [
        fits.Column("E_MIN", "E", "keV", array=[0.0, 1.0, 2.0, 3.0]),
        fits.Column("E_MAX", "E", "keV", array=[1.0, 2.0, 3.0, 4.0]),
    ]
    if channel0 is not None:
        columns.insert(0, fits.Column("CHANNEL", "I", array=channel0 + np.arange(4)))
    return [matrix, fits.BinTableHDU.from_columns(columns, name="EBOUNDS")]


@pytest.mark.parametrize(
    ("first", "tlmin", "channel0"), [(0, 0, 1), (1, 1, 0), (0, None, 0), (1, None, 1), (1, None, None)]
)
def test_where_channels_begin(first, tlmin, channel0):
    got = rmf_from_hdus(by_hand(first, tlmin=tlmin, channel0=channel0), "a.rmf")
    np.testing.assert_allclose(got.matrix, [[0.5, 0.0, 0.2, 0.3]], rtol=1e-6)
    assert got.energy.scale == "lin"  # it begins at 0 keV
    assert got.energy_true.unit == "keV"


def test_the_older_name():
    assert rmf_from_hdus(by_hand(1, name="SPECRESP MATRIX"), "a.rmf").matrix.sum() == pytest.approx(1.0)


def test_messages():
    with pytest.raises(MissingHDU, match="no HDU 'EBOUNDS'; this file has MATRIX"):
        rmf_from_hdus(by_hand(1)[:1], "a.rmf")
    with pytest.raises(DataError, match=r"row 0 has channels 4 to 5 from 0; EBOUNDS has 4; is TLMIN"):
        rmf_from_hdus(by_hand(2, tlmin=0), "a.rmf")
    with pytest.raises(DataError, match="rows sum to up to 310.*contains the effective area"):
        rmf_from_hdus(by_hand(1, values=(300.0, 5.0, 5.0)), "a.rmf")
    with pytest.raises(DataError, match="row 0 has 3 values, its groups need more"):
        rmf_from_hdus(by_hand(1, n_chan=(2, 2)), "a.rmf")
    broken = by_hand(1)
    broken[0].columns["N_GRP"].name = "GROUPS"
    with pytest.raises(DataError, match="a.rmf: HDU 'MATRIX': no column 'N_GRP'"):
        rmf_from_hdus(broken, "a.rmf")
