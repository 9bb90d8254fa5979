"""The JSON Schema of an inventory, for editors: made from the types, worded in both languages."""

from collections.abc import Mapping
from typing import cast

import msgspec

from core.inventory import (
    Answer,
    Consent,
    DirectoryAccess,
    Establishment,
    Expected,
    Ght,
    Limits,
    Mandate,
    NamesChoices,
    Ports,
    Services,
    TlsChoices,
)
from core.model import Language, Wording
from inventories.load import SCHEMA, TLS_PROFILES
from inventories.name_tables import BELONGS

_THING = r"^[^\s]+$"
_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_DAY = r"[A-Za-z]{3}(-[A-Za-z]{3})?"
_PORTS = r"^\s*[0-9]{1,5}(-[0-9]{1,5})?(\s*,\s*[0-9]{1,5}(-[0-9]{1,5})?)*\s*$"

_TEXTS = {"type": "array", "items": {"type": "string"}}

_FORMS: Mapping[str, Mapping[str, object]] = {
    "Ght.id": {"type": "string", "pattern": _ID},
    "Establishment.id": {"type": "string", "pattern": _ID},
    "Establishment.ranges": {"type": "array", "items": {"type": "string", "pattern": _THING}},
    "Mandate.covers": {"type": "array", "items": {"type": "string", "pattern": _THING}},
    "Mandate.sha256": {"type": "string", "pattern": "^([0-9a-fA-F]{64}|…|)$"},
    "Mandate.windows": {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "string",
            "pattern": rf"^{_DAY}(,{_DAY})* [0-9]{{2}}:[0-9]{{2}}-[0-9]{{2}}:[0-9]{{2}}$",
        },
    },
    "Expected.port": {"type": "integer", "minimum": 1, "maximum": 65_535},
    "Expected.mfa": {"type": "string", "enum": ["yes", "no", "unknown"], "default": "unknown"},
    "Expected.review_by": {"type": "string", "format": "date"},
    "DirectoryAccess.id": {"type": "string", "pattern": _ID},
    "DirectoryAccess.server": {"type": "string", "pattern": "^ldaps?://[^@/]+/?$"},
    "DirectoryAccess.password": {
        "type": "string",
        "pattern": "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring:[^/]+/.+|prompt:?)$",
    },
    "DirectoryAccess.role": {
        "type": "string",
        "enum": ["production", "backup"],
        "default": "production",
    },
    "Ports.tcp": {"type": "string", "pattern": _PORTS},
    "Ports.udp": {"type": "string", "pattern": _PORTS},
    "Services.resolvers": _TEXTS,
    "Services.revocation": _TEXTS,
    "Services.ct": {"anyOf": [{"type": "string"}, _TEXTS]},
    "Services.rdap": {"anyOf": [{"type": "string"}, _TEXTS]},
    "NamesChoices.words": _TEXTS,
    "NamesChoices.queries_per_second": {
        "type": "integer",
        "minimum": 1,
        "maximum": 20_000,
        "default": 1_000,
    },
    "NamesChoices.budget": {
        "type": "integer",
        "minimum": 100,
        "maximum": 5_000_000,
        "default": 50_000,
    },
    "Answer.asset": {"type": "string", "pattern": _THING},
    "Answer.belongs": {"type": "string", "enum": list(BELONGS)},
    "Answer.answered_on": {"type": "string", "format": "date"},
    "TlsChoices.profile": {
        "type": "string",
        "enum": list(TLS_PROFILES),
        "default": TLS_PROFILES[0],
    },
}
"""Where the file is written otherwise than the type is held, or its values are a closed set."""

_WORDS: Mapping[str, Wording] = {
    "schema": Wording("Version du format : 1.", "Version of the format: 1."),
    "lab": Wording(
        "true admet les plages de boucle locale, de lien local et privées : banc d'essai "
        "seulement.",
        "true admits loopback, link-local and private ranges: test benches only.",
    ),
    "ght": Wording("Le groupement hospitalier.", "The hospital group."),
    "establishments": Wording(
        "Les établissements et leurs adresses.", "The establishments and their addresses."
    ),
    "mandates": Wording(
        "Les mandats signés : rien n'est contacté sans eux.",
        "The signed mandates: nothing is contacted without them.",
    ),
    "consents": Wording(
        "Les accords des tiers qui détiennent des machines.",
        "The consents of third parties that hold machines.",
    ),
    "expected": Wording(
        "Les accès distants déclarés, et leur raison.", "Declared remote accesses, and why."
    ),
    "limits": Wording(
        "Plafonds d'envoi, reprises comprises.", "Caps on what is sent, retries included."
    ),
    "directories": Wording("Les annuaires à auditer.", "The directories to audit."),
    "ports": Wording("Ports ajoutés à la liste par défaut.", "Ports added to the default list."),
    "services": Wording(
        "Ce à quoi Vigie peut parler hors des cibles ; un service absent n'est jamais contacté.",
        "What Vigie may talk to besides targets; an absent service is never contacted.",
    ),
    "tls": Wording("Comment le TLS est jugé.", "How TLS is judged."),
    "names": Wording(
        "Comment les noms des domaines sont cherchés.", "How names of the domains are looked for."
    ),
    "answers": Wording(
        "Vos réponses à la liste « à confirmer » : à qui est ce qui a été trouvé. Elles "
        "n'ouvrent aucun périmètre.",
        "Your answers to the list “to be confirmed”: whose is what was found. They open no scope.",
    ),
    "NamesChoices.enumerate": Wording(
        "false : seuls les noms écrits ici sont demandés aux résolveurs.",
        "false: only the names written here are asked of the resolvers.",
    ),
    "NamesChoices.words": Wording(
        "Mots essayés en plus des nôtres, ou fichiers de mots (un par ligne).",
        "Words tried besides ours, or files of words (one a line).",
    ),
    "NamesChoices.queries_per_second": Wording(
        "Questions par seconde à chaque résolveur.", "Questions a second to each resolver."
    ),
    "NamesChoices.budget": Wording(
        "Noms essayés par domaine, au plus.", "Names tried for one domain, at most."
    ),
    "Answer.asset": Wording("Nom exact, adresse ou plage.", "Exact name, address or range."),
    "Answer.belongs": Wording(
        "ours (à nous), third-party (à nous, chez un tiers) ou not-ours (pas à nous).",
        "ours, third-party (ours, held by a third party) or not-ours.",
    ),
    "Answer.holder": Wording("Le tiers qui détient la machine.", "The third party that holds it."),
    "Answer.answered_by": Wording("Qui répond.", "Who answers."),
    "Answer.answered_on": Wording("Date de la réponse.", "Date of the answer."),
    "Answer.note": Wording("Remarque libre.", "Free remark."),
    "TlsChoices.profile": Wording(
        "Référentiel : guide de l'ANSSI (par défaut), ou Mozilla « intermediate ».",
        "Reference: the ANSSI guide (default), or Mozilla “intermediate”.",
    ),
    "TlsChoices.roots": Wording(
        "Fichiers PEM ou DER des autorités que les usagers reconnaissent en plus des publiques : "
        "IGC-Santé, autorité interne.",
        "PEM or DER files of the authorities that users trust besides the public ones: "
        "IGC-Santé, the hospital's own.",
    ),
    "Ght.id": Wording(
        "Identifiant court, stable d'un balayage à l'autre.", "Short id, stable between scans."
    ),
    "Ght.name": Wording("Nom complet.", "Full name."),
    "Ght.region": Wording("Région.", "Region."),
    "Ght.timezone": Wording(
        "Fuseau IANA où se lisent fenêtres et dates.", "IANA zone of windows and dates."
    ),
    "Establishment.id": Wording("Identifiant court et unique.", "Short unique id."),
    "Establishment.name": Wording("Nom complet.", "Full name."),
    "Establishment.finess": Wording(
        "Numéro FINESS, entre guillemets.", "FINESS number, between quotes."
    ),
    "Establishment.ranges": Wording(
        "Plages publiques en CIDR, IPv4 ou IPv6.", "Public ranges as CIDR, IPv4 or IPv6."
    ),
    "Establishment.domains": Wording(
        "Domaines : ils autorisent à interroger les résolveurs sur leurs noms.",
        "Domains: they authorise asking resolvers about their names.",
    ),
    "Establishment.exclude": Wording(
        "Adresses, plages et noms jamais contactés.", "Addresses, ranges and names never contacted."
    ),
    "Establishment.medical": Wording(
        "Équipements fragiles : profil discret, une connexion à la fois.",
        "Fragile devices: profile discreet, one connection at a time.",
    ),
    "Establishment.contact": Wording("Qui prévenir.", "Whom to call."),
    "Mandate.establishments": Wording(
        "Établissements couverts en entier, ou bornés par « covers ».",
        "Establishments covered wholly, or as far as “covers” says.",
    ),
    "Mandate.covers": Wording(
        "Plages et noms couverts ; un nom exact peut être hébergé ailleurs.",
        "Ranges and names covered; an exact name may be hosted elsewhere.",
    ),
    "Mandate.signed_by": Wording("Signataire.", "Who signed."),
    "Mandate.document": Wording("Nom du document signé.", "Name of the signed document."),
    "Mandate.sha256": Wording("Empreinte du document signé.", "Hash of the signed document."),
    "Mandate.valid_from": Wording("Premier jour.", "First day."),
    "Mandate.valid_until": Wording("Dernier jour, inclus.", "Last day, inclusive."),
    "Mandate.intensity": Wording(
        "passive, discreet, standard ou deep.", "passive, discreet, standard or deep."
    ),
    "Mandate.windows": Wording(
        "Fenêtres, comme Mon-Fri 20:00-06:00 ; absentes : à toute heure.",
        "Windows, such as Mon-Fri 20:00-06:00; absent: any time.",
    ),
    "Mandate.emergency": Wording(
        "Numéro à appeler pendant un balayage.", "Number to call during a scan."
    ),
    "Consent.holder": Wording("Qui détient la machine.", "Who holds the machine."),
    "Consent.covers": Wording("Plages et noms consentis.", "Ranges and names consented to."),
    "Consent.document": Wording("Nom de l'accord signé.", "Name of the signed consent."),
    "Consent.valid_from": Wording("Premier jour.", "First day."),
    "Consent.valid_until": Wording("Dernier jour, inclus.", "Last day, inclusive."),
    "Consent.intensity": Wording("Plafond d'intensité.", "Cap on intensity."),
    "Expected.asset": Wording("Adresse ou nom.", "Address or name."),
    "Expected.port": Wording("Port ; absent : tous.", "Port; absent: all."),
    "Expected.product": Wording("Produit, par son identifiant.", "Product, by its id."),
    "Expected.owner": Wording("Responsable.", "Owner."),
    "Expected.justification": Wording("Pourquoi cet accès existe.", "Why this access exists."),
    "Expected.mfa": Wording("Second facteur : yes, no ou unknown.", "Second factor."),
    "Expected.review_by": Wording("À revoir avant le.", "To be reviewed before."),
    "Limits.packets_per_second": Wording("Par seconde, en tout.", "A second, in all."),
    "Limits.packets_per_second_per_prefix24": Wording(
        "Par seconde et par /24.", "A second and /24."
    ),
    "Limits.packets_per_second_per_host": Wording(
        "Par seconde et par machine.", "A second and host."
    ),
    "Limits.connections_per_host": Wording(
        "Connexions à la fois par machine.", "Connections at a time per host."
    ),
    "DirectoryAccess.id": Wording("Identifiant court et unique.", "Short unique id."),
    "DirectoryAccess.establishment": Wording(
        "Identifiant de l'établissement.", "Establishment id."
    ),
    "DirectoryAccess.server": Wording(
        "ldaps://serveur, ports 389, 636, 3268 ou 3269.",
        "ldaps://server, ports 389, 636, 3268 or 3269.",
    ),
    "DirectoryAccess.user": Wording("Compte de lecture ordinaire.", "Ordinary read account."),
    "DirectoryAccess.password": Wording(
        "Renvoi env:NOM, file:CHEMIN, keyring:SERVICE/NOM ou prompt ; jamais le mot de passe.",
        "Reference env:NAME, file:PATH, keyring:SERVICE/NAME or prompt; never the password.",
    ),
    "DirectoryAccess.ca_file": Wording(
        "Autorité de certification interne, en PEM.", "Internal certificate authority, PEM."
    ),
    "DirectoryAccess.role": Wording("production ou backup.", "production or backup."),
    "Ports.tcp": Wording("Ports TCP, comme 3389,8000-8100.", "TCP ports, such as 3389,8000-8100."),
    "Ports.udp": Wording("Ports UDP.", "UDP ports."),
    "Services.resolvers": Wording(
        "Résolveurs DNS, adresses littérales avec port facultatif.",
        "DNS resolvers, literal addresses with an optional port.",
    ),
    "Services.canary": Wording(
        "Témoin de l'opérateur, pour reconnaître le filtrage en sortie.",
        "The operator's canary, which tells egress filtering.",
    ),
    "Services.shodan": Wording(
        "Adresse de l'API Shodan ; sa clé vient de l'environnement.",
        "Base URL of the Shodan API; its key comes from the environment.",
    ),
    "Services.revocation": Wording(
        "Hôtes des répondeurs OCSP et des listes de révocation qui peuvent être interrogés ; ce "
        "qu'un certificat désigne hors de cette liste n'est jamais suivi.",
        "Hosts of OCSP responders and revocation lists that may be asked; what a certificate "
        "names outside this list is never followed.",
    ),
    "Services.ct": Wording(
        "Transparence des certificats : façade comme crt.sh, ou journal RFC 6962 (…/ct/v1).",
        "Certificate transparency: a front such as crt.sh, or a log of RFC 6962 (…/ct/v1).",
    ),
    "Services.rdap": Wording(
        "Registres (RDAP) qui disent à qui sont adresses et domaines.",
        "Registries (RDAP) that tell whose addresses and domains are.",
    ),
    "Services.asn": Wording(
        "Zone DNS qui donne le système autonome d'une adresse, par vos résolveurs.",
        "DNS zone that tells the autonomous system of an address, through your resolvers.",
    ),
    "Services.operator": Wording(
        "Contact montré dans ce qui est envoyé.", "Contact shown in what is sent."
    ),
}

_TABLES: Mapping[str, tuple[type[msgspec.Struct], bool]] = {
    "ght": (Ght, False),
    "establishments": (Establishment, True),
    "mandates": (Mandate, True),
    "consents": (Consent, True),
    "expected": (Expected, True),
    "limits": (Limits, False),
    "directories": (DirectoryAccess, True),
    "ports": (Ports, False),
    "services": (Services, False),
    "tls": (TlsChoices, False),
    "names": (NamesChoices, False),
    "answers": (Answer, True),
}


def inventory_schema(language: Language = Language.FR) -> dict[str, object]:
    """Give the schema (draft 2020-12) of an inventory read as TOML, ready for ``json.dumps``.

    An editor finds most faults with it; ``vigie inventory check`` finds them all.
    """
    properties: dict[str, object] = {
        "schema": _described("schema", {"const": SCHEMA}, language),
        "lab": _described("lab", {"type": "boolean", "default": False}, language),
    }
    for key, (kind, repeated) in _TABLES.items():
        reference: dict[str, object] = {"$ref": f"#/$defs/{kind.__name__}"}
        form = {"type": "array", "items": reference} if repeated else reference
        properties[key] = _described(key, form, language)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": Wording("Inventaire Vigie", "Vigie inventory").say(language),
        "type": "object",
        "properties": properties,
        "required": ["schema", "ght", "establishments"],
        "additionalProperties": False,
        "$defs": {kind.__name__: _table(kind, language) for kind, _ in _TABLES.values()},
    }


def _table(kind: type[msgspec.Struct], language: Language) -> dict[str, object]:
    _, parts = msgspec.json.schema_components([kind], ref_template="{name}")
    own = cast("dict[str, dict[str, object]]", parts[kind.__name__]["properties"])
    enums = {name: part for name, part in parts.items() if "enum" in part}
    properties: dict[str, object] = {}
    for key, made in own.items():
        if kind is Services and key == "others":
            continue
        form = _FORMS.get(f"{kind.__name__}.{key}")
        if form is None:
            reference = str(made.get("$ref", ""))
            form = {"enum": enums[reference]["enum"]} if reference in enums else made
            if form.get("default") in ("", []):
                form = {name: value for name, value in form.items() if name != "default"}
        if kind is Limits:
            form = {**form, "minimum": 1, "maximum": 1_000_000}
        properties[key] = _described(f"{kind.__name__}.{key}", form, language)
    out: dict[str, object] = {"type": "object", "properties": properties}
    required = cast("list[str]", parts[kind.__name__].get("required", []))
    if required:
        out["required"] = required
    if kind is Services:
        out["additionalProperties"] = {"anyOf": [{"type": "string"}, {"type": "boolean"}, _TEXTS]}
    else:
        out["additionalProperties"] = False
    return out


def _described(key: str, form: Mapping[str, object], language: Language) -> dict[str, object]:
    return {**form, "description": _WORDS[key].say(language)}
