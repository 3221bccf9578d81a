import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ShapeError
from skyfold.geom.pixels import downsampled, overlap, padded, upsampled
from skyfold.geom.wcs import WcsGeom

GEOM = WcsGeom.create(SkyCoord(83.63, 22.01, unit="deg"), pixel="0.1 deg", npix=(8, 6), frame="galactic", proj="CAR")


def test_pixels_are_cut_and_joined_within_the_same_border():
    fine = upsampled(GEOM, 4)
    assert fine.image_shape == (24, 32)
    np.testing.assert_allclose(fine.to_pix(GEOM.from_pix(-0.5, 5.5)), (-0.5, 23.5), atol=1e-9)
    assert downsampled(fine, 4) == GEOM
    blocks = fine.solid_angle.reshape(6, 4, 8, 4).sum(axis=(1, 3))
    np.testing.assert_allclose(blocks, GEOM.solid_angle, rtol=1e-6)


def test_a_margin_keeps_the_pixels_inside():
    wide = padded(GEOM, 3)
    assert wide.image_shape == (12, 14)
    assert GEOM.offset_in(wide) == (slice(3, 9), slice(3, 11))
    assert padded(wide, -3) == GEOM


def test_overlap_of_slices_that_stick_out():
    shared = overlap((slice(-2, 3), slice(4, 9)), (6, 8))
    assert shared.part == (slice(2, 5), slice(0, 4))
    assert shared.whole == (slice(0, 3), slice(4, 8))
    assert overlap((slice(6, 9), slice(0, 2)), (6, 8)) is None


def test_what_cannot_be_done_says_why():
    with pytest.raises(ShapeError, match="8 × 6 pixels cannot be joined by 4: pad or crop"):
        downsampled(GEOM, 4)
    with pytest.raises(ShapeError, match="cannot lose 3 on each side"):
        padded(GEOM, -3)
    with pytest.raises(ShapeError, match="pixels cannot be cut into 0"):
        upsampled(GEOM, 0)
