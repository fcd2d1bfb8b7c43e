"""The words of reputation: every enum of the area, described."""

from hub.reputation import alarms, models
from schema.base.enums import describe

SourceKind = models.SourceKind
describe(
    SourceKind,
    name="MonitorSourceKind",
    description="Where a monitor looks.",
    values={
        "FEED": "An RSS or Atom feed.",
        "SEARCH": "The search of a channel's platform.",
    },
)
MentionState = models.MentionState
describe(
    MentionState,
    description="How far people have come with a mention.",
    values={
        "NEW": "Nobody has looked at it.",
        "SEEN": "Somebody has looked at it.",
        "DONE": "What was to be done is done.",
        "IGNORED": "It is not about us; it counts for no alarm.",
    },
)
AlertKind = models.AlertKind
describe(
    AlertKind,
    description="What is unusual.",
    values={
        "VOLUME": "Much more is said than usual.",
        "SENTIMENT": "People sound much worse than usual.",
    },
)
Sensitivity = alarms.Sensitivity
describe(
    Sensitivity,
    name="AlarmSensitivity",
    description="How unusual something must be to raise an alert.",
    values={
        "LOW": "Hardly ever wrong: a usual window raises one in 10,000 times at most.",
        "NORMAL": "A usual window raises one in 1,000 times at most.",
        "HIGH": "Rather too often: a usual window raises one in 100 times at most.",
    },
)
Severity = models.Severity
describe(
    Severity,
    name="IncidentSeverity",
    description="How bad an incident is.",
    values={
        "MINOR": "It can be dealt with in passing.",
        "MAJOR": "It needs somebody's whole attention.",
        "CRITICAL": "It needs everybody's.",
    },
)
IncidentState = models.IncidentState
describe(
    IncidentState,
    description="How far an incident is.",
    values={
        "OPEN": "Something must be done.",
        "MONITORING": "What can be done is done; it is being watched.",
        "RESOLVED": "It is over.",
    },
)
EntryKind = models.EntryKind
describe(
    EntryKind,
    name="IncidentEntryKind",
    description="What a line in the timeline of an incident tells.",
    values={
        "OPENED": "It began.",
        "NOTE": "Somebody wrote something down.",
        "CHANGED": "Its owner, severity, state or words were changed.",
        "ALERT": "An alert was raised, or found to belong here.",
        "MENTIONS": "Mentions were found to belong here.",
        "STATEMENT": "A holding statement was written, or a draft made of it.",
        "PAUSED": "Publishing was paused.",
        "RESUMED": "Publishing went on.",
    },
)
