"""The command `hub`: everything an operator does, each with help that teaches."""

import typer

from hub.cli import access, contests, jobs, processes, up

app = typer.Typer(
    name="hub",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="The content hub: one GraphQL API over the whole life of what a brand says in public.\n\n"
    "On a laptop `hub up` is all you need. In production run `hub migrate` once per version, "
    "and `hub serve` and `hub work` on as many machines as you like.",
)

app.command("up")(up.up)
app.command("demo")(up.demo)
app.command("serve", rich_help_panel="Production")(processes.serve)
app.command("work", rich_help_panel="Production")(processes.work)
app.command("migrate", rich_help_panel="Production")(processes.migrate)
app.add_typer(access.workspace, name="workspace", rich_help_panel="Access")
app.add_typer(access.member, name="member", rich_help_panel="Access")
app.add_typer(access.token, name="token", rich_help_panel="Access")
app.add_typer(contests.contest, name="contest", rich_help_panel="Contests")
app.add_typer(jobs.jobs, name="jobs", rich_help_panel="Operation")
