"""Write what Gammapy shall open, or read what it wrote; prints sums as JSON.

skyfold_exchange.py write FOLDER     two runs as DL3, and a stacked on-off dataset
skyfold_exchange.py read FILE        a dataset that Gammapy wrote
"""

import json
import os
import sys
from pathlib import Path

from astropy.coordinates import SkyCoord

from skyfold.dataset.dataset import Dataset
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.io.dataset import read_dataset, write_dataset
from skyfold.io.dl3_write import write_store
from skyfold.io.store import read_store
from skyfold.reduce.chain import reduce
from skyfold.reduce.recipe import Recipe
from skyfold.reduce.ring import Ring


def sums(dataset: Dataset) -> dict[str, float]:
    names = ("counts", "counts_off", "acceptance", "acceptance_off", "exposure")
    found = {name: float(getattr(dataset, name).data.sum()) for name in names}
    return found | {"psf": float(dataset.psf.table.data.sum()), "edisp": float(dataset.edisp.table.data.sum())}


def write(folder: Path) -> dict[str, float]:
    center = SkyCoord(228.32, -59.08, unit="deg")
    store = read_store(os.environ["SKYFOLD_DATA"] + "/hess-dl3-dr1").select(ids=[20136, 20137])
    write_store([ref.open() for ref in store], folder / "dl3")
    geom = WcsGeom.create(center, "3 deg", "0.02 deg", proj="CAR", axes=[Axis.energy("0.5 TeV", "10 TeV", 10)])
    true = Axis.energy("0.5 TeV", "10 TeV", 10, true=True)
    recipe = Recipe(geom, true, offset_max="2.5 deg", image=True, background=Ring("0.5 deg", "0.3 deg"))
    (stacked,) = reduce(read_store(folder / "dl3"), recipe).datasets
    write_dataset(folder / "stacked.fits", stacked)
    return sums(stacked)


action, path = sys.argv[1], Path(sys.argv[2])
print(json.dumps(write(path) if action == "write" else sums(read_dataset(path))))
