"""What a session of a catalogue can be asked and told, by what it is about."""
