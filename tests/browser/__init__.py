"""The example portal in a browser, and its worker killed; `make browser` runs these."""
