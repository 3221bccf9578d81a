import re

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from skyfold.cli.main import main
from skyfold.io.maps import read_map
from skyfold.simulate.spiral import spiral_galaxy

POINTINGS = "x,y,livetime,radius\n10,8,1,9\n22,12,2.5,9\n"


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Run `skyfold simulate image` in a folder with a picture and some tables; its status and what it printed."""
    monkeypatch.chdir(tmp_path)
    colours = (255 * spiral_galaxy(20, 30)).astype(np.uint8)[::-1]
    Image.fromarray(colours).save("galaxy.png")
    (tmp_path / "pointings.csv").write_text(POINTINGS)
    (tmp_path / "profile.csv").write_text("offset,efficiency\n0,1\n0.1,0.5\n")
    (tmp_path / "psf.csv").write_text("rad,density\n0,1\n1,0.6\n2,0.1\n")

    def run(*words, picture="galaxy.png"):
        status = main(["simulate", "image", picture, *(str(word) for word in words)])
        return status, *capsys.readouterr()

    return run


def test_counts_and_photons_and_a_drawing_of_them(call, tmp_path):
    status, out, _ = call(
        *("--photons", "1e4", "--psf", 1.5, "--background", 1, "--instrument", 0.5, "--pointings", "pointings.csv"),
        *(
            "--seed",
            7,
            "--out",
            "counts.fits.gz",
            "--photon-list",
            "photons.fits",
            "--plot",
            "both.png",
            "--stretch",
            "sqrt",
        ),
    )
    assert status == 0
    counts = read_map("counts.fits.gz")
    photons = fits.getdata("photons.fits", "EVENTS")
    assert counts.data.sum() == len(photons) > 5000
    assert set(photons["VIEW"]) == {0, 1}
    assert set(photons["SOURCE"]) == {0, 1, 2}
    assert read_map("counts.fits.gz", "EXPOSURE").data.max() == 3.5
    with Image.open("both.png") as drawing:
        assert drawing.size[0] > 500
    assert out.splitlines()[0].split() == ["drawn", "kept", "lost"]
    assert str(len(photons)) in out.splitlines()[4]


def test_the_same_seed_gives_the_same_counts_with_or_without_a_list(call):
    words = ("--photons", 500, "--psf", "0.02deg", "--placement", "bilinear", "--out")
    call(*words, "a.fits", "--seed", 3)
    call(*words, "b.fits", "--seed", 3, "--photon-list", "photons.fits")
    call(*words, "c.fits", "--seed", 4)
    a, b, c = (read_map(f"{name}.fits").data for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    "words",
    [
        ["--photons", "300", "--fixed"],
        ["--rate", "300"],
        ["--photons", "300", "--psf", "2", "--king", "2.5"],
        ["--photons", "300", "--psf-table", "psf.csv"],
        ["--photons", "300", "--background", "galaxy.png", "--exposure", "galaxy.png"],
        ["--photons", "300", "--vignetting", "profile.csv", "--center", "83.6", "22", "--pixel", "0.02 deg"],
        ["--photons", "300", "--blank", "0"],
    ],
    ids=lambda words: " ".join(words[2:]) or words[0],
)
def test_every_option_does_something_that_works(call, words):
    status, out, err = call(*words, "--out", "counts.fits")
    assert (status, err) == (0, "")
    assert read_map("counts.fits").data.sum() > 0
    if "--fixed" in words:
        assert out.splitlines()[1].split() == ["picture", "300", "300", "0"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--photons", "0"], "photons: 0; wanted a positive number"),
        (["--photons", "-5"], "photons: -5; wanted a positive number"),
        (["--photons", "2.5", "--fixed"], "must be whole"),
        (["--photons", "9", "--psf", "wide"], "psf|sigma"),
        (["--photons", "9", "--seed", "-1"], "seed -1; wanted a whole number from 0"),
        (["--photons", "9", "--center", "0", "91"], "--center: declination 91°"),
        (["--photons", "9", "--pixel", "-1 deg"], "galaxy.png: a map needs a positive pixel size"),
        (["--photons", "9", "--pixel", "1 s"], "pixel"),
        (["--photons", "9", "--king", "2"], "--king needs a width too"),
        (["--photons", "9", "--psf", "2", "--psf-table", "psf.csv"], "leave --psf and --king away"),
        (["--photons", "9", "--background", "none.fits"], "none.fits: no such file"),
        (["--photons", "9", "--background", "-1"], "sky: 1 of 1 pixels are negative"),
        (["--photons", "9", "--exposure", "small.png"], r"exposure: shape \(2, 3\).*the picture has \(20, 30\)"),
        (["--photons", "9", "--pointings", "far.csv"], "view 0: the pointing at RA .* sees nothing of the picture"),
        (["--photons", "9", "--pointings", "psf.csv"], "wanted x, y, or ra, dec"),
        (["--photons", "9", "--out", "galaxy.png"], "galaxy.png: exists already"),
        (["--photons", "9", "--out", "galaxy.png/counts.fits"], "cannot be written"),
        (["--photons", "9", "--photon-list", "galaxy.png"], "galaxy.png: exists already"),
    ],
)
def test_mistakes_are_told_in_a_line(call, tmp_path, words, message):
    Image.fromarray(np.full((2, 3), 9, dtype=np.uint8)).save("small.png")
    (tmp_path / "far.csv").write_text("x,y,livetime,radius\n500,8,1,9\n")
    out = [] if "--out" in words else ["--out", "counts.fits"]
    status, _, err = call(*words, *out)
    assert status == 2
    assert len(err.splitlines()) == 1
    assert re.search(message, err)
    assert not (tmp_path / "counts.fits").exists()


def test_a_picture_that_is_none(call, tmp_path):
    status, _, err = call("--photons", "9", "--out", "counts.fits", picture="pointings.csv")
    assert status == 2
    assert "pointings.csv: not a picture that can be read" in err


def test_a_number_or_a_rate_is_needed(call, capsys):
    with pytest.raises(SystemExit):
        call("--out", "counts.fits")
    assert "one of the arguments --photons --rate is required" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["simulate"], ["simulate", "image"]])
def test_help_names_the_options(words, capsys):
    with pytest.raises(SystemExit) as end:
        main([*words, "--help"])
    assert end.value.code == 0
    assert "usage: skyfold simulate" in capsys.readouterr().out
