"""skyfold simulate: photons from pictures, observations from a model of the sky."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skyfold.simulate.blur import Blur
    from skyfold.simulate.scene import Scene


def add_parser(commands: Any) -> None:
    """Declare the group and its commands."""
    group = commands.add_parser("simulate", help="draw photons from a picture or a sky", description=__doc__)
    kinds = group.add_subparsers(title="what to simulate", metavar="KIND", required=True)
    _add_image(kinds)
    _add_observations(kinds)


def _add_image(kinds: Any) -> None:
    about = "Photons from any picture (PNG, JPEG, FITS): a counts image, and a photon list if asked for."
    parser = kinds.add_parser("image", help="photons from a picture", description=about)
    parser.add_argument("picture", metavar="PICTURE", type=Path, help="PNG, JPEG or FITS; colours are averaged")
    number = parser.add_mutually_exclusive_group(required=True)
    number.add_argument("--photons", metavar="N", type=float, help="expected photons of the picture in all pointings")
    number.add_argument("--rate", metavar="R", type=float, help="instead, photons of the whole picture per second")
    parser.add_argument("--fixed", action="store_true", help="draw exactly N, not a Poisson number")
    blur = parser.add_argument_group("point spread function")
    blur.add_argument("--psf", metavar="SIGMA", help="width in pixels, or an angle such as 0.1deg")
    blur.add_argument("--king", metavar="GAMMA", type=float, help="a King profile of that slope, not a Gaussian")
    blur.add_argument("--psf-table", metavar="CSV", type=Path, help="instead, a table of columns rad, density")
    field = parser.add_argument_group("backgrounds and exposure")
    field.add_argument("--background", metavar="B", default="0", help="sky, per pixel and second: number or picture")
    field.add_argument("--instrument", metavar="B", default="0", help="of the instrument, likewise; never blurred")
    field.add_argument("--pointings", metavar="CSV", type=Path, help="x, y (or ra, dec), livetime, radius; one a line")
    field.add_argument("--vignetting", metavar="CSV", type=Path, help="columns offset, efficiency, of all pointings")
    field.add_argument("--exposure", metavar="FILE", default="1", help="efficiency at each pixel: number or picture")
    where = parser.add_argument_group("pixels")
    where.add_argument("--placement", choices=("nearest", "bilinear"), default="nearest", help="within pixels")
    where.add_argument("--hdu", metavar="NAME", help="image in a FITS file (default: the first)")
    where.add_argument("--blank", metavar="VALUE", type=float, help="for pixels that are not numbers, such as 0")
    where.add_argument(
        "--center", metavar="DEG", nargs=2, type=float, help="RA and Dec of a picture that does not know its own"
    )
    where.add_argument("--pixel", metavar="ANGLE", help="size of its pixels (default: 0.01 deg)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="the same seed, the same photons (default: 0)")
    parser.add_argument("--out", metavar="FITS", type=Path, required=True, help="counts image, and its exposure")
    parser.add_argument("--photon-list", metavar="FITS", type=Path, help="table of the photons")
    parser.add_argument("--plot", metavar="PNG", type=Path, help="the picture beside the counts")
    parser.add_argument("--stretch", choices=("linear", "sqrt"), default="linear", help="of its colours")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    parser.set_defaults(command=image)


def _add_observations(kinds: Any) -> None:
    about = "Event lists of observations from a model of the sky, with index tables, as any analysis reads them."
    parser = kinds.add_parser("observations", help="event lists from a model of the sky", description=about)
    parser.add_argument("config", metavar="CONFIG", nargs="?", type=Path, help="configuration (YAML)")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="folder of the observations (default: the name of CONFIG, in outdir)"
    )
    parser.add_argument(
        "--set", metavar="A.B=C", action="append", default=[], help="replace a key, e.g. wobble.number=20; repeatable"
    )
    parser.add_argument("--jobs", metavar="N", type=int, help="number of processes (default: n_jobs); same events")
    parser.add_argument("--data", metavar="PATH", type=Path, help="folder that $SKYFOLD_DATA and $GAMMAPY_DATA mean")
    parser.add_argument("--overwrite", action="store_true", help="replace observations that are there")
    parser.add_argument(
        "--print-config", action="store_true", help="print the configuration with all defaults, and stop"
    )
    parser.add_argument("--schema", action="store_true", help="print the JSON schema of configurations, and stop")
    parser.set_defaults(command=observations)


def observations(options: argparse.Namespace) -> int:
    """Draw and write them, and say how many events there are of what."""
    from skyfold.errors import ConfigError
    from skyfold.workflow.load import dumped, json_schema, read_as
    from skyfold.workflow.simulate_config import SimulationConfig

    if options.schema:
        print(json_schema(SimulationConfig))
        return 0
    if options.config is None:
        raise ConfigError("CONFIG: missing; name a configuration, such as examples/simulate_wobble.yaml")
    config = read_as(SimulationConfig, options.config, options.set)
    if options.print_config:
        print(dumped(config.model_dump(mode="json")), end="")
        return 0
    from skyfold.cli.run import data_folder
    from skyfold.run.executors import processes
    from skyfold.run.progress import progress_bar
    from skyfold.workflow.simulate import event_numbers, simulate

    out = options.out or Path(config.outdir) / options.config.stem
    jobs = config.n_jobs if options.jobs is None else options.jobs
    with data_folder(options.data), processes(jobs) as executor, progress_bar("observations") as progress:
        made = simulate(config, out, overwrite=options.overwrite, executor=executor, progress=progress)
    hours = sum(observation.livetime_s for observation in made) / 3600
    print(f"{len(made)} observation{'s' * (len(made) != 1)}, {hours:.2f} h of livetime")
    for name, number in event_numbers(made).items():
        print(f"  {name}: {number} events")
    print(f"observations in {out}")
    return 0


def image(options: argparse.Namespace) -> int:
    """Draw the photons, write them, and account for them."""
    from skyfold.io.atomic import write_bytes
    from skyfold.io.pictures import write_counts, write_photons
    from skyfold.simulate.draw import draw_counts, draw_photons
    from skyfold.simulate.photons import Counts
    from skyfold.simulate.views import exposure_map

    scene = _scene(options)
    law: dict[str, Any] = {"rate": options.rate, "fixed": options.fixed, "seed": options.seed}
    if options.photon_list is None:
        counts = draw_counts(scene, options.photons, **law)
    else:
        photons = draw_photons(scene, options.photons, **law)
        write_photons(options.photon_list, photons, overwrite=options.overwrite)
        counts = Counts(photons.counts(), photons.tally)
    write_counts(
        options.out, counts, exposure_map(scene.geom, scene.views) * scene.exposure, overwrite=options.overwrite
    )
    if options.plot is not None:
        from skyfold.plot.figure import rendered
        from skyfold.plot.picture import plot_pictures

        figure = plot_pictures({"Picture": scene.picture.data, "Counts": counts.image.data}, stretch=options.stretch)
        write_bytes(rendered(figure), options.plot, overwrite=options.overwrite)
    print(counts.tally)
    print(f"counts in {options.out}")
    return 0


def _scene(options: argparse.Namespace) -> "Scene":
    from astropy.coordinates import SkyCoord

    from skyfold.errors import ConfigError
    from skyfold.io.pictures import read_picture
    from skyfold.io.pointings import read_views, read_vignetting
    from skyfold.simulate.picture import PIXEL
    from skyfold.simulate.scene import Scene
    from skyfold.simulate.views import View

    if options.center is not None and not abs(options.center[1]) <= 90:
        raise ConfigError(f"--center: declination {options.center[1]:g}°; wanted one from -90 to 90")
    center = None if options.center is None else SkyCoord(*options.center, unit="deg")
    picture = read_picture(
        options.picture, options.hdu, center=center, pixel=options.pixel or PIXEL, blank=options.blank
    )
    profile = None if options.vignetting is None else read_vignetting(options.vignetting)
    if options.pointings is not None:
        views = read_views(options.pointings, picture.geom, profile)
    else:
        views = (View() if profile is None else View(picture.geom.center, 1.0, profile),)
    return Scene(
        picture,
        psf=_blur(options),
        sky=_pixels(options.background),
        instrument=_pixels(options.instrument),
        views=views,
        exposure=_pixels(options.exposure),
        placement=options.placement,
    )


def _blur(options: argparse.Namespace) -> "Blur | None":
    """What the three options of the point spread function say."""
    from skyfold.errors import ConfigError
    from skyfold.io.pointings import read_blur
    from skyfold.simulate.blur import KingBlur, as_blur

    if options.psf_table is not None:
        if options.psf is not None or options.king is not None:
            raise ConfigError("--psf-table is a point spread function already; leave --psf and --king away")
        return read_blur(options.psf_table)
    if options.king is None:
        return None if options.psf is None else as_blur(_number_or_text(options.psf))
    if options.psf is None:
        raise ConfigError("--king needs a width too: give --psf")
    return KingBlur(_number_or_text(options.psf), options.king)


def _pixels(text: str) -> Any:
    """A number, or the pixels of a picture."""
    from skyfold.io.pictures import read_image

    value = _number_or_text(text)
    return read_image(value) if isinstance(value, str) else value


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
