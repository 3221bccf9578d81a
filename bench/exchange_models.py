"""Model files between skyfold and Gammapy, both directions: what each writes the other reads, with equal numbers.

    python bench/exchange_models.py write DIR     # with skyfold: a sky of every class that both have
    python bench/exchange_models.py gammapy DIR   # with Gammapy: reads it, notes values, writes it again
    python bench/exchange_models.py compare DIR   # with skyfold: reads what Gammapy wrote and noted

The first and the last run where skyfold is installed, the second where Gammapy is.
"""

import json
import sys
from pathlib import Path

import numpy as np

ENERGIES = np.geomspace(0.2, 30, 7)  # TeV
PLACES = np.array([0.0, 0.07, 0.31])  # deg from (0.1, -0.1), in both directions


def write(folder: Path) -> None:
    from skyfold.fit.parameters import Parameters
    from skyfold.io.models import write_models
    from skyfold.model.priors import GaussianPrior, LogUniformPrior

    sky = everything()
    table = Parameters.of(sky)
    first = next(iter(sky))
    table = table.set(f"{first}.spectrum.*", error=1e-3).set("PowerLaw.spectrum.index", bounds=(1, 4))
    table = table.set("PowerLaw.spectrum.index", prior=GaussianPrior(2.1, 0.3))
    table = table.set("PowerLaw2.spectrum.index", prior=LogUniformPrior(1.0, 5.0))
    table = table.link("ExpCutoffPowerLaw.spectrum.index", "PowerLaw.spectrum.index")
    covariance = np.diag(np.linspace(1e-4, 1e-2, len(table.free)))
    write_models(folder / "skyfold.yaml", sky, table, covariance, overwrite=True)


def everything() -> dict:
    """A source for each spectrum, shape and light curve that both know, and backgrounds."""
    from skyfold.io.ebl import read_ebl
    from skyfold.io.models_kinds import SPATIAL, SPECTRAL, TEMPORAL
    from skyfold.model.background import FovBackground
    from skyfold.model.source import Source
    from skyfold.model.spatial.gaussian import Gaussian
    from skyfold.model.spectral.piecewise import PiecewiseNorm
    from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
    from skyfold.model.spectral.template import Template

    def plain(part):
        kinds = (k for k in part.kinds if not (k.data.keys or k.models or k.sequence))
        return [k.cls for k in kinds if k.name not in ("King", "Beta", "ConstantFlux")]  # Gammapy has none of these

    sky = {}
    for cls in plain(SPECTRAL):
        here = Gaussian(0.1, -0.1, 0.2, frame="galactic")
        factor = "Norm" in cls.__name__
        spectrum = cls(index2=2.7) if "Broken" in cls.__name__ else cls()
        sky[cls.__name__] = Source(PowerLaw(2.2) * spectrum if factor else spectrum, here, datasets=("cta",))
    for cls in plain(SPATIAL):
        where = {"lon_0": 0.1, "lat_0": -0.1} if "lon_0" in cls.__dataclass_fields__ else {}
        shape = cls(**where, frame="galactic")
        sky[f"shape {cls.__name__}"] = Source(PowerLaw(1.9), shape, irf=("exposure", "psf"))
    for cls in plain(TEMPORAL):
        sky[f"time {cls.__name__}"] = Source(PowerLaw(), Gaussian(frame="icrs"), cls())
    table = Template(np.array([0.1, 1.0, 50.0]), np.array([3.0, 2.0, 1e-3]), "TeV-1 s-1 cm-2")
    nodes = PiecewiseNorm(np.array([0.1, 1.0, 50.0]), (1.1, 0.9, 0.5))
    sky["table"] = Source(table * nodes, Gaussian(frame="icrs"))
    sky["far"] = Source(PowerLaw() * read_ebl("dominguez", 0.3) + PowerLaw(), Gaussian(frame="icrs"))
    return sky | {"cta-bkg": FovBackground("cta", PowerLawNorm(0.1, 1.2))}


def gammapy(folder: Path) -> None:
    import astropy.units as u
    from gammapy.modeling.models import Models

    models = Models.read(folder / "skyfold.yaml")
    noted = {}
    for model in models:
        values = {p.name: [float(p.value), str(p.unit), bool(p.frozen)] for p in model.parameters}
        noted[model.name] = {"parameters": values, "dnde": None, "brightness": None}
        unit = "TeV-1 s-1 cm-2" if model.tag[0] == "SkyModel" else ""
        noted[model.name]["dnde"] = model.spectral_model(ENERGIES * u.TeV).to_value(unit).tolist()
        if getattr(model, "spatial_model", None) is not None and "Point" not in model.spatial_model.tag[0]:
            lon, lat = (0.1 + PLACES) * u.deg, (-0.1 + PLACES) * u.deg
            noted[model.name]["brightness"] = model.spatial_model(lon, lat).to_value("sr-1").tolist()
    noted["variances"] = np.diag(models.covariance.data).tolist()
    noted["linked"] = models["PowerLaw"].spectral_model.index is models["ExpCutoffPowerLaw"].spectral_model.index
    (folder / "noted.json").write_text(json.dumps(noted))
    models.write(folder / "gammapy.yaml", overwrite=True)
    models.write(folder / "gammapy_full.yaml", overwrite=True, full_output=True)


def compare(folder: Path) -> None:
    import jax.numpy as jnp

    from skyfold.io.models import read_covariance, read_models

    noted = json.loads((folder / "noted.json").read_text())
    ours, table = read_models(folder / "skyfold.yaml")
    assert noted["linked"], "Gammapy does not see the link"
    lon, lat = np.radians(0.1 + PLACES), np.radians(-0.1 + PLACES)
    failed = False
    worst = {"dnde": (0.0, ""), "brightness": (0.0, "")}
    for name, component in ours.items():
        theirs = noted[name]
        found = np.asarray(component.spectrum.dnde(jnp.asarray(ENERGIES)))
        away = {"dnde": np.max(np.abs(found / theirs["dnde"] - 1))}
        if theirs["brightness"] is not None and component.shape is not None:
            found, wanted = np.asarray(component.shape(jnp.asarray(lon), jnp.asarray(lat))), theirs["brightness"]
            away["brightness"] = np.max(np.abs(found - wanted)) / np.max(wanted)
        for key, value in away.items():
            worst[key] = max(worst[key], (float(value), name))
    for file in ("gammapy.yaml", "gammapy_full.yaml"):
        again, rows = read_models(folder / file)
        different = [
            (a, b)
            for a, b in zip(table.rows, rows.rows, strict=True)
            if (a.name, a.free, a.prior is None) != (b.name, b.free, b.prior is None)
            or not np.isclose(a.value, b.value, rtol=1e-12, atol=0)
        ]
        failed |= bool(different)
        print(f"{file}: {len(again)} components, {len(rows)} parameters, {len(different)} of them not as written")
        for a, b in different:
            print(f"  {a}\n  {b}")
        same = np.allclose(read_covariance(folder / file), read_covariance(folder / "skyfold.yaml"), rtol=1e-12, atol=0)
        print(f"  covariance {'equal' if same else 'different'}")
        failed |= not same
    for key, (value, name) in worst.items():
        print(f"{key}: largest relative difference {value:.2g}, of {name}")
        failed |= value > {"dnde": 1e-6, "brightness": 2e-3}[key]  # shapes are normalised differently on the sphere
    sys.exit(failed)


if __name__ == "__main__":
    {"write": write, "gammapy": gammapy, "compare": compare}[sys.argv[1]](Path(sys.argv[2]))
