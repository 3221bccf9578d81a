"""Excess and significance in a disk around every pixel of a map.

Counts and background are summed over a disk (correlated with a top-hat); the excess and its significance follow from
the counting statistic of the sums: cash where the background is known, wstat (Li & Ma 1983) where it is measured.
Neighbouring pixels share counts: their values are correlated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.image import band_exposure, rebin_energy, to_image
from skyfold.errors import ConfigError, ShapeError
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.filter import convolve, tophat_kernel
from skyfold.maps.map import Map
from skyfold.num.safe import divide
from skyfold.stat.counting import CashCounts, Counting, OnOffCounts
from skyfold.stat.levels import level_from_sigma
from skyfold.units import strip

Floats = NDArray[np.float64]
AlphaFrom = Literal["acceptance", "off"]
Extra = Literal["errn-errp", "ul"]
EXTRAS: tuple[Extra, ...] = ("errn-errp", "ul")
FLUX = "cm-2 s-1"


@dataclass(frozen=True, eq=False)
class ExcessMap:
    """What was found in a disk around each pixel; maps on (energy, sky), one bin per band.

    Where no usable bin is in reach of the disk, or there is no off measurement, all but `counts` are nan.

    Parameters
    ----------
    counts, background, excess : sums over the disk.
    sqrt_ts : significance with the sign of the excess.
    err : symmetric error of the excess, one standard deviation.
    errn, errp : asymmetric errors, distances down and up by `n_sigma` standard deviations; None if not asked for.
    ul : one-sided upper limit on the excess at `ul_level`; never negative; None if not asked for.
    exposure : in reconstructed energy, mean over the used pixels of the disk [m2 s]; None if the dataset has none.
    counts_off, alpha, acceptance, acceptance_off : of an on-off measurement; None without one.
    n_sigma : of errn and errp.
    ul_level : confidence level of `ul`, one-sided.
    meta : how it was made: correlation_radius_deg, alpha_from, index, stat.
    """

    counts: Map
    background: Map
    excess: Map
    sqrt_ts: Map
    err: Map
    errn: Map | None
    errp: Map | None
    ul: Map | None
    exposure: Map | None
    counts_off: Map | None
    alpha: Map | None
    acceptance: Map | None
    acceptance_off: Map | None
    n_sigma: float
    ul_level: float
    meta: Mapping[str, Any]

    @property
    def ts(self) -> Map:
        return self.sqrt_ts.with_data(self.sqrt_ts.data**2)

    @property
    def flux(self) -> Map:
        """Photon flux from the disk, in each band, of a power law: excess / exposure [cm-2 s-1]."""
        return self._per_exposure(self.excess, "excess")

    @property
    def flux_err(self) -> Map:
        return self._per_exposure(self.err, "err")

    @property
    def flux_errn(self) -> Map:
        return self._per_exposure(self.errn, "errn")

    @property
    def flux_errp(self) -> Map:
        return self._per_exposure(self.errp, "errp")

    @property
    def flux_ul(self) -> Map:
        return self._per_exposure(self.ul, "ul")

    @property
    def maps(self) -> dict[str, Map]:
        """All that there is, by name, for files and tables; fluxes included."""
        found = {f.name: value for f in fields(self) if isinstance(value := getattr(self, f.name), Map)}
        if self.exposure is not None:
            pairs = (
                ("flux", "excess"),
                ("flux_err", "err"),
                ("flux_errn", "errn"),
                ("flux_errp", "errp"),
                ("flux_ul", "ul"),
            )
            found |= {flux: getattr(self, flux) for flux, name in pairs if name in found}
        return found

    def _per_exposure(self, value: Map | None, name: str) -> Map:
        if value is None:
            raise ShapeError(f"this excess map has no {name}: ask for it with selection")
        if self.exposure is None:
            raise ShapeError(
                "this excess map has no flux: its dataset has no exposure; reduce it with 'exposure' selected"
            )
        return value.with_data(divide(value.data, self.exposure.data), "m-2 s-1").to(FLUX)


def excess_map(
    dataset: Dataset,
    correlation_radius: Any = "0.1 deg",
    *,
    edges: Any = None,
    alpha_from: AlphaFrom = "acceptance",
    index: float = 2.0,
    n_sigma: float = 1.0,
    n_sigma_ul: float = 2.0,
    selection: tuple[Extra, ...] = EXTRAS,
    mask: Map | None = None,
) -> ExcessMap:
    """Excess, significance and flux in a disk around each pixel.

    Parameters
    ----------
    dataset : on a sky map. Only safe bins are used.
    correlation_radius : of the disk; pixels whose centre is within it, counted in pixels of the map.
    edges : of the energy bands, snapped to the dataset's; one band over all energies if None.
    alpha_from : for an on-off measurement,

        ``"acceptance"``
            α = (acceptance ⊗ disk) / acceptance_off, with the off counts of the pixel itself: right where the off
            regions of neighbouring pixels hold the same events, as rings do;
        ``"off"``
            α = (α N_off ⊗ disk) / (N_off ⊗ disk), with the off counts of the disk: right where every pixel has off
            counts of its own.
    index : of the power law for which the flux is computed.
    n_sigma, n_sigma_ul : standard deviations of the asymmetric errors, and of the one-sided upper limit.
    selection : what to compute besides: ``"errn-errp"``, ``"ul"``.
    mask : bool; bins to use of those that are safe, e.g. ``dataset.mask_fit``; on the dataset's geometry or its image.

    Raises
    ------
    ShapeError
        The dataset is no sky map, has no background, or the mask is on another geometry.
    ConfigError
        The radius is not positive, or an option does not exist.
    """
    geom = dataset.geom
    if not isinstance(geom, WcsGeom):
        raise ShapeError(f"an excess map needs a sky map; dataset {dataset.name!r} is on {geom}")
    _check_options(alpha_from, selection)
    radius = float(strip(correlation_radius, "deg", "correlation_radius"))
    if not radius > 0:
        raise ConfigError(f"correlation_radius is {correlation_radius}; wanted a positive angle such as '0.1 deg'")
    kernel = tophat_kernel(radius / float(np.mean(geom.pixel_size.value)))
    if mask is not None:
        dataset = replace(dataset, mask_safe=_masked(dataset, mask))
    dataset = to_image(dataset) if edges is None else rebin_energy(dataset, edges)
    counting, off = in_disks(dataset, kernel, alpha_from)
    reach = convolve(dataset.counts.with_data(dataset.safe.astype(float)), kernel).data

    def result(values: Floats) -> Map:
        return Map(dataset.geom, np.where(reach > 0, values, np.nan))

    errors = counting.errors(n_sigma) if "errn-errp" in selection else None
    limit = counting.upper_limit(n_sigma_ul) if "ul" in selection else None
    return ExcessMap(
        counts=convolve(dataset.counts, kernel),
        background=result(counting.background),
        excess=result(counting.excess),
        sqrt_ts=result(counting.sqrt_ts),
        err=result(counting.error),
        errn=None if errors is None else result(errors.errn),
        errp=None if errors is None else result(errors.errp),
        ul=None if limit is None else result(limit.value),
        exposure=None if dataset.exposure is None else _mean_exposure(dataset, index, kernel, reach),
        **{name: None if off is None else result(off[name]) for name in _OFF},
        n_sigma=float(n_sigma),
        ul_level=float(level_from_sigma(n_sigma_ul)),
        meta={"correlation_radius_deg": radius, "alpha_from": alpha_from, "index": float(index), "stat": dataset.stat},
    )


_OFF = ("counts_off", "alpha", "acceptance", "acceptance_off")


def in_disks(dataset: Dataset, kernel: Floats, alpha_from: AlphaFrom) -> tuple[Counting, dict[str, Floats] | None]:
    """The counting statistic in a disk around each pixel and, of an on-off measurement, what it was made from."""
    on = convolve(dataset.counts, kernel).data
    background = convolve(dataset.expected_background, kernel).data
    if dataset.counts_off is None or dataset.acceptance is None or dataset.acceptance_off is None:
        return CashCounts(on, background), None
    acceptance = convolve(dataset.acceptance, kernel).data
    if alpha_from == "acceptance":
        n_off, acceptance_off = dataset.counts_off.data, dataset.acceptance_off.data
        alpha = divide(acceptance, acceptance_off)
    else:
        n_off = convolve(dataset.counts_off, kernel).data
        # Without off counts anywhere in the disk its acceptances say what one would have meant.
        expected = divide(acceptance, convolve(dataset.acceptance_off, kernel).data)
        alpha = np.where(n_off > 0, divide(background, n_off), expected)
        acceptance_off = divide(acceptance, alpha)
    maps = {"counts_off": n_off, "alpha": alpha, "acceptance": acceptance, "acceptance_off": acceptance_off}
    return OnOffCounts(on, n_off, alpha), maps


def _mean_exposure(dataset: Dataset, index: float, kernel: Floats, reach: Floats) -> Map:
    """Mean over the used pixels of the disk."""
    exposure = band_exposure(dataset, index)
    total = convolve(exposure.with_data(np.where(dataset.safe, exposure.data, 0.0)), kernel)
    return total.with_data(divide(total.data, reach))


def _masked(dataset: Dataset, mask: Map) -> Map:
    if mask.geom not in (dataset.geom, dataset.geom.image):
        raise ShapeError(f"the mask is on {mask.geom}; wanted {dataset.geom}, or its image; cut or reproject it first")
    return Map(dataset.geom, dataset.safe & mask.data.astype(bool))


def _check_options(alpha_from: str, selection: tuple[str, ...]) -> None:
    if alpha_from not in ("acceptance", "off"):
        raise ConfigError(f"alpha_from is {alpha_from!r}; wanted 'acceptance' or 'off'")
    unknown = [extra for extra in selection if extra not in EXTRAS]
    if unknown:
        raise ConfigError(f"selection: no extra {unknown[0]!r}; there are {', '.join(EXTRAS)}")
