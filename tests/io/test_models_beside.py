import astropy.units as u
import numpy as np
import pytest
import yaml
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time

from skyfold.errors import DataError, ModelError, UnitError
from skyfold.events.epoch import to_seconds
from skyfold.fit.parameters import Parameters
from skyfold.fit.rows import Link
from skyfold.io.maps import write_map
from skyfold.io.models import read_covariance, read_models, write_models
from skyfold.io.models_curves import read_light_curve, read_phase_curve, write_light_curve
from skyfold.model.priors import GaussianPrior
from skyfold.model.source import Source
from skyfold.model.spectral.power_law import PowerLaw
from skyfold.model.temporal.curves import LightCurveTemplate, PhaseCurve
from tests.datasets import random_dataset
from tests.docs.blocks import ROOT, blocks

SKY = {
    "flare 1/2": Source(PowerLaw(), lightcurve=LightCurveTemplate([6e8, 6.1e8, 7e8], [0.1, 1.0, 0.3])),
    "flare 1:2": Source(PowerLaw(), lightcurve=LightCurveTemplate([0.0, 1.0], [1.0, 2.0])),
    "pulsar": Source(PowerLaw(), lightcurve=PhaseCurve([0.0, 0.3, 1.0], [1.0, 2.0, 0.5], t_ref=59000.0, f0=2.0)),
}


def light_curve(folder, name="lc.fits", reference="59000.5", scale="utc", unit=u.d, **columns):
    """A table as others write it."""
    table = Table({"TIME": [0.0, 1.0, 2.5] * unit, "NORM": [0.5, 1.0, 0.2]} | columns)
    if reference:
        table.meta |= {"MJDREFI": int(reference.split(".")[0]), "MJDREFF": float(reference) % 1}
    if scale:
        table.meta["TIMESYS"] = scale
    table.write(folder / name, overwrite=True)
    return folder / name


def test_tables_of_light_curves_lie_beside_and_come_back(tmp_path):
    path = write_models(tmp_path / "m.yaml", SKY)
    beside = ["m_flare_1_2_temporal.fits", "m_flare_1_2_temporal_2.fits", "m_pulsar_temporal.fits"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.yaml", *beside]
    sky, table = read_models(path)
    assert sky == SKY
    assert str(table) == str(Parameters.of(SKY))


def test_the_file_on_the_page_on_model_files_is_read_as_it_stands(tmp_path):
    page = (ROOT / "docs" / "models.md").read_text()
    text = next(block.text for block in blocks(page) if block.language == "yaml")
    (tmp_path / "models.yaml").write_text(text)
    write_light_curve(tmp_path / "models_flare_temporal.fits", SKY["flare 1:2"].lightcurve)
    write_map(tmp_path / "models_more.fits", random_dataset(1).counts)
    sky, table = read_models(tmp_path / "models.yaml")
    assert list(sky) == ["gc", "halo", "flare", "cta-bkg", "more"]
    assert table["halo.spectrum.index"].link == Link("gc.spectrum.index", 1.0)
    assert table["halo.shape.lon_0"].link == Link("gc.shape.lon_0", 2.0)
    assert table["gc.spectrum.index"].bounds == (1, 4)
    assert [penalty.names for penalty in table.penalties] == [("gc.spectrum.index", "flare.spectrum.index")]
    assert sky["flare"].lightcurve == SKY["flare 1:2"].lightcurve
    assert np.array_equal(sky["more"].counts, random_dataset(1).counts.data)
    again = read_models(write_models(tmp_path / "again.yaml", sky, table, datasets=[random_dataset(1, name="cta")]))
    assert again[0] == sky
    assert str(again[1]) == str(table)


def test_nothing_is_written_where_a_table_is_in_the_way(tmp_path):
    write_models(tmp_path / "m.yaml", SKY)
    (tmp_path / "m.yaml").unlink()
    with pytest.raises(DataError, match=r"m_flare_1_2_temporal\.fits: exists already"):
        write_models(tmp_path / "m.yaml", SKY)
    assert not (tmp_path / "m.yaml").exists()
    write_models(tmp_path / "m.yaml", SKY, overwrite=True)
    (tmp_path / "n_covariance.dat").write_text("mine")
    with pytest.raises(DataError, match=r"n_covariance\.dat: exists already"):
        write_models(tmp_path / "n.yaml", SKY, covariance=np.eye(len(Parameters.of(SKY).free)))
    assert [file.name for file in tmp_path.glob("n*")] == ["n_covariance.dat"]


def test_the_covariance_has_what_only_files_call_a_parameter(tmp_path):
    n = len(Parameters.of(SKY).free)
    path = write_models(tmp_path / "m.yaml", SKY, covariance=np.eye(n))
    assert "flare 1/2.temporal.t_ref" in (tmp_path / "m_covariance.dat").read_text()
    assert np.array_equal(read_covariance(path), np.eye(n))


@pytest.mark.parametrize("first", [0.0, -3e8, 6.123456789e8, 1e9])
def test_times_come_back_to_the_last_digit_from_a_reference_near_by(tmp_path, first):
    times = first + np.cumsum(np.random.default_rng(2).exponential(1e5, 50))
    write_light_curve(tmp_path / "lc.fits", LightCurveTemplate(times, np.ones(50)))
    assert np.array_equal(read_light_curve(tmp_path / "lc.fits").times, times)
    assert first < 0 or fits.getdata(tmp_path / "lc.fits")["TIME"][0] < 86400


@pytest.mark.parametrize("suffix", ["fits", "ecsv", "fits.gz"])
@pytest.mark.parametrize("scale", ["utc", "tt", ""])
def test_times_of_a_table_count_from_its_reference_in_its_scale(tmp_path, suffix, scale):
    curve = read_light_curve(light_curve(tmp_path, f"lc.{suffix}", scale=scale))
    start = Time(59000.5, format="mjd", scale=scale or "utc")
    assert curve.times == pytest.approx(to_seconds(start) + np.array([0, 1, 2.5]) * 86400, abs=1e-6)
    assert np.array_equal(curve.norms, [0.5, 1.0, 0.2])


def test_a_curve_of_gammapy_has_a_parameter_that_its_table_has_said(tmp_path):
    light_curve(tmp_path)
    temporal = {"type": "LightCurveTemplateTemporalModel", "filename": "lc.fits", "format": "table", "unit": ""}
    temporal |= {"scale": "utc", "parameters": [{"name": "t_ref", "value": 59000.5, "unit": "d"}]}
    text = str({"components": [{"name": "a", "type": "SkyModel", "spectral": {"type": "pl"}, "temporal": temporal}]})
    (tmp_path / "models.yaml").write_text(text)
    sky, table = read_models(tmp_path / "models.yaml")
    assert table.names == ["a.spectrum.index", "a.spectrum.amplitude", "a.spectrum.reference"]
    assert sky["a"].lightcurve.times[0] == pytest.approx(to_seconds(Time(59000.5, format="mjd", scale="utc")))
    (tmp_path / "models.yaml").write_text(text.replace("'table'", "'map'"))
    with pytest.raises(ModelError, match="component 'a', temporal: format is 'map'; light curves are read from tables"):
        read_models(tmp_path / "models.yaml")


def test_a_phase_curve_is_divided_by_its_mean_if_so_told(tmp_path):
    Table({"phase": [0.0, 0.5, 1.0], "norm": [1.0, 3.0, 1.0]}).write(tmp_path / "pc.fits")
    assert np.array_equal(read_phase_curve(tmp_path / "pc.fits").norms, [0.5, 1.5, 0.5])
    assert np.array_equal(read_phase_curve(tmp_path / "pc.fits", normalize=False).norms, [1, 3, 1])


def test_the_reference_of_a_phase_curve_is_written_in_utc_and_comes_back_to_the_last_digit(tmp_path):
    dates = np.random.default_rng(1).uniform(48000, 61000, 20)
    sky = {f"p{i}": Source(PowerLaw(), lightcurve=PhaseCurve([0.0, 1.0], [1, 1], t_ref=d)) for i, d in enumerate(dates)}
    table = Parameters.of(sky).set("p0.lightcurve.t_ref", bounds=(47000, None), prior=GaussianPrior(50000.0, 1.0))
    path = write_models(tmp_path / "m.yaml", sky, table)
    written = yaml.safe_load(path.read_text())["components"][0]["temporal"]
    assert written["scale"] == "utc"
    value = written["parameters"][0]["value"]
    assert value == pytest.approx(Time(dates[0], format="mjd", scale="tt").utc.mjd, abs=1e-11)
    assert dates[0] - value > 50 / 86400
    found = read_models(path)[1]
    assert [found[row.name].value for row in table] == [row.value for row in table]
    assert found["p0.lightcurve.t_ref"].bounds[0] == pytest.approx(47000, abs=1e-10)
    assert found["p0.lightcurve.t_ref"].prior.mu == pytest.approx(50000, abs=1e-10)


@pytest.mark.parametrize("first", [0.2, 1.0, -0.7, 5.6])
def test_a_phase_curve_that_starts_elsewhere_is_written_from_0_to_1(tmp_path, first):
    curve = PhaseCurve(first + np.array([0.0, 0.3, 0.5, 0.9]), [1.0, 2.0, 0.5, 0.7], t_ref=51544.0, f0=1.0)
    path = write_models(tmp_path / "m.yaml", {"x": Source(PowerLaw(), lightcurve=curve)})
    phase = fits.getdata(tmp_path / "m_x_temporal.fits")["PHASE"]
    assert (phase[0], phase[-1]) == (0, 1)
    again = read_models(path)[0]["x"].lightcurve
    times = np.linspace(0, 1, 41)
    assert np.allclose(again(times), curve(times), rtol=1e-12)


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (
            {"NORM": [-1.0, 1.0, 1.0]},
            ModelError,
            r"lc\.fits: LightCurveTemplate\.norms: wanted 3 numbers, not negative",
        ),
        ({"TIME": [0.0, 2.0, 1.0] * u.d}, ModelError, r"lc\.fits: LightCurveTemplate\.times: wanted .* that rise"),
        ({"TIME": [0.0, 2.0, 3.0] * u.m}, UnitError, r"lc\.fits: TIME: .* cannot be converted"),
        ({"TIME": [0.0, 2.0, 3.0]}, DataError, r"lc\.fits: column TIME has no unit"),
        ({"NORM": ["a", "b", "c"]}, DataError, r"lc\.fits: TIME and NORM are not columns of numbers"),
        ({"reference": ""}, DataError, r"lc\.fits: no MJDREFI or MJDREF"),
        ({"scale": "local"}, DataError, r"lc\.fits: TIMESYS 'local' is not a time scale"),
    ],
)
def test_what_is_wrong_with_a_light_curve_is_named_with_its_file(tmp_path, table, error, message):
    with pytest.raises(error, match=message):
        read_light_curve(light_curve(tmp_path, **table))


def test_a_table_that_is_none_or_another_is_named(tmp_path):
    (tmp_path / "a.ecsv").write_text("1 2\n")
    with pytest.raises(DataError, match=r"a\.ecsv: neither FITS nor an ECSV table"):
        read_phase_curve(tmp_path / "a.ecsv")
    with pytest.raises(DataError, match=r"b\.fits: no such file"):
        read_phase_curve(tmp_path / "b.fits")
    with pytest.raises(DataError, match=r"lc\.fits: no column PHASE; there are TIME, NORM"):
        read_phase_curve(light_curve(tmp_path))
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(tmp_path / "c.fits")
    with pytest.raises(DataError, match=r"c\.fits: no table in it"):
        read_phase_curve(tmp_path / "c.fits")
    Table({"PHASE": [0.0, 1.0], "NORM": [0.0, 0.0]}).write(tmp_path / "d.fits")
    with pytest.raises(DataError, match=r"d\.fits: all norms are 0"):
        read_phase_curve(tmp_path / "d.fits")
