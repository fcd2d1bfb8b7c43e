"""placeholder"""
import hub.access.models
import hub.analytics.models
import hub.audit.models
import hub.channels.models
import hub.content.models
import hub.engagement.models
import hub.kernel.idempotency
import hub.kernel.jobs
import hub.publishing.models
import hub.review.models
import hub.strategy.models
