"""What is to be made of each observation."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

from astropy.coordinates import SkyCoord

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ConfigError, ShapeError
from skyfold.events.observation import Observation
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.units import strip

Product = Literal["counts", "exposure", "background", "psf", "edisp"]
PRODUCTS: tuple[Product, ...] = ("counts", "exposure", "background", "psf", "edisp")
SafeMethod = Literal["aeff-default", "aeff-max", "edisp-bias", "offset-max", "bkg-peak"]
SAFE_METHODS: tuple[SafeMethod, ...] = ("aeff-default", "aeff-max", "edisp-bias", "offset-max", "bkg-peak")


@dataclass(frozen=True)
class SafeRange:
    """Where the responses are known well enough; several methods are combined by `and`.

    Parameters
    ----------
    methods : any of

        ``aeff-default``  the range LO_THRES, HI_THRES of the effective area;
        ``aeff-max``      effective area above `aeff_percent` of its maximum;
        ``edisp-bias``    energies above the last at which the bias exceeds `bias_percent`;
        ``offset-max``    pixels within `offset_max` of the pointing;
        ``bkg-peak``      energies above the peak of the background's spectrum.
    position : where energy thresholds are evaluated; the centre of the map unless told. `fixed_offset` evaluates them
        at that offset from the pointing instead.

    Raises
    ------
    ConfigError
        A method that does not exist.
    """

    methods: tuple[SafeMethod, ...] = ("aeff-default",)
    aeff_percent: float = 10.0
    bias_percent: float = 10.0
    offset_max: Any = "3 deg"
    position: SkyCoord | None = None
    fixed_offset: Any = None

    def __post_init__(self) -> None:
        unknown = [m for m in self.methods if m not in SAFE_METHODS]
        if unknown:
            raise ConfigError(f"safe range: no method {unknown[0]!r}; there are {', '.join(SAFE_METHODS)}")


class Background(Protocol):
    """A way to estimate the background of one dataset from the data themselves."""

    def __call__(self, dataset: Dataset, observation: Observation) -> Dataset:
        """The dataset with its background.

        Raises
        ------
        ReductionError
            This observation gives no estimate; the message says why.
        """
        ...


@dataclass(frozen=True)
class Recipe:
    """How an observation becomes a dataset.

    Parameters
    ----------
    geom : where counts are binned: a WcsGeom (maps) or a RegionGeom (spectra), with a reconstructed ``energy`` axis.
    energy_true : true energies of exposure and responses.
    offset_max : half-width of the box around the pointing to which maps are cut; the whole map if None.
    selection : what to make; counts are always made.
    binsize_irf : pixel size of the PSF and dispersion maps.
    rad : distances from the true direction at which the PSF is tabulated.
    safe : None makes every bin safe.
    background : None keeps the background response's prediction.
    image : sum over reconstructed energy before the background is estimated (rings want it).
    containment_correction : spectra only: correct the exposure for the part of the PSF outside the region.
    across : how the background response is interpolated in the field of view. ``"log"`` gives what the field's tools
        give; ``"linear"`` keeps the table's sum over the field (see docs/decisions).
    required : responses without which an observation cannot be used.
    """

    geom: WcsGeom | RegionGeom
    energy_true: Axis
    offset_max: Any = None
    selection: tuple[Product, ...] = PRODUCTS
    binsize_irf: Any = "0.2 deg"
    rad: Axis = Axis.even("rad", 0.0, 0.66, 66, unit="deg")
    safe: SafeRange | None = SafeRange()
    background: Background | None = None
    image: bool = False
    containment_correction: bool = False
    across: Literal["log", "linear"] = "log"
    required: tuple[str, ...] = ("aeff",)

    def __post_init__(self) -> None:
        names = [axis.name for axis in self.geom.axes]
        if names != ["energy"]:
            raise ShapeError(f"a reduction needs a geometry with one axis 'energy', found {names or 'none'}")
        if self.energy_true.name != "energy_true":
            raise ShapeError(f"the true energies need an axis 'energy_true', found {self.energy_true.name!r}")
        unknown = [p for p in self.selection if p not in PRODUCTS]
        if unknown:
            raise ConfigError(f"selection: no product {unknown[0]!r}; there are {', '.join(PRODUCTS)}")

    @cached_property
    def coarse(self) -> WcsGeom:
        """The pixels of the PSF and dispersion maps: the same sky, `binsize_irf` wide, at least one pixel.

        Raises
        ------
        ShapeError
            The geometry is a region: its responses are those at its centre.
        """
        if not isinstance(self.geom, WcsGeom):
            raise ShapeError("a region has no coarser pixels: its responses are those at its centre")
        size = float(strip(self.binsize_irf, "deg", "binsize_irf"))
        nx, ny = (max(round(width / size), 1) for width in self.geom.width.to_value("deg"))
        return WcsGeom.create(
            self.geom.center, pixel=size, npix=(nx, ny), proj=self.geom.proj, frame=self.geom.frame
        ).surveyed()
