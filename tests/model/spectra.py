"""One example of every spectrum there is, away from its defaults."""

import numpy as np

from skyfold.model.ebl import EBLAbsorption
from skyfold.model.spectral.cutoff import (
    ExpCutoffPowerLaw,
    ExpCutoffPowerLaw3FGL,
    ExpCutoffPowerLawNorm,
    SuperExpCutoffPowerLaw3FGL,
    SuperExpCutoffPowerLaw4FGL,
    SuperExpCutoffPowerLaw4FGLDR3,
)
from skyfold.model.spectral.line import GaussianLine
from skyfold.model.spectral.log_parabola import LogParabola, LogParabola2, LogParabolaNorm
from skyfold.model.spectral.piecewise import PiecewiseNorm
from skyfold.model.spectral.power_law import (
    BrokenPowerLaw,
    Constant,
    PowerLaw,
    PowerLaw2,
    PowerLawNorm,
    SmoothBrokenPowerLaw,
)
from skyfold.model.spectral.scale import Scale
from skyfold.model.spectral.template import Template

F = 1e-12
TABLE = (np.array([0.1, 1.0, 10.0]), np.array([1e-10, 2e-12, 1e-14]), "TeV-1 s-1 cm-2")

EXAMPLES = {
    "Constant": Constant(F),
    "PowerLaw": PowerLaw(index=2.3, amplitude=F, reference="2 TeV"),
    "PowerLaw2": PowerLaw2(amplitude="1e-11 s-1 cm-2", index=2.3, emin="0.3 TeV", emax="30 TeV"),
    "PowerLawNorm": PowerLawNorm(tilt=0.3, norm=1.2, reference="2 TeV"),
    "BrokenPowerLaw": BrokenPowerLaw(index1=1.8, index2=2.9, amplitude=F, ebreak="2 TeV"),
    "SmoothBrokenPowerLaw": SmoothBrokenPowerLaw(1.8, 2.9, F, ebreak="2 TeV", reference="0.7 TeV", beta=0.6),
    "ExpCutoffPowerLaw": ExpCutoffPowerLaw(1.7, F, reference="2 TeV", lambda_="0.2 TeV-1", alpha=0.8),
    "ExpCutoffPowerLawNorm": ExpCutoffPowerLawNorm(0.4, 1.3, reference="2 TeV", lambda_="0.2 TeV-1", alpha=0.8),
    "ExpCutoffPowerLaw3FGL": ExpCutoffPowerLaw3FGL(1.7, F, reference="2 TeV", ecut="8 TeV"),
    "SuperExpCutoffPowerLaw3FGL": SuperExpCutoffPowerLaw3FGL(F, "2 TeV", ecut="8 TeV", index_1=1.6, index_2=0.7),
    "SuperExpCutoffPowerLaw4FGL": SuperExpCutoffPowerLaw4FGL(F, "2 TeV", expfactor=1e-5, index_1=1.6, index_2=0.7),
    "SuperExpCutoffPowerLaw4FGLDR3": SuperExpCutoffPowerLaw4FGLDR3(F, "2 TeV", 0.2, index_1=1.6, index_2=0.7),
    "LogParabola": LogParabola(F, "2 TeV", alpha=2.1, beta=0.3),
    "LogParabola2": LogParabola2(F, "2 TeV", alpha=2.1, beta=0.3, escale="5 TeV"),
    "LogParabolaNorm": LogParabolaNorm(1.3, "2 TeV", alpha=0.1, beta=0.3),
    "GaussianLine": GaussianLine(amplitude="1e-11 s-1 cm-2", mean="3 TeV", sigma="1.5 TeV"),
    "Template": Template(*TABLE),
    "PiecewiseNorm": PiecewiseNorm(TABLE[0], (1, 2, 0.5)),
    "EBLAbsorption": EBLAbsorption(
        TABLE[0], np.array([0.0, 0.1, 0.2, 0.5]), np.outer([0, 1, 2.2, 7], [0.1, 1, 3]), redshift=0.17, alpha_norm=0.8
    ),
    "Scale": Scale(Template(*TABLE), 0.8),
    "Sum": PowerLaw() + GaussianLine(),
    "Difference": PowerLaw() - PowerLaw(index=2.5, amplitude=3e-13),
    "Product": PowerLaw() * ExpCutoffPowerLawNorm(),
}
