class RegionGeom:
    pass
