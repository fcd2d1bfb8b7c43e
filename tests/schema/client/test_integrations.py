"""What lies in `integrations/` works: scripts are run against the API, workflows are looked at."""

import asyncio
import json
import os
import re
import shutil
import sys
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import select

from hub.automation.models import TriggerAction
from hub.content.models import ContentItem
from hub.kernel.settings import Settings
from tests.conftest import ROOT
from tests.schema.client.api import Desk
from tests.schema.client.serving import served
from tests.schema.client.tools import REFERENCE, Tool, a_tool

FOLDER = ROOT / "integrations"
SCRIPTS = {
    "bash": [str(FOLDER / "curl" / "hub.sh")],
    "node": ["node", str(FOLDER / "node" / "hub.mjs")],
    "python": [sys.executable, str(FOLDER / "python" / "hub.py")],
}
_TOOLS = {"bash": ("openssl", "curl", "base64"), "node": ("node",), "python": ()}


@pytest.fixture
async def tool(desk: Desk) -> Tool:
    """A tool that may save."""
    return await a_tool(desk.world, desk.api.http, actions=[TriggerAction.SAVE])


async def run(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a script; return how it ended and what it said."""
    child = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(child.communicate(), 60)
    return child.returncode or 0, said.decode()


async def saved(desk: Desk) -> list[str]:
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        return [item.title for item in await work.all(select(ContentItem))]


def words(desk: Desk) -> dict[str, str]:
    return {"externalReference": REFERENCE, "brand": desk.brand, "title": "Été", "text": "Salut"}


@pytest.mark.parametrize("script", SCRIPTS)
async def test_a_script_saves_content(
    desk: Desk, tool: Tool, settings: Settings, script: str
) -> None:
    assert [name for name in _TOOLS[script] if shutil.which(name) is None] == []
    async with served(settings) as base:
        environment = {
            "HUB_TRIGGER_URL": f"{base}/hooks/{tool.key}",
            "HUB_TRIGGER_SECRET": tool.secret,
        }
        end, said = await run([*SCRIPTS[script], json.dumps(words(desk))], environment)

    assert (end, orjson.loads(said)["contentItem"]["outcome"]) == (0, "CREATED")
    assert await saved(desk) == ["Été"]


async def test_the_workflow_of_n8n_signs_what_it_sends(desk: Desk, tool: Tool) -> None:
    flow = json.loads((FOLDER / "n8n" / "save-content.json").read_text())
    nodes = {node["name"]: node for node in flow["nodes"]}
    assert flow["connections"].keys() <= nodes.keys()
    for way in flow["connections"].values():
        assert {step["node"] for steps in way["main"] for step in steps} <= nodes.keys()
    request = nodes["Call the hub"]["parameters"]
    given = {
        "reference": REFERENCE,
        **{key: words(desk)[key] for key in ("brand", "title", "text")},
    }
    code = (
        f"const $json = {json.dumps(given)}; const $env = process.env;"
        f"const run = () => {{ {nodes['Sign']['parameters']['jsCode']} }};"
        "console.log(JSON.stringify(run()[0].json))"
    )

    end, said = await run(["node", "-e", code], {"HUB_TRIGGER_SECRET": tool.secret})
    assert end == 0, said
    made: dict[str, Any] = orjson.loads(said)
    headers = {
        one["name"]: made[re.findall(r"'(.+)'", one["value"])[0]]
        for one in request["headerParameters"]["parameters"]
    }
    answer: httpx.Response = await tool.send(made["body"].encode(), headers)

    assert (answer.status_code, answer.json()["contentItem"]["outcome"]) == (202, "CREATED")


def test_the_step_for_github_runs_a_script_that_is_there() -> None:
    text = (FOLDER / "github" / "action.yml").read_text()

    (script,) = re.findall(r"\$GITHUB_ACTION_PATH/([^\"]+)\"", text)
    assert os.access(FOLDER / "github" / script, os.X_OK)
    inputs = set(re.findall(r"\$\{\{ inputs\.(\w+) \}\}", text))
    assert (
        inputs
        == {"url", "secret", "body"}
        == set(re.findall(r"^  (\w+):\n    desc", text, re.MULTILINE))
    )


def test_the_readme_names_what_is_there() -> None:
    named = set(re.findall(r"`(\w+/[\w.-]+)`", (FOLDER / "README.md").read_text()))

    assert named == {
        str(path.relative_to(FOLDER))
        for path in FOLDER.rglob("*")
        if path.parent != FOLDER and path.is_file()
    }
