"""The acts of the story are no tests themselves: what they assert is explained all the same."""

from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    *(
        f"tests.story.{act.stem}"
        for act in Path(__file__).parent.glob("*.py")
        if not act.stem.startswith(("test_", "conftest", "__"))
    )
)
