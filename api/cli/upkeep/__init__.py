"""Commands that keep collections: backups, examination, moving, models, following folders."""
