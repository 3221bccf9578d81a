import numpy as np
import pytest
from astropy.io import fits

from skyfold.errors import DataError
from skyfold.io.info import describe
from tests.dl3_files import make_observation, to_hdus, write_files

OBS = make_observation(5)


def table(name, n=3, **keywords):
    hdu = fits.BinTableHDU.from_columns([fits.Column("CHANNEL", "J", array=np.arange(n))], name=name)
    hdu.header.update(keywords)
    return hdu


def image(name=None, shape=(4, 5)):
    hdu = fits.ImageHDU(np.zeros(shape), name=name)
    hdu.header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "BUNIT": "m2 s"})
    return hdu


def written(path, *hdus):
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    return path


def test_directory(tmp_path):
    found = describe(write_files(tmp_path, [OBS, make_observation(6)]))
    assert found.kind == "observations with index tables"
    assert found.facts["observations"] == 2
    assert found.facts["objects"] == "Crab"
    assert found.facts["time"] == "2020-01-01 00:00:00 to 2020-01-01 00:30:00 UTC"


def test_event_file(tmp_path):
    path = tmp_path / "x.fits"
    to_hdus(OBS).writeto(path)
    found = describe(path)
    assert found.kind == "event list"
    assert found.facts["events"] == len(OBS.events)
    assert found.facts["observation"] == "5"
    assert "livetime     1710.0 s" in str(found)
    assert str(found).startswith(f"{path}: event list\n")


def test_responses(tmp_path):
    found = describe(written(tmp_path / "x.fits", *to_hdus(OBS)[3:]))
    assert found.kind == "instrument response"
    assert found.facts["PSF"] == "RPSF, FULL-ENCLOSURE, PSF_TABLE"


@pytest.mark.parametrize(
    ("hdus", "kind"),
    [
        ([table("SPECTRUM", HDUCLAS1="SPECTRUM", EXPOSURE=3.0)], "OGIP spectrum (PHA)"),
        ([table("SPECRESP", HDUCLAS1="RESPONSE", HDUCLAS2="SPECRESP")], "OGIP effective area (ARF)"),
        ([table("MATRIX", HDUCLAS1="RESPONSE"), table("EBOUNDS")], "OGIP energy redistribution (RMF)"),
        ([table("SPECRESP MATRIX"), table("EBOUNDS")], "OGIP energy redistribution (RMF)"),
        ([image()], "image"),
        ([image(shape=(2, 4, 5)), table("BANDS")], "map with further axes"),
        ([image("COUNTS"), image("EXPOSURE"), table("GTI_TABLE")], "binned dataset"),
        ([table("SKYMAP", ORDERING="NESTED")], "HEALPix map"),
        ([table("REGION", HDUCLASS="ASC", HDUCLAS1="REGION")], "regions (FITS)"),
        ([table("HDU_INDEX", HDUCLAS1="INDEX", HDUCLAS2="OBS")], "observation index"),
    ],
)
def test_kinds_of_fits_files(tmp_path, hdus, kind):
    assert describe(written(tmp_path / "x.fits", *[hdu.copy() for hdu in hdus])).kind == kind


def test_image_facts(tmp_path):
    facts = describe(written(tmp_path / "x.fits.gz", image())).facts
    assert facts == {"shape": "5 x 4", "projection": "RA---TAN, DEC--TAN", "unit": "m2 s"}


def test_regions(tmp_path):
    path = tmp_path / "x.reg"
    path.write_text("icrs\ncircle(83.6, 22.0, 0.3)\nellipse(83.6, 22.0, 0.3, 0.2, 10)\ncircle(80, 22, 0.3)\n")
    assert describe(path).facts == {"regions": 3, "shapes": "2 circle, 1 ellipse"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("general: {log: {level: info}}\nobservations: {datastore: x}\n", "analysis configuration"),
        ("components:\n- name: crab\n", "sky models"),
        ("datasets:\n- name: one\n- name: two\n", "list of datasets"),
    ],
)
def test_yaml(tmp_path, text, kind):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    assert describe(path).kind == kind


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", b"hello", "nothing that is read here; supported are a directory with GADF index tables; event files"),
        ("x.yaml", b"- 1\n- 2\n", "YAML without sections"),
        ("x.yaml", b"colours: red\n", "YAML with the sections colours"),
        ("x.yaml", b"a: [1", "not YAML"),
        ("x.yaml", b"components: [1]", "an entry without 'name'"),
        ("x.fits", b"SIMPLE  = what", "cannot be read as FITS"),
    ],
)
def test_what_is_not_supported_says_what_is(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        describe(path)


def test_table_of_no_kind(tmp_path):
    with pytest.raises(DataError, match="nothing that is read here"):
        describe(written(tmp_path / "x.fits", table("CATALOGUE")))


def test_missing_and_damaged(tmp_path):
    with pytest.raises(DataError, match="no such file or directory"):
        describe(tmp_path / "nothing")
    path = written(tmp_path / "x.fits.gz", image(shape=(50, 50)))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match="damaged"):
        describe(path)
