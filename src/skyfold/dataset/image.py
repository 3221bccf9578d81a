"""Datasets with fewer energies: an image is a cube with one bin."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.coarse import looked_up, served
from skyfold.dataset.dataset import Dataset, SkyResponse
from skyfold.dataset.off import expected_in_on, joint_acceptance_off
from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.irf.migration import Migration
from skyfold.maps.map import Map
from skyfold.maps.rebin import rebin
from skyfold.num.integrate import exprel
from skyfold.units import EXPOSURE

Floats = NDArray[np.float64]


def to_image(dataset: Dataset) -> Dataset:
    """The dataset in one bin over its whole range of reconstructed energy; see `rebin_energy`."""
    return rebin_energy(dataset, dataset.energy.edges[[0, -1]])


def rebin_energy(dataset: Dataset, edges: Any) -> Dataset:
    """The dataset in wider bins of reconstructed energy.

    Counts, background, off counts and acceptances are sums over the safe bins; a wide bin is safe where any of its bins
    is. Off acceptance is such that α × counts_off stays the sum of the backgrounds. Exposure and PSF stay in true
    energy; the dispersion is summed over the bins that are safe for it.

    Parameters
    ----------
    edges : energies, snapped to the nearest edges of the dataset; bins outside them are left out.

    Raises
    ------
    ShapeError
        The edges are finer than the bins, or the dispersion is not on the energies of the counts.
    """
    safe = dataset.safe

    def total(value: Map) -> Map:
        return rebin(value.with_data(np.where(safe, value.data, 0.0)), "energy", edges)

    def any_of(mask: NDArray[np.bool_]) -> Map:
        return rebin(Map(dataset.geom, mask), "energy", edges, np.logical_or)

    names = ("counts", "background", "counts_off", "acceptance", "acceptance_off")
    sums: dict[str, Any] = {name: total(value) for name in names if (value := getattr(dataset, name)) is not None}
    if dataset.counts_off is not None and dataset.acceptance is not None and dataset.acceptance_off is not None:
        background = expected_in_on(dataset.counts_off.data, dataset.acceptance.data, dataset.acceptance_off.data)
        off = joint_acceptance_off(
            sums["counts_off"].data,
            sums["acceptance"].data,
            sums["acceptance_off"].data,
            total(dataset.counts.with_data(background)).data,
        )
        sums["acceptance_off"] = sums["acceptance_off"].with_data(off)
    return replace(
        dataset,
        edisp=None if dataset.edisp is None else _rebinned_edisp(dataset, dataset.edisp, edges),
        mask_safe=any_of(safe),
        mask_fit=None if dataset.mask_fit is None else any_of(dataset.used),
        **sums,
    )


def band_exposure(dataset: Dataset, index: float = 2.0, edges: Any = None) -> Map:
    """Exposure in reconstructed energy of a power law, on (energy, sky) [m2 s].

    What is expected in a bin, per flux of the source between the edges of the bin:

        exposure(r) = Σ_t φ_t · exposure(t) · migration(t → r) / φ_r,   φ = ∫ E^−index dE over a bin

    so that excess / exposure(r) is the photon flux in the bin. The dispersion is that at each pixel.

    Parameters
    ----------
    index : of the power law.
    edges : of wider bins; those of the dataset if None.

    Raises
    ------
    ShapeError
        The dataset has no exposure.
    """
    if edges is not None:
        dataset = rebin_energy(dataset, edges)
    if dataset.exposure is None:
        raise ShapeError(f"dataset {dataset.name!r} has no exposure: reduce it with 'exposure' selected")
    true, energy = dataset.energy_true, dataset.energy
    expected = dataset.exposure.data_in(EXPOSURE) * power_law_flux(true, index)[:, None, None]
    if dataset.edisp is None:
        folded = np.einsum("tyx,tr->ryx", expected, Migration.diagonal(true, energy).matrix)
    else:
        folded = np.stack([np.sum(expected * share, axis=0) for share in _shares(dataset, dataset.edisp)])
    return Map(dataset.geom, folded / power_law_flux(energy, index)[:, None, None], EXPOSURE)


def power_law_flux(axis: Axis, index: float) -> Floats:
    """∫ E^−index dE over each bin [TeV^(1−index)], shape (nbin,); finite at index 1."""
    edges = axis.edges_in("TeV")
    width = np.log(edges[1:] / edges[:-1])
    return edges[:-1] ** (1 - index) * width * exprel((1 - index) * width)


def _shares(dataset: Dataset, edisp: SkyResponse) -> "list[Floats]":
    """Per reconstructed bin: the migration probability of each true bin at each pixel, (n_true, ny, nx)."""
    _require_reconstructed(dataset, edisp)
    # Weighted with the exposure, as in stacks: coarse pixels without exposure have no dispersion to share.
    weight = edisp.exposure.data
    norm = looked_up(weight, dataset.geom, edisp.table.geom)

    def share(r: int) -> Floats:
        looked = looked_up(weight * edisp.table.data[:, r], dataset.geom, edisp.table.geom)
        return np.divide(looked, norm, out=np.zeros_like(norm), where=norm > 0)

    return [share(r) for r in range(dataset.energy.nbin)]


def _rebinned_edisp(dataset: Dataset, edisp: SkyResponse, edges: Any) -> SkyResponse:
    _require_reconstructed(dataset, edisp)
    weight = served(dataset.safe, dataset.geom, edisp.table.geom)
    return replace(edisp, table=rebin(edisp.table.with_data(edisp.table.data * weight), "energy", edges))


def _require_reconstructed(dataset: Dataset, edisp: SkyResponse) -> None:
    axis = edisp.table.geom.axes[1]
    if axis != dataset.energy:
        raise ShapeError(
            f"dataset {dataset.name!r} has a dispersion on {axis}; wanted one on its counts' {dataset.energy}"
        )
