"""Pictures that photons are drawn from, and the counts images and photon lists that come of them."""

import io
import os
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from numpy.typing import NDArray

from skyfold.errors import DataError, ShapeError
from skyfold.geom.header import to_header
from skyfold.io.fits import find_hdu, open_fits, read_bytes, write_hdus
from skyfold.io.maps import map_from_hdus, map_to_hdus
from skyfold.io.paths import expand
from skyfold.maps.map import Map
from skyfold.simulate.photons import Counts, Photons, Tally
from skyfold.simulate.picture import PIXEL, as_picture, grey

PathLike = str | os.PathLike[str]
Floats = NDArray[np.float64]


def read_picture(
    path: PathLike,
    hdu: str | None = None,
    *,
    center: SkyCoord | None = None,
    pixel: Any = PIXEL,
    blank: float | None = None,
) -> Map:
    """Read a picture to draw photons from: FITS, PNG, JPEG, or whatever else Pillow (which matplotlib needs) reads.

    Colours are averaged as they are in the file, without undoing its gamma; what is transparent is dark. Rows of
    picture files begin at the top and are turned over, so that y grows upwards as in every map.

    Parameters
    ----------
    hdu : name of the image in a FITS file; the first one unless told.
    center, pixel : place on the sky of a picture that does not know it, as for `as_picture`.
    blank : value for pixels that are not numbers, such as the borders of mosaics; they are refused unless told.

    Raises
    ------
    DataError
        The file is missing or no picture, a pixel is negative or not a number, or all are 0; the message names it.
    ShapeError
        It has more than one plane, or pixels of no size.
    """
    image = read_image(path, hdu)
    if blank is not None:
        filled = np.nan_to_num(image.data if isinstance(image, Map) else image, nan=blank, posinf=np.inf)
        image = image.with_data(filled) if isinstance(image, Map) else filled
    try:
        return as_picture(image, center=center, pixel=pixel)
    except (DataError, ShapeError) as error:
        raise type(error)(f"{expand(path)}: {error}") from None


def read_image(path: PathLike, hdu: str | None = None) -> Map | Floats:
    """The pixels of a picture: a map if the file says where on the sky they are, else an array (ny, nx).

    Raises
    ------
    DataError
        The file is missing or no picture; the message names it.
    """
    file = expand(path)
    content = read_bytes(file)
    if not content.startswith(b"SIMPLE  ="):
        return _from_pillow(content, file)
    hdus = open_fits(file)
    images = [h for h in hdus if h.is_image and h.header.get("NAXIS", 0) >= 2] if hdu is None else []
    if hdu is None and not images:
        raise DataError(f"{file}: no image in it; its HDUs are {', '.join(h.name for h in hdus)}")
    found = images[0] if hdu is None else find_hdu(hdus, hdu, file)
    if "CTYPE1" in found.header or not found.is_image:
        return map_from_hdus(hdus, found.name, unit="", where=str(file))
    data = np.asarray(found.data, dtype=float)
    return grey(np.moveaxis(data, 0, -1) if data.ndim == 3 else data)  # colours of FITS are planes


def _from_pillow(content: bytes, file: Any) -> Floats:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as picture:
            upright: Any = ImageOps.exif_transpose(picture)
            if upright.mode not in ("1", "L", "I", "I;16", "I;16B", "F"):
                upright = upright.convert("RGBA")  # palettes, CMYK and what else there is
            pixels = np.asarray(upright, dtype=float)
    except UnidentifiedImageError:
        raise DataError(
            f"{file}: not a picture that can be read (it starts with {content[:8]!r}); wanted FITS, PNG or JPEG"
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: the picture is damaged or was cut short ({error}); get it again") from error
    return grey(pixels)[::-1]


def write_counts(path: PathLike, counts: Counts, exposure: Map | None = None, *, overwrite: bool = False) -> None:
    """Write a counts image, with its exposure if given as the HDU ``EXPOSURE``; complete or not there.

    The header says how many photons of each source were drawn and how many kept (``DRAWN0``, ``KEPT0`` of the source
    named by ``SOURCE0``, and so on).

    Raises
    ------
    DataError
        The file exists and may not be overwritten, or cannot be written.
    """
    hdus = map_to_hdus(counts.image)
    hdus[0].header.update(_account(counts.tally))
    if exposure is not None:
        hdus += map_to_hdus(exposure, "EXPOSURE")
    write_hdus(hdus, path, overwrite=overwrite)


def write_photons(path: PathLike, photons: Photons, *, overwrite: bool = False) -> None:
    """Write a photon list as the table ``EVENTS`` of a FITS file; complete or not there.

    Columns: ``X``, ``Y`` (pixels of the picture, 0 at the centre of the first; the header says where on the sky they
    are), ``RA``, ``DEC`` (ICRS, deg), ``SOURCE`` (number of its name ``SOURCE0`` …), ``VIEW``. The header has the
    account of photons as `write_counts` does.

    Raises
    ------
    DataError
        The file exists and may not be overwritten, or cannot be written.
    """
    sky = photons.sky.icrs
    columns = [
        fits.Column("X", "D", unit="pix", array=photons.x),
        fits.Column("Y", "D", unit="pix", array=photons.y),
        fits.Column("RA", "D", unit="deg", array=sky.ra.deg),
        fits.Column("DEC", "D", unit="deg", array=sky.dec.deg),
        fits.Column("SOURCE", "B", array=photons.source),
        fits.Column("VIEW", "J", array=photons.view),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="EVENTS")
    image = to_header(photons.geom)
    for i in (1, 2):
        for ours, its in (("TCTYP", "CTYPE"), ("TCRVL", "CRVAL"), ("TCDLT", "CDELT"), ("TCUNI", "CUNIT")):
            table.header[f"{ours}{i}"] = image[f"{its}{i}"]
        table.header[f"TCRPX{i}"] = image[f"CRPIX{i}"] - 1  # ours count from 0
        for j in (1, 2):
            if f"PC{i}_{j}" in image:  # a picture that is turned
                table.header[f"TP{i}_{j}"] = image[f"PC{i}_{j}"]
    if photons.geom.frame != "galactic":
        table.header["RADE1"] = (photons.geom.frame.upper(), "of X and Y; columns RA and DEC are ICRS")
    table.header.update(_account(photons.tally))
    write_hdus([fits.PrimaryHDU(), table], path, overwrite=overwrite)


def _account(tally: Tally) -> dict[str, str | int]:
    """Keywords that say what was drawn and kept."""
    rows = enumerate(zip(tally.labels, tally.drawn.sum(axis=0), tally.kept.sum(axis=0), strict=True))
    return {
        key: value
        for i, (label, drawn, kept) in rows
        for key, value in ((f"SOURCE{i}", label), (f"DRAWN{i}", int(drawn)), (f"KEPT{i}", int(kept)))
    }
