"""CPU time of reducing and stacking one H.E.S.S. run, its files already read, with skyfold; prints seconds."""

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
    SkyCoord(228.32, -59.08, unit="deg"), "3 deg", "0.02 deg", proj="CAR", axes=[Axis.energy("0.5 TeV", "10 TeV", 10)]
)
recipe = Recipe(geom, Axis.energy("0.5 TeV", "10 TeV", 10, true=True), offset_max="2.5 deg")
number = int(sys.argv[1])
reduce_observation(observation, recipe)
start = time.process_time()
stack((reduce_observation(observation, recipe) for _ in range(number)), geom=geom)
print((time.process_time() - start) / number)
