"""``binocle doctor``: examining collections and the machine, and mending what is safe to mend."""
