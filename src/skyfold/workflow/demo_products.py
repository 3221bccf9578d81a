"""The files of the demo: maps, spectra, models, pictures, and a summary."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from skyfold.dataset.predict import total
from skyfold.estimate.residuals import residuals
from skyfold.estimate.significance import significance_distribution
from skyfold.fit.spectra import spectrum_covariance
from skyfold.io.atomic import write_bytes
from skyfold.io.maps import write_map
from skyfold.io.models import write_models
from skyfold.io.tables import write_table
from skyfold.maps.map import Map
from skyfold.maps.rebin import rebin
from skyfold.model.source import Source
from skyfold.model.spectral.derived import dnde
from skyfold.plot.figure import rendered
from skyfold.plot.fit import plot_correlation
from skyfold.plot.histogram import plot_significance_histogram
from skyfold.plot.recovery import plot_recovered_spectrum, plot_recovery
from skyfold.plot.sky import plot_map, plot_significance
from skyfold.units import dress
from skyfold.workflow.demo_result import CORRELATION, Demo
from skyfold.workflow.output import SUMMARY
from skyfold.workflow.provenance import versions
from skyfold.workflow.steps import Clock
from skyfold.workflow.summary import excess_numbers

_FLUX_DENSITY = "TeV-1 s-1 cm-2"


def write_demo(demo: Demo, folder: Path, clock: Clock, *, plots: bool = True) -> None:
    """Write everything but the survey, which is there already."""
    with clock("write"):
        _write_models(demo, folder)
        for name, map_ in maps_of(demo).items():
            write_map(folder / "maps" / f"{name}.fits", map_)
        for name in _sources(demo):
            write_table(folder / "spectra" / f"{name}.fits", _spectrum(demo, name), "SPECTRUM")
    if plots:
        with clock("plots"):
            for name, figure in figures_of(demo).items():
                write_bytes(rendered(figure), folder / "plots" / f"{name}.png")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    summary = json.dumps(_finite(summary_of(demo, files)), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / SUMMARY).write_text(summary + "\n", encoding="utf-8")


def maps_of(demo: Demo) -> dict[str, Map]:
    """Maps by name: of the rings, and of the fit, summed over energy."""
    found, edges = demo.excess_map, demo.dataset.energy.edges[[0, -1]]
    parts = {**demo.expected, "npred": total(demo.dataset, demo.expected), "counts": demo.dataset.counts}
    return {
        "ring_significance": found.sqrt_ts,
        "ring_excess": found.excess,
        "ring_background": found.background,
        "ring_exclusion": demo.exclusion,
        "counts": rebin(parts.pop("counts"), "energy", edges),
        "npred": rebin(parts.pop("npred"), "energy", edges),
        **{f"npred_{name}": rebin(map_, "energy", edges) for name, map_ in parts.items()},
        "residual_significance": residuals(demo.dataset, demo.expected, "significance", CORRELATION, image=True),
    }


def figures_of(demo: Demo) -> dict[str, Any]:
    """Pictures by name."""
    residual = residuals(demo.dataset, demo.expected, "significance", CORRELATION, image=True)
    label = rf"Residual $\sqrt{{TS}}$ within {CORRELATION[:-4]}°"
    ends, sqrt_ts = _ends(demo), demo.excess_map.sqrt_ts
    return {
        "demo": plot_recovery(sqrt_ts, residual, demo.fit, demo.sky, ends, exclusion=demo.exclusion),
        "ring_significance": plot_significance(sqrt_ts, exclusion=demo.exclusion),
        "ring_significance_histogram": plot_significance_histogram(significance_distribution(sqrt_ts, demo.exclusion)),
        "residual_significance": plot_map(residual, label=label, center=0.0, limits=(-5.0, 5.0)),
        "correlation": plot_correlation(demo.fit),
        **{
            f"spectrum_{name}": plot_recovered_spectrum(demo.fit, name, demo.sky[name].spectrum, ends)
            for name in _sources(demo)
        },
    }


def summary_of(demo: Demo, files: list[str]) -> dict[str, Any]:
    """The numbers of the demo as plain values."""
    fit = demo.fit
    return {
        "seed": demo.seed,
        "survey": {**asdict(demo.survey), "livetime_s": demo.dataset.livetime_s},
        "n_events": demo.n_events,
        "excess_map": asdict(excess_numbers(demo.excess_map, demo.exclusion)),
        "fit": {
            "ok": fit.ok,
            "status": fit.status,
            "stat": fit.stat,
            "n_evaluations": fit.n_evaluations,
            "chi2_from_truth": demo.distance,
            "parameters": [{**asdict(row), "pull": row.pull} for row in demo.recovered],
        },
        "seconds": {step: round(value, 3) for step, value in demo.seconds.items()},
        "versions": versions(fitted=True),
        "files": files,
    }


def _write_models(demo: Demo, folder: Path) -> None:
    """The truth, the start, and the end of the fit with errors and covariance."""
    write_models(folder / "truth.yaml", demo.sky)
    write_models(folder / "start.yaml", demo.start.apply(demo.sky), demo.start)
    write_models(folder / "models.yaml", demo.fit.sky, demo.fit.parameters, np.nan_to_num(demo.fit.covariance))


def _spectrum(demo: Demo, name: str) -> dict[str, Any]:
    """Columns of the fitted flux with its error, and of the true one."""
    energy = np.geomspace(*_ends(demo), 200)
    value, error = dnde(demo.fit.sky[name].spectrum, jnp.asarray(energy), spectrum_covariance(demo.fit, name))
    truth = demo.sky[name].spectrum.dnde(jnp.asarray(energy))
    fluxes = {"dnde": value, "dnde_err": error, "dnde_true": truth}
    return {"energy": dress(energy, "TeV")} | {title: dress(flux, _FLUX_DENSITY) for title, flux in fluxes.items()}


def _sources(demo: Demo) -> list[str]:
    return [name for name, part in demo.sky.items() if isinstance(part, Source)]


def _ends(demo: Demo) -> tuple[float, float]:
    low, high = demo.dataset.energy.edges_in("TeV")[[0, -1]]
    return float(low), float(high)


def _finite(value: Any) -> Any:
    """What is not a number is null in JSON."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
