"""Files of responses without events, such as those of CALDB."""

import os
from typing import Any

from skyfold.errors import DataError
from skyfold.io.bintable import read_tables
from skyfold.io.dl3_hdus import RECORDS, classify
from skyfold.io.irf import completed, read_response
from skyfold.io.paths import expand
from skyfold.irf.responses import Responses


def read_responses(path: str | os.PathLike[str]) -> Responses:
    """The responses in a FITS file (GADF); of several of one kind the first counts. Events in it do not matter.

    Raises
    ------
    DataError
        The file is missing or damaged, has no response, or one that cannot be used.
    """
    file = expand(path)
    tables = read_tables(file)
    values: dict[str, Any] = {}
    header: dict[str, Any] = {}
    for table in tables:
        kind, name = classify(table) or ("", "")
        if kind == "events":
            header = dict(table.header)
        if kind and kind not in RECORDS and kind not in values:
            values[kind], _ = read_response(table, file, name)
    if not values:
        names = ", ".join(repr(table.name) for table in tables) or "none"
        raise DataError(f"{file}: no table of it is a response; its tables are {names}: name a file of responses")
    return completed(Responses(**values), header, file)[0]
