"""What is kept of a URL's query where a site says nothing else: the campaign parameters."""

from __future__ import annotations

CAMPAIGN_PARAMETERS = {
    "utm_source": "campaign_source",
    "utm_medium": "campaign_medium",
    "utm_campaign": "campaign_name",
    "utm_term": "campaign_term",
    "utm_content": "campaign_content",
}
"""Query parameter -> the column that it fills as well."""

KEPT_BY_DEFAULT = frozenset(CAMPAIGN_PARAMETERS)
"""Parameters that are kept on a site that names none."""
