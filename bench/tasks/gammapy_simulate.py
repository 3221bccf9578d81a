"""The observation of skyfold_simulate.py, drawn and written by Gammapy's sampler; prints JSON.

gammapy_simulate.py point|diffuse FILE: CPU seconds until everything is imported and the responses are read, of making
    the dataset that is sampled, of drawing the events, and of writing them with the responses
"""

import json
import os
import sys
import time
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from gammapy.data import FixedPointingInfo, Observation
from gammapy.datasets import MapDataset, MapDatasetEventSampler
from gammapy.irf import load_irf_dict_from_file
from gammapy.makers import MapDatasetMaker
from gammapy.maps import Map, MapAxis, WcsGeom
from gammapy.modeling.models import (
    FoVBackgroundModel,
    PointSpatialModel,
    PowerLawNormSpectralModel,
    PowerLawSpectralModel,
    SkyModel,
    TemplateSpatialModel,
)

name, file = sys.argv[1:]
data = Path(os.environ["GAMMAPY_DATA"])
responses = data / "cta-caldb" / "Prod5-South-20deg-AverageAz-14MSTs37SSTs.180000s-v0.1.fits.gz"
center = SkyCoord(0, 0.5, unit="deg", frame="galactic")
observation = Observation.create(
    obs_id=1,
    pointing=FixedPointingInfo(fixed_icrs=center.icrs),
    livetime=5 * u.h,
    irfs=load_irf_dict_from_file(responses),
)
t0 = time.process_time()

energy = MapAxis.from_energy_bounds("0.1 TeV", "100 TeV", nbin=10, per_decade=True)
true = MapAxis.from_energy_bounds("0.03 TeV", "300 TeV", nbin=20, per_decade=True, name="energy_true")
migra = MapAxis.from_bounds(0.5, 2, nbin=150, node_type="edges", name="migra")
geom = WcsGeom.create(skydir=center, width=(8, 8), binsz=0.02, frame="galactic", axes=[energy])
empty = MapDataset.create(geom, energy_axis_true=true, migra_axis=migra, name="run")
dataset = MapDatasetMaker(selection=["exposure", "background", "psf", "edisp"]).run(empty, observation)
if name == "point":
    spectrum = PowerLawSpectralModel(index=2, amplitude="1e-11 cm-2 s-1 TeV-1", reference="1 TeV")
    shape = PointSpatialModel(lon_0="0 deg", lat_0="0 deg", frame="galactic")
else:
    template = Map.read(data / "fermi-3fhl-gc" / "gll_iem_v06_gc.fits.gz")
    axis = MapAxis.from_nodes(template.geom.axes[0].center, name="energy_true", interp="log")
    geom = template.geom.to_image().to_cube([axis])
    template = Map.from_geom(geom, data=template.data, unit="cm-2 s-1 MeV-1 sr-1")
    spectrum = PowerLawNormSpectralModel()
    beyond = {"values_scale": "log", "fill_value": None}  # the last energy of the map is 0.5 TeV
    shape = TemplateSpatialModel(template, normalize=False, interp_kwargs=beyond)
dataset.models = [SkyModel(spectrum, shape, name="source"), FoVBackgroundModel(dataset_name="run")]
t1 = time.process_time()
events = MapDatasetEventSampler(random_state=0).run(dataset, observation)
t2 = time.process_time()
observation._events = events
observation.write(file, include_irfs=True, overwrite=True)
t3 = time.process_time()
found = {"read": t0, "dataset": t1 - t0, "draw": t2 - t1, "write": t3 - t2, "events": len(events.table)}
print(json.dumps(found | {"photons": int(np.sum(events.table["MC_ID"] == 1))}))
