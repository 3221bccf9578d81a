"""The sky that holds sources, from a configuration: masks, region files and regions."""

import os
import re

import numpy as np

from skyfold.errors import DataError, RegionError
from skyfold.geom.regions import parse_region, region_mask
from skyfold.geom.wcs import WcsGeom
from skyfold.io.maps import read_mask
from skyfold.io.paths import expand
from skyfold.io.regions import read_regions
from skyfold.maps.map import Map
from skyfold.reduce.exclusion import usable

_REGION = re.compile(r"\w\s*\(")  # circle(...): what a path practically never has


def exclusion_map(wanted: list[str], image: WcsGeom) -> Map | None:
    """Bool image, True where the sky is free of sources; None if nothing is excluded.

    Parameters
    ----------
    wanted : FITS masks, region files and texts of regions; a pixel is free if all of them leave it free.
    image : where regions become pixels. A mask that is alone stays on its own.

    Raises
    ------
    DataError, RegionError
        A file that is neither a mask nor regions, or a text that is no region.
    """
    masks = [_one(text, image) for text in wanted]
    if len(masks) < 2:
        return masks[0] if masks else None
    return Map(image, np.logical_and.reduce([usable(image, mask) for mask in masks]))


def is_file(text: str) -> bool:
    """Whether an exclusion names a file; else it is the text of a region."""
    return not _REGION.search(text) or os.path.exists(os.path.expandvars(text))


def _one(text: str, image: WcsGeom) -> Map:
    if not is_file(text):
        return Map(image, region_mask(image, parse_region(text), inside=False))
    file = expand(text)
    try:
        return read_mask(file)
    except DataError as not_a_mask:
        if not file.exists():
            raise
        try:
            regions = read_regions(file)
        except (DataError, RegionError) as not_regions:
            raise DataError(
                f"datasets.background.exclusion: {file} is neither a FITS mask ({not_a_mask}) nor a region file"
                f" ({not_regions})"
            ) from not_regions
        return Map(image, region_mask(image, regions, inside=False))
