from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyfold.dataset.dataset import Dataset, SkyResponse
from skyfold.errors import DataError, MissingHDU
from skyfold.geom.axis import Axis
from skyfold.io.dataset import dataset_from_hdus, dataset_to_hdus, read_dataset, write_dataset
from skyfold.io.datasets import read_datasets, write_datasets
from skyfold.io.fits import open_fits, write_hdus
from skyfold.irf.energy_dispersion import EnergyDispersion
from skyfold.maps.map import Map
from tests.datasets import COARSE, ENERGY_TRUE, REGION, WHOLE, assert_same, random_dataset

OPTIONAL = ("background", "exposure", "psf", "edisp", "mask_safe", "mask_fit", "gti")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 1000),
    stat=st.sampled_from(["cash", "wstat"]),
    geom=st.sampled_from([WHOLE, REGION]),
    without=st.sets(st.sampled_from(OPTIONAL)),
)
def test_what_is_written_is_read(seed, stat, geom, without, tmp_path):
    dataset = random_dataset(seed, stat=stat, geom=geom, mask_fit=True)
    dataset = replace(dataset, **dict.fromkeys(without))
    if "exposure" in without:
        dataset = replace(dataset, livetime_s=0.0)
    write_dataset(tmp_path / "dataset.fits", dataset, overwrite=True)
    found = read_dataset(tmp_path / "dataset.fits")
    assert_same(found, dataset, rtol=0)
    assert (found.name, found.meta) == (dataset.name, dataset.meta)
    assert found.counts.data.dtype == float


def test_facts_are_kept(tmp_path):
    facts = {"obs_ids": (3, 1, 2), "fov_norm": np.float64(0.83), "off_angles_rad": (0.1, 0.2), "site": "HESS"}
    write_dataset(tmp_path / "a.fits.gz", replace(random_dataset(1), meta=facts))
    assert read_dataset(tmp_path / "a.fits.gz").meta == facts


def test_a_fact_that_is_no_fact_is_named(tmp_path):
    with pytest.raises(DataError, match="meta holds what cannot be written"):
        write_dataset(tmp_path / "a.fits", replace(random_dataset(1), meta={"function": len}))
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_written_over(tmp_path):
    write_dataset(tmp_path / "a.fits", random_dataset(1))
    with pytest.raises(DataError, match="exists already"):
        write_dataset(tmp_path / "a.fits", random_dataset(2))
    assert read_dataset(tmp_path / "a.fits").name == "part-1"


def test_the_layout_is_the_one_that_is_read_elsewhere():
    hdus = fits.HDUList(dataset_to_hdus(random_dataset(1, stat="wstat", mask_fit=True)))
    names = [hdu.name for hdu in hdus]
    expected = ["COUNTS", "EXPOSURE", "COUNTS_OFF", "ACCEPTANCE", "ACCEPTANCE_OFF", "MASK_SAFE", "MASK_FIT"]
    expected += ["EDISP", "EDISP_EXPOSURE", "PSF", "PSF_EXPOSURE"]
    assert names == ["PRIMARY", *(n for name in expected for n in (name, f"{name}_BANDS")), "GTI", "META_TABLE"]
    # Responses are weighted with exposures that have as many axes.
    assert hdus["EDISP_EXPOSURE"].data.shape == (4, 1, 5, 6)
    assert hdus["PSF_EXPOSURE"].data.shape == (4, 1, 5, 6)
    assert hdus["EXPOSURE"].header["META"] == '{"livetime": "1701.0 s"}'
    assert hdus["PRIMARY"].header["NAME"] == "part-1"
    assert hdus["META_TABLE"].data["OBS_ID"].ravel().tolist() == [1]


def test_a_dispersion_on_migration_is_converted():
    migra = Axis.even("migra", 0.2, 5, 48)
    center = migra.center_in("")
    density = np.exp(-0.5 * ((center - 1.0) / 0.2) ** 2)[:, None] * np.ones((4, 1, 1))
    dispersion, _ = EnergyDispersion.normalised(
        density, ENERGY_TRUE, migra, Axis("offset", np.zeros(1), "rad", kind="nodes")
    )
    table = np.broadcast_to(dispersion.values[..., None], (4, 48, *COARSE.image_shape)).copy()
    table[0, :, 0, 0] = 0  # as where a stack has no exposure
    dataset = random_dataset(1)
    edisp = SkyResponse(Map(COARSE.with_axes(ENERGY_TRUE, migra), table), dataset.edisp.exposure)
    found = dataset_from_hdus(fits.HDUList(dataset_to_hdus(replace(dataset, edisp=edisp))), "a").edisp.table
    assert [axis.name for axis in found.geom.axes] == ["energy_true", "energy"]
    expected = dispersion.migration(ENERGY_TRUE, dataset.energy, np.zeros(1))[0]
    np.testing.assert_allclose(found.data[..., 2, 3], expected, atol=1e-12)
    assert np.all(found.data[0, :, 0, 0] == 0)


def test_masks_of_numbers_are_masks(tmp_path):
    # Gammapy writes 0 and 1 as int64.
    dataset = random_dataset(1)
    hdus = dataset_to_hdus(dataset)
    for i, hdu in enumerate(hdus):
        if hdu.name == "MASK_SAFE":
            del hdu.header["BOOLEAN"]
            hdus[i] = fits.ImageHDU(hdu.data.astype(np.int64), hdu.header, name="MASK_SAFE")
    write_hdus(hdus, tmp_path / "a.fits")
    np.testing.assert_array_equal(read_dataset(tmp_path / "a.fits").safe, dataset.safe)


def test_times_count_from_the_reference_of_the_file():
    dataset = random_dataset(1)
    hdus = fits.HDUList(dataset_to_hdus(dataset))
    hdus["GTI"].header.update({"MJDREFI": 51545, "MJDREFF": 0.5})
    hdus["GTI"].header["TIMESYS"] = "tt"
    found = dataset_from_hdus(hdus, "a").gti
    np.testing.assert_allclose(found.start - dataset.gti.start, 1.5 * 86400)


def test_a_file_without_counts_names_what_it_has(tmp_path):
    hdus = [hdu for hdu in dataset_to_hdus(random_dataset(1)) if not hdu.name.startswith("COUNTS")]
    write_hdus(hdus, tmp_path / "a.fits")
    with pytest.raises(MissingHDU, match="no HDU 'COUNTS'; this file has .*EXPOSURE"):
        read_dataset(tmp_path / "a.fits")


def test_an_ogip_spectrum_is_recognised(tmp_path):
    table = fits.BinTableHDU.from_columns([fits.Column("COUNTS", "J", array=[1, 2])], name="SPECTRUM")
    write_hdus([fits.PrimaryHDU(), table], tmp_path / "pha.fits")
    with pytest.raises(DataError, match="an OGIP spectrum"):
        read_dataset(tmp_path / "pha.fits")


def test_maps_that_do_not_belong_together_are_named_with_their_file(tmp_path):
    dataset = random_dataset(1)
    other = random_dataset(1, geom=WHOLE.sliced(slice(0, 5), slice(0, 5)))
    hdus = {hdu.name: hdu for hdu in dataset_to_hdus(dataset)}
    hdus |= {hdu.name: hdu for hdu in dataset_to_hdus(other) if hdu.name.startswith("BACKGROUND")}
    write_hdus(hdus.values(), tmp_path / "a.fits")
    with pytest.raises(DataError, match=r"a\.fits.*background is on"):
        read_dataset(tmp_path / "a.fits")


def test_a_livetime_that_is_not_written_is_zero(tmp_path):
    hdus = dataset_to_hdus(random_dataset(1))
    for hdu in hdus:
        hdu.header.pop("META", None)
    write_hdus(hdus, tmp_path / "a.fits")
    assert read_dataset(tmp_path / "a.fits").livetime_s == 0.0


def test_facts_that_are_no_json_are_named(tmp_path):
    write_dataset(tmp_path / "a.fits", random_dataset(1))
    hdus = open_fits(tmp_path / "a.fits")
    hdus["EXPOSURE"].header["META"] = "{livetime"
    write_hdus(hdus, tmp_path / "b.fits")
    with pytest.raises(DataError, match=r"b\.fits: EXPOSURE: keyword META is no JSON"):
        read_dataset(tmp_path / "b.fits")


def test_a_list_is_written_and_read_in_order(tmp_path):
    datasets = [random_dataset(2, name="run 2/a"), random_dataset(1, stat="wstat"), random_dataset(3, geom=REGION)]
    path = write_datasets(tmp_path / "out", datasets)
    for found in (read_datasets(path), read_datasets(tmp_path / "out")):
        assert [d.name for d in found] == ["run 2/a", "part-1", "part-3"]
        for a, b in zip(found, datasets, strict=True):
            assert_same(a, b, rtol=0)
    text = path.read_text()
    assert "type: MapDatasetOnOff" in text
    assert "type: SpectrumDataset\n" in text
    assert "filename: run_2_a.fits.gz" in text


def test_two_datasets_of_one_name_are_refused(tmp_path):
    with pytest.raises(DataError, match="two datasets would be written to part-1.fits.gz"):
        write_datasets(tmp_path, [random_dataset(1), random_dataset(1)])
    assert list(tmp_path.iterdir()) == []


def test_a_list_is_not_written_over(tmp_path):
    write_datasets(tmp_path, [random_dataset(1)])
    with pytest.raises(DataError, match=r"datasets\.yaml: exists already"):
        write_datasets(tmp_path, [random_dataset(2)])
    assert not (tmp_path / "part-2.fits.gz").exists()
    write_datasets(tmp_path, [random_dataset(2)], overwrite=True)
    assert [d.name for d in read_datasets(tmp_path)] == ["part-2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("datasets: 3", "no list 'datasets'"),
        ("- a", "no list 'datasets'"),
        ("datasets: [{name: a}]", "an entry without filename"),
        ("datasets: [{name: a, type: FluxPointsDataset, filename: a}]", "'a' is a FluxPointsDataset"),
        ("datasets: [{name: a, filename: gone.fits}]", "gone.fits"),
        ("{", "cannot be read as a list"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(tmp_path, text, message):
    (tmp_path / "datasets.yaml").write_text(text)
    with pytest.raises(DataError, match=message):
        read_datasets(tmp_path)


def test_a_name_may_be_given(tmp_path):
    write_dataset(tmp_path / "a.fits", random_dataset(1))
    assert read_dataset(tmp_path / "a.fits", "crab").name == "crab"


def test_counts_alone_are_a_dataset(tmp_path):
    write_dataset(tmp_path / "a.fits", Dataset("a", random_dataset(1).counts))
    found = read_dataset(tmp_path / "a.fits")
    assert found.stat == "cash"
    assert found.gti is None
