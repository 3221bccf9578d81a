import numpy as np
import pytest

from skyfold.errors import ConfigError
from skyfold.stat.levels import level_from_sigma, p_value, sigma_from_level


def test_levels_are_one_sided():
    assert level_from_sigma(2) == pytest.approx(0.97724987, abs=1e-8)
    assert sigma_from_level(0.95) == pytest.approx(1.64485363, abs=1e-8)
    np.testing.assert_allclose(sigma_from_level(level_from_sigma([0.5, 1, 3])), [0.5, 1, 3])


@pytest.mark.parametrize("level", [95, 1.0, 0.5, 0.0, -1, np.nan])
def test_what_is_no_level_is_refused(level):
    with pytest.raises(ConfigError, match="between 0.5 and 1; give 0.95"):
        sigma_from_level(level)


def test_p_values_keep_their_precision_and_know_the_sign():
    np.testing.assert_allclose(p_value([0.0, 5.0, -5.0]), [0.5, 2.866515719e-7, 1 - 2.866515719e-7], rtol=1e-9)
    assert 0 < p_value(30) < 1e-190
