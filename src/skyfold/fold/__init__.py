from skyfold.num import double  # noqa: F401  before any model holds an array
