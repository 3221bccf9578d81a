"""CPU time of reducing one H.E.S.S. run, its files already read, with skyfold; prints seconds."""

import os
import sys
import time

from astropy.coordinates import SkyCoord

from skyfold.dataset.stack import stack
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.io.store import read_store
from skyfold.reduce.chain import reduce_observation
from skyfold.reduce.recipe import Recipe

store = read_store(os.environ["SKYFOLD_DATA"] + "/hess-dl3-dr1").select(ids=[20136])
observation = next(iter(store)).open()
geom = WcsGeom.create(
    SkyCoord(228.32, -59.08, unit="deg"), "3 deg", "0.02 deg", axes=[Axis.energy("0.5 TeV", "10 TeV", 10)]
)
recipe = Recipe(geom, Axis.energy("0.5 TeV", "10 TeV", 10, true=True), offset_max="2.5 deg")
seconds = []
for _ in range(int(sys.argv[1])):
    start = time.process_time()
    stack([reduce_observation(observation, recipe)], geom=geom)
    seconds.append(time.process_time() - start)
print(sorted(seconds)[len(seconds) // 2])
