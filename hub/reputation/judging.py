"""Judging whether what a monitor found is unusual, and raising alerts where it is."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.reputation import alarms, incidents
from hub.reputation.alarms import Alarms, Finding, Window
from hub.reputation.events import AlertRaised
from hub.reputation.models import Alert, AlertKind, Monitor


async def judge(work: UnitOfWork, *, monitor_id: UUID) -> Sequence[Alert]:
    """Raise what alarms a monitor's rules ask for now."""
    monitor = await work.one(select(Monitor).where(Monitor.id == monitor_id).with_for_update())
    if monitor is None or not monitor.enabled:
        return ()
    rules = Alarms.from_json(monitor.alarms)
    raised = []
    for kind, rule, look in (
        (AlertKind.VOLUME, rules.volume, _volume),
        (AlertKind.SENTIMENT, rules.sentiment, _sentiment),
    ):
        if rule is None or await _is_silent(work, monitor, kind, rule):
            continue
        finding = await look(work, monitor, rule)
        if finding is not None:
            raised.append(await _raise(work, monitor, kind, finding))
    return raised


async def _is_silent(
    work: UnitOfWork, monitor: Monitor, kind: AlertKind, rule: alarms.Alarm
) -> bool:
    last = await work.one(
        select(Alert.created_at)
        .where(Alert.monitor_id == monitor.id, Alert.kind == kind)
        .order_by(Alert.id.desc())
        .limit(1)
    )
    return alarms.is_silent(rule, last=last, now=work.now)


async def _volume(work: UnitOfWork, monitor: Monitor, rule: alarms.Alarm) -> Finding | None:
    before, current = alarms.spans(hours=rule.hours, now=work.now, since=monitor.created_at)
    counted = await _counted(work, monitor, [current, *before])
    return alarms.unusual_volume(rule, counted[0], counted[1:])


async def _sentiment(work: UnitOfWork, monitor: Monitor, rule: alarms.Alarm) -> Finding | None:
    _, current = alarms.spans(hours=rule.hours, now=work.now, since=monitor.created_at)
    earlier = Window(starts_at=current.starts_at - 4 * alarms.WEEK, ends_at=current.starts_at)
    now, before = await _counted(work, monitor, [current, earlier])
    return alarms.unusual_sentiment(rule, now, before)


# The end of a window belongs to it where it is now: what was just found is what it is about.
_COUNTED = """
SELECT w.number, count(m.id) AS count, count(m.sentiment_label) AS rated,
    count(*) FILTER (WHERE m.sentiment_label = 'NEGATIVE') AS negative
FROM unnest($3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY AS w (starts, ends, number)
LEFT JOIN (
    SELECT n.id, n.sentiment_label, n.published_at FROM mention_matches AS k
    JOIN mentions AS n ON n.workspace_id = k.workspace_id AND n.id = k.mention_id
    WHERE k.workspace_id = $1 AND k.monitor_id = $2 AND n.workspace_id = $1
        AND n.state <> 'IGNORED' AND n.published_at > (SELECT min(s) FROM unnest($3) AS s)
) AS m ON m.published_at > w.starts AND m.published_at <= w.ends
GROUP BY w.number ORDER BY w.number
"""


async def _counted(work: UnitOfWork, monitor: Monitor, windows: Sequence[Window]) -> list[Window]:
    rows = await work.rows(
        _COUNTED,
        work.caller.workspace_id,
        monitor.id,
        [one.starts_at for one in windows],
        [one.ends_at for one in windows],
    )
    return [
        replace(one, count=row["count"], rated=row["rated"], negative=row["negative"])
        for one, row in zip(windows, rows, strict=True)
    ]


async def _raise(work: UnitOfWork, monitor: Monitor, kind: AlertKind, finding: Finding) -> Alert:
    window = finding.window
    negative = kind is AlertKind.SENTIMENT
    alert = Alert(
        id=new_id(),
        workspace_id=monitor.workspace_id,
        monitor_id=monitor.id,
        kind=kind,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        count=window.negative if negative else window.count,
        total=window.rated if negative else window.count,
        expected=finding.expected,
        probability=finding.probability,
        baseline=[
            {
                "starts_at": one.starts_at.isoformat(),
                "ends_at": one.ends_at.isoformat(),
                "count": one.negative if negative else one.count,
                "total": one.rated if negative else one.count,
            }
            for one in finding.baseline
        ],
    )
    await work.add(alert)
    work.record(
        AlertRaised(
            subject_id=alert.id,
            monitor_id=monitor.id,
            kind=kind,
            count=alert.count,
            expected=finding.expected,
        )
    )
    await incidents.follow_alert(work, monitor=monitor, alert=alert)
    return alert
