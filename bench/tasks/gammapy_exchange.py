"""Open what skyfold wrote, and write the same for skyfold to read; prints sums as JSON.

gammapy_exchange.py FOLDER: reads FOLDER/dl3 and FOLDER/stacked.fits, writes FOLDER/theirs.fits
"""

import json
import sys
from pathlib import Path

from gammapy.data import DataStore
from gammapy.datasets import MapDatasetOnOff

folder = Path(sys.argv[1])
observations = DataStore.from_dir(folder / "dl3").get_observations()
stacked = MapDatasetOnOff.read(folder / "stacked.fits")
stacked.write(folder / "theirs.fits", overwrite=True)
stacked.psf.get_psf_kernel(stacked.exposure.geom, position=stacked.counts.geom.center_skydir)
stacked.edisp.get_edisp_kernel(position=stacked.counts.geom.center_skydir)
names = ("counts", "counts_off", "acceptance", "acceptance_off", "exposure")
found = {name: float(getattr(stacked, name).data.sum(dtype=float)) for name in names}
found["psf"] = float(stacked.psf.psf_map.data.sum(dtype=float))
found["edisp"] = float(stacked.edisp.edisp_map.data.sum(dtype=float))
found["events"] = sum(len(o.events.table) for o in observations)
found["livetime_s"] = sum(float(o.observation_live_time_duration.to_value("s")) for o in observations)
found["aeff_m2"] = float(observations[0].aeff.evaluate(offset="0.5 deg", energy_true="2 TeV").to_value("m2"))
found["background"] = float(
    observations[0].bkg.evaluate(energy="2 TeV", fov_lon="0.3 deg", fov_lat="0.2 deg").to_value("s-1 TeV-1 sr-1")
)
found["psf_sr"] = float(
    observations[0].psf.evaluate(energy_true="2 TeV", rad="0.05 deg", offset="0.5 deg").to_value("sr-1")
)
print(json.dumps(found))
