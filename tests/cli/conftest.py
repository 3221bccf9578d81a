import pytest

from tests.analyses import write_field


@pytest.fixture(scope="package")
def field(tmp_path_factory):
    return write_field(tmp_path_factory.mktemp("data"))


@pytest.fixture
def data(field, monkeypatch):
    """The data folder, where the variable of it points."""
    monkeypatch.setenv("SKYFOLD_DATA", str(field))
    monkeypatch.delenv("GAMMAPY_DATA", raising=False)
    return field
