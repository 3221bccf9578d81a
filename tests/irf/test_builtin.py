"""The built-in response is what its formulas say, and what a telescope of its kind is like."""

import numpy as np

from skyfold.events.event_list import EventList
from skyfold.events.good_times import GoodTimes
from skyfold.events.observation import Observation
from skyfold.events.observatory import site
from skyfold.events.pointing import FixedPointing
from skyfold.io.check import check_path
from skyfold.io.dl3_write import write_store
from skyfold.io.store import read_store
from skyfold.irf.builtin import area, background_rate, builtin_responses, psf_radius, resolution

RESPONSES = builtin_responses()
ENERGY = np.geomspace(0.2, 50, 9)[:, None]
OFFSET = np.array([[0.2, 1.0, 2.0, 2.8]])


def test_tables_give_the_formulas_back():
    at = ENERGY, np.radians(OFFSET)
    np.testing.assert_allclose(RESPONSES.aeff(*at), area(ENERGY, OFFSET), rtol=0.03)
    np.testing.assert_allclose(
        np.degrees(RESPONSES.psf.containment_radius(*at, 0.68)), psf_radius(ENERGY, OFFSET), rtol=0.01
    )
    np.testing.assert_allclose(RESPONSES.edisp.resolution(*at), resolution(ENERGY, OFFSET), rtol=0.1)
    rate = RESPONSES.bkg.rate(ENERGY[:, 0], np.radians(OFFSET[0]), 0.0)
    np.testing.assert_allclose(rate, background_rate(ENERGY, OFFSET), rtol=0.03)


def test_it_is_like_a_cherenkov_telescope():
    near, far = np.radians([0.5, 2.0])
    energy = np.array([0.2, 1.0, 10.0])
    assert RESPONSES.aeff(0.1, near) < 0.02 * RESPONSES.aeff(5.0, near)  # a threshold
    assert np.all(RESPONSES.aeff(energy, near) > RESPONSES.aeff(energy, far))
    assert np.all((RESPONSES.edisp.resolution(energy, near) > 0.08) & (RESPONSES.edisp.resolution(energy, near) < 0.15))
    assert RESPONSES.edisp.bias(0.1, near) > 0.1 > 0.02 > RESPONSES.edisp.bias(1.0, near)
    r68, r95 = (np.degrees(RESPONSES.psf.containment_radius(energy, near, share)) for share in (0.68, 0.95))
    assert np.all((r68 > 0.05) & (r68 < 0.11))
    assert np.all(r95 / r68 > 2)  # a Gaussian has 1.62
    assert np.all(np.diff(RESPONSES.bkg.rate(np.geomspace(0.3, 90, 20), near, 0.0).ravel()) < 0)
    assert np.all(RESPONSES.bkg.rate(energy, far, 0.0) < RESPONSES.bkg.rate(energy, near, 0.0))


def test_rows_of_the_dispersion_are_whole():
    width = np.diff(RESPONSES.edisp.migra.edges_in(""))
    np.testing.assert_allclose(np.einsum("emo,m->eo", RESPONSES.edisp.values, width), 1.0, rtol=1e-12)


def test_a_crab_is_seen_above_the_background():
    """Tens of photons a minute from a source of 3e-11 E^-2.6, and a few events a second from the whole field."""
    energy, theta = np.geomspace(0.05, 100, 4000), np.linspace(0, 3, 1000)
    gammas = np.trapezoid(3.5e-11 * energy**-2.6 * 1e4 * RESPONSES.aeff(energy, np.radians(0.5)), energy)
    assert 10 < 60 * gammas < 60
    rate = RESPONSES.bkg.rate(energy, np.radians(theta), 0.0)
    total = np.trapezoid(np.trapezoid(rate, energy, axis=0) * 2 * np.pi * np.radians(theta), np.radians(theta))
    assert 1 < total < 10


def test_written_as_gadf_it_has_no_faults_and_reads_back_equal(tmp_path):
    none = np.zeros(0)
    observation = Observation(
        7,
        EventList(none, none, none, none),
        GoodTimes([0.0], [1800.0]),
        FixedPointing(83.6, 22.0),
        RESPONSES,
        location=site("hess").location,
        meta={"TELESCOP": "HESS", "INSTRUME": "toy", "ORIGIN": "toy"},
    )
    write_store([observation], tmp_path / "store")
    assert check_path(tmp_path / "store") == []
    again = read_store(tmp_path / "store").refs[0].open().responses
    assert again.available == RESPONSES.available
    for name in ("aeff", "edisp", "bkg"):
        np.testing.assert_allclose(getattr(again, name).values, getattr(RESPONSES, name).values, rtol=1e-12)
    np.testing.assert_allclose(again.psf.sigma, RESPONSES.psf.sigma, rtol=1e-12)
    np.testing.assert_allclose(again.psf.gamma, RESPONSES.psf.gamma, rtol=1e-12)
    assert again.aeff.energy_true == RESPONSES.aeff.energy_true
    assert again.bkg.offset == RESPONSES.bkg.offset
