"""Which classes of models a file can name, and what it calls them: a new class is one more line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from skyfold.errors import ModelError
from skyfold.io.models_data import (
    EBL,
    FRAME,
    LIGHT_CURVE,
    MAP,
    NODES,
    NODES_ON_SKY,
    NOTHING,
    PHASE_CURVE,
    SCALE,
    TABLE,
    Data,
)
from skyfold.io.yaml_node import Node, nearest
from skyfold.model.ebl import EBLAbsorption
from skyfold.model.fields import specs
from skyfold.model.spatial.base import Shape
from skyfold.model.spatial.constant import Constant, ConstantFlux
from skyfold.model.spatial.disk import Disk
from skyfold.model.spatial.gaussian import Gaussian, GeneralizedGaussian
from skyfold.model.spatial.king import Beta, King
from skyfold.model.spatial.piecewise import PiecewiseNormShape
from skyfold.model.spatial.point import Point
from skyfold.model.spatial.shell import Shell, Shell2
from skyfold.model.spatial.template import EnergyTemplate, Template
from skyfold.model.spectral import base, cutoff, line, log_parabola, piecewise, power_law, scale, template
from skyfold.model.temporal import curves, pulses, trends
from skyfold.model.temporal.base import Temporal


@dataclass(frozen=True)
class Kind:
    """A class of models.

    name, tag : what a file says for ``type``, in long and in short.
    models : fields that hold models of the same part, under keys of the same names.
    fixed : further entries, which tell classes of one name apart.
    sequence : a field that holds any number of parameters, ``norms``; files number them, ``norm_0``, ``norm_1``, ...
    own : whether it is a user's class; its name is then as it stands.
    passed : parameters with units that files have and the class has not, for the data say the same.
    make : what makes it of what a file says; the class itself unless told.
    """

    cls: type
    name: str
    tag: str
    data: Data = NOTHING
    models: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sequence: str = ""
    own: bool = False
    passed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    make: Callable[..., Any] | None = None

    def made(self, **given: Any) -> Any:
        """The model with these arguments."""
        return (self.make or self.cls)(**given)

    @property
    def keys(self) -> tuple[str, ...]:
        return ("type", "parameters", *self.data.keys, *self.models, *self.fixed)


@dataclass(frozen=True)
class Part:
    """One of the things a source is made of.

    key : of its mapping in a file.
    field : of the component that holds it, and with that in the names of parameters.
    suffix : of the names of its classes in files.
    base : of its classes.
    """

    key: str
    field: str
    suffix: str
    base: type
    kinds: tuple[Kind, ...]
    data: Data = NOTHING

    def title(self, kind: Kind) -> str:
        """What a file says for the type of one of the kinds."""
        return kind.name if kind.own else kind.name + self.suffix

    def named(self, node: Node) -> Kind:
        """The kind that a mapping is of.

        Raises
        ------
        ModelError
            There is none of that name.
        """
        name = node.text("type")
        found = [kind for kind in self.kinds if name in (self.title(kind), kind.tag)]
        if not found:
            raise node.error(f"unknown type {name!r}{nearest(name, [self.title(kind) for kind in self.kinds])}")
        for kind in found:
            if all(node.data.get(key) == value for key, value in kind.fixed.items()):
                return kind
        key = next(iter(found[0].fixed))
        known = [kind.fixed[key] for kind in found]
        raise node.error(f"{key} is {node.data.get(key)!r}; there are {', '.join(known)}")

    def of(self, model: Any) -> Kind | None:
        """The kind of a model; None if files have no name for it."""
        return next((kind for kind in self.kinds if type(model) is kind.cls), None)


_TWO = ("model1", "model2")
_CENTER = {"lon_0": "deg", "lat_0": "deg"}


def _template(**given: Any) -> Template | EnergyTemplate:
    """Files call both the same; the map has energies or not."""
    return EnergyTemplate(**given) if "energy" in given else Template(**given)


SPECTRAL = Part(
    "spectral",
    "spectrum",
    "SpectralModel",
    base.Spectrum,
    (
        Kind(power_law.Constant, "Constant", "const"),
        Kind(power_law.PowerLaw, "PowerLaw", "pl"),
        Kind(power_law.PowerLaw2, "PowerLaw2", "pl-2"),
        Kind(power_law.PowerLawNorm, "PowerLawNorm", "pl-norm"),
        Kind(power_law.BrokenPowerLaw, "BrokenPowerLaw", "bpl"),
        Kind(power_law.SmoothBrokenPowerLaw, "SmoothBrokenPowerLaw", "sbpl"),
        Kind(cutoff.ExpCutoffPowerLaw, "ExpCutoffPowerLaw", "ecpl"),
        Kind(cutoff.ExpCutoffPowerLawNorm, "ExpCutoffPowerLawNorm", "ecpl-norm"),
        Kind(cutoff.ExpCutoffPowerLaw3FGL, "ExpCutoffPowerLaw3FGL", "ecpl-3fgl"),
        Kind(cutoff.SuperExpCutoffPowerLaw3FGL, "SuperExpCutoffPowerLaw3FGL", "secpl-3fgl"),
        Kind(cutoff.SuperExpCutoffPowerLaw4FGL, "SuperExpCutoffPowerLaw4FGL", "secpl-4fgl"),
        Kind(cutoff.SuperExpCutoffPowerLaw4FGLDR3, "SuperExpCutoffPowerLaw4FGLDR3", "secpl-4fgl-dr3"),
        Kind(log_parabola.LogParabola, "LogParabola", "lp"),
        Kind(log_parabola.LogParabola2, "LogParabola2", "lp2"),
        Kind(log_parabola.LogParabolaNorm, "LogParabolaNorm", "lp-norm"),
        Kind(line.GaussianLine, "Gaussian", "gauss"),
        Kind(template.Template, "Template", "template", TABLE),
        Kind(piecewise.PiecewiseNorm, "PiecewiseNorm", "piecewise-norm", NODES, sequence="norms"),
        Kind(EBLAbsorption, "EBLAbsorptionNorm", "ebl-norm", EBL),
        Kind(scale.Scale, "Scale", "scale", models=("model",)),
        Kind(base.Sum, "Compound", "compound", models=_TWO, fixed={"operator": "add"}),
        Kind(base.Difference, "Compound", "compound", models=_TWO, fixed={"operator": "sub"}),
        Kind(base.Product, "Compound", "compound", models=_TWO, fixed={"operator": "mul"}),
    ),
)

SPATIAL = Part(
    "spatial",
    "shape",
    "SpatialModel",
    Shape,
    (
        Kind(Point, "Point", "point"),
        Kind(Gaussian, "Gaussian", "gauss"),
        Kind(GeneralizedGaussian, "GeneralizedGaussian", "gauss-general"),
        Kind(Disk, "Disk", "disk"),
        Kind(Shell, "Shell", "shell"),
        Kind(Shell2, "Shell2", "shell2"),
        Kind(Constant, "Constant", "const"),
        Kind(ConstantFlux, "ConstantFlux", "const-flux"),
        Kind(PiecewiseNormShape, "PiecewiseNorm", "piecewise-norm", NODES_ON_SKY, sequence="norms"),
        Kind(Template, "Template", "template", MAP, passed=_CENTER, make=_template),
        Kind(EnergyTemplate, "Template", "template", MAP, passed=_CENTER),
        Kind(King, "King", "king"),
        Kind(Beta, "Beta", "beta"),
    ),
    FRAME,
)

TEMPORAL = Part(
    "temporal",
    "lightcurve",
    "TemporalModel",
    Temporal,
    (
        Kind(trends.Constant, "Constant", "const"),
        Kind(trends.Linear, "Linear", "linear"),
        Kind(trends.ExpDecay, "ExpDecay", "exp-decay"),
        Kind(trends.PowerLawDecay, "PowerLaw", "powerlaw"),
        Kind(trends.Sine, "Sine", "sinus"),
        Kind(pulses.GaussianPulse, "Gaussian", "gauss"),
        Kind(pulses.GeneralizedGaussianPulse, "GeneralizedGaussian", "gengauss"),
        Kind(curves.LightCurveTemplate, "LightCurveTemplate", "template", LIGHT_CURVE, passed={"t_ref": "d"}),
        Kind(curves.PhaseCurve, "TemplatePhaseCurve", "template-phase", PHASE_CURVE),
    ),
    SCALE,
)

Parts = tuple[Part, ...]
PARTS: Parts = (SPECTRAL, SPATIAL, TEMPORAL)


def parts_with(types: Mapping[str, type] | None) -> Parts:
    """The parts of sources, with a user's classes by what files shall call them.

    Raises
    ------
    ModelError
        A class is no spectrum, shape or light curve, has more than parameters, or a name that is another's.
    """
    parts = PARTS
    for name, cls in (types or {}).items():
        if not any(isinstance(cls, type) and issubclass(cls, part.base) for part in PARTS):
            raise ModelError(f"types: {name} is {cls!r}, wanted a class of a spectrum, a shape or a light curve")
        parts = tuple(_joined(part, name, cls) if issubclass(cls, part.base) else part for part in parts)
    return parts


def _joined(part: Part, name: str, cls: type) -> Part:
    more = [f.name for f in fields(cls) if f.name not in (*specs(cls), *part.data.keys)]
    if more:
        raise ModelError(f"types: {name} has {', '.join(more)} beside parameters, which files cannot say of it")
    if any(name in (part.title(kind), kind.tag) for kind in part.kinds):
        raise ModelError(f"types: {name} is the name of a class that files have already; give it another")
    return replace(part, kinds=(*part.kinds, Kind(cls, name, name, own=True)))
