"""``binocle demo``: pictures it draws, searched in three languages and every direction."""
