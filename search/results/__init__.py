"""What an answer holds beside hits: facets, sorting, diversity, histograms."""
