"""The MSH 15-52 ring analysis with Gammapy, as its tutorial does it, from import to written maps."""

import os
import sys
from pathlib import Path

import astropy.units as u
from astropy.coordinates import SkyCoord
from gammapy.analysis import Analysis, AnalysisConfig
from gammapy.datasets import MapDatasetOnOff
from gammapy.estimators import ExcessMapEstimator
from gammapy.makers import RingBackgroundMaker
from regions import CircleSkyRegion

out = Path(sys.argv[1])
center = SkyCoord(228.32, -59.08, unit="deg")
config = AnalysisConfig()
config.general.log.level = "error"
config.observations.datastore = os.environ["SKYFOLD_DATA"] + "/hess-dl3-dr1"
config.observations.obs_cone = {"frame": "icrs", "lon": center.ra, "lat": center.dec, "radius": 2.5 * u.deg}
config.datasets.type = "3d"
config.datasets.stack = False
wcs = config.datasets.geom.wcs
wcs.skydir = {"lon": center.ra, "lat": center.dec, "frame": "icrs"}
wcs.width, wcs.binsize = {"width": "3 deg", "height": "3 deg"}, "0.02 deg"
config.datasets.geom.selection.offset_max = 2.5 * u.deg
axes = config.datasets.geom.axes
axes.energy.min, axes.energy.max, axes.energy.nbins = "0.5 TeV", "10 TeV", 10
axes.energy_true = axes.energy
analysis = Analysis(config)
analysis.get_observations()
analysis.get_datasets()

geom = analysis.datasets[0].counts.geom
image = geom.to_image().to_cube([geom.axes["energy"].squash()])
exclusion = ~image.region_mask([CircleSkyRegion(center, 0.4 * u.deg)])
ring = RingBackgroundMaker(r_in="0.5 deg", width="0.3 deg", exclusion_mask=exclusion)
stacked = MapDatasetOnOff.create(
    geom=image, energy_axis_true=analysis.datasets[0].exposure.geom.axes["energy_true"], name="stacked"
)
for dataset in analysis.datasets:
    stacked.stack(ring.run(dataset.to_image()))
maps = ExcessMapEstimator(0.04 * u.deg, selection_optional=[]).run(stacked)
stacked.write(out / "stacked.fits.gz", overwrite=True)
maps.write(out / "excess_map.fits.gz", overwrite=True)
