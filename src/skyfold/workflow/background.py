"""The part of a configuration that says how the background is estimated: one section for each method."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from skyfold.workflow.fields import Angle, Parameters, Section, Size


class Iterate(Section):
    """Exclude what is significant, and estimate the background once more."""

    iterations: int = Field(default=1, ge=1, description="How often.")
    threshold: float = Field(default=5.0, gt=0, description="Pixels above this √TS are excluded.")
    min_size: int = Field(default=1, ge=1, description="Smallest number of connected pixels that are excluded.")
    grow: Angle = Field(default="0 deg", description="Distance by which the excluded pixels are widened.")


class _Background(Section):
    method: Any
    exclusion: str | list[str] | None = Field(
        default=None,
        description="Sky that holds sources: a FITS mask (0 or False is excluded), a region file, or regions such as "
        "'icrs;circle(228.32, -59.08, 0.4)'; of a list, all.",
    )

    @property
    def exclusions(self) -> list[str]:
        return [self.exclusion] if isinstance(self.exclusion, str) else self.exclusion or []


class _MapBackground(_Background):
    iterate: Iterate | None = Field(
        default=None, description="Exclude what is significant, and start again; null does not."
    )


class NoBackground(_Background):
    """The background response's prediction as it is."""

    method: None = None
    parameters: dict[str, Any] = Field(default={}, description="Of no use without a method.")


class RingParameters(Parameters):
    """Sizes of the ring."""

    r_in: Size = Field(default="0.5 deg", description="Inner radius.")
    width: Size = Field(default="0.3 deg", description="Width.")


class RingBackground(_MapBackground):
    """A ring around each pixel; each run is summed over energy, given its ring, then stacked."""

    method: Literal["ring"]
    parameters: RingParameters = RingParameters()


class AdaptiveRingParameters(RingParameters):
    """How a ring grows until it holds enough acceptance."""

    r_out_max: Size = Field(default="1.5 deg", description="Largest outer radius that is tried.")
    stepsize: Size = Field(default="0.02 deg", description="By which a ring grows.")
    threshold_alpha: float = Field(default=0.1, gt=0, description="Ratio of acceptances on / off that is small enough.")
    theta: Size = Field(default="0.22 deg", description="Radius of the on circle in which that ratio is taken.")
    method: Literal["fixed_width", "fixed_r_in"] = Field(
        default="fixed_width", description="What a growing ring keeps."
    )


class AdaptiveRingBackground(_MapBackground):
    """A ring that grows, pixel by pixel, until it holds enough acceptance."""

    method: Literal["adaptive_ring"]
    parameters: AdaptiveRingParameters = AdaptiveRingParameters()


class FovParameters(Parameters):
    """How the background response is fitted to the field of view."""

    method: Literal["scale", "fit"] = Field(
        default="scale", description="scale: a run's counts over its background; fit: by the likelihood, tilt too."
    )
    tilt: bool = Field(default=False, description="fit: the slope as well, background × norm (E / TeV)^−tilt.")
    min_counts: float = Field(
        default=1.0, ge=0, description="A run with fewer counts outside the exclusion is left out."
    )
    min_npred_background: float = Field(default=0.0, ge=0, description="The same for its expected background.")


class FovBackground(_MapBackground):
    """The background response scaled to the counts outside the exclusion."""

    method: Literal["fov_background"]
    parameters: FovParameters = FovParameters()


class ReflectedParameters(Parameters):
    """How off regions are placed."""

    angle_increment: Angle = Field(default="0.1 rad", description="Step of the search for the next free place.")
    min_distance: Angle = Field(
        default="0 rad", description="Angle between neighbouring off regions, seen from the pointing."
    )
    min_distance_input: Angle = Field(
        default="0.1 rad", description="The same between the on region and its neighbours."
    )
    max_region_number: int = Field(default=10_000, ge=1, description="No more off regions than these.")
    binsz: Size = Field(default="0.01 deg", description="Pixels in which extents and overlaps are judged.")


class ReflectedBackground(_Background):
    """Off regions at the same offset from the pointing as the on region."""

    method: Literal["reflected"]
    parameters: ReflectedParameters = ReflectedParameters()


METHODS: dict[str, type[_Background]] = {
    "none": NoBackground,
    "reflected": ReflectedBackground,
    "fov_background": FovBackground,
    "ring": RingBackground,
    "adaptive_ring": AdaptiveRingBackground,
}


def _method(value: Any) -> Any:
    found = value.get("method") if isinstance(value, dict) else getattr(value, "method", None)
    return "none" if found is None else str(found)


Background = Annotated[
    Annotated[NoBackground, Tag("none")]
    | Annotated[ReflectedBackground, Tag("reflected")]
    | Annotated[FovBackground, Tag("fov_background")]
    | Annotated[RingBackground, Tag("ring")]
    | Annotated[AdaptiveRingBackground, Tag("adaptive_ring")],
    Discriminator(_method),
]
