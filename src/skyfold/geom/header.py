"""Sky pixels as FITS headers say them."""

import warnings
from typing import Any

from astropy.io.fits import Header
from astropy.wcs import WCS, FITSFixedWarning, InconsistentAxisTypesError, InvalidTransformError, SingularMatrixError

from skyfold.errors import ShapeError
from skyfold.geom.axis import AnyAxis
from skyfold.geom.wcs import WcsGeom

_FRAMES = ("RA--", "GLON")
_UNUSABLE = (ValueError, InconsistentAxisTypesError, InvalidTransformError, SingularMatrixError, MemoryError)


def from_header(
    header: Header, axes: tuple[AnyAxis, ...] = (), *, image_shape: tuple[int, int] | None = None, where: str = "header"
) -> WcsGeom:
    """The geometry of an image.

    Parameters
    ----------
    image_shape : (ny, nx); NAXIS2 and NAXIS1 unless told.
    where : what the header belongs to, for messages.

    Raises
    ------
    ShapeError
        The first two axes are not longitude and latitude, in a frame that is read here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)  # old spellings (RADECSYS, dates) that astropy understands
        try:
            wcs = WCS(header, naxis=2).sub([1, 2])
            wcs.wcs.set()
        except _UNUSABLE as error:
            raise ShapeError(f"{where}: its sky coordinates cannot be used: {error}") from error
    ctype = wcs.wcs.ctype[0]
    if (wcs.wcs.lng, wcs.wcs.lat) != (0, 1) or not ctype.startswith(_FRAMES) or wcs.wcs.radesys.startswith("FK4"):
        found = ", ".join([*(str(c) or "none" for c in wcs.wcs.ctype), wcs.wcs.radesys]).rstrip(", ")
        raise ShapeError(f"{where}: coordinates {found}; wanted right ascension or galactic longitude, then latitude")
    if wcs.sip is not None or wcs.cpdis1 is not None or wcs.det2im1 is not None:
        raise ShapeError(f"{where}: an image with distortions (SIP or tables) is not read; resample it first")
    shape = image_shape or (int(header["NAXIS2"]), int(header["NAXIS1"]))
    return WcsGeom(_canonical(wcs), shape, tuple(axes))


def to_header(geom: WcsGeom) -> Header:
    """The keywords that place the pixels of a geometry on the sky."""
    header = geom.wcs.to_header()
    for name in ("MJDREF", "DATEREF"):  # wcslib adds a reference time that nobody asked for
        header.remove(name, ignore_missing=True)
    return header


def _canonical(wcs: Any) -> WCS:
    """Degrees, and only what places pixels; wcslib has converted other units."""
    plain = WCS(naxis=2)
    mine, its = plain.wcs, wcs.wcs
    mine.ctype, mine.cunit, mine.crpix, mine.crval = its.ctype, its.cunit, its.crpix, its.crval
    if its.has_cd() or its.has_crota():
        mine.pc, mine.cdelt = wcs.pixel_scale_matrix, (1.0, 1.0)
    else:
        mine.pc, mine.cdelt = its.get_pc(), its.cdelt
    mine.lonpole, mine.latpole = its.lonpole, its.latpole
    mine.set_pv(its.get_pv())
    mine.radesys, mine.equinox = its.radesys, its.equinox
    mine.set()
    return plain
