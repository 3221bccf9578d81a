"""Fits of the Galactic centre in three CTA 1DC runs; prints JSON.

skyfold_fit.py prepare FOLDER: reduces the runs and writes what both packages fit
skyfold_fit.py point|joint|four|sixteen FOLDER: CPU seconds of a fit with errors in a new process, all that has to be
    imported and compiled for it included, and the peak memory [MiB] then; CPU seconds of the same fit once more, and of
    one likelihood with its gradient
"""

import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.io.dataset import read_dataset, write_dataset
from skyfold.maps.mask import energy_mask

RUNS = (110380, 111140, 111159)
FILES = {"point": ("cube",), "joint": tuple(map(str, RUNS)), "four": ("four",), "sixteen": ("sixteen",)}


def prepare(folder: Path) -> None:
    import os

    from skyfold.dataset.fake import fake
    from skyfold.io.store import read_store
    from skyfold.reduce.chain import reduce
    from skyfold.reduce.recipe import Recipe, SafeRange

    runs = read_store(Path(os.environ["SKYFOLD_DATA"]) / "cta-1dc" / "index" / "gps").select(ids=RUNS)
    origin = SkyCoord(0, 0, unit="deg", frame="galactic")
    recipe = Recipe(
        WcsGeom.create(origin, (10, 8), pixel="0.02 deg", proj="CAR", axes=[Axis.energy("0.1 TeV", "10 TeV", 10)]),
        Axis.energy("0.08 TeV", "12 TeV", 14, true=True),
        offset_max="3.5 deg",
        safe=SafeRange(("aeff-default", "offset-max")),
    )
    (cube,) = reduce(runs, recipe).datasets
    write_dataset(folder / "cube.fits", cube)
    for dataset in reduce(runs, recipe, stacked=False).datasets:
        write_dataset(folder / f"{dataset.name}.fits", dataset)
    for name in ("four", "sixteen"):
        write_dataset(folder / f"{name}.fits", fake(cube.named(name), truth(name), np.random.default_rng(5)))


def truth(name: str) -> dict:
    """Points of different strength at seeded positions, and a background a third higher than modelled."""
    from skyfold import ExpCutoffPowerLaw, FovBackground, Point, Source
    from skyfold.model.spectral.power_law import PowerLawNorm

    rng = np.random.default_rng(7)
    sky = {}
    for i in range({"four": 4, "sixteen": 16}[name]):
        lon, lat = np.round(rng.uniform(-1.5, 1.5, 2), 2)
        amplitude = float(f"{10 ** rng.uniform(-12.0, -11.4):.2e}")
        spectrum = ExpCutoffPowerLaw(index=2.2, amplitude=amplitude, lambda_=0.05)
        sky[f"source{i}"] = Source(spectrum, Point(lon_0=lon, lat_0=lat, frame="galactic"))
    return sky | {"bkg": FovBackground(name, PowerLawNorm(norm=1.3))}


def start(name: str, datasets: list) -> dict:
    """Where the fits begin."""
    from skyfold import ExpCutoffPowerLaw, FovBackground, Point, Source

    if name in ("point", "joint"):
        spectrum = ExpCutoffPowerLaw(index=2.3, amplitude=2.8e-12, lambda_=0.02)
        sky = {"gc": Source(spectrum, Point(lon_0=-0.05, lat_0=-0.05, frame="galactic"))}
        return sky | {f"bkg-{d.name}": FovBackground(d.name) for d in datasets}
    sky = truth(name)
    for key, source in sky.items():
        if key != "bkg":
            spectrum = ExpCutoffPowerLaw(index=2.5, amplitude=1.5 * source.spectrum.amplitude, lambda_=0.02)
            shape = Point(lon_0=source.shape.lon_0 + 0.01, lat_0=source.shape.lat_0, frame="galactic")
            sky[key] = Source(spectrum, shape)
    return sky | {"bkg": FovBackground(name)}


def run(name: str, folder: Path) -> None:
    datasets = [read_dataset(folder / f"{file}.fits", name=file) for file in FILES[name]]
    datasets = [replace(d, mask_fit=energy_mask(d.geom, "0.3 TeV", None)) for d in datasets]
    t0 = time.process_time()
    from skyfold.fit.fit import fit

    sky = start(name, datasets)
    result = fit(datasets, sky).check()
    t1 = time.process_time()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fit(datasets, sky)
    t2 = time.process_time()
    for _ in range(100):
        result.likelihood.gradient(result.free)
    t3 = time.process_time()
    times = {"first": t1 - t0, "again": t2 - t1, "gradient": (t3 - t2) / 100}
    print(json.dumps({**times, "memory": memory, "stat": result.stat}))


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    prepare(where) if what == "prepare" else run(what, where)
