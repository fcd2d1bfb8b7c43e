"""Every list is read by an index: the statements the API runs, explained on twenty thousand rows."""
import json
import pytest
import pytest_asyncio
