"""The demo: a campaign's whole life, told by clients of the public API."""
