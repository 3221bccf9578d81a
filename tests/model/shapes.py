"""One example of every shape that has a position, away from its defaults, around (83, 22) deg."""

from skyfold.model.spatial.disk import Disk
from skyfold.model.spatial.gaussian import Gaussian, GeneralizedGaussian
from skyfold.model.spatial.king import Beta, King
from skyfold.model.spatial.shell import Shell, Shell2

EXAMPLES = {
    "Gaussian": Gaussian(83, 22, sigma=0.3, e=0.7, phi=30, frame="icrs"),
    "GeneralizedGaussian": GeneralizedGaussian(83, 22, r_0=0.3, eta=0.4, e=0.7, phi=30, frame="icrs"),
    "Disk": Disk(83, 22, r_0=0.4, e=0.7, phi=30, edge_width=0.1, frame="icrs"),
    "Shell": Shell(83, 22, radius=0.3, width=0.2, frame="icrs"),
    "Shell2": Shell2(83, 22, r_0=0.5, eta=0.4, frame="icrs"),
    "King": King(83, 22, core=0.1, slope=1.45, frame="icrs"),
    "Beta": Beta(83, 22, core=0.1, beta=0.58, e=0.7, phi=30, frame="icrs"),
}
