"""The exporter of each kind of ticketing system, loaded when it is used."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from core.secrets import Secret
from reports.exports.tracker import Exporter, Send, Tracker

EXPORTERS = {
    "glpi": ("glpi_legacy", "GlpiLegacy"),
    "glpi-v2": ("glpi_v2", "GlpiV2"),
    "jira-cloud": ("jira", "JiraCloud"),
    "jira-datacenter": ("jira", "JiraDataCenter"),
    "redmine": ("redmine", "Redmine"),
    "rt": ("rt", "Rt"),
    "servicenow": ("servicenow", "ServiceNow"),
    "webhook": ("signed_webhook", "SignedWebhook"),
}
"""Kind in the operator's file → module and class."""


def exporter(
    kind: str, send: Send, secrets: Mapping[str, Secret], options: Mapping[str, str]
) -> Tracker:
    """Build one."""
    module, name = EXPORTERS[kind]
    made = cast(Exporter, getattr(import_module(f"reports.exports.{module}"), name))
    return made(send, secrets, options)
