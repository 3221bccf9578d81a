"""Where the responses of one observation do not fit each other."""

import numpy as np

from skyfold.events.finding import Finding, Severity
from skyfold.events.observation import ObsRef
from skyfold.geom.axis import Axis
from skyfold.irf.psf import PsfTable
from skyfold.irf.responses import Responses

# Norms farther from 1 than this change a flux; between bins and straight lines through them there are already 2 %.
_OFF_NORM = 0.03


def response_findings(responses: Responses, ref: ObsRef) -> list[Finding]:
    """Thresholds, energy ranges and norms of responses that belong together."""
    findings = []
    for kind, what, consequence, repair in (*_thresholds(responses), *_energies(responses), *_emptiness(responses)):
        hdu = next((hdu for hdu in ref.hdus if hdu.kind == kind), ref.hdus[0])
        findings.append(Finding(Severity.INFO, str(hdu.path), hdu.hdu.upper(), what, consequence, repair))
    return findings


Note = tuple[str, str, str, str]


def _thresholds(responses: Responses) -> list[Note]:
    aeff, notes = responses.aeff, []
    if aeff is None:
        return []
    for kind in ("psf", "edisp", "bkg"):
        other = getattr(responses, kind)
        for key in ("LO_THRES", "HI_THRES"):
            mine, theirs = aeff.meta.get(key), None if other is None else other.meta.get(key)
            if mine is not None and theirs is not None and not np.isclose(mine, theirs):
                what = f"{key} is {theirs:g} TeV, that of the effective area {mine:g} TeV"
                notes.append(
                    (kind, what, "a safe range could be taken from either", "that of the effective area taken")
                )
    if aeff.safe_range_tev is None:
        notes.append(("aeff", "no LO_THRES and HI_THRES", "the safe mask aeff-default masks nothing", "none"))
    return notes


def _energies(responses: Responses) -> list[Note]:
    if responses.aeff is None or responses.edisp is None:
        return []
    aeff, edisp = responses.aeff.energy_true, responses.edisp.energy_true
    notes = []
    if aeff.nbin != edisp.nbin:
        what = f"{edisp.nbin} bins of true energy, the effective area has {aeff.nbin}"
        notes.append(("edisp", what, "none: each is interpolated on its own axis", "none needed"))
    if not _same_range(aeff, edisp):
        what = f"true energies are {_range(edisp)}, those of the effective area {_range(aeff)}"
        notes.append(("edisp", what, "outermost rows hold beyond", "none needed"))
    return notes


def _emptiness(responses: Responses) -> list[Note]:
    notes = []
    if responses.bkg is not None and (empty := float(np.mean(responses.bkg.values == 0))) > 0:
        what = f"{100 * empty:.0f} % of the background bins are 0"
        notes.append(("bkg", what, "no background there: a fit of its norm cannot mend it", "kept 0"))
    if responses.aeff is not None and not np.any(responses.aeff.values > 0):
        notes.append(("aeff", "the effective area is 0 everywhere", "no exposure", "none"))
    if isinstance(responses.psf, PsfTable) and responses.aeff is not None:
        notes += _bad_norms(responses, responses.psf)
    return notes


def _bad_norms(responses: Responses, psf: PsfTable) -> list[Note]:
    off = (np.abs(psf.norms - 1) > _OFF_NORM) & (psf.norms > 0)
    if responses.aeff is None or not off.any():
        return []
    area = responses.aeff.outer(psf.energy_true.center_in("TeV"), psf.offset.center_in("rad"))
    seen = int(np.sum(off & (area > 0)))
    if seen == 0:
        what = f"all {int(off.sum())} rows that do not integrate to 1 lie where the effective area is 0"
        return [("psf", what, "none", "normalised")]
    what = f"{seen} rows that do not integrate to 1 lie where the effective area is not 0"
    return [("psf", what, "fluxes would be off there", "normalised")]


def _same_range(a: Axis, b: Axis) -> bool:
    return bool(np.allclose(a.edges_in("TeV")[[0, -1]], b.edges_in("TeV")[[0, -1]], rtol=1e-3))


def _range(axis: Axis) -> str:
    lo, hi = axis.edges_in("TeV")[[0, -1]]
    return f"{lo:.4g} to {hi:.4g} TeV"
