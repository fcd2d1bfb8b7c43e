"""`python -m workers` that knows the bench's job: loaded before the fork, like every handler."""

import sys

from tests.bench.jobs.deliver import Deliver, deliver
from workers.__main__ import main
from workers.handling import handles

if __name__ == "__main__":
    handles(Deliver)(deliver)
    sys.exit(main())
