"""`python -m bench` runs every benchmark, `python -m bench NAME…` those named."""

import sys

from bench import home

BENCHES = {"home": home.main}

if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()
