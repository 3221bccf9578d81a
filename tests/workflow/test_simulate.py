"""Simulated observations from configurations: what is planned, what is written, and what is refused."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

from skyfold.errors import ConfigError, DataError, ModelError
from skyfold.io.check import check_path
from skyfold.io.fits import write_hdus
from skyfold.io.irf_write import response_to_hdu
from skyfold.io.store import read_store
from skyfold.irf.builtin import builtin_responses
from skyfold.workflow.simulate import as_simulation, event_numbers, plan_of, simulate

CENTER = {"frame": "icrs", "lon": "83.633 deg", "lat": "22.014 deg"}
RUN = {"obs_id": 5, "pointing": CENTER, "start": "2025-01-20T20:00:00", "livetime": "5 min"}


def component(name="crab", lat=22.014, **more):
    spectrum = [{"name": "index", "value": 2.3}, {"name": "amplitude", "value": 1e-10, "unit": "cm-2 s-1 TeV-1"}]
    place = [{"name": "lon_0", "value": 83.633, "unit": "deg"}, {"name": "lat_0", "value": lat, "unit": "deg"}]
    return {
        "name": name,
        "type": "SkyModel",
        "spectral": {"type": "PowerLawSpectralModel", "parameters": spectrum},
        "spatial": {"type": "PointSpatialModel", "frame": "icrs", "parameters": place},
        **more,
    }


def config(*components, **keys):
    return {"models": {"components": list(components or [component()])}, "observations": [RUN], **keys}


@pytest.fixture
def irf(tmp_path):
    """A file of responses without background."""
    kinds = ("aeff", "edisp", "psf")
    path = tmp_path / "irf.fits.gz"
    write_hdus([fits.PrimaryHDU(), *(response_to_hdu(getattr(builtin_responses(), kind)) for kind in kinds)], path)
    return str(path)


def test_runs_go_around_the_centre_in_turn():
    wobble = {"center": CENTER, "offset": "0.5 deg", "number": 5, "start": "2025-01-20T20:00:00", "first_id": 11}
    plan = plan_of(as_simulation(config(wobble=wobble, live_fraction=0.95)))
    center = SkyCoord(83.633, 22.014, unit="deg")
    directions = [SkyCoord(run.pointing.ra, run.pointing.dec, unit="deg") for run in plan[1:]]
    assert [run.obs_id for run in plan] == [5, 11, 12, 13, 14, 15]
    np.testing.assert_allclose([center.separation(at).deg for at in directions], 0.5, rtol=1e-8)
    angles = [center.position_angle(at).deg for at in directions]
    np.testing.assert_allclose((np.array(angles) + 180) % 360 - 180, [0, -180, 90, -90, 0], atol=1e-6)
    np.testing.assert_allclose(np.diff([run.gti.start[0] for run in plan[1:]]), 1800, atol=1e-3)
    assert [run.livetime_s for run in plan] == pytest.approx([300, *[28 * 60] * 5])
    assert {run.meta["TELESCOP"] for run in plan} == {"HESS"}
    assert {run.responses for run in plan} == {plan[0].responses}  # read once, shared by all


def test_good_times_may_have_gaps():
    times = [
        {"start": f"2025-01-20T20:{a}:00", "stop": f"2025-01-20T20:{b}:00"} for a, b in (("00", "05"), ("10", "20"))
    ]
    run = {"obs_id": 5, "pointing": CENTER, "good_times": times}
    (made,) = plan_of(as_simulation(config(observations=[run], live_fraction=0.9)))
    assert made.gti.total_s == pytest.approx(900)
    assert made.livetime_s == pytest.approx(810)


def test_what_is_written_passes_our_check_and_reads_back(tmp_path, irf):
    told = config(
        irf="builtin", energy={"min": "0.5 TeV"}, energy_true={"min": "0.3 TeV", "max": "50 TeV"}, object="Crab"
    )
    made = simulate(told, tmp_path / "runs")
    assert check_path(tmp_path / "runs") == []
    (again,) = (ref.open() for ref in read_store(tmp_path / "runs").refs)
    assert len(again.events) == len(made[0].events) > 100
    assert again.events.energies.min() >= 0.5
    assert again.meta["OBJECT"] == "Crab"
    assert event_numbers([again]) == event_numbers(made)
    assert list(event_numbers(made)) == ["background", "crab"]
    quiet = simulate(config(irf=irf, background=False), tmp_path / "quiet")
    assert set(event_numbers(quiet).items()) >= {("background", 0)}


def test_a_background_model_scales_the_rate_of_all_runs(tmp_path):
    norm = {"type": "PowerLawNormSpectralModel", "parameters": [{"name": "norm", "value": 3.0}]}
    bkg = {"name": "bkg", "type": "FoVBackgroundModel", "datasets_names": ["stacked"], "spectral": norm}
    usual, more = (
        event_numbers(simulate(told, tmp_path / name))["background"]
        for name, told in (("a", config(component())), ("b", config(component(), bkg, dataset="stacked")))
    )
    assert more == pytest.approx(3 * usual, abs=4 * np.sqrt(12 * usual))
    with pytest.raises(ConfigError, match=r"models: 'bkg' is for dataset 'stacked', which there is not; there are 5"):
        simulate(config(bkg), tmp_path / "c")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"observations": [RUN | {"livetime": "-5 min"}]}, r"observations\[0\].livetime: '-5 min' is not positive"),
        ({"observations": [RUN | {"livetime": "5 m"}]}, r"observations\[0\].livetime: .*'28 min'"),
        ({"observations": [RUN | {"livetme": "5 min"}]}, r"livetme: no such key; did you mean 'livetime'"),
        ({"observations": [{"obs_id": 5, "start": "2025-01-20"}]}, r"observations\[0\].pointing: missing"),
        ({"observations": [{"obs_id": 5, "pointing": CENTER}]}, r"observations\[0\]: no time: give start and livetime"),
        ({"observations": [RUN | {"good_times": [{"start": "2025-01-20", "stop": "2025-01-19"}]}]}, "not before stop"),
        ({"observations": [RUN, RUN]}, "obs_id 5 occurs more than once"),
        ({"observations": []}, "no observations: give a list of them, or a wobble"),
        ({"sed": 3}, "sed: no such key; did you mean 'seed'"),
        ({"back_ground": False}, "back_ground: no such key; did you mean 'background'"),
        (
            {"wobble": {"center": CENTER, "start": "2025-01-20", "every": "28 min"}},
            "they overlap; start them less often",
        ),
        ({"models": None, "background": False}, "neither models nor background"),
        ({"models_file": "sky.yaml"}, "both models and models_file"),
    ],
)
def test_mistakes_in_a_configuration_are_told_by_their_key(keys, message):
    with pytest.raises(ConfigError, match=message):
        as_simulation(config(**keys))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"observatory": "hes"}, ConfigError, "observatory: 'hes' is not a known site; wanted one of hess, magic"),
        ({"irf": "nowhere.fits"}, DataError, "nowhere.fits: no such file"),
        ({"energy": {"min": "300 TeV"}, "energy_true": {"min": "200 TeV"}}, DataError, "no true energy between"),
        (
            {"models": {"components": [component(lat=-40.0)]}},
            ModelError,
            "'crab' lies outside of the field of view",
        ),
    ],
)
def test_what_cannot_be_simulated_is_refused_and_nothing_is_written(tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        simulate(config() | change, tmp_path / "runs")
    assert list(tmp_path.iterdir()) == []


def test_a_response_without_background_is_refused(tmp_path, irf):
    with pytest.raises(DataError, match="observation 5 has no background response; it has aeff, edisp, psf"):
        simulate(config(irf=irf), tmp_path / "runs")


def test_a_light_curve_outside_of_the_good_times_is_refused(tmp_path):
    times = [{"name": name, "value": value, "unit": "d"} for name, value in (("t_ref", 50000.0), ("sigma", 0.1))]
    told = config(component(temporal={"type": "GaussianTemporalModel", "parameters": times}))
    with pytest.raises(ModelError, match="the light curve of 'crab' is 0 in all good times, MJD 60695"):
        simulate(told, tmp_path / "runs")


def test_an_output_that_is_there_is_refused_before_anything_is_drawn(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="is no folder of observations"):
        simulate(config(irf="nowhere.fits"), tmp_path / "runs", overwrite=True)
