import os
import sys

import pytest

from skyfold.errors import ConfigError, MissingExtra
from skyfold.run.executors import dask_cluster, processes


def threads_allowed(_):
    return os.environ["OMP_NUM_THREADS"]


def fail(number):
    raise ValueError(f"bad {number}")


def test_one_job_works_in_this_process():
    with processes(1) as executor:
        assert executor is None


def test_processes_have_one_thread_each_and_keep_the_order(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    with processes(2) as executor:
        assert list(executor.map(abs, [-3, 2, -1])) == [3, 2, 1]
        assert list(executor.map(threads_allowed, [0])) == ["1"]
    assert os.environ["OMP_NUM_THREADS"] == "8"


def test_an_error_of_a_worker_arrives():
    with pytest.raises(ValueError, match="bad 1"), processes(2) as executor:
        list(executor.map(fail, [1, 2]))


@pytest.mark.parametrize("jobs", [0, -1])
def test_a_number_of_jobs_is_positive(jobs):
    with pytest.raises(ConfigError, match=f"found {jobs}"), processes(jobs):
        pass


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"pip install 'skyfold\[dask\]'"), dask_cluster("tcp://127.0.0.1:1"):
        pass
