import pytest

from skyfold.errors import ConfigError, DataError
from skyfold.workflow.load import config_from_dict
from skyfold.workflow.select import select_observations


def select(**wanted):
    config = config_from_dict({"observations": {"datastore": "$SKYFOLD_DATA/field", **wanted}})
    return select_observations(config.observations)


@pytest.mark.usefixtures("data")
class TestSelection:
    def test_all_unless_told(self):
        assert select().obs_ids.tolist() == [1, 2, 3]

    def test_by_ids(self):
        assert select(obs_ids=[3, 1]).obs_ids.tolist() == [3, 1]

    def test_by_a_file_of_ids(self, tmp_path):
        file = tmp_path / "runs.txt"
        file.write_text("OBS_ID quality\n# the good ones\n2 good\n\n3, good\n")
        assert select(obs_file=str(file)).obs_ids.tolist() == [2, 3]

    @pytest.mark.parametrize("text", ["runs: [2, 3]\nmore", "", "OBS_ID\n"])
    def test_a_file_without_ids_is_named(self, tmp_path, text):
        file = tmp_path / "runs.txt"
        file.write_text(text)
        with pytest.raises(ConfigError, match="runs.txt: wanted an observation id at the start of each line, found"):
            select(obs_file=str(file))

    def test_a_missing_file_of_ids_is_named(self, tmp_path):
        with pytest.raises(ConfigError, match="observations.obs_file: .*none.txt: cannot be read"):
            select(obs_file=str(tmp_path / "none.txt"))

    def test_by_a_cone(self):
        cone = {"frame": "icrs", "lon": "83.63 deg", "lat": "22.51 deg", "radius": "0.5 deg"}
        assert select(obs_cone=cone).obs_ids.tolist() == [1, 3]

    def test_by_time_cuts_the_runs_to_it(self):
        store = select(obs_time={"start": "2020-01-02T00:10:00"})
        assert store.obs_ids.tolist() == [2, 3]
        cut, whole = (ref.open() for ref in store)
        assert cut.ontime_s == pytest.approx(1200, abs=1e-3)
        assert whole.ontime_s == pytest.approx(1800, abs=1e-3)
        assert cut.gti.contains(cut.events.seconds).all()

    def test_by_several_times(self):
        store = select(
            obs_time={
                "start": ["2020-01-03T00:00:00", "2020-01-01T00:05:00"],
                "stop": ["2020-01-03T00:10:00", "2020-01-01T00:06:00"],
            }
        )
        assert [ref.open().ontime_s for ref in store] == pytest.approx([60, 600], abs=1e-3)

    def test_times_the_wrong_way_round_are_refused(self):
        with pytest.raises(ConfigError, match="obs_time: stop 2020-01-01 is not after start 2020-01-02"):
            select(obs_time={"start": "2020-01-02", "stop": "2020-01-01"})

    def test_nothing_selected_tells_what_there_was(self):
        cone = {"frame": "galactic", "lon": "0 deg", "lat": "0 deg", "radius": "1 deg"}
        with pytest.raises(DataError, match="no observation selected from 3 observations"):
            select(obs_cone=cone)

    def test_an_unknown_id_is_named(self):
        with pytest.raises(DataError, match="no observation 7"):
            select(obs_ids=[7])


def test_either_variable_of_the_data_path_will_do(field, monkeypatch):
    monkeypatch.delenv("SKYFOLD_DATA", raising=False)
    monkeypatch.setenv("GAMMAPY_DATA", str(field))
    assert len(select()) == 3


def test_without_a_data_path_the_variable_is_named(monkeypatch):
    monkeypatch.delenv("SKYFOLD_DATA", raising=False)
    monkeypatch.delenv("GAMMAPY_DATA", raising=False)
    with pytest.raises(DataError, match="SKYFOLD_DATA is not set"):
        select()
