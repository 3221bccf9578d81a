"""An observation of five hours by CTA south, events drawn and written; prints JSON.

skyfold_simulate.py point|diffuse FILE: CPU seconds until everything is imported and the responses are read, of drawing
    the events with all that has to be compiled, of writing them with the responses, and of drawing them once more
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.io.dl3_write import write_observation
from skyfold.io.responses import read_responses
from skyfold.io.template_shapes import read_template_shape
from skyfold.model.source import Source
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from skyfold.simulate.observation import simulate_observation
from skyfold.simulate.plan import planned

DATA = Path(os.environ["SKYFOLD_DATA"])
RESPONSES = DATA / "cta-caldb" / "Prod5-South-20deg-AverageAz-14MSTs37SSTs.180000s-v0.1.fits.gz"
TEMPLATE = DATA / "fermi-3fhl-gc" / "gll_iem_v06_gc.fits.gz"


def source(name: str) -> Source:
    if name == "point":
        return Source(
            PowerLaw(index=2.0, amplitude="1e-11 cm-2 s-1 TeV-1"), Point(lon_0=0.0, lat_0=0.0, frame="galactic")
        )
    return Source(PowerLawNorm(), read_template_shape(TEMPLATE, "cm-2 s-1 MeV-1 sr-1", normalize=False))


def run(name: str, file: str) -> None:
    pointing = SkyCoord(0, 0.5, unit="deg", frame="galactic")
    plan = planned(
        1, pointing, read_responses(RESPONSES), start="2025-01-01T00:00:00", livetime="5 h", location="cta-south"
    )
    t0 = time.process_time()
    sky = {"source": source(name)}
    energies = {"energy_true": ("0.03 TeV", "300 TeV"), "energy": ("0.1 TeV", "100 TeV")}
    observation = simulate_observation(sky, plan, 1, **energies)
    t1 = time.process_time()
    write_observation(observation, file, overwrite=True)
    t2 = time.process_time()
    simulate_observation(sky, plan, 2, **energies)
    t3 = time.process_time()
    found = {"read": t0, "draw": t1 - t0, "write": t2 - t1, "again": t3 - t2, "events": len(observation.events)}
    print(json.dumps(found | {"photons": int(np.sum(observation.events.columns["MC_ID"] == 1))}))


if __name__ == "__main__":
    run(*sys.argv[1:])
