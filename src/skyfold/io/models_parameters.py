"""Parameters as model files have them: value, unit, error, bounds, frozen or not, prior, and a label of links."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from astropy.time import Time

from skyfold.errors import ModelError
from skyfold.fit.rows import Row, changed, common
from skyfold.io.yaml_node import Node, nearest, said_at
from skyfold.model import priors
from skyfold.model.fields import Bounds, Spec, specs
from skyfold.units import dress, strip

_KEYS = ("name", "value", "unit", "error", "min", "max", "frozen", "prior", "link")
# How others' minimisers and scans see a parameter; ours have no use for it.
_DROPPED = ("interp", "scale", "factor", "scale_method", "scale_transform", *(f"scan_{x}" for x in ("min", "max")))
_DROPPED += ("scan_values", "scan_n_values", "scan_n_sigma")

PRIORS: Mapping[str, type[priors.Prior]] = {
    cls.__name__: cls
    for cls in (
        priors.GaussianPrior,
        priors.GeneralizedGaussianPrior,
        priors.LogNormalPrior,
        priors.UniformPrior,
        priors.LogUniformPrior,
    )
}


@dataclass(frozen=True)
class Entry:
    """A parameter of a file, in the unit that its model declares.

    factor : on numbers of the file, to bring them into that unit.
    value, free : None where the file does not say.
    bounds : nan where there is none.
    link : a label that it shares with those it is equal to.
    """

    node: Node
    factor: float
    value: float | None
    free: bool | None
    bounds: Bounds
    error: float
    prior: priors.Prior | None
    link: str | None

    def row(self, row: Row) -> Row:
        """A row of a table, as the file says."""
        bounds = tuple(end if np.isnan(own) else own for own, end in zip(self.bounds, row.domain, strict=True))
        with said_at(self.node.where):  # others' bounds may go to the end of a domain that is open for us
            inside = common((bounds[0], bounds[1]), row.domain)
            return changed(row, free=self.free, bounds=inside, prior=self.prior, error=self.error)

    def later(self, days: float) -> Self:
        """A time on another scale, which is so much ahead."""
        low, high = self.bounds
        return replace(
            self,
            value=None if self.value is None else self.value + days,
            bounds=(low + days, high + days),
            prior=None if self.prior is None else _moved(self.prior, days),
        )


def read_entries(node: Node, declared: Mapping[str, Spec]) -> dict[str, Entry]:
    """The parameters of a model by their names in the file.

    Raises
    ------
    ModelError
        One is there twice, or is none of `declared`, or says what no parameter can.
    UnitError
        A unit is wrong.
    """
    entries: dict[str, Entry] = {}
    for child in node.children("parameters"):
        name = child.text("name")
        if name not in declared:
            raise node.error(f"no parameter {name!r} in {node.text('type')}{nearest(name, declared)}")
        if name in entries:
            raise node.error(f"parameter {name!r} is there twice")
        entries[name] = _entry(child.only(*_KEYS, *_DROPPED), declared[name].unit)
    return entries


def _entry(node: Node, unit: str) -> Entry:
    factor = 1.0
    if "unit" in node:
        with said_at(node.where):
            factor = float(strip(dress(1.0, node.text("unit")), unit, node.text("name")))
    error = abs(factor) * node.number("error", np.nan)
    return Entry(
        node,
        factor,
        value=factor * node.number("value") if "value" in node else None,
        free=not node.get("frozen", bool) if "frozen" in node else None,
        bounds=(factor * node.number("min", np.nan), factor * node.number("max", np.nan)),
        error=error if error > 0 else np.nan,
        prior=_prior(node.child("prior"), factor) if "prior" in node else None,
        link=node.text("link") if "link" in node else None,
    )


def _prior(node: Node, factor: float) -> priors.Prior:
    """A prior, brought from the unit of the file to that of the model, `factor` times as small."""
    node.only("type", "parameters", "weight")
    name = node.text("type")
    if name not in PRIORS:
        raise node.error(f"unknown type {name!r}{nearest(name, PRIORS)}")
    declared = [key for key in specs(PRIORS[name]) if key != "weight"]
    values = {}
    for child in node.children("parameters"):
        key = child.only("name", "value", "unit", "error", "min", "max", "frozen").text("name")
        if key not in declared:
            raise node.error(f"no parameter {key!r} in {name}{nearest(key, declared)}")
        values[key] = child.number("value")
    with said_at(node.where):
        make: Any = PRIORS[name]
        prior: priors.Prior = make(**values, weight=node.number("weight", 1.0))
        return prior if factor == 1 else _scaled(prior, factor)


def _scaled(prior: Any, factor: float) -> priors.Prior:
    """The prior of factor × value."""
    if isinstance(prior, priors.LogNormalPrior):
        return replace(prior, mu=prior.mu + np.log(factor))
    lengths = [key for key in ("mu", "sigma", "min", "max") if hasattr(prior, key)]
    scaled: priors.Prior = replace(prior, **{key: factor * getattr(prior, key) for key in lengths})
    return scaled


def _moved(prior: Any, by: float) -> priors.Prior:
    """The prior of value + by."""
    if isinstance(prior, priors.LogNormalPrior | priors.LogUniformPrior):
        raise ModelError(
            f"a {type(prior).__name__} of a time depends on its scale; it cannot be read or written in another"
        )
    moved: priors.Prior = replace(
        prior, **{key: getattr(prior, key) + by for key in ("mu", "min", "max") if hasattr(prior, key)}
    )
    return moved


def in_utc(row: Row) -> Row:
    """A date [MJD, TT] as that of UTC."""
    days = float(Time(row.value, format="mjd", scale="tt").utc.mjd) - row.value
    prior = None if row.prior is None else _moved(row.prior, days)
    return replace(row, value=row.value + days, bounds=(row.bounds[0] + days, row.bounds[1] + days), prior=prior)


def entry_of(name: str, row: Row, link: str | None = None) -> dict[str, Any]:
    """A row as an entry of a file; an infinite bound is none."""
    entry: dict[str, Any] = {"name": name, "value": float(row.value), "unit": row.unit}
    if row.error > 0:
        entry["error"] = float(row.error)
    entry |= {key: float(end) for key, end in zip(("min", "max"), row.bounds, strict=True) if np.isfinite(end)}
    entry["frozen"] = not row.free
    if link is not None:
        entry["link"] = link
    if row.prior is not None:
        entry["prior"] = _prior_entry(row.prior)
    return entry


def _prior_entry(prior: priors.Prior) -> dict[str, Any]:
    names = [key for key in specs(type(prior)) if key != "weight"]
    return {
        "type": type(prior).__name__,
        "parameters": [{"name": key, "value": float(getattr(prior, key)), "unit": ""} for key in names],
        "weight": float(prior.weight),
    }
