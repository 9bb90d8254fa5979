"""``privileged-accounts.csv``: an account a line, which a French Excel opens right, never runs."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

from core.model import Language, Wording
from core.results import PrivilegedRow, Results
from reports.exports.csv import cell

_YES = Wording("oui", "yes")
_NO = Wording("non", "no")
KINDS = {
    "user": Wording("personne ou service", "person or service"),
    "computer": Wording("machine", "machine"),
    "managed": Wording("compte géré", "managed account"),
    "foreign": Wording("compte d'une autre forêt", "account of another forest"),
}
DELEGATIONS = {
    "": Wording("", ""),
    "unconstrained": Wording("sans contrainte", "unconstrained"),
    "constrained": Wording("contrainte", "constrained"),
    "transition": Wording(
        "contrainte, avec transition de protocole", "constrained, with protocol transition"
    ),
}
_Column = tuple[Wording, Callable[[PrivilegedRow, Language], str | datetime | None]]


def _yes(value: bool, to: Language) -> str:
    return (_YES if value else _NO).say(to)


COLUMNS: tuple[_Column, ...] = (
    (Wording("Compte", "Account"), lambda one, _: one.name),
    (Wording("Domaine", "Domain"), lambda one, _: one.domain),
    (Wording("Nature", "Kind"), lambda one, to: KINDS[one.kind].say(to)),
    (Wording("Actif", "Enabled"), lambda one, to: _yes(one.enabled, to)),
    (Wording("Privilégié par", "Privileged through"), lambda one, _: " > ".join(one.via)),
    (Wording("Dernière connexion (UTC)", "Last logon (UTC)"), lambda one, _: one.last_logon),
    (
        Wording("Mot de passe changé (UTC)", "Password set (UTC)"),
        lambda one, _: one.password_set,
    ),
    (Wording("Créé (UTC)", "Created (UTC)"), lambda one, _: one.created),
    (
        Wording("Mot de passe sans expiration", "Password never expires"),
        lambda one, to: _yes(one.password_never_expires, to),
    ),
    (
        Wording("Mot de passe facultatif", "Password not required"),
        lambda one, to: _yes(one.password_not_required, to),
    ),
    (
        Wording("Sans pré-authentification", "No pre-authentication"),
        lambda one, to: _yes(one.no_preauth, to),
    ),
    (
        Wording("Protected Users", "Protected Users"),
        lambda one, to: _yes(one.protected_users, to),
    ),
    (
        Wording("Carte à puce exigée", "Smart card required"),
        lambda one, to: _yes(one.smartcard, to),
    ),
    (
        Wording("Non délégable", "Not delegated"),
        lambda one, to: _yes(one.not_delegated, to),
    ),
    (Wording("Délégation", "Delegation"), lambda one, to: DELEGATIONS[one.delegation].say(to)),
    (Wording("SPN", "SPN"), lambda one, _: " | ".join(one.spns)),
    (Wording("Propriétaire", "Owner"), lambda one, _: one.owner),
    (Wording("DN", "DN"), lambda one, _: one.dn),
    (Wording("SID", "SID"), lambda one, _: one.sid),
)


def to_privileged_csv(results: Results, language: Language) -> bytes:
    """Give the privileged accounts of a directory, in the form of ``findings.csv``."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow([heading.say(language) for heading, _ in COLUMNS])
    for one in results.directory.privileged_accounts if results.directory else ():
        writer.writerow([_cell(give(one, language), language) for _, give in COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode(errors="replace")


def _cell(value: str | datetime | None, language: Language) -> str:
    if isinstance(value, str):
        return cell(value, language)
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if value else ""
