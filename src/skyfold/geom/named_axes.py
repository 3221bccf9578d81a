"""What every geometry says of its further axes."""

from skyfold.errors import ShapeError
from skyfold.geom.axis import AnyAxis


class NamedAxes:
    """Axes that are found by name; a part of every geometry."""

    axes: tuple[AnyAxis, ...]

    def axis(self, name: str) -> AnyAxis:
        """The axis of that name.

        Raises
        ------
        ShapeError
            There is none.
        """
        return self.axes[self.axis_number(name)]

    def axis_number(self, name: str) -> int:
        """Where the axis of that name stands in `axes`, and so in the shape."""
        names = [axis.name for axis in self.axes]
        if name not in names:
            raise ShapeError(f"no axis {name!r} in this geometry; it has {', '.join(names) or 'no axes'}")
        return names.index(name)


def require_different_names(axes: tuple[AnyAxis, ...]) -> None:
    """Two axes of one name could not be told apart."""
    names = [axis.name for axis in axes]
    if len(set(names)) != len(names):
        raise ShapeError(f"a geometry needs axes of different names, found {', '.join(names)}")
