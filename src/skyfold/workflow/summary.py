"""The numbers of an analysis: what `summary.json` holds. Its keys are described in docs/summary.md, and stay."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.estimate.excess_map import ExcessMap
from skyfold.estimate.significance import significance_distribution
from skyfold.events.finding import Finding
from skyfold.maps.map import Map
from skyfold.reduce.chain import Skipped
from skyfold.stat.onoff import wstat
from skyfold.stat.poisson import cash
from skyfold.units import EXPOSURE

if TYPE_CHECKING:
    from skyfold.workflow.fitting import Fitted

_NUMBER = re.compile(r"-?\d[\d.]*(e[-+]?\d+)?")


@dataclass(frozen=True)
class DatasetNumbers:
    """Sums over the safe bins of a dataset; None for what it does not have.

    acceptance_off : such that background = acceptance / acceptance_off × counts_off, for bins may differ in their α.
    exposure_min_m2s, exposure_max_m2s : over all true energies and the pixels that are safe at any energy; pixels
        without exposure are left out.
    n_bins, n_fit_bins : bins, and those that enter the statistic.
    stat : −2 ln L of the background alone: cash, or wstat without signal.
    """

    counts: float
    background: float | None
    excess: float | None
    counts_off: float | None
    acceptance: float | None
    acceptance_off: float | None
    exposure_min_m2s: float | None
    exposure_max_m2s: float | None
    livetime_s: float
    n_bins: int
    n_fit_bins: int
    stat_type: str
    stat: float | None


@dataclass(frozen=True)
class OffNumbers:
    """Mean and standard deviation of √TS outside the exclusion."""

    mean: float
    std: float


@dataclass(frozen=True)
class ExcessNumbers:
    """Extremes of √TS; of all bands, and of each.

    max_position_deg : longitude and latitude of the highest pixel, in `frame`.
    """

    max: float
    max_position_deg: tuple[float, float]
    frame: str
    min: float
    off: OffNumbers
    bands: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class ParameterNumbers:
    """A parameter after the fit; the error is nan for what was not free, or has none."""

    name: str
    value: float
    error: float
    unit: str
    free: bool
    at_bound: bool


@dataclass(frozen=True)
class FitNumbers:
    """The outcome of a fit.

    status : ``"converged"``, or every reason not to trust it.
    stat : −2 ln L, priors included; `per_dataset` without them; None if the fit could not start.
    """

    ok: bool
    status: str
    stat: float | None
    per_dataset: Mapping[str, float]
    n_evaluations: int
    parameters: tuple[ParameterNumbers, ...]


@dataclass(frozen=True)
class Summary:
    """What an analysis used, found, and how long it took."""

    observations: tuple[int, ...]
    skipped: tuple[Skipped, ...]
    livetime_s: float
    datasets: Mapping[str, DatasetNumbers]
    excess_map: ExcessNumbers | None
    findings: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]
    versions: Mapping[str, str]
    checksums: Mapping[str, str]
    files: tuple[str, ...]
    fit: FitNumbers | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the order of the file."""
        return {
            "observations": {"ids": list(self.observations), "number": len(self.observations)},
            "skipped": [{"obs_id": obs_id, "reason": reason} for obs_id, reason in self.skipped],
            "livetime_s": self.livetime_s,
            "datasets": {name: asdict(numbers) for name, numbers in self.datasets.items()},
            "excess_map": None if self.excess_map is None else asdict(self.excess_map),
            "fit": None if self.fit is None else asdict(self.fit),
            "findings": [dict(entry) for entry in self.findings],
            "notes": list(self.notes),
            "seconds": dict(self.seconds),
            "versions": dict(self.versions),
            "checksums": dict(self.checksums),
            "files": list(self.files),
        }

    def to_json(self) -> str:
        """JSON; what is not a number is null."""
        return json.dumps(_finite(self.to_dict()), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def dataset_numbers(dataset: Dataset) -> DatasetNumbers:
    """The sums of one dataset."""
    safe, used = dataset.safe, dataset.used

    def total(value: Map | None) -> float | None:
        return None if value is None else float(value.data[safe].sum(dtype=float))

    background = dataset.expected_background if dataset.counts_off is not None else dataset.background
    counts, expected = float(dataset.counts.data[safe].sum(dtype=float)), total(background)
    off, on, off_sum = total(dataset.counts_off), total(dataset.acceptance), total(dataset.acceptance_off)
    low, high = _exposure_range(dataset)
    return DatasetNumbers(
        counts=counts,
        background=expected,
        excess=None if expected is None else counts - expected,
        counts_off=off,
        acceptance=on,
        acceptance_off=on * off / expected if on and off and expected else off_sum,
        exposure_min_m2s=low,
        exposure_max_m2s=high,
        livetime_s=float(dataset.livetime_s),
        n_bins=int(safe.size),
        n_fit_bins=int(used.sum()),
        stat_type=dataset.stat,
        stat=_stat(dataset, background, used),
    )


def _exposure_range(dataset: Dataset) -> tuple[float | None, float | None]:
    if dataset.exposure is None:
        return None, None
    pixels = dataset.safe.any(axis=tuple(range(dataset.safe.ndim - 2)))
    exposure = dataset.exposure.data_in(EXPOSURE)[..., pixels]
    exposed = exposure[exposure > 0]
    return (float(exposed.min()), float(exposed.max())) if exposed.size else (0.0, 0.0)


def _stat(dataset: Dataset, background: Map | None, used: np.ndarray) -> float | None:
    counts = dataset.counts.data[used]
    if dataset.counts_off is not None:
        return float(np.sum(wstat(counts, dataset.counts_off.data[used], dataset.alpha.data[used], 0.0)))
    return None if background is None else float(np.sum(cash(counts, background.data[used])))


def excess_numbers(result: ExcessMap, exclusion: Map | None) -> ExcessNumbers:
    """Extremes and distribution of a significance map."""
    energy = result.sqrt_ts.geom.axis("energy")
    edges = energy.edges_in("TeV")
    bands = []
    for i, plane in enumerate(result.sqrt_ts.data):
        band = result.sqrt_ts.geom.with_axes(energy.sliced(slice(i, i + 1)))
        numbers = _extremes(Map(band, plane[None]), exclusion)
        bands.append({"energy_min_tev": float(edges[i]), "energy_max_tev": float(edges[i + 1]), **numbers})
    whole = _extremes(result.sqrt_ts, exclusion)
    return ExcessNumbers(frame=result.sqrt_ts.geom.frame, bands=tuple(bands) if len(bands) > 1 else (), **whole)


def _extremes(sqrt_ts: Map, exclusion: Map | None) -> dict[str, Any]:
    if not np.isfinite(sqrt_ts.data).any():
        nan = float("nan")
        return {"max": nan, "max_position_deg": (nan, nan), "min": nan, "off": OffNumbers(nan, nan)}
    *_, y, x = np.unravel_index(np.nanargmax(sqrt_ts.data), sqrt_ts.data.shape)
    lon, lat = sqrt_ts.geom.pix_to_lonlat(x, y)
    distribution = significance_distribution(sqrt_ts, exclusion)
    return {
        "max": float(np.nanmax(sqrt_ts.data)),
        "max_position_deg": (float(lon), float(lat)),
        "min": float(np.nanmin(sqrt_ts.data)),
        "off": OffNumbers(distribution.mean, distribution.std),
    }


def fit_numbers(fitted: "Fitted") -> FitNumbers:
    """The outcome of a fit, or why there is none."""
    result = fitted.result
    if result is None:
        return FitNumbers(False, f"not fitted: {fitted.failure}", None, {}, 0, ())
    at_bound = {name for problem in result.problems if problem.fault == "bound" for name in problem.parameters}
    parameters = tuple(
        ParameterNumbers(row.name, row.value, row.error, row.unit, row.free, row.name in at_bound)
        for row in result.parameters.rows
    )
    return FitNumbers(
        result.ok, result.status, float(result.stat), dict(result.per_dataset), result.n_evaluations, parameters
    )


def count_findings(findings: Iterable[Finding]) -> tuple[Mapping[str, Any], ...]:
    """Findings that differ in their numbers only, together: the first of them, and how many there are."""
    first: dict[tuple[str, ...], Finding] = {}
    numbers: Counter[tuple[str, ...]] = Counter()
    for finding in findings:
        kind = (finding.severity.value, finding.hdu, _NUMBER.sub("#", finding.what), finding.repair)
        first.setdefault(kind, finding)
        numbers[kind] += 1
    return tuple(
        {"severity": f.severity.value, "hdu": f.hdu, "what": f.what, "repair": f.repair, "number": numbers[kind]}
        for kind, f in first.items()
    )


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
