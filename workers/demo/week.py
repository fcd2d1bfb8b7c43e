"""The week, day by day: one table of what is done when."""

from collections.abc import Sequence

from workers.demo import (
    afterwards,
    automation,
    bad_day,
    community,
    contest,
    listening,
    publishing,
    results,
    reviewing,
    setting,
    strategy,
    writing,
)
from workers.demo.stage import Day

WEEK: Sequence[Day] = (
    Day(
        name="monday",
        at="09:00",
        title="why, in whose voice, and is it ok",
        acts=(
            strategy.tell_strategy,
            setting.connect_channels,
            strategy.plan,
            setting.prepare_tools,
            setting.prepare_listening,
            writing.write_items,
            writing.mend_drafts,
            reviewing.review,
            strategy.coverage,
        ),
    ),
    Day(
        name="tuesday",
        talk="09:50",
        at="10:00",
        title="the first words go out, and people answer",
        acts=(
            publishing.out_today,
            community.others_react,
            listening.listen,
            community.answer,
        ),
    ),
    Day(
        name="wednesday",
        talk="09:50",
        at="10:00",
        title="a contest, and a field guide",
        acts=(
            publishing.out_today,
            contest.open_contest,
            community.others_react,
            listening.listen,
            community.answer,
        ),
    ),
    Day(
        name="thursday",
        talk="09:50",
        at="10:00",
        title="a tool publishes, a rule hides, a slip is mended",
        acts=(
            publishing.out_today,
            automation.a_tool_publishes,
            community.others_react,
            listening.listen,
            community.answer,
            community.moderated,
            afterwards.correct,
        ),
    ),
    Day(
        name="friday",
        talk="14:00",
        at="17:01",
        title="the draw that anybody can check",
        acts=(
            community.others_react,
            listening.listen,
            contest.freeze_and_draw,
            contest.verify,
            contest.announce,
        ),
    ),
    Day(
        name="saturday",
        talk="15:00",
        at="15:16",
        title="a bad day",
        acts=(
            listening.listen,
            bad_day.be_warned,
            bad_day.pause,
            bad_day.say_something,
            bad_day.nothing_else_goes_out,
        ),
    ),
    Day(
        name="sunday",
        at="11:50",
        title="on we go, and did it work",
        acts=(
            bad_day.resume,
            community.others_react,
            community.answer,
            afterwards.look_back,
            automation.the_newsroom_heard,
            results.count_clicks,
            results.look_at_figures,
            results.write_files,
        ),
    ),
)
