"""CPU time of reducing and stacking one H.E.S.S. run, its files already read, with Gammapy; prints seconds."""

import os
import sys
import time

import astropy.units as u
from astropy.coordinates import SkyCoord
from gammapy.data import DataStore
from gammapy.datasets import MapDataset
from gammapy.makers import MapDatasetMaker, SafeMaskMaker
from gammapy.maps import MapAxis, WcsGeom

observation = (
    DataStore.from_dir(os.environ["SKYFOLD_DATA"] + "/hess-dl3-dr1").get_observations([20136])[0].copy(in_memory=True)
)
for part in ("aeff", "edisp", "psf", "bkg", "events", "gti"):
    getattr(observation, part)
energy = MapAxis.from_energy_bounds("0.5 TeV", "10 TeV", 10)
energy_true = MapAxis.from_energy_bounds("0.5 TeV", "10 TeV", 10, name="energy_true")
geom = WcsGeom.create(skydir=SkyCoord(228.32, -59.08, unit="deg"), width=3, binsz=0.02, proj="CAR", axes=[energy])
empty = MapDataset.create(geom, energy_axis_true=energy_true, binsz_irf=0.2)
maker, safe = MapDatasetMaker(), SafeMaskMaker(methods=["aeff-default"])
target = MapDataset.create(geom, energy_axis_true=energy_true, binsz_irf=0.2)
number = int(sys.argv[1])


def add() -> None:
    cut = empty.cutout(observation.get_pointing_icrs(observation.tmid), width=5 * u.deg)
    target.stack(safe.run(maker.run(cut, observation), observation))


add()
start = time.process_time()
for _ in range(number):
    add()
print((time.process_time() - start) / number)
