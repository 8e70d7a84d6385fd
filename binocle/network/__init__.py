"""Connections to where strangers say: public addresses only, within limits; fetching politely."""
