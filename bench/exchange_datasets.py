"""Datasets with their models between skyfold and Gammapy, both directions.

    python bench/exchange_datasets.py write DIR     # with skyfold: a map and an on-off spectrum, and a sky for them
    python bench/exchange_datasets.py gammapy DIR   # with Gammapy: reads them, notes values, writes them again
    python bench/exchange_datasets.py compare DIR   # with skyfold: reads what Gammapy wrote and noted

The first and the last run where skyfold is installed, the second where Gammapy is. The sky has what lies in files of
its own: a light curve, a phase curve, a counts template.
"""

import json
import sys
from pathlib import Path

import numpy as np

TIMES = np.linspace(59001.0, 59003.9, 8)  # MJD, TT


def pair() -> tuple[tuple, dict]:
    """Two datasets of one field, and the sky for them."""
    from astropy.coordinates import SkyCoord

    from skyfold.dataset.dataset import Dataset
    from skyfold.events.epoch import REFERENCE_MJD
    from skyfold.events.good_times import GoodTimes
    from skyfold.geom.axis import Axis
    from skyfold.geom.region import RegionGeom
    from skyfold.geom.wcs import WcsGeom
    from skyfold.maps.map import Map
    from skyfold.model.background import FovBackground, TemplateNpred
    from skyfold.model.source import Source
    from skyfold.model.spatial.point import Point
    from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
    from skyfold.model.temporal.base import DAY
    from skyfold.model.temporal.curves import LightCurveTemplate, PhaseCurve

    center = SkyCoord(0.1, -0.1, unit="deg", frame="galactic")
    axes = Axis.energy("1 TeV", "10 TeV", 4), Axis.energy("1 TeV", "10 TeV", 4, true=True)
    field = WcsGeom.create(center, npix=(12, 10), pixel="0.1 deg", axes=[axes[0]])
    region = RegionGeom.circle(center, "0.3 deg", axes=[axes[0]])
    rng = np.random.default_rng(1)
    start = (59001.0 - REFERENCE_MJD) * DAY

    def dataset(name: str, geom, **more) -> Dataset:
        counts = Map(geom, rng.poisson(3.0, geom.shape).astype(float))
        exposure = Map.filled(geom.with_axes(axes[1]), 1e10, "m2 s")
        gti = GoodTimes(np.array([start]), np.array([start + DAY]))
        more = {key: Map.filled(geom, value) for key, value in more.items()}
        return Dataset(name, counts, exposure=exposure, gti=gti, livetime_s=DAY, **more)

    datasets = (
        dataset("cta map", field, background=0.5),
        dataset("on-off", region, counts_off=9.0, acceptance=1.0, acceptance_off=4.0),
    )
    here = Point(0.1, -0.1, frame="galactic")
    flare = LightCurveTemplate(start + np.array([-0.5, 0.5, 3.0]) * DAY, np.array([0.3, 1.5, 0.2]))
    rotation = PhaseCurve(np.array([0.1, 0.4, 0.8]), np.array([0.5, 2.0, 1.0]), 59000.3, 0.2, 2e-3, 1e-12)
    counts = np.linspace(0.0, 0.2, datasets[0].counts.data.size).reshape(field.shape)
    sky = {
        "steady": Source(PowerLaw(2.2), here),
        "flare": Source(PowerLaw(2.5), here, flare),
        "pulsar": Source(PowerLaw(), here, rotation, datasets=("cta map",)),
        "cta map-bkg": FovBackground("cta map", PowerLawNorm(0.1, 1.2)),
        "more": TemplateNpred(counts, PowerLawNorm(norm=0.8), datasets=("cta map",)),
    }
    return datasets, sky


def write(folder: Path) -> None:
    from skyfold.fit.parameters import Parameters
    from skyfold.io.datasets import write_datasets
    from skyfold.io.models import write_models

    datasets, sky = pair()
    n = len(Parameters.of(sky).free)
    write_datasets(folder / "skyfold", datasets, overwrite=True)
    write_models(folder / "skyfold" / "models.yaml", sky, None, np.eye(n), datasets=datasets, overwrite=True)


def gammapy(folder: Path) -> None:
    from astropy.time import Time
    from gammapy.datasets import Datasets

    ours = folder / "skyfold"
    datasets = Datasets.read(ours / "datasets.yaml", filename_models=ours / "models.yaml", checksum=False)
    times = Time(TIMES, format="mjd", scale="tt")
    noted = {"curves": {}, "counts": {}, "stat": {}}
    for model in datasets.models:
        if getattr(model, "temporal_model", None) is not None:
            noted["curves"][model.name] = np.ravel(model.temporal_model(times).value).tolist()
    for dataset in datasets:
        noted["counts"][dataset.name] = {"steady": dataset.npred_signal(["steady"]).data.tolist()}
    noted["counts"]["cta map"]["more"] = datasets.models["more"].evaluate().data.tolist()
    noted["counts"]["cta map"]["cta map-bkg"] = datasets["cta map"].npred_background().data.tolist()
    (folder / "noted.json").write_text(json.dumps(noted))
    (folder / "gammapy").mkdir(exist_ok=True)
    for i, model in enumerate(datasets.models):  # which Gammapy does not write by itself
        if getattr(model, "temporal_model", None) is not None:
            model.temporal_model.write(str(folder / "gammapy" / f"curve{i}.fits"), overwrite=True)
    theirs = folder / "gammapy"
    datasets.models["more"].filename = str(theirs / "more.fits")
    datasets.write(theirs / "datasets.yaml", filename_models=theirs / "models.yaml", overwrite=True)


def compare(folder: Path) -> None:
    from astropy.time import Time

    from skyfold.dataset.predict import npred
    from skyfold.dataset.window import Folding
    from skyfold.events.epoch import to_seconds
    from skyfold.io.datasets import read_datasets
    from skyfold.io.models import read_models

    noted, failed = json.loads((folder / "noted.json").read_text()), False
    times = to_seconds(Time(TIMES, format="mjd", scale="tt"))
    for writer in ("skyfold", "gammapy"):
        datasets = read_datasets(folder / writer)
        sky, table = read_models(folder / writer / "models.yaml", datasets=datasets)
        print(f"{writer}: {', '.join(d.name for d in datasets)}; {', '.join(sky)}; {len(table)} parameters")
        found = {(n, "curve"): (sky[n].lightcurve(times), values) for n, values in noted["curves"].items()}
        for dataset in datasets:
            parts = npred(dataset, sky, Folding(bilinear=True))
            for name, values in noted["counts"][dataset.name].items():
                found |= {(name, dataset.name): (parts[name].data, values)}
        for (name, place), (ours, theirs) in found.items():
            away = np.max(np.abs(np.asarray(ours) - theirs)) / np.max(theirs)
            failed |= bool(away > 1e-6)
            print(f"  {name} in {place}: largest difference {away:.2g}")
    sys.exit(failed)


if __name__ == "__main__":
    {"write": write, "gammapy": gammapy, "compare": compare}[sys.argv[1]](Path(sys.argv[2]))
