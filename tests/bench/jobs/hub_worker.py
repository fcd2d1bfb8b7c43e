"""`python -m workers` that knows the bench's job: loaded before the fork, like every handler."""

import sys

from tests.bench.jobs.deliver import Deliver
from workers.__main__ import main
from workers.handling import HANDLERS

if __name__ == "__main__":
    assert Deliver.name in HANDLERS
    sys.exit(main())
