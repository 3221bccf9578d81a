"""CPU time and peak memory of reducing and stacking N runs with skyfold; prints seconds and MiB."""

import itertools
import os
import resource
import sys
import time

from astropy.coordinates import SkyCoord

from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.io.store import read_store
from skyfold.reduce.chain import reduce
from skyfold.reduce.recipe import Recipe
from skyfold.reduce.ring import Ring

number = int(sys.argv[1])
center = SkyCoord(228.32, -59.08, unit="deg")
store = read_store(os.environ["SKYFOLD_DATA"] + "/hess-dl3-dr1").select(cone=(center, "2.5 deg"))
refs = list(itertools.islice(itertools.cycle(store), number))  # the field has 20 runs: some are taken again
geom = WcsGeom.create(center, "3 deg", "0.02 deg", axes=[Axis.energy("0.5 TeV", "10 TeV", 10)])
recipe = Recipe(
    geom,
    Axis.energy("0.5 TeV", "10 TeV", 10, true=True),
    offset_max="2.5 deg",
    image=True,
    background=Ring("0.5 deg", "0.3 deg"),
)
start = time.process_time()
reduce(refs, recipe)
print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
