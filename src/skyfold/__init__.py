"""Gamma-ray and X-ray analysis, from event lists to what is in the sky.

The names below are imported from their rooms when they are first used: ``import skyfold`` itself costs nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skyfold.dataset.dataset import Dataset as Dataset
    from skyfold.dataset.from_image import from_image as from_image
    from skyfold.dataset.image import to_image as to_image
    from skyfold.dataset.predict import npred as npred
    from skyfold.dataset.stack import stack as stack
    from skyfold.dataset.stamp import stamp as stamp
    from skyfold.errors import SkyfoldError as SkyfoldError
    from skyfold.estimate.calibration import calibrate as calibrate
    from skyfold.estimate.excess_map import excess_map as excess_map
    from skyfold.estimate.generative import Generative as Generative
    from skyfold.estimate.significance import significance_distribution as significance_distribution
    from skyfold.fit.likelihood import Likelihood as Likelihood
    from skyfold.fit.parameters import Parameters as Parameters
    from skyfold.fit.sample import posterior as posterior
    from skyfold.geom.axis import Axis as Axis
    from skyfold.geom.region import RegionGeom as RegionGeom
    from skyfold.geom.wcs import WcsGeom as WcsGeom
    from skyfold.io.dataset import read_dataset as read_dataset
    from skyfold.io.dataset import write_dataset as write_dataset
    from skyfold.io.maps import read_map as read_map
    from skyfold.io.maps import write_map as write_map
    from skyfold.io.models import read_models as read_models
    from skyfold.io.models import write_models as write_models
    from skyfold.io.store import read_store as read_store
    from skyfold.io.store import read_store_from_files as read_store_from_files
    from skyfold.io.xray import read_circles as read_circles
    from skyfold.io.xray import read_xray_image as read_xray_image
    from skyfold.maps.map import Map as Map
    from skyfold.model.background import FovBackground as FovBackground
    from skyfold.model.source import Source as Source
    from skyfold.model.spatial.disk import Disk as Disk
    from skyfold.model.spatial.gaussian import Gaussian as Gaussian
    from skyfold.model.spatial.king import Beta as Beta
    from skyfold.model.spatial.king import King as King
    from skyfold.model.spatial.point import Point as Point
    from skyfold.model.spatial.shell import Shell as Shell
    from skyfold.model.spectral.cutoff import ExpCutoffPowerLaw as ExpCutoffPowerLaw
    from skyfold.model.spectral.log_parabola import LogParabola as LogParabola
    from skyfold.model.spectral.power_law import PowerLaw as PowerLaw
    from skyfold.model.spectral.power_law import PowerLaw2 as PowerLaw2
    from skyfold.model.spectral.power_law import PowerLawNorm as PowerLawNorm
    from skyfold.plot.histogram import plot_significance_histogram as plot_significance_histogram
    from skyfold.plot.sky import plot_map as plot_map
    from skyfold.plot.sky import plot_significance as plot_significance
    from skyfold.reduce.field import FovScale as FovScale
    from skyfold.reduce.recipe import Recipe as Recipe
    from skyfold.reduce.recipe import SafeRange as SafeRange
    from skyfold.reduce.reflected import Reflected as Reflected
    from skyfold.reduce.ring import AdaptiveRing as AdaptiveRing
    from skyfold.reduce.ring import Ring as Ring
    from skyfold.workflow.steps import analyse as analyse

    __version__: str

_ROOMS = {
    "AdaptiveRing": "reduce.ring",
    "Axis": "geom.axis",
    "Beta": "model.spatial.king",
    "Dataset": "dataset.dataset",
    "Disk": "model.spatial.disk",
    "ExpCutoffPowerLaw": "model.spectral.cutoff",
    "FovBackground": "model.background",
    "FovScale": "reduce.field",
    "Gaussian": "model.spatial.gaussian",
    "Generative": "estimate.generative",
    "King": "model.spatial.king",
    "Likelihood": "fit.likelihood",
    "LogParabola": "model.spectral.log_parabola",
    "Map": "maps.map",
    "Parameters": "fit.parameters",
    "Point": "model.spatial.point",
    "PowerLaw": "model.spectral.power_law",
    "PowerLaw2": "model.spectral.power_law",
    "PowerLawNorm": "model.spectral.power_law",
    "Recipe": "reduce.recipe",
    "Reflected": "reduce.reflected",
    "RegionGeom": "geom.region",
    "Ring": "reduce.ring",
    "SafeRange": "reduce.recipe",
    "Shell": "model.spatial.shell",
    "SkyfoldError": "errors",
    "Source": "model.source",
    "WcsGeom": "geom.wcs",
    "analyse": "workflow.steps",
    "calibrate": "estimate.calibration",
    "excess_map": "estimate.excess_map",
    "from_image": "dataset.from_image",
    "npred": "dataset.predict",
    "plot_map": "plot.sky",
    "plot_significance": "plot.sky",
    "plot_significance_histogram": "plot.histogram",
    "posterior": "fit.sample",
    "read_circles": "io.xray",
    "read_dataset": "io.dataset",
    "read_map": "io.maps",
    "read_models": "io.models",
    "read_store": "io.store",
    "read_store_from_files": "io.store",
    "read_xray_image": "io.xray",
    "significance_distribution": "estimate.significance",
    "stack": "dataset.stack",
    "stamp": "dataset.stamp",
    "to_image": "dataset.image",
    "write_dataset": "io.dataset",
    "write_map": "io.maps",
    "write_models": "io.models",
}

__all__ = [*sorted(_ROOMS), "__version__"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("skyfold")
    if name not in _ROOMS:
        raise AttributeError(f"module 'skyfold' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"skyfold.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
