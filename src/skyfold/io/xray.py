"""Images of X-ray observatories: counts, exposure and what the headers say of band and date."""

import os
import re
from dataclasses import replace
from typing import Any

import numpy as np
from astropy.coordinates import Angle
from regions import CircleSkyRegion

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.from_image import from_image
from skyfold.errors import DataError
from skyfold.geom.wcs import WcsGeom
from skyfold.io.fits import open_fits
from skyfold.io.maps import read_map
from skyfold.io.paths import expand
from skyfold.units import strip

PathLike = str | os.PathLike[str]
# Names of the energy in the data subspace of an image: channels of 1 eV of XMM-Newton, energies of Chandra in eV.
_ENERGY = ("PI", "ENERGY")
_FACTS = ("TELESCOP", "INSTRUME", "OBS_ID", "OBJECT", "FILTER", "DATE-OBS", "DATE-END")


def read_xray_image(
    counts: PathLike,
    exposure: PathLike,
    *,
    name: str = "",
    band: tuple[Any, Any] | None = None,
    background: PathLike | None = None,
) -> Dataset:
    """A counts image and its exposure map [s] as a dataset; see `from_image`.

    The band is that of the header (data subspace, keywords DSTYPn and DSVALn): papers and tutorials are not always
    right about the files they use. Facts of the header, dates among them, are in `meta`.

    Parameters
    ----------
    band : lower and upper energy, for files that do not tell.
    background : map of expected counts.

    Raises
    ------
    DataError
        The header tells no band and none was given, or it tells another one.
    """
    file = expand(counts)
    header = open_fits(file)[0].header
    found = header_band(header)
    if found is None and band is None:
        raise DataError(
            f"{file}: its header has no data subspace of PI or ENERGY: give the band, such as ('1 keV', '2 keV')"
        )
    if found is not None and band is not None and not _same(found, band):
        raise DataError(
            f"{file}: asked for {band[0]} to {band[1]}, its header says that events of {found[0]} to {found[1]} were"
            " selected: leave the band away"
        )
    chosen = found if band is None else band
    assert chosen is not None
    dataset = from_image(
        name or image_name(header, file),
        read_map(file),
        read_map(exposure, unit="s"),
        chosen,
        background=None if background is None else read_map(background),
    )
    facts = {key.lower().replace("-", "_"): str(header[key]) for key in _FACTS if key in header}
    return replace(dataset, livetime_s=float(header.get("LIVETIME", header.get("EXPOSURE", 0.0))), meta=facts)


def header_band(header: Any) -> tuple[str, str] | None:
    """The range of energies that went into an image, by its data subspace; None if it does not tell.

    A range is written ``1000:2000``, with a parenthesis where an end does not belong to it.
    """
    for card, value in header.items():
        if re.fullmatch(r"DSTYP\d+", card) and str(value).upper() in _ENERGY:
            number = card[5:]
            text = str(header.get(f"DSVAL{number}", "")).strip("()[] ")
            ends = re.fullmatch(r"([\d.]+):([\d.]+)", text)
            if ends is not None:
                low, high = (float(end) / 1000 for end in ends.groups())
                return f"{low:g} keV", f"{high:g} keV"
    return None


def image_name(header: Any, file: Any) -> str:
    """What an image is called: its object, or its file."""
    text = str(header.get("OBJECT", "")).strip() or file.name.split(".")[0]
    return text.replace(" ", "-").lower()


def read_circles(path: PathLike, geom: WcsGeom) -> list[CircleSkyRegion]:
    """Circles ``x y radius`` in image coordinates of an image, one a line, on the sky.

    Image coordinates count pixels from 1, arrays from 0.

    Raises
    ------
    DataError
        The file is missing, or a line does not have three numbers.
    """
    file = expand(path)
    try:
        table = np.loadtxt(file, ndmin=2)
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error}") from None
    except ValueError as error:
        raise DataError(f"{file}: wanted lines of x, y and radius in pixels: {error}") from None
    if table.shape[1] != 3:
        raise DataError(f"{file}: wanted lines of x, y and radius in pixels, found {table.shape[1]} columns")
    pixel = float(np.mean(geom.pixel_size.to_value("deg")))
    return [CircleSkyRegion(geom.from_pix(x - 1, y - 1).icrs, Angle(radius * pixel, "deg")) for x, y, radius in table]


def _same(found: tuple[str, str], asked: tuple[Any, Any]) -> bool:
    """Whether two bands agree, to a thousandth."""
    a, b = ([float(strip(end, "keV", "band")) for end in band] for band in (found, asked))
    return bool(np.allclose(a, b, rtol=1e-3))
