import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import DataError, RegionError
from skyfold.geom.wcs import WcsGeom
from skyfold.io.maps import write_map
from skyfold.io.regions import write_regions
from skyfold.maps.map import Map
from skyfold.workflow.exclusion import exclusion_map, is_file

CENTER = SkyCoord(83.63, 22.01, unit="deg")
IMAGE = WcsGeom.create(CENTER, "2 deg", "0.05 deg")
CIRCLE = "icrs;circle(83.63, 22.01, 0.3)"
OUTSIDE = IMAGE.separation(CENTER).to_value("deg") >= 0.3


def test_nothing_excludes_nothing():
    assert exclusion_map([], IMAGE) is None


def test_a_text_of_a_region():
    assert np.array_equal(exclusion_map([CIRCLE], IMAGE).data, OUTSIDE)


@pytest.mark.parametrize("name", ["sources.reg", "sources.fits"])
def test_a_region_file(tmp_path, name):
    write_regions(CIRCLE, tmp_path / name)
    found = exclusion_map([str(tmp_path / name)], IMAGE)
    assert (found.data != OUTSIDE).sum() <= 4  # files round positions


def test_a_mask_stays_on_its_own_pixels(tmp_path):
    other = WcsGeom.create(CENTER, "1 deg", "0.1 deg")
    mask = Map(other, other.separation(CENTER).to_value("deg") > 0.2)
    write_map(tmp_path / "mask.fits.gz", mask)
    found = exclusion_map([str(tmp_path / "mask.fits.gz")], IMAGE)
    assert found.geom == other
    assert found.data.dtype == bool
    assert np.array_equal(found.data, mask.data)


def test_several_exclude_what_any_of_them_does(tmp_path):
    write_regions("icrs;circle(84.2, 22.4, 0.2)", tmp_path / "other.reg")
    found = exclusion_map([CIRCLE, str(tmp_path / "other.reg")], IMAGE)
    other = IMAGE.separation(SkyCoord(84.2, 22.4, unit="deg")).to_value("deg") >= 0.2
    assert np.array_equal(found.data, OUTSIDE & other)


def test_a_region_without_frame_is_refused():
    with pytest.raises(RegionError, match="names no frame; write for instance 'icrs;circle"):
        exclusion_map(["circle(83.63, 22.01, 0.3)"], IMAGE)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none.fits"):
        exclusion_map([str(tmp_path / "none.fits")], IMAGE)


def test_a_file_that_is_neither_mask_nor_regions_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("the Crab is bright")
    with pytest.raises(DataError, match=r"notes.txt is neither a FITS mask .* nor a region file"):
        exclusion_map([str(tmp_path / "notes.txt")], IMAGE)


def test_files_and_regions_are_told_apart(tmp_path, monkeypatch):
    odd = tmp_path / "mask (old).fits"
    odd.touch()
    monkeypatch.setenv("MASKS", str(tmp_path))
    assert is_file(str(odd))
    assert is_file("$MASKS/mask (old).fits")
    assert is_file("mask.fits")
    assert not is_file(CIRCLE)
