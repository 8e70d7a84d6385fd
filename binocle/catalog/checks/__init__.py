"""What can be wrong with a catalogue, found by reading its file; mending what can be made anew."""
