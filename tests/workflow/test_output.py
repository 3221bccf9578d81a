import os

import pytest

from skyfold.errors import DataError
from skyfold.workflow.output import new_folder


def write(folder, text):
    (folder / "summary.json").write_text(text)
    (folder / "maps").mkdir()
    (folder / "maps" / "a.fits").write_text(text)


def fill(target, text, error=None, **options):
    """Write a result, or the half of it."""
    with new_folder(target, **options) as folder:
        write(folder, text)
        if error is not None:
            raise error


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_when_it_is_complete(tmp_path):
    target = tmp_path / "deep" / "result"
    with new_folder(target) as folder:
        write(folder, "new")
        assert not target.exists()
    assert (target / "maps" / "a.fits").read_text() == "new"
    assert names(target.parent) == ["result"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_of_a_failure(tmp_path, error):
    with pytest.raises(error):
        fill(tmp_path / "result", "half", error())
    assert names(tmp_path) == []


def test_an_earlier_result_stays_unless_it_may_go(tmp_path):
    fill(tmp_path / "result", "old")
    with pytest.raises(DataError, match="result: holds a result already; allow to overwrite it"):
        fill(tmp_path / "result", "new")
    with pytest.raises(ValueError, match="broken"):
        fill(tmp_path / "result", "half", ValueError("broken"), overwrite=True)
    assert (tmp_path / "result" / "summary.json").read_text() == "old"
    with new_folder(tmp_path / "result", overwrite=True) as folder:
        write(folder, "new")
        assert (tmp_path / "result" / "summary.json").read_text() == "old"
    assert (tmp_path / "result" / "summary.json").read_text() == "new"
    assert names(tmp_path) == ["result"]


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "result").mkdir()
    with new_folder(tmp_path / "result") as folder:
        write(folder, "new")
    assert names(tmp_path / "result") == ["maps", "summary.json"]


def test_a_folder_with_other_things_is_never_replaced(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years")
    with (
        pytest.raises(DataError, match="is no result of an analysis, so it is not replaced"),
        new_folder(tmp_path / "home", overwrite=True),
    ):
        pass
    assert (tmp_path / "home" / "thesis.tex").read_text() == "years"


def test_a_file_in_the_way_is_not_replaced(tmp_path):
    (tmp_path / "result").write_text("mine")
    with pytest.raises(DataError, match="not replaced"), new_folder(tmp_path / "result", overwrite=True):
        pass


def test_an_old_result_comes_back_if_the_new_one_cannot_be_moved(tmp_path, monkeypatch):
    fill(tmp_path / "result", "old")
    real = os.replace

    def refuse(source, target):
        if source.suffix == ".part":
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(DataError, match="cannot be moved there: Permission denied"):
        fill(tmp_path / "result", "new", overwrite=True)
    assert (tmp_path / "result" / "summary.json").read_text() == "old"
    assert names(tmp_path) == ["result"]
