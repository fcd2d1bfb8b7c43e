"""The tests. What Python compiles for them is kept, wherever it may not lie beside the sources."""

import os
import sys
from pathlib import Path


def _keep_bytecode() -> None:
    """Keep it in pytest's cache when the developer wants none in the tree.

    Tests start dozens of processes, and each would compile the hub and all it stands on anew.
    """
    if not sys.dont_write_bytecode or sys.pycache_prefix:
        return
    sys.pycache_prefix = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    sys.dont_write_bytecode = False
    # For the processes that tests start, workers of the run included.
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    del os.environ["PYTHONDONTWRITEBYTECODE"]


_keep_bytecode()
