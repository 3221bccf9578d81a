import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis, LabelAxis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.maps.mask import energy_mask, grown, shrunk

CENTER = SkyCoord(83.63, 22.01, unit="deg")
GEOM = WcsGeom.create(CENTER, pixel="0.1 deg", npix=(31, 31), axes=[Axis.energy("1 TeV", "16 TeV", 4)])


def test_an_energy_mask_holds_bins_wholly_inside():
    mask = energy_mask(GEOM, "2 TeV", "15.9 TeV")
    assert mask.data.dtype == bool
    assert mask.data.all(axis=(1, 2)).tolist() == [False, True, True, False]
    assert mask.data.any(axis=(1, 2)).tolist() == [False, True, True, False]
    assert energy_mask(GEOM).data.all()


def test_a_mask_grows_and_shrinks_by_a_radius():
    distance = GEOM.image.separation(CENTER).to_value("deg")
    disk = Map(GEOM.image, distance < 0.55)
    wide = grown(disk, "0.4 deg")
    assert wide.data[distance < 0.85].all()
    assert not wide.data[distance > 0.96].any()
    np.testing.assert_array_equal(grown(disk, 4).data, wide.data)
    assert shrunk(wide, "0.4 deg").data[disk.data].all()
    assert shrunk(Map.filled(GEOM.image, True), "0.4 deg").data.all()


def test_an_axis_without_edges_has_no_range():
    with pytest.raises(ShapeError, match="axis 'energy' has no edges to compare with"):
        energy_mask(GEOM.with_axes(LabelAxis("energy", ("low", "high"))), "1 TeV")
