"""A whole analysis, from a configuration to a folder of results."""

import os
from collections.abc import Mapping
from concurrent.futures import Executor

from skyfold.reduce.chain import Progress
from skyfold.workflow.load import Config, as_config
from skyfold.workflow.output import SUMMARY, new_folder
from skyfold.workflow.products import write_products
from skyfold.workflow.provenance import checksums, versions
from skyfold.workflow.steps import Analysis, Clock, analyse
from skyfold.workflow.summary import Summary, count_findings, dataset_numbers, excess_numbers, fit_numbers


def run(
    config: Config,
    out: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    executor: Executor | None = None,
    strict: bool = False,
    plots: bool = True,
    progress: Progress | None = None,
) -> Summary:
    """Run an analysis and write its results into a folder, which is complete or not there.

    The folder holds ``summary.json``, the configuration with all defaults, ``datasets/``, ``maps/`` and ``plots/``, and
    of a fit ``models.yaml``.

    Parameters
    ----------
    config : a configuration, a nested dict, or the path of a file.
    out : the folder.
    overwrite : replace an earlier result in it, once the new one is complete.
    executor, strict, progress : see `skyfold.reduce.chain.reduce`.
    plots : draw pictures too.

    Raises
    ------
    SkyfoldError
        The configuration cannot be run, the folder exists, or no observation contributes; nothing is written then.
    """
    config = as_config(config)
    clock = Clock()
    with new_folder(out, overwrite=overwrite) as folder:
        result = analyse(config, executor=executor, strict=strict, progress=progress, clock=clock)
        with clock("write"):
            files = write_products(result, folder)
            sums = checksums(config, result.refs)
        if plots:
            from skyfold.workflow.pictures import draw

            with clock("plots"):
                files += draw(result, folder)
        summary = _summary(result, clock, sums, files)
        (folder / SUMMARY).write_text(summary.to_json(), encoding="utf-8")
    return summary


def _summary(result: Analysis, clock: Clock, sums: Mapping[str, str], files: list[str]) -> Summary:
    datasets = {dataset.name: dataset_numbers(dataset) for dataset in result.datasets}
    seconds = {**clock.seconds, "total": clock.total}
    return Summary(
        observations=tuple(ref.obs_id for ref in result.refs),
        skipped=result.skipped,
        livetime_s=float(result.stacked.livetime_s),
        datasets={**datasets, "stacked": dataset_numbers(result.stacked)},
        excess_map=None if result.excess_map is None else excess_numbers(result.excess_map, result.exclusion),
        fit=None if result.fitted is None else fit_numbers(result.fitted),
        findings=count_findings(result.findings),
        notes=result.notes,
        seconds={step: round(value, 4) for step, value in seconds.items()},
        versions=versions(fitted=result.fitted is not None),
        checksums=sums,
        files=tuple(sorted(files)),
    )
