"""What model files call parameters."""

from typing import Any

from skyfold.errors import ModelError
from skyfold.io.models_kinds import PARTS, Kind, Part, Parts
from skyfold.model.fields import specs
from skyfold.model.source import Sky


def names_in_files(sky: Sky, parts: Parts = PARTS) -> dict[str, str]:
    """What files call the parameters of a sky, by the names that tables have: ``gc.spectral.index``.

    Files may have more than the sky: the reference of a light curve is in its table.
    """
    names: dict[str, str] = {}
    for name, component in sky.items():
        for part in parts:
            model = getattr(component, part.field, None)
            if model is not None:
                inner = _names(model, part, f"{name}: {part.field}")
                names |= {f"{name}.{part.field}.{here}": f"{name}.{part.key}.{key}" for here, key in inner.items()}
    return names


def _names(model: Any, part: Part, where: str) -> dict[str, str]:
    kind = kind_of(model, part, where)
    names: dict[str, str] = {}
    for name in specs(kind.cls):
        if name == kind.sequence:
            names |= {f"{name}.{i}": f"{name[:-1]}_{i}" for i in range(len(getattr(model, name)))}
        elif isinstance(getattr(model, name), tuple):
            raise ModelError(f"{where}.{name} are several parameters, which files cannot say of a class of one's own")
        else:
            names[name] = name
    names |= {name: name for name in kind.passed}
    for key in kind.models:
        inner = _names(getattr(model, key), part, f"{where}.{key}")
        names |= {f"{key}.{here}": f"{key}.{name}" for here, name in inner.items()}
    return names


def kind_of(model: Any, part: Part, where: str) -> Kind:
    """The kind of a model.

    Raises
    ------
    ModelError
        Files have no name for its class.
    """
    kind = part.of(model)
    if kind is None:
        known = ", ".join(dict.fromkeys(kind.cls.__name__ for kind in part.kinds))
        raise ModelError(
            f"{where} is a {type(model).__name__}, for which files have no name; they have {known}. Name it (types=...)"
        )
    return kind
