"""The fits of skyfold_fit.py, on the files it wrote; prints JSON.

gammapy_fit.py point|joint|four FOLDER START: CPU seconds of a fit with errors, everything imported and read before.
START: JSON with lon, lat, index, amplitude, lambda of each source.
"""

import json
import sys
import time
from pathlib import Path

import astropy.units as u
from gammapy.datasets import Datasets, MapDataset
from gammapy.modeling import Fit
from gammapy.modeling.models import (
    ExpCutoffPowerLawSpectralModel,
    FoVBackgroundModel,
    Models,
    PointSpatialModel,
    SkyModel,
)

files, folder, sources = sys.argv[1].split(","), Path(sys.argv[2]), json.loads(sys.argv[3])
datasets = Datasets([MapDataset.read(folder / f"{name}.fits", name=name) for name in files])
for dataset in datasets:
    dataset.mask_fit = dataset.counts.geom.energy_mask(0.3 * u.TeV, None)
models = [
    SkyModel(
        ExpCutoffPowerLawSpectralModel(
            index=s["index"], amplitude=s["amplitude"] * u.Unit("cm-2 s-1 TeV-1"), lambda_=s["lambda"] / u.TeV
        ),
        PointSpatialModel(lon_0=s["lon"] * u.deg, lat_0=s["lat"] * u.deg, frame="galactic"),
        name=name,
    )
    for name, s in sources.items()
]
datasets.models = Models([*models, *(FoVBackgroundModel(dataset_name=dataset.name) for dataset in datasets)])
begin = time.process_time()
result = Fit().run(datasets)
print(json.dumps({"fit": time.process_time() - begin, "stat": float(result.total_stat), "ok": bool(result.success)}))
