"""From models and pictures to counts, photons and whole observations."""
