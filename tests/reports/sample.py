"""A hospital group that does not exist, with what a scan of it could give."""

from datetime import UTC, date, datetime

import msgspec

from core.inventory import (
    Consent,
    Establishment,
    Expected,
    Ght,
    Inventory,
    Mandate,
    Services,
    Window,
)
from core.knowledge.model import CareIndicator, Knowledge
from core.model import (
    Confidence,
    Criticality,
    Intensity,
    Language,
    Place,
    State,
    Transport,
    Wording,
    fingerprint,
)
from core.reasons import say as say_reason
from core.results import (
    Asset,
    Coverage,
    Finding,
    NotMeasuredRow,
    Results,
    RunInfo,
    Scene,
    ServiceRow,
)

START = datetime(2026, 1, 15, 20, 4, 11, tzinfo=UTC)
END = datetime(2026, 1, 15, 21, 37, 48, tzinfo=UTC)

INVENTORY = Inventory(
    path="ght-exemple.toml",
    ght=Ght(id="ght-estuaire", name="GHT de l’Estuaire", region="Région Exemple"),
    establishments=(
        Establishment(
            id="chu-estuaire",
            name="CHU de l’Estuaire",
            finess="010003820",
            ranges=("203.0.113.0/24", "2001:db8:10::/120"),
            domains=("chu-estuaire.example",),
            exclude=("203.0.113.128/28", "fragile.chu-estuaire.example"),
            medical=("203.0.113.64/28",),
            contact="rssi@chu-estuaire.example",
        ),
        Establishment(
            id="ch-valbrune",
            name="Centre hospitalier de Valbrune",
            finess="010003812",
            ranges=("198.51.100.0/25",),
            domains=("ch-valbrune.example", "valbrune-sante.example"),
            contact="dsi@ch-valbrune.example",
        ),
        Establishment(
            id="ehpad-tilleuls",
            name="EHPAD Les Tilleuls",
            ranges=("192.0.2.32/28",),
            domains=("tilleuls.example",),
        ),
    ),
    mandates=(
        Mandate(
            establishments=("chu-estuaire", "ch-valbrune"),
            signed_by="Direction générale du CHU",
            document="mandat-2026-014.pdf",
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 12, 31),
            intensity=Intensity.STANDARD,
            windows=(
                Window(days=(0, 1, 2, 3, 4), opens_min=1200, closes_min=1800),
                Window(days=(5, 6), opens_min=0, closes_min=1440),
            ),
            emergency="+33 1 00 00 00 00",
        ),
        Mandate(
            covers=("192.0.2.32/28", "tilleuls.example"),
            signed_by="Direction de l’EHPAD",
            document="mandat-2026-015.pdf",
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 6, 30),
            intensity=Intensity.DISCREET,
        ),
    ),
    consents=(
        Consent(
            holder="Hébergeur Exemple",
            covers=("portail.hebergeur.example",),
            document="accord-2026-003.pdf",
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 12, 31),
            intensity=Intensity.DISCREET,
        ),
    ),
    expected=(
        Expected(
            asset="203.0.113.10",
            port=443,
            product="fortinet_fortios",
            owner="DSI",
            justification="VPN du personnel",
            mfa="yes",
            review_by=date(2026, 9, 30),
        ),
        Expected(
            asset="198.51.100.20",
            port=443,
            owner="Infogérant",
            justification="Télémaintenance de l’imagerie",
            mfa="no",
            review_by=date(2025, 12, 1),
        ),
        Expected(
            asset="203.0.113.99",
            port=1194,
            owner="Biomédical",
            justification="Télémaintenance des automates de laboratoire",
        ),
    ),
    services=Services(operator="https://vigie.grades.example/balayages"),
)

SCENE = Scene(
    inventory=INVENTORY,
    generated_at=datetime(2026, 1, 16, 7, 12, tzinfo=UTC),
    source_addresses=("192.0.2.250", "2001:db8:ff::250"),
)


def _care(
    id_: str, fr: str, en: str, target_fr: str, target_en: str, confidence: str, ref: str = ""
) -> CareIndicator:
    return CareIndicator(
        id=id_,
        domain=id_.partition(".")[0],
        objective=Wording("Objectif", "Objective"),
        label=Wording(fr, en),
        target=Wording(target_fr, target_en) if target_fr else None,
        official_ref=ref,
        confidence=confidence,
    )


KNOWLEDGE = Knowledge(
    compiled_on=date(2026, 1, 1),
    ports=(),
    extra_tcp=(),
    products=(),
    windows=(),
    care=(
        _care(
            "D1.EXPO.1",
            "Périmètre exposé déclaré et à jour",
            "Declared and current exposed perimeter",
            "chaque actif trouvé est rattaché à une entité, revue à chaque balayage",
            "every asset found is attached to an entity, reviewed at each scan",
            "product_default",
        ),
        _care(
            "D1.EXPO.2",
            "Audits d'exposition réalisés régulièrement",
            "Exposure audits run regularly",
            "aucun nombre officiel trouvé ; SILENE est mensuel",
            "no official count found; SILENE is monthly",
            "partly_sourced",
        ),
        _care(
            "D1.EXPO.3",
            "Niveau minimum de sécurisation tenu sur deux audits successifs",
            "Minimum exposure level held over two successive audits",
            "intervalle entre les deux audits : 45 jours au moins, 60 jours au plus",
            "interval between the two audits: 45 days at least, 60 days at most",
            "sourced",
            "D1.O2.B",
        ),
        _care(
            "D1.EXPO.4",
            "Aucune vulnérabilité critique ouverte sur un actif exposé",
            "No open critical weakness on an exposed asset",
            "0 critique ; toute élevée a un porteur et une échéance",
            "0 critical; every high one has an owner and a due date",
            "product_default",
        ),
        _care(
            "D1.EXPO.5",
            "Plan d'action de remédiation suivi",
            "Remediation plan followed up",
            "100 % des constats critiques et élevés planifiés",
            "100% of critical and high findings planned",
            "inferred",
        ),
        _care(
            "D1.EXPO.6",
            "Interfaces et protocoles d'administration non exposés",
            "No exposed administration interface or protocol",
            "0 sans exception acceptée",
            "0 without accepted exception",
            "product_default",
        ),
        _care(
            "D1.EXPO.7",
            "Composants exposés maintenus et corrigés",
            "Exposed components supported and patched",
            "aucun composant en fin de vie",
            "no component at its end of life",
            "inferred",
        ),
        _care(
            "D1.EXPO.8",
            "Chiffrement, messagerie et noms conformes aux guides",
            "Encryption, mail and names follow the guides",
            "aucun constat ouvert de criticité élevée ou plus",
            "no open finding of criticality high or above",
            "product_default",
        ),
        _care(
            "D1.AD.3",
            "Niveau ADS minimum",
            "Minimum ADS level",
            "niveau 3",
            "level 3",
            "product_default",
        ),
        _care(
            "D1.AD.8",
            "Autres annuaires recensés (Entra ID, Samba AD, OpenLDAP)",
            "Other directories listed",
            "",
            "",
            "unknown",
        ),
        _care(
            "DRA.EXPO.2",
            "Aucun bureau à distance directement exposé",
            "No remote desktop directly exposed",
            "0",
            "0",
            "inferred",
        ),
        _care(
            "D2.P.1", "PSSI validée", "Approved policy", "validée", "approved", "sourced", "D2.P1"
        ),
    ),
    care_disclaimer=Wording(
        "Aide à la préparation. Ne remplace ni l'audit SILENE, ni l'audit du CERT Santé, ni "
        "l'audit ADS exigés comme preuves.",
        "Preparation aid. Does not replace the SILENE, CERT Santé or ADS audits expected as proof.",
    ),
)


class _Fault(msgspec.Struct, frozen=True, kw_only=True):
    check: str
    title: Wording
    risk: Wording
    remedy: Wording
    evidence: Wording
    criticality: Criticality
    confidence: Confidence
    care: tuple[str, ...]
    references: tuple[str, ...]
    places: tuple[tuple[str, str, int], ...]


_CHU, _CH, _EHPAD = "chu-estuaire", "ch-valbrune", "ehpad-tilleuls"

_FAULTS = (
    _Fault(
        check="rdp.nla-not-required",
        title=Wording(
            "Bureau à distance ouvert sans authentification préalable",
            "Remote desktop open without prior authentication",
        ),
        risk=Wording(
            "N'importe qui sur internet atteint l'écran d'ouverture de session : c'est la porte "
            "d'entrée la plus fréquente des rançongiciels à l'hôpital.",
            "Anyone on the Internet reaches the login screen: the most frequent way in for "
            "ransomware in hospitals.",
        ),
        remedy=Wording(
            "Fermer le port 3389 sur le pare-feu ; faire passer l'accès par le VPN avec second "
            "facteur. À défaut, exiger NLA : `Configuration ordinateur > Services Bureau à "
            "distance > Exiger NLA`.",
            "Close port 3389 on the firewall; bring access through the VPN with a second factor. "
            "Failing that, require NLA: `Computer Configuration > Remote Desktop Services > "
            "Require NLA`.",
        ),
        evidence=Wording(
            "Le serveur a choisi la sécurité RDP standard sans NLA (X.224, protocole retenu : 0).",
            "The server chose standard RDP security without NLA (X.224, selected protocol: 0).",
        ),
        criticality=Criticality.CRITICAL,
        confidence=Confidence.CERTAIN,
        care=("D1.EXPO.4", "D1.EXPO.6", "DRA.EXPO.2"),
        references=("ANSSI Hygiène 23, 32", "ANSSI PA-022 R21, R24", "ReCyF v2.5 (projet) 7.B.3"),
        places=(
            (_CHU, "203.0.113.41", 3389),
            (_CH, "198.51.100.17", 3389),
            (_CH, "198.51.100.18", 33890),
        ),
    ),
    _Fault(
        check="vnc.no-authentication",
        title=Wording("VNC sans mot de passe", "VNC without a password"),
        risk=Wording(
            "L'écran et le clavier d'un poste sont offerts à tout internet.",
            "The screen and keyboard of a workstation are offered to the whole Internet.",
        ),
        remedy=Wording(
            "Fermer le port sur le pare-feu et arrêter le service VNC.",
            "Close the port on the firewall and stop the VNC service.",
        ),
        evidence=Wording(
            "Le serveur RFB 003.008 propose le type de sécurité 1 (aucune).",
            "The RFB 003.008 server offers security type 1 (none).",
        ),
        criticality=Criticality.CRITICAL,
        confidence=Confidence.CERTAIN,
        care=("D1.EXPO.4", "D1.EXPO.6", "DRA.EXPO.2"),
        references=("ANSSI Hygiène 23",),
        places=((_CHU, "203.0.113.77", 5900),),
    ),
    _Fault(
        check="product.end-of-life",
        title=Wording(
            "Passerelle VPN en fin de vie, faille exploitée connue",
            "VPN gateway at its end of life, known exploited flaw",
        ),
        risk=Wording(
            "L'éditeur ne corrige plus ce produit ; des groupes criminels exploitent déjà ses "
            "failles.",
            "The vendor no longer fixes this product; criminal groups already exploit its flaws.",
        ),
        remedy=Wording(
            "Remplacer l'équipement ou passer à une branche maintenue ; renouveler ensuite les "
            "mots de passe des comptes VPN.",
            "Replace the appliance or move to a maintained branch; then renew the passwords of "
            "VPN accounts.",
        ),
        evidence=Wording(
            "Version 7.0.3 annoncée par la page de connexion ; branche 7.0 sans correctif depuis "
            "le 30 septembre 2025.",
            "Version 7.0.3 announced by the login page; branch 7.0 without fixes since 30 "
            "September 2025.",
        ),
        criticality=Criticality.HIGH,
        confidence=Confidence.FIRM,
        care=("D1.EXPO.7",),
        references=(
            "ANSSI Hygiène 35",
            ""
            "https://www.cert.ssi.gouv.fr/alerte/exemple-d-adresse-longue-qui-doit-rester-entiere-sur-le-papier/",
        ),
        places=((_CH, "198.51.100.20", 443),),
    ),
    _Fault(
        check="smb.exposed",
        title=Wording("Partage de fichiers Windows exposé", "Windows file sharing exposed"),
        risk=Wording(
            "Un partage joignable d'internet expose les fichiers et les mots de passe du domaine.",
            "A share reachable from the Internet exposes files and domain passwords.",
        ),
        remedy=Wording("Filtrer le port 445 en entrée.", "Filter inbound port 445."),
        evidence=Wording("Négociation SMB 3.1.1 aboutie.", "SMB 3.1.1 negotiation succeeded."),
        criticality=Criticality.HIGH,
        confidence=Confidence.CERTAIN,
        care=("D1.EXPO.6",),
        references=("ANSSI Hygiène 23",),
        places=((_CH, "198.51.100.31", 445), (_CHU, "203.0.113.52", 445)),
    ),
    _Fault(
        check="tls.tls1-0",
        title=Wording("TLS 1.0 accepté", "TLS 1.0 accepted"),
        risk=Wording(
            "Une version dépassée du chiffrement permet d'affaiblir des échanges de santé.",
            "An outdated version of encryption lets health exchanges be weakened.",
        ),
        remedy=Wording(
            "N'offrir que TLS 1.2 et 1.3 (nginx : `ssl_protocols TLSv1.2 TLSv1.3;`).",
            "Offer only TLS 1.2 and 1.3 (nginx: `ssl_protocols TLSv1.2 TLSv1.3;`).",
        ),
        evidence=Wording("Version négociée : TLS 1.0.", "Negotiated version: TLS 1.0."),
        criticality=Criticality.HIGH,
        confidence=Confidence.CERTAIN,
        care=("D1.EXPO.8",),
        references=("RFC 8996", "ANSSI TLS R4"),
        places=tuple((_CHU, f"203.0.113.{host}", 443) for host in (11, 12, 13, 14, 15, 16, 22, 23)),
    ),
    _Fault(
        check="cert.expired",
        title=Wording("Certificat expiré", "Certificate expired"),
        risk=Wording(
            "Les agents s'habituent à ignorer l'alerte du navigateur, ce qui sert les usurpations.",
            "Staff get used to ignoring the browser warning, which serves impersonation.",
        ),
        remedy=Wording(
            "Renouveler le certificat et automatiser son renouvellement.",
            "Renew the certificate and automate renewal.",
        ),
        evidence=Wording("Expiré depuis le 3 novembre 2025.", "Expired since 3 November 2025."),
        criticality=Criticality.MEDIUM,
        confidence=Confidence.CERTAIN,
        care=("D1.EXPO.8",),
        references=("ANSSI TLS R25",),
        places=tuple((_CH, f"198.51.100.{host}", 443) for host in range(40, 47)),
    ),
    _Fault(
        check="ssh.weak-algorithms",
        title=Wording("SSH : algorithmes faibles", "SSH: weak algorithms"),
        risk=Wording(
            "Des échanges d'administration pourraient être lus par un attaquant patient.",
            "Administration exchanges could be read by a patient attacker.",
        ),
        remedy=Wording(
            "Retirer les algorithmes cités de `sshd_config`.",
            "Remove the named algorithms from `sshd_config`.",
        ),
        evidence=Wording(
            "Offerts : diffie-hellman-group1-sha1, 3des-cbc.",
            "Offered: diffie-hellman-group1-sha1, 3des-cbc.",
        ),
        criticality=Criticality.MEDIUM,
        confidence=Confidence.CERTAIN,
        care=("D1.EXPO.8",),
        references=("ANSSI SSH R15",),
        places=tuple((_CHU, f"203.0.113.{host}", 22) for host in range(180, 192)),
    ),
    _Fault(
        check="mail.dmarc-not-enforced",
        title=Wording("DMARC sans blocage", "DMARC not enforced"),
        risk=Wording(
            "Un fraudeur peut écrire au nom de l'établissement.",
            "A fraudster can write in the name of the hospital.",
        ),
        remedy=Wording(
            "Passer la politique DMARC à `p=quarantine`, puis `p=reject`.",
            "Move the DMARC policy to `p=quarantine`, then `p=reject`.",
        ),
        evidence=Wording("_dmarc : v=DMARC1; p=none", "_dmarc: v=DMARC1; p=none"),
        criticality=Criticality.MEDIUM,
        confidence=Confidence.CERTAIN,
        care=("D1.EXPO.8",),
        references=("ANSSI interconnexion R48+",),
        places=((_CHU, "", 0), (_CH, "", 0), (_EHPAD, "", 0)),
    ),
    _Fault(
        check="tls.cbc-without-encrypt-then-mac",
        title=Wording("Suites CBC sans protection", "CBC suites without protection"),
        risk=Wording(
            "Chiffrement plus faible que l'état de l'art.",
            "Encryption weaker than the state of the art.",
        ),
        remedy=Wording("N'offrir que des suites AEAD.", "Offer only AEAD suites."),
        evidence=Wording(
            "Suite retenue : ECDHE-RSA-AES128-SHA.", "Chosen suite: ECDHE-RSA-AES128-SHA."
        ),
        criticality=Criticality.LOW,
        confidence=Confidence.FIRM,
        care=("D1.EXPO.8",),
        references=("ANSSI TLS R10",),
        places=tuple((_CHU, f"203.0.113.{host}", 443) for host in range(11, 27)),
    ),
    _Fault(
        check="product.version-unknown",
        title=Wording("Version de produit inconnue", "Product version unknown"),
        risk=Wording(
            "On ne sait pas si les correctifs sont posés.",
            "It is not known whether fixes are applied.",
        ),
        remedy=Wording(
            "Vérifier la version sur l'équipement.", "Check the version on the appliance."
        ),
        evidence=Wording(
            "Le portail ne donne pas sa version.", "The portal does not give its version."
        ),
        criticality=Criticality.LOW,
        confidence=Confidence.TENTATIVE,
        care=("D1.EXPO.7",),
        references=("ANSSI Hygiène 34",),
        places=((_CHU, "203.0.113.10", 443), (_EHPAD, "192.0.2.35", 443)),
    ),
    _Fault(
        check="vpn.portal-exposed",
        title=Wording("Portail d'accès distant reconnu", "Remote access portal recognised"),
        risk=Wording(
            "Cet accès est déclaré ; il reste à surveiller.",
            "This access is declared; it remains to be watched.",
        ),
        remedy=Wording(
            "Maintenir à jour et exiger le second facteur.",
            "Keep up to date and require a second factor.",
        ),
        evidence=Wording(
            "Page de connexion et certificat reconnus.", "Login page and certificate recognised."
        ),
        criticality=Criticality.INFO,
        confidence=Confidence.CERTAIN,
        care=("D1.EXPO.1",),
        references=("ANSSI PA-054",),
        places=((_CHU, "203.0.113.10", 443), (_CH, "198.51.100.20", 443)),
    ),
)


def _finding(fault: _Fault, place: tuple[str, str, int], language: Language) -> Finding:
    establishment, ip, port = place
    domain = next(one.domains[0] for one in INVENTORY.establishments if one.id == establishment)
    asset = (
        Asset(establishment=establishment, ip=ip, port=port, transport=Transport.TCP)
        if ip
        else Asset(establishment=establishment, hostname=domain)
    )
    seen = Place(establishment=establishment, ip=ip or None, port=port or None)
    return Finding(
        fingerprint=fingerprint(fault.check, seen),
        check=fault.check,
        title=fault.title.say(language),
        criticality=fault.criticality,
        confidence=fault.confidence,
        asset=asset,
        evidence=(fault.evidence.say(language),),
        care=fault.care,
        references=fault.references,
        remedy=fault.remedy.say(language),
        state=State.OPEN if port % 2 else State.NEW,
        first_seen=datetime(2025, 11, 20, 21, 3, tzinfo=UTC),
        last_seen=END,
        risk=fault.risk.say(language),
    )


def _service(
    place: tuple[str, str, int], protocol: str, evidence: str, **more: object
) -> ServiceRow:
    establishment, ip, port = place
    values: dict[str, object] = {
        "establishment": establishment,
        "ip": ip,
        "port": port,
        "transport": "tcp",
        "protocol": protocol,
        "tls": protocol == "http" and port != 80,
        "confidence": "certain",
        "evidence": [evidence],
        **more,
    }
    return msgspec.convert(values, ServiceRow)


def _services() -> tuple[ServiceRow, ...]:
    remote: dict[str, object] = {"remote_access": True}
    rows = [
        _service((_CHU, "203.0.113.41", 3389), "rdp", "X.224", **remote),
        _service((_CH, "198.51.100.17", 3389), "rdp", "X.224", **remote),
        _service((_CH, "198.51.100.18", 33890), "rdp", "X.224", **remote),
        _service((_CHU, "203.0.113.77", 5900), "vnc", "RFB 003.008", **remote),
        _service(
            (_CHU, "203.0.113.10", 443),
            "http",
            "/remote/login",
            hostname="vpn.chu-estuaire.example",
            product="fortinet_fortios",
            product_name="Fortinet FortiGate SSL-VPN",
            declared=True,
            justification="VPN du personnel",
            mfa="yes",
            owner="DSI",
            review_by="2026-09-30",
            **remote,
        ),
        _service(
            (_CH, "198.51.100.20", 443),
            "http",
            "/portal",
            hostname="acces.ch-valbrune.example",
            product="stormshield_sns",
            product_name="Stormshield SNS",
            version="7.0.3",
            confidence="firm",
            low_confidence_source=True,
            declared=True,
            justification="Télémaintenance de l’imagerie",
            mfa="no",
            owner="Infogérant",
            review_by="2025-12-01",
            **remote,
        ),
        _service(
            (_EHPAD, "192.0.2.35", 443),
            "http",
            "webvpn",
            product_name="Cisco ASA",
            confidence="tentative",
            **remote,
        ),
        _service((_CH, "198.51.100.31", 445), "smb", "SMB 3.1.1"),
        _service((_CHU, "203.0.113.52", 445), "smb", "SMB 3.1.1"),
        _service(
            (_CHU, "2001:db8:10::15", 443),
            "http",
            "HTTP/1.1 200",
            hostname="www.chu-estuaire.example",
        ),
    ]
    rows += [
        _service(
            (_CHU, f"203.0.113.{host}", 443),
            "http",
            "HTTP/1.1 200 OK ; nginx",
            product_name="nginx",
            version="1.18.0",
        )
        for host in range(11, 27)
    ]
    rows += [
        _service(
            (_CHU, f"203.0.113.{host}", 22),
            "ssh",
            "SSH-2.0-OpenSSH_7.4",
            product_name="OpenSSH",
            version="7.4",
            **remote,
        )
        for host in range(180, 192)
    ]
    rows += [
        _service((_CH, f"198.51.100.{host}", 443), "http", "HTTP/1.1 302 Found")
        for host in range(40, 47)
    ]
    rows += [_service((_CH, f"198.51.100.{host}", 25), "smtp", "220 ESMTP") for host in (60, 61)]
    rows += [_service((_CHU, "203.0.113.66", 104), "unknown", "silence")]
    return tuple(rows)


def _gaps(language: Language) -> tuple[NotMeasuredRow, ...]:
    def row(
        establishment: str, what: Wording, why: str, count: int, ip: str = "", port: int = 0
    ) -> NotMeasuredRow:
        return NotMeasuredRow(
            asset=Asset(establishment=establishment, ip=ip or None, port=port or None),
            what=what.say(language),
            why=say_reason(why, language),
            count=count,
        )

    suites = Wording("Suites de chiffrement acceptées", "Cipher suites accepted")
    ports = Wording("Ports 25, 135 à 139, 445", "Ports 25, 135 to 139, 445")
    return (
        row(_CHU, ports, "no-canary", 1_512),
        row(_CH, ports, "no-canary", 756),
        row(_CHU, suites, "client-too-modern", 9, "203.0.113.12", 443),
        row(_CHU, suites, "client-certificate", 1, "203.0.113.30", 8443),
        row(
            _CHU,
            Wording("Association DICOM", "DICOM association"),
            "quiet-port",
            1,
            "203.0.113.66",
            104,
        ),
        row(
            _EHPAD,
            Wording("Tout le préfixe 192.0.2.32/28", "The whole prefix 192.0.2.32/28"),
            "banned",
            412,
            "192.0.2.40",
        ),
        row(_EHPAD, Wording("Détails HTTP", "HTTP details"), "intensity", 4, "192.0.2.35", 443),
    )


def sample(language: Language = Language.FR) -> Results:
    """Give a full run: three establishments, about sixty findings."""
    findings = tuple(
        _finding(fault, place, language) for fault in _FAULTS for place in fault.places
    )
    return Results(
        run=RunInfo(
            id="2026-01-15T200411Z-ght-estuaire",
            kind="exposure",
            language=language,
            started_at=START,
            finished_at=END,
            complete=True,
            vigie_version="0.1.0",
            inventory="ght-estuaire",
            profile="standard",
        ),
        coverage=Coverage(
            addresses=400,
            ports_tried=187,
            statuses={
                "open": 53,
                "ok": 214,
                "refused": 21_840,
                "timeout": 49_310,
                "filtered": 1_120,
                "reset": 7,
                "gave-up": 2,
                "banned": 412,
                "undetermined": 2_268,
                "out-of-scope": 96,
            },
        ),
        services=_services(),
        findings=findings,
        not_measured=_gaps(language),
    )


def empty(language: Language = Language.FR, *, gaps: bool = False) -> Results:
    """Give a run that found nothing, with or without questions left unanswered."""
    full = sample(language)
    return msgspec.structs.replace(
        full, findings=(), not_measured=full.not_measured if gaps else ()
    )
