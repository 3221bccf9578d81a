"""Files of responses."""

import numpy as np
import pytest
from astropy.io import fits

from skyfold.errors import DataError
from skyfold.io.dl3_write import write_observation
from skyfold.io.fits import write_hdus
from skyfold.io.irf_write import response_to_hdu
from skyfold.io.responses import read_responses
from skyfold.irf.builtin import builtin_responses
from tests.dl3_files import make_observation

RESPONSES = builtin_responses()


def test_responses_are_read_from_their_file_and_the_first_of_a_kind_counts(tmp_path):
    hdus = [response_to_hdu(getattr(RESPONSES, kind)) for kind in ("bkg", "aeff", "edisp")]
    more = response_to_hdu(builtin_responses().aeff, "AREA")
    write_hdus([fits.PrimaryHDU(), *hdus, more], tmp_path / "irf.fits.gz")
    found = read_responses(tmp_path / "irf.fits.gz")
    assert found.available == ("aeff", "edisp", "bkg")
    np.testing.assert_array_equal(found.aeff.values, RESPONSES.aeff.values)


def test_responses_are_read_from_an_event_file(tmp_path):
    obs = make_observation()
    write_observation(obs, tmp_path / "events.fits")
    assert read_responses(tmp_path / "events.fits").available == obs.responses.available


def test_a_file_without_responses_is_refused(tmp_path):
    write_hdus([fits.PrimaryHDU(), fits.BinTableHDU(name="TABLE")], tmp_path / "other.fits")
    with pytest.raises(DataError, match=r"other.fits: no table of it is a response; its tables are 'TABLE'"):
        read_responses(tmp_path / "other.fits")
