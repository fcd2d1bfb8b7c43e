"""Did it work, as the API shows it."""

from datetime import datetime

import strawberry

from hub.analytics import models
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns
from schema.base.fields import column, reads, to_one
from schema.base.node import Node
from schema.publishing.types import Publication


@reads(models.Measurement, permission=Permission.ANALYTICS_READ)
@strawberry.type(description="The value of one metric when it was last seen to change.")
class Measurement(Node):
    publication: Publication | None = to_one("What was measured.", columns("publication_id"))
    metric: str = column("What was counted, such as likes.")
    value: int = column("How many there were.")
    approximate: bool = column("Whether the platform only estimates it.")
    measured_at: datetime = column("When it was seen.")
