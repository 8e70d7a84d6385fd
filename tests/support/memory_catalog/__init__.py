"""A catalogue in memory: each read a scan, each filter ``filters.matches``, each write a copy.

It shows that the protocols can be kept without SQL, and is what contracts are compared with. Of
labels and fingerprints it knows nothing.
"""
