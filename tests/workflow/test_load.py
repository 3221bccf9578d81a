from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import yaml
from astropy.coordinates import Angle
from astropy.time import Time

from skyfold.errors import ConfigError
from skyfold.workflow.config import AnalysisConfig
from skyfold.workflow.load import as_config, config_from_dict, config_from_yaml, json_schema, read_config, to_yaml
from skyfold.workflow.notes import notes_on

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("[!s]*.yaml"))  # simulate_... has another schema
GAMMAPY = Path(__file__).with_name("gammapy.yaml")

# What Gammapy 2.1 prints for AnalysisConfig(), its data path put back as the variable.
DEFAULTS = """
general:
  log: {level: info, filename: null, filemode: null, format: null, datefmt: null}
  outdir: .
  n_jobs: 1
  datasets_file: null
  models_file: null
observations:
  datastore: $GAMMAPY_DATA/hess-dl3-dr1
  obs_ids: []
  obs_file: null
  obs_cone: {frame: null, lon: null, lat: null, radius: null}
  obs_time: {start: null, stop: null}
  required_irf: [aeff, edisp, psf, bkg]
datasets:
  type: 1d
  stack: true
  geom:
    wcs:
      skydir: {frame: null, lon: null, lat: null}
      binsize: 0.02 deg
      width: {width: 5.0 deg, height: 5.0 deg}
      binsize_irf: 0.2 deg
    selection: {offset_max: 2.5 deg}
    axes:
      energy: {min: 1.0 TeV, max: 10.0 TeV, nbins: 5}
      energy_true: {min: 0.5 TeV, max: 20.0 TeV, nbins: 16}
  map_selection: [counts, exposure, background, psf, edisp]
  background: {method: null, exclusion: null, parameters: {}}
  safe_mask:
    methods: [aeff-default]
    parameters: {}
  on_region: {frame: null, lon: null, lat: null, radius: null}
  containment_correction: true
fit:
  fit_range: {min: null, max: null}
flux_points:
  energy: {min: null, max: null, nbins: null}
  source: source
  parameters: {selection_optional: all}
excess_map:
  correlation_radius: 0.1 deg
  parameters: {}
  energy_edges: {min: null, max: null, nbins: null}
light_curve:
  time_intervals: {start: null, stop: null}
  energy_edges: {min: null, max: null, nbins: null}
  source: source
  parameters: {selection_optional: all}
"""


def message(text, overrides=()):
    with pytest.raises(ConfigError) as caught:
        config_from_yaml(text, overrides, "field.yaml")
    return str(caught.value)


def test_defaults_are_those_of_gammapys_interface():
    assert yaml.safe_load(to_yaml(AnalysisConfig())) == yaml.safe_load(DEFAULTS)


def test_a_file_written_by_gammapy_is_read_unchanged_and_printed_back():
    assert yaml.safe_load(to_yaml(read_config(GAMMAPY))) == yaml.safe_load(GAMMAPY.read_text())


@pytest.mark.parametrize("path", [*EXAMPLES, GAMMAPY], ids=lambda path: path.stem)
def test_what_is_printed_reads_as_the_same(path):
    config = read_config(path)
    assert config_from_yaml(to_yaml(config)) == config


def test_an_empty_file_is_all_defaults():
    assert config_from_yaml("# nothing\n") == AnalysisConfig()


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_one():
    assert message("observations: {}\ndatasets:\n  type: 3d\n  stak: true\n") == (
        "field.yaml, line 4: datasets.stak: no such key; did you mean 'stack'?"
    )


def test_a_key_in_the_wrong_place_is_found_elsewhere():
    found = message("datasets:\n  offset_max: 2 deg\n")
    assert found.startswith(
        "field.yaml, line 2: datasets.offset_max: no such key; did you mean datasets.geom.selection.offset_max?"
    )


def test_a_key_like_no_other_gets_the_list():
    assert "zebra: no such key; keys here are general, observations, datasets" in message("zebra: 1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "datasets:\n geom:\n  wcs:\n   binsize: 1 TeV",
            "datasets.geom.wcs.binsize: 1.0 TeV cannot be converted to deg",
        ),
        ("excess_map: {correlation_radius: 0.1}", "excess_map.correlation_radius: 0.1 has no unit; write for instance"),
        ("excess_map: {correlation_radius: -1 deg}", "'-1 deg' is not positive"),
        ("excess_map: {correlation_radius: inf deg}", "is not one finite number"),
        ("excess_map: {correlation_radius: wide}", "excess_map.correlation_radius: 'wide' is not a number with a unit"),
        ("observations: {obs_ids: [1, two]}", "observations.obs_ids[1]: wanted a whole number, found 'two'"),
        ("observations: {obs_time: {start: yesterday}}", "observations.obs_time.start: 'yesterday' is no time"),
        ("observations: {obs_time: {start: 53000}}", "observations.obs_time.start: 53000 is no time"),
        ("observations: {obs_time: {start: [2004-01-01]}}", "several intervals need as many starts as stops"),
        ("observations: {obs_cone: {lon: 1 deg}}", "obs_cone: lon without frame, lat: a position needs frame"),
        ("observations: {obs_cone: {radius: 1 deg}}", "obs_cone: a radius without frame, lon and lat"),
        ("observations: {obs_cone: {frame: icrs, lon: 1 deg, lat: 1 deg}}", "obs_cone has no radius"),
        ("observations: {obs_cone: {frame: icrs, lon: 1 deg, lat: 95 deg}}", "lat 95 deg is not between -90 and 90"),
        ("observations: {obs_cone: {lon: 5h99m}}", "'5h99m' is no angle"),
        ("observations: {obs_ids: [1], obs_file: a}", "both obs_ids and obs_file"),
        ("datasets: {type: 3D}", "datasets.type: '3D' is not one it can be; did you mean '3d'? Valid are 1d, 3d"),
        ("datasets: {stack: perhaps}", "datasets.stack: wanted true or false, found 'perhaps'"),
        (
            "datasets: {background: {method: rong}}",
            "datasets.background.method: 'rong' is not one it can be; did you mean",
        ),
        ("datasets: {background: {method: ring}}", "background.method 'ring' needs maps: set type to '3d'"),
        ("datasets: {type: 3d, background: {method: reflected}}", "'reflected' is for spectra"),
        (
            "datasets: {type: 3d, map_selection: [counts], background: {method: ring}}",
            "background.method 'ring' needs 'background' in map_selection",
        ),
        (
            "datasets: {type: 3d, background: {method: ring, parameters: {r_inn: 1 deg}}}",
            "datasets.background.parameters.r_inn: no such key; did you mean 'r_in'?",
        ),
        (
            "datasets: {safe_mask: {methods: [aeff_max]}}",
            "datasets.safe_mask.methods[0]: 'aeff_max' is not one it can be",
        ),
        ("datasets: {safe_mask: {parameters: {aeff_percent: 200}}}", "aeff_percent: wanted less than or equal to 100"),
        ("datasets: {geom: {axes: {energy: {min: 20 TeV}}}}", "min 20 TeV is not below max 10.0 TeV"),
        ("excess_map: {energy_edges: {min: 1 TeV}}", "only min: energy bins need min, max and nbins"),
        ("excess_map: {parameters: {alpha_from: ring}}", "alpha_from: 'ring' is not one it can be"),
        ("excess_map: {parameters: {alpha_from: off, correlate_off: true}}", "both alpha_from and correlate_off"),
        ("fit:", "fit: empty; take it out, or give it keys"),
        ("fit: 5", "fit: wanted a section with keys, found 5"),
        ("general: {n_jobs: 0}", "general.n_jobs: wanted greater than or equal to 1, found 0"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_wanted(text, said):
    assert said in message(text)


def test_each_mistake_is_told_once_on_a_line_of_its_own():
    found = message("datasets:\n  stak: 1\nobservations:\n  obs_time: {start: [x], stop: [2004-01-01]}\n")
    lines = found.splitlines()
    assert len(lines) == 2
    assert any("field.yaml, line 2: datasets.stak" in line for line in lines)
    assert any("field.yaml, line 4: observations.obs_time.start[0]: 'x' is no time" in line for line in lines)


def test_the_same_key_twice_is_an_error():
    assert message("fit: {}\ndatasets: {}\nfit: {}\n") == "field.yaml, line 3: fit again; first on line 1"


def test_what_is_not_yaml_says_where():
    assert message("fit: {}\ndatasets: ]\n").startswith("field.yaml, line 2: not YAML: ")


def test_a_list_is_no_configuration():
    assert "wanted sections such as 'observations:', found list" in message("- 1\n- 2")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing.yaml: cannot be read: No such file or directory"):
        read_config(tmp_path / "nothing.yaml")


def test_overrides_replace_what_the_file_says():
    text = "datasets: {stack: true, geom: {axes: {energy: {nbins: 3}}}}"
    config = config_from_yaml(
        text, ["datasets.stack=false", "datasets.geom.axes.energy.min=0.5 TeV", "observations.obs_ids=[1, 2]"]
    )
    assert config.datasets.stack is False
    assert (config.datasets.geom.axes.energy.min, config.datasets.geom.axes.energy.nbins) == ("0.5 TeV", 3)
    assert config.observations.obs_ids == [1, 2]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("datasets.stak=1", "--set datasets.stak=1: datasets.stak: no such key; did you mean 'stack'?"),
        ("datasets.stack", "--set datasets.stack: wanted KEY=VALUE"),
        ("datasets.stack=[", "is not YAML"),
        ("datasets.type.x=1", "--set datasets.type.x=1: datasets.type is not a section but '3d'"),
    ],
)
def test_a_wrong_override_is_named(override, said):
    assert said in message("datasets: {type: 3d}", [override])


def test_objects_are_understood_as_well_as_texts():
    config = config_from_dict(
        {
            "observations": {
                "obs_cone": {"frame": "icrs", "lon": 83.63 * u.deg, "lat": Angle("22d00m36s"), "radius": "120 arcmin"},
                "obs_time": {"start": Time("2004-01-01T00:00:00")},
            }
        }
    )
    cone = config.observations.obs_cone
    assert (cone.lon, cone.radius) == ("83.63 deg", "120 arcmin")
    assert config.observations.obs_time.start == "2004-01-01T00:00:00.000"
    assert as_config(config) is config


def test_sexagesimal_angles_become_degrees():
    cone = config_from_yaml(
        "observations: {obs_cone: {frame: icrs, lon: 5h34m31.2s, lat: 22d00m36s, radius: 1 deg}}"
    ).observations.obs_cone
    assert (cone.lon, cone.lat) == ("83.63 deg", "22.01 deg")


def test_a_date_of_yaml_is_a_time():
    text = "observations: {obs_time: {start: 2004-01-01, stop: 2004-01-02T03:04:05+01:00}}"
    times = config_from_yaml(text).observations.obs_time
    assert (times.start, times.stop) == ("2004-01-01", "2004-01-02T02:04:05")


def test_the_off_of_yaml_is_the_word():
    options = config_from_yaml("excess_map: {parameters: {alpha_from: off}}").excess_map.parameters
    assert options.alpha_from == "off"


def test_the_schema_knows_every_key():
    schema = json_schema()
    for key in ("obs_cone", "exclusion", "r_in", "alpha_from", "time_intervals"):
        assert f'"{key}"' in schema


def test_what_is_not_done_is_noted():
    notes = notes_on(
        config_from_yaml(
            "general: {datasets_file: b.yaml, log: {filename: c.log}}\n"
            "datasets: {safe_mask: {parameters: {irfs: DL3}}, background: {parameters: {r_in: 1 deg}}}\n"
            "fit: {fit_range: {min: 1 TeV}}\n"
            "flux_points: {energy: {min: 1 TeV, max: 2 TeV, nbins: 2}}\n"
            "light_curve: {time_intervals: {start: 2004-01-01, stop: 2004-01-02}}\n"
            "excess_map: {parameters: {selection_optional: [ul, sensitivity]}}\n"
        )
    )
    keys = [note.partition(":")[0] for note in notes]
    assert keys == [
        "general.datasets_file",
        "general.log",
        "datasets.background.parameters",
        "datasets.safe_mask.parameters.irfs",
        "flux_points.energy",
        "light_curve.time_intervals",
        "fit.fit_range",
        "excess_map",
        "excess_map.parameters.selection_optional",
    ]
    assert notes_on(AnalysisConfig()) == []


def test_a_fit_range_is_for_models():
    text = "fit: {fit_range: {min: 1 TeV}}\ngeneral: {models_file: a.yaml}"
    assert notes_on(config_from_yaml(text)) == []


def test_a_tilt_that_is_not_fitted_is_noted():
    text = "datasets: {type: 3d, background: {method: fov_background, parameters: {tilt: true}}}"
    (note,) = notes_on(config_from_yaml(text))
    assert note == "datasets.background.parameters.tilt: of no use with method scale; set it to fit"


def test_models_are_written_as_they_were_read():
    text = "models: {components: [{name: a, spectral: {parameters: [{name: index, min: .nan, max: .inf}]}}]}"
    printed = yaml.safe_load(to_yaml(config_from_yaml(text)))["models"]["components"][0]["spectral"]["parameters"][0]
    assert repr(printed) == "{'name': 'index', 'min': nan, 'max': inf}"
    models = {"components": [{"value": np.float64(2), "number": np.int64(3), "list": np.arange(2), "pair": (1, 2)}]}
    config = config_from_dict({"models": models})
    assert config.models == {"components": [{"value": 2.0, "number": 3, "list": [0, 1], "pair": [1, 2]}]}
    assert config_from_yaml(to_yaml(config)) == config


def test_what_cannot_be_written_is_no_model():
    with pytest.raises(ConfigError, match="models: <Quantity 1. TeV> cannot be written to a file; give numbers"):
        config_from_dict({"models": {"components": [1 * u.TeV]}})
    assert "models: wanted keys and values, found [1]" in message("models: [1]")


def test_models_come_from_one_place():
    assert message("general: {models_file: a.yaml}\nmodels: {components: []}") == (
        "field.yaml: the file: both models and general.models_file: give one of them"
    )
