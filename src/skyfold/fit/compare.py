"""Whether data need more: the test statistic of nested models."""

from dataclasses import dataclass

import numpy as np
from scipy.special import comb, gammaincc, gammaln, logsumexp, ndtri_exp

from skyfold.errors import FitError
from skyfold.fit.fit import FACTORS, FitResult
from skyfold.fit.profile import usable

# Test statistic below zero that is rounding: absolute, and relative to the statistics.
_ROUNDING, _RELATIVE = 1e-3, 1e-10
# Test statistic beyond which the tail of χ² is taken from its expansion.
_TAIL = 500.0


@dataclass(frozen=True)
class Comparison:
    """By how much a model with more free parameters describes data better, and how often chance does as well.

    ts : −2 ln L of the null less that of the best.
    dof : free parameters more, of which `on_boundary` are at an end of what they may be in the null.
    log_p : logarithm of the p-value; it has a value where the p-value is too small for a number.
    significance : as many standard deviations; `sided` says of which tails.
    """

    ts: float
    dof: int
    on_boundary: int
    log_p: float
    significance: float
    sided: str
    method: str

    @property
    def p_value(self) -> float:
        return float(np.exp(self.log_p))

    def __str__(self) -> str:
        return (
            f"TS = {self.ts:.2f} for {self.dof} degrees of freedom: p = {self.p_value:.3g},"
            f" {self.significance:.2f} σ ({self.sided}, {self.method})"
        )


def compare(null: FitResult, best: FitResult) -> Comparison:
    """The likelihood ratio of nested models, and what it is worth (Wilks 1938).

    The null is the best with some of its free parameters held, or without some of its components. A parameter that is
    at an end of its bounds in the null (an amplitude of 0 that may not be negative) can improve on it to one side only:
    the distribution is ½ χ² of one degree of freedom less + ½ χ² (Chernoff 1954; Self & Liang 1987), and binomial in
    several such parameters, which is exact if they are not correlated. A component that the null lacks is one at
    amplitude 0; there its other parameters have no meaning, and that each counts as one is an approximation.

    The significance is two-sided, one-sided where the mixture is: √TS in the simplest case of both.

    Raises
    ------
    FitError
        The models are not nested, a fit cannot be trusted, or the null describes the data better.
    """
    usable(null)
    usable(best)
    _require_same_data(null, best)
    extra = _require_nested(null, best)
    ts = null.stat - best.stat
    if ts < -max(_ROUNDING, _RELATIVE * abs(best.stat)):
        raise FitError(
            f"the null describes the data better than the best fit, TS = {ts:.3g}: that is no minimum; start it from"
            " the values of the null"
        )
    ts = max(ts, 0.0)
    edges = sum(_on_boundary(name, null, best) for name in extra)
    log_p = log_tail(ts, len(extra), edges)
    sided = "one-sided" if edges else "two-sided"
    significance = -float(ndtri_exp(log_p - (0 if edges else np.log(2))))
    method = f"χ² with {len(extra)} degrees of freedom" + (f", {edges} at a boundary" if edges else "")
    return Comparison(ts, len(extra), edges, log_p, max(significance, 0.0), sided, method)


def log_tail(ts: float, dof: int, on_boundary: int = 0) -> float:
    """Logarithm of the probability of at least this test statistic, of a binomial mixture of χ²."""
    chosen = np.arange(on_boundary + 1)
    weights = np.log(comb(on_boundary, chosen)) - on_boundary * np.log(2)
    return float(logsumexp(weights + [_log_chi2(ts, dof - on_boundary + int(j)) for j in chosen]))


def _log_chi2(ts: float, dof: int) -> float:
    """Logarithm of the tail of χ²; without degrees of freedom it is 0, always."""
    if dof == 0:
        return 0.0 if ts <= 0 else -np.inf
    a, x = dof / 2, ts / 2
    if ts < _TAIL + 10 * dof:
        return float(np.log(gammaincc(a, x)))
    series, term = 0.0, 1.0  # Abramowitz & Stegun 6.5.32
    for k in range(1, 12):
        series += term
        term *= (a - k) / x
    return float((a - 1) * np.log(x) - x - gammaln(a) + np.log(series))


def _require_same_data(null: FitResult, best: FitResult) -> None:
    ours, theirs = null.likelihood, best.likelihood
    names = [[dataset.name for dataset in fn.datasets] for fn in (ours, theirs)]
    if names[0] != names[1]:
        raise FitError(f"not nested: the null is of {', '.join(names[0])}, the best fit of {', '.join(names[1])}")
    for one, other in zip(ours.datasets, theirs.datasets, strict=True):
        same = one.geom == other.geom and np.array_equal(one.used, other.used)
        if one is not other and not (same and np.array_equal(one.counts.data, other.counts.data)):
            raise FitError(f"not nested: dataset {one.name!r} has other counts or another mask in the null")
    if (ours.stat, ours.folding) != (theirs.stat, theirs.folding):
        raise FitError("not nested: the two fits differ in their statistic or in how they fold")


def _require_nested(null: FitResult, best: FitResult) -> list[str]:
    """The parameters that are free in the best alone."""
    more = [name for name in null.names if name not in best.names]
    if more:
        raise FitError(f"not nested: {', '.join(more)} is free in the null, but not in the best fit")
    extra = [name for name in best.names if name not in null.names]
    if not extra:
        raise FitError(f"nothing to compare: {', '.join(best.names)} are free in both")
    known = {name for row in best.parameters.free if row.prior is not None for name in [row.name]}
    known |= {name for penalty in best.parameters.penalties for name in penalty.names}
    if known & set(extra):
        raise FitError(
            f"{', '.join(sorted(known & set(extra)))} is free in the best fit alone and has a prior or a penalty: the"
            " statistics of such fits do not compare"
        )
    held = [row for row in best.parameters.rows if not row.free and row.name in null.parameters]
    other = [row.name for row in held if not np.isclose(null.parameters[row.name].value, row.value, rtol=1e-12, atol=0)]
    if other:
        raise FitError(f"not nested: {', '.join(other)} is frozen in both fits, at different values")
    return extra


def _on_boundary(name: str, null: FitResult, best: FitResult) -> bool:
    """Whether a parameter of the best fit has an end of its bounds where the null holds it."""
    row = best.parameters[name]
    if name in null.parameters:
        return null.parameters[name].value in row.bounds
    return name.rsplit(".", 1)[-1] in FACTORS and 0.0 in row.bounds
