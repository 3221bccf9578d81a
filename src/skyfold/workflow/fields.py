"""Values of a configuration: texts with units, checked when they are read, kept as plain texts.

A configuration stays plain data: it prints as it was written, and needs no astropy before it is used.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

Frame = Literal["icrs", "galactic"]


class Section(BaseModel):
    """A part of a configuration: no other keys than its own, never changed."""

    # Not a number is none of a value of ours, but may be in models as other programs write them.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, ser_json_inf_nan="constants")


class Parameters(Section):
    """Options of a method; printed as they were given, so that other programs can read what they know."""

    @model_serializer(mode="wrap")
    def _as_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        full = handler(self)
        return {name: full[name] for name in full if name in self.model_fields_set}


def _quantity(value: Any, unit: str, example: str, *, positive: bool = False) -> str:
    from math import isfinite

    from skyfold.errors import UnitError
    from skyfold.units import strip

    if isinstance(value, int | float):
        raise ValueError(f"{value!r} has no unit; write for instance {example!r}")
    try:
        number = strip(value if isinstance(value, str) else value.to(unit), unit)
    except (UnitError, AttributeError, TypeError) as error:
        raise ValueError(f"{_why(error, value)}; write for instance {example!r}") from error
    if number.ndim or not isfinite(number):
        raise ValueError(f"{value!r} is not one finite number; write for instance {example!r}")
    if positive and not number > 0:
        raise ValueError(f"{value!r} is not positive; write for instance {example!r}")
    return " ".join(value.split()) if isinstance(value, str) else f"{value.value:.15g} {value.unit}"


def _why(error: Exception, value: Any) -> str:
    """The reason without the name that the failed conversion gave the value."""
    return str(error).removeprefix("value: ") if isinstance(value, str) else f"{value!r} is no quantity"


def _energy(value: Any) -> str:
    return _quantity(value, "TeV", "0.5 TeV", positive=True)


def _angle(value: Any) -> str:
    """An angle; sexagesimal ones such as 5h34m31.9s and 22d00m52s become degrees."""
    if isinstance(value, str) and re.search(r"\d\s*[hd:°]\s*\d", value):
        from astropy.coordinates import Angle

        try:
            return f"{Angle(value).to_value('deg'):.12g} deg"
        except ValueError as error:
            raise ValueError(f"{value!r} is no angle: {error}; write for instance '83.63 deg'") from error
    return _quantity(value, "deg", "2.5 deg")


def _size(value: Any) -> str:
    return _quantity(_angle(value), "deg", "2.5 deg", positive=True)


def _duration(value: Any) -> str:
    return _quantity(value, "s", "28 min", positive=True)


def _degrees(text: str) -> float:
    from skyfold.units import strip

    return float(strip(text, "deg"))


def _time(value: Any) -> str:
    """UTC unless the text says otherwise; YAML makes dates of what looks like one."""
    from skyfold.events.epoch import to_seconds

    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, date):  # or a datetime, which is one
        return value.isoformat()
    text = value if isinstance(value, str) else getattr(getattr(value, "utc", None), "isot", None)
    example = "write for instance '2006-07-29T20:30:00' (UTC)"
    if text is None:
        raise ValueError(f"{value!r} is no time; {example}")
    try:
        to_seconds(text)
    except ValueError as error:
        raise ValueError(f"{value!r} is no time; {example}") from error
    return str(text)


def _plain(value: Any) -> Any:
    """Values as YAML has them: those of NumPy become plain ones, so that what was read can be written."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "tolist") and not hasattr(value, "unit"):
        return value.tolist()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(f"{value!r} cannot be written to a file; give numbers, texts, lists and mappings of them")


Plain = Annotated[dict[str, Any], BeforeValidator(_plain)]
Angle = Annotated[str, BeforeValidator(_angle), Field(examples=["2.5 deg", "5h34m31.9s"])]
Size = Annotated[str, BeforeValidator(_size), Field(examples=["2.5 deg"])]
Energy = Annotated[str, BeforeValidator(_energy), Field(examples=["0.5 TeV"])]
Duration = Annotated[str, BeforeValidator(_duration), Field(examples=["28 min"])]
Moment = Annotated[str, BeforeValidator(_time), Field(examples=["2006-07-29T20:30:00"])]


class Position(Section):
    """A direction in the sky; all of it or nothing."""

    frame: Frame | None = Field(default=None, description="Coordinate frame.")
    lon: Angle | None = Field(default=None, description="Right ascension or galactic longitude.")
    lat: Angle | None = Field(default=None, description="Declination or galactic latitude.")

    @model_validator(mode="after")
    def _whole(self) -> "Position":
        given = [name for name in ("frame", "lon", "lat") if getattr(self, name) is not None]
        missing = [name for name in ("frame", "lon", "lat") if name not in given]
        if given and missing:
            raise ValueError(f"{', '.join(given)} without {', '.join(missing)}: a position needs frame, lon and lat")
        if self.lat is not None and abs(_degrees(self.lat)) > 90:
            raise ValueError(f"lat {self.lat} is not between -90 and 90 deg")
        return self

    @property
    def given(self) -> bool:
        return self.lon is not None


class Circle(Position):
    """A circle in the sky."""

    radius: Size | None = Field(default=None, description="Radius.")

    @model_validator(mode="after")
    def _placed(self) -> "Circle":
        if self.radius is not None and not self.given:
            raise ValueError("a radius without frame, lon and lat: where is its centre?")
        return self


class EnergyRange(Section):
    """Two energies; null leaves an end open."""

    min: Energy | None = None
    max: Energy | None = None

    @model_validator(mode="after")
    def _rising(self) -> "EnergyRange":
        if self.min is not None and self.max is not None and self.model_fields_set:
            from skyfold.units import strip

            if strip(self.min, "TeV") >= strip(self.max, "TeV"):
                raise ValueError(f"min {self.min} is not below max {self.max}")
        return self

    @property
    def given(self) -> bool:
        return self.min is not None or self.max is not None


class EnergyAxis(EnergyRange):
    """Logarithmic bins of energy; all of it or nothing."""

    nbins: int | None = Field(default=None, ge=1, description="Number of bins.")

    @model_validator(mode="after")
    def _whole(self) -> "EnergyAxis":
        given = [name for name in ("min", "max", "nbins") if getattr(self, name) is not None]
        if given and len(given) < 3:
            raise ValueError(f"only {', '.join(given)}: energy bins need min, max and nbins")
        return self


class TimeRange(Section):
    """An interval of time, or several: a list of starts and a list of stops."""

    start: Moment | list[Moment] | None = None
    stop: Moment | list[Moment] | None = None

    @model_validator(mode="after")
    def _paired(self) -> "TimeRange":
        if isinstance(self.start, list) or isinstance(self.stop, list):
            starts, stops = ([v] if isinstance(v, str) else v for v in (self.start, self.stop))
            if starts is None or stops is None or len(starts) != len(stops):
                raise ValueError("several intervals need as many starts as stops")
        return self

    @property
    def given(self) -> bool:
        return self.start is not None or self.stop is not None
