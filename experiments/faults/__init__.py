"""Faults on purpose: power cuts, failing writes, kills, clocks that go back; see reliability.md."""
