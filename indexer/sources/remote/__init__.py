"""Pictures that lie in object stores, behind listings, and where tables name them on the web."""
