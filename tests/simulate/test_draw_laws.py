"""What holds for every scene."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skyfold.simulate.blur import KingBlur
from skyfold.simulate.draw import draw_counts, draw_photons
from skyfold.simulate.picture import as_picture
from skyfold.simulate.scene import Scene
from skyfold.simulate.views import View

NUMBERS = st.floats(0, 10, allow_subnormal=False)
BLURS = st.sampled_from([None, 0.3, 4.0, "0.02 deg", KingBlur(1.0, 1.2)])


@st.composite
def scenes(draw):
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    pixels = draw(arrays(float, shape, elements=NUMBERS))
    pixels[draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))] = 1.0
    geom = as_picture(pixels).geom
    radius = st.sampled_from([None, 10.0])
    views = [View.at_pixel(geom, 0, 0, draw(st.floats(0.1, 5)), draw(radius)) for _ in range(draw(st.integers(1, 3)))]
    return Scene(
        pixels,
        psf=draw(BLURS),
        sky=draw(st.one_of(NUMBERS, arrays(float, shape, elements=NUMBERS))),
        instrument=draw(NUMBERS),
        views=views,
        placement=draw(st.sampled_from(["nearest", "bilinear"])),
    )


@settings(max_examples=40)
@given(scenes(), st.integers(1, 300), st.booleans(), st.integers(0, 2**64))
def test_every_photon_is_accounted_for_once(scene, number, fixed, seed):
    photons = draw_photons(scene, number, fixed=fixed, seed=seed)
    counts = draw_counts(scene, number, fixed=fixed, seed=seed)
    ny, nx = scene.geom.image_shape
    assert ((photons.x >= -0.5) & (photons.x < nx - 0.5) & (photons.y >= -0.5) & (photons.y < ny - 0.5)).all()
    np.testing.assert_array_equal(photons.counts().data, counts.image.data)
    found = np.zeros_like(photons.tally.kept)
    np.add.at(found, (photons.view, photons.source), 1)
    np.testing.assert_array_equal(found, photons.tally.kept)
    np.testing.assert_array_equal(photons.tally.kept, counts.tally.kept)
    assert photons.tally.lost.min() >= 0
    if fixed:
        assert photons.tally.drawn[:, 0].sum() == number
    if scene.blur is None:
        assert photons.tally.lost.sum() == 0
