"""What an analysis found, in numbers: the content of summary.json. Its keys are documented in docs/summary.md."""

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.estimate.excess_map import ExcessMap
from skyfold.estimate.significance import SignificanceDistribution
from skyfold.events.observation import ObsRef
from skyfold.stat.onoff import wstat
from skyfold.stat.poisson import cash

_PACKAGES = ("skyfold", "numpy", "scipy", "astropy")


def dataset_summary(dataset: Dataset) -> dict[str, Any]:
    """Sums over the safe bins of one dataset; None for what it does not have."""
    safe = dataset.safe
    background = dataset.expected_background.data if _has_background(dataset) else None
    exposure = None if dataset.exposure is None else dataset.exposure.data_in("m2 s")
    return {
        "counts": _sum(dataset.counts.data, safe),
        "background": _sum(background, safe),
        "excess": None if background is None else _sum(dataset.counts.data - background, safe),
        "counts_off": _sum(None if dataset.counts_off is None else dataset.counts_off.data, safe),
        "acceptance": _sum(None if dataset.acceptance is None else dataset.acceptance.data, safe),
        "acceptance_off": _sum(None if dataset.acceptance_off is None else dataset.acceptance_off.data, safe),
        "exposure_min_m2s": None if exposure is None else float(exposure.min()),
        "exposure_max_m2s": None if exposure is None else float(exposure.max()),
        "n_bins": int(np.prod(dataset.geom.shape)),
        "n_fit_bins": int(dataset.used.sum()),
        "stat": _stat(dataset),
        "livetime_s": dataset.livetime_s,
    }


def _has_background(dataset: Dataset) -> bool:
    return dataset.background is not None or dataset.counts_off is not None


def _stat(dataset: Dataset) -> float | None:
    """−2 ln L of the background alone over the bins of a fit: wstat without signal, or cash."""
    used = dataset.used
    if dataset.counts_off is not None:
        n_on, n_off, alpha = (m.data[used] for m in (dataset.counts, dataset.counts_off, dataset.alpha))
        known = np.isfinite(alpha)
        return float(np.sum(wstat(n_on[known], n_off[known], alpha[known], 0.0)))
    if dataset.background is not None:
        return float(np.sum(cash(dataset.counts.data[used], dataset.background.data[used])))
    return None


def excess_summary(found: ExcessMap, distribution: SignificanceDistribution) -> dict[str, Any]:
    """Extremes of the significance map, and its distribution outside the exclusion."""
    values = found.sqrt_ts.data
    if not np.isfinite(values).any():
        return {"max": None, "max_position_deg": None, "min": None, "off": {"mean": None, "std": None}}
    _, y, x = np.unravel_index(np.nanargmax(values), values.shape)
    peak = found.sqrt_ts.geom.from_pix(x, y).spherical
    return {
        "max": float(np.nanmax(values)),
        "max_position_deg": [float(peak.lon.deg), float(peak.lat.deg)],
        "frame": found.sqrt_ts.geom.frame,
        "min": float(np.nanmin(values)),
        "off": {"mean": _finite(distribution.mean), "std": _finite(distribution.std)},
        "correlation_radius_deg": found.meta["correlation_radius_deg"],
        "alpha_from": found.meta["alpha_from"],
    }


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def checksums(refs: Iterable[ObsRef], base: Path) -> dict[str, str]:
    """SHA-256 of every file of the observations, by path relative to `base` where it lies below it."""
    files = sorted({hdu.path for ref in refs for hdu in ref.hdus})
    return {_relative(path, base): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}


def _relative(path: Path, base: Path) -> str:
    path, base = path.resolve(), base.resolve()
    return str(path.relative_to(base)) if path.is_relative_to(base) else path.name


def _sum(values: Any, safe: np.ndarray) -> float | None:
    return None if values is None else float(np.sum(values[safe]))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
