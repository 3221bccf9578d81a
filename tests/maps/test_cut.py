import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis, LabelAxis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.cut import crop, cutout, pad, sliced
from skyfold.maps.map import Map

GEOM = WcsGeom.create(
    SkyCoord(83.63, 22.01, unit="deg"), pixel="0.1 deg", npix=(8, 6), axes=[Axis.energy("1 TeV", "16 TeV", 4)]
)
M2S = u.m**2 * u.s
MAP = Map(GEOM, np.arange(192.0).reshape(4, 6, 8), "m2 s")


def test_a_cut_out_holds_the_same_values_at_the_same_places():
    part = cutout(MAP, GEOM.from_pix(2.2, 3.2), ("0.3 deg", "0.5 deg"))
    np.testing.assert_array_equal(part.data, MAP.data[:, 1:6, 1:4])
    assert part.unit == MAP.unit
    assert part.geom.from_pix(0, 0).separation(GEOM.from_pix(1, 1)).deg < 1e-9


def test_a_partial_cut_out_is_filled_beyond_the_border():
    part = cutout(MAP, GEOM.from_pix(0.2, 0.2), "0.5 deg", "partial", fill=-1)
    assert part.geom.image_shape == (5, 5)
    np.testing.assert_array_equal(part.data[:, 2:, 2:], MAP.data[:, :3, :3])
    assert np.all(part.data[:, :2] == -1)
    mask = cutout(MAP > 3 * M2S, GEOM.from_pix(0.2, 0.2), "0.5 deg", "partial")
    assert mask.data.dtype == bool
    assert not mask.data[:, :2].any()


def test_bins_of_an_axis_by_number_slice_or_range():
    assert sliced(MAP, "energy", 1).data.tolist() == MAP.data[1:2].tolist()
    assert sliced(MAP, "energy", -1).geom.axis("energy") == Axis("energy", [8, 16], "TeV", "log")
    assert sliced(MAP, "energy", slice(1, 3)).data.tolist() == MAP.data[1:3].tolist()
    above = sliced(MAP, "energy", (2 * u.TeV, None))
    assert above.geom.axis("energy") == Axis("energy", [2, 4, 8, 16], "TeV", "log")
    assert sliced(MAP, "energy", ("1.5 TeV", "9 TeV")).data.tolist() == MAP.data[1:3].tolist()


def test_a_margin_comes_and_goes():
    wide = pad(MAP, 2)
    assert wide.data.sum() == MAP.data.sum()
    assert GEOM.offset_in(wide.geom) == (slice(2, 8), slice(2, 10))
    back = crop(wide, 2)
    assert back.geom == GEOM
    np.testing.assert_array_equal(back.data, MAP.data)
    assert pad(MAP, 2, fill=7).data[0, 0, 0] == 7
    assert pad(MAP, 2, "edge").data[0, 0, 0] == MAP.data[0, 0, 0]
    assert pad(MAP > 3 * M2S, 1).data.dtype == bool


def test_what_cannot_be_cut_says_why():
    with pytest.raises(ShapeError, match="axis 'energy': no bin lies wholly between 1.1 TeV and 1.2 TeV"):
        sliced(MAP, "energy", ("1.1 TeV", "1.2 TeV"))
    with pytest.raises(ShapeError, match="axis 'energy' has no bin 4; it has 4"):
        sliced(MAP, "energy", 4)
    runs = Map.filled(GEOM.with_axes(LabelAxis("run", ("a", "b"))))
    with pytest.raises(ShapeError, match="axis 'run' has no coordinate, so no range"):
        sliced(runs, "run", (0, 1))
    assert sliced(runs, "run", 1).geom.axis("run").labels == ("b",)
    with pytest.raises(ShapeError, match="use crop"):
        pad(MAP, -1)
    with pytest.raises(ShapeError, match="use pad"):
        crop(MAP, -1)
    with pytest.raises(ShapeError, match="8 × 6 pixels cannot lose 3 on each side"):
        crop(MAP, 3)
