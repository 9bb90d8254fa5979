"""Which kinds of host the demo region has, what each runs, and what a truthful scan says of it.

A finding is written beside the service that earns it. Every certificate is signed by the region's
own CA, which nobody trusts: ``cert.untrusted-chain`` is true wherever TLS is, but where a key signs
itself. ``exposure.undeclared`` is added by :mod:`vigie.demo.truth` to remote accesses that the
inventory does not declare.
"""

import ssl
from dataclasses import dataclass, replace

from vigie.demo.certificates import Leaf, Tls
from vigie.demo.servers import (
    databases,
    datagrams,
    hostile,
    http,
    imaging,
    names,
    portals,
    quiet,
    rdp,
    screens,
    ssh,
    text,
    windows,
)
from vigie.demo.servers.base import Handler
from vigie.demo.servers.datagrams import Answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What the establishment says of one remote access: an ``[[expected]]`` entry."""

    mfa: str
    justification: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Virtual:
    """One more name of a web service."""

    label: str
    """First label; the rest is the domain of the hospital."""
    leaf: Leaf | None = None
    """``None``: the certificate of the service itself."""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """One service on one port."""

    port: int
    serve: Handler
    protocol: str
    """What a truthful scan calls it."""
    tls: Tls | None = None
    tls_first: bool = True
    """False: the service starts TLS in its own time."""
    product: str | None = None
    findings: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    """Checks whose finding here would be false."""
    may: tuple[str, ...] = ()
    """True as well, but only a deeper measure shows it: neither asked for nor counted as false."""
    remote_access: bool = False
    quiet: bool = False
    """One byte sent here is a trespass."""
    virtuals: tuple[Virtual, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DatagramSeat:
    """One service on one UDP port."""

    port: int
    answer: Answer
    protocol: str
    """What a truthful scan calls it."""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of host."""

    name: str
    """First label of its host name."""
    about: str
    """In French, one line."""
    seats: tuple[Seat, ...]
    datagrams: tuple[DatagramSeat, ...] = ()
    """Over UDP, where this machine lets their port be taken."""
    findings: tuple[str, ...] = ()
    """Of the host as a whole."""
    declared: Declared | None = None
    """Of its first remote access, on the first host of the kind."""
    medical: bool = False
    everywhere: bool = False
    """Accepts every port of the default list and says nothing there."""
    once: bool = False
    """Not repeated in larger regions."""


def _seat(
    serve: Handler,
    port: int,
    protocol: str,
    *findings: str,
    tls: Tls | None = None,
    must_not: tuple[str, ...] = (),
    may: tuple[str, ...] = (),
    product: str | None = None,
    remote_access: bool = False,
) -> Seat:
    return Seat(
        port=port,
        serve=serve,
        protocol=protocol,
        tls=tls,
        findings=findings,
        must_not=must_not,
        may=may,
        product=product or (protocol if protocol in _NAMED else None),
        remote_access=remote_access,
    )


def _https(
    port: int,
    *findings: str,
    tls: Tls | None = None,
    must_not: tuple[str, ...] = (),
    may: tuple[str, ...] = (),
) -> Seat:
    site = http.serving(http.hospital)
    return _seat(site, port, "http", *findings, tls=tls or Tls(), must_not=must_not, may=may)


def _portal(site: http.Site, product: str, port: int = 443, *, leaf: Leaf | None = None) -> Seat:
    return Seat(
        port=port,
        serve=http.serving(site),
        protocol="http",
        tls=Tls(leaf=leaf or Leaf()),
        product=product,
        findings=(*_CA, "vpn.portal-exposed", "product.version-unknown"),
        remote_access=True,
    )


def _rdp(serve: Handler, *findings: str, port: int = 3389, must_not: tuple[str, ...] = ()) -> Seat:
    # The certificate that Windows makes for itself is neither self-signed nor untrusted news.
    return Seat(
        port=port,
        serve=serve,
        protocol="rdp",
        tls=Tls(leaf=Leaf(own_issuer=True, for_rdp=True, days_left=152)),
        tls_first=False,
        findings=("rdp.exposed", *findings),
        must_not=("cert.self-signed", "cert.untrusted-chain", *must_not),
        remote_access=True,
    )


def _nla(serve: Handler, *findings: str, port: int = 3389, must_not: tuple[str, ...] = ()) -> Seat:
    # Only Windows, by its NTLM challenge, tells its maker.
    seat = _rdp(serve, *findings, port=port, must_not=must_not)
    return replace(seat, product="microsoft_rdp")


def _vnc(serve: Handler, port: int, *findings: str) -> Seat:
    return _seat(serve, port, "vnc", "vnc.exposed", *findings, remote_access=True)


def _ssh(serve: Handler, port: int, *findings: str, product: str = "ssh") -> Seat:
    exposed = ("ssh.exposed", *findings)
    return _seat(serve, port, "ssh", *exposed, product=product, remote_access=True)


def _starttls(
    serve: Handler, port: int, protocol: str, *findings: str, may: tuple[str, ...] = ()
) -> Seat:
    seat = _seat(serve, port, protocol, *findings, tls=Tls(), may=may)
    return replace(seat, tls_first=False)


def _quiet(port: int, *findings: str) -> Seat:
    return Seat(port=port, serve=quiet.quiet, protocol="unknown", findings=findings, quiet=True)


_NAMED = frozenset(
    """dicom ftp ldap memcached mongodb msrpc mssql mysql postgresql redis smb ssh telnet vnc
    x11""".split()  # noqa: SIM905 - read as a list of words
)
"""Protocols that are products of their own in the catalogue."""
_CA = ("cert.untrusted-chain",)
_NO_NLA = ("rdp.nla-not-required",)
_STANDARD_RDP = ("rdp.nla-not-required", "rdp.standard-security-accepted")
_OLD = "DEFAULT:@SECLEVEL=0"
_V1_0, _V1_2 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2
_MYSQL_8_0 = "product.end-of-life"
"""Its security updates ended on 2026-04-30."""
_UNREAD = "product.version-unknown"
"""Its version matters and nobody may read it, or not all of it, without an account."""
_SMB = ("smb.exposed", _UNREAD)
_OPEN_DATABASE = ("database.exposed", "database.no-authentication")

KINDS: tuple[Kind, ...] = (
    Kind(
        name="www",
        about="Site public, sous deux noms : TLS 1.2 et 1.3 ; sa clé sert aussi à la passerelle ; "
        "portail de recette oublié sous un troisième",
        seats=(
            replace(
                _https(443, *_CA, tls=Tls(leaf=Leaf(shared_key=True))),
                serve=http.hosting(http.hospital, {"recette": http.FORGOTTEN}),
                virtuals=(
                    # The same site, under a name that its certificate does not hold.
                    Virtual(label="portail", findings=("cert.name-mismatch",)),
                    Virtual(
                        label="recette",
                        leaf=Leaf(days_before=500, days_left=-130),
                        # Its chain is untrusted as well: said above, for the same port.
                        findings=(
                            "cert.expired",
                            "web.git-exposed",
                            "web.insecure-cookie",
                            "web.security-headers-missing",
                            "web.security-txt-missing",
                        ),
                    ),
                ),
            ),
            _seat(http.serving(http.to_https), 80, "http"),
        ),
    ),
    Kind(
        name="vpn",
        about="Portail Fortinet, déclaré, avec second facteur",
        seats=(_portal(portals.FORTINET, "fortinet_fortios"),),
        declared=Declared(mfa="yes", justification="Télétravail des soignants et du siège"),
    ),
    Kind(
        name="astreinte",
        about="Portail Cisco, déclaré, sans second facteur",
        seats=(_portal(portals.CISCO, "cisco_asa_ftd"),),
        declared=Declared(mfa="no", justification="Astreinte des biologistes"),
    ),
    Kind(
        name="teletravail",
        about="Portail Ivanti",
        seats=(_portal(portals.IVANTI, "ivanti_connect_secure"),),
    ),
    Kind(
        name="applis",
        about="Portail NetScaler, qui a la clé du site public",
        seats=(_portal(portals.CITRIX, "citrix_netscaler", leaf=Leaf(shared_key=True)),),
    ),
    Kind(
        name="partenaires",
        about="Portail GlobalProtect, sur le port 4443",
        seats=(_portal(portals.PALO_ALTO, "paloalto_globalprotect", 4443),),
    ),
    Kind(
        name="guide",
        about="Page qui cite des éditeurs de VPN et n'en est aucun",
        seats=(
            _seat(
                http.serving(http.GUIDE),
                443,
                "http",
                *_CA,
                tls=Tls(),
                must_not=("vpn.portal-exposed",),
            ),
        ),
    ),
    Kind(
        name="extranet",
        about="TLS 1.0 seul",
        seats=(
            _https(
                443,
                *_CA,
                "tls.tls1-0",
                "tls.no-tls1-2",
                "tls.outside-policy",
                tls=Tls(oldest=_V1_0, newest=_V1_0, ciphers=_OLD),
            ),
        ),
    ),
    Kind(
        name="intranet",
        about="TLS 1.0 à 1.3 ; échange de clés DH de 1024 bits",
        seats=(
            _https(
                443,
                *_CA,
                "tls.tls1-0",
                "tls.tls1-1",
                "tls.outside-policy",
                "tls.weak-signature",
                tls=Tls(oldest=_V1_0, ciphers=_OLD),
            ),
            _https(
                8443,
                *_CA,
                "tls.weak-dh",
                "tls.dhe-exhaustion",
                "tls.weak-signature",
                tls=Tls(
                    leaf=Leaf(rsa_bits=2048),
                    newest=_V1_2,
                    ciphers="DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0",
                    small_dh=True,
                ),
            ),
        ),
    ),
    Kind(
        name="resultats",
        about="Certificat expiré ; clé RSA de 1024 bits",
        seats=(
            _https(443, *_CA, "cert.expired", tls=Tls(leaf=Leaf(days_before=400, days_left=-40))),
            _https(
                8443,
                *_CA,
                "cert.weak-key",
                "tls.outside-policy",
                "tls.static-rsa",
                "tls.weak-signature",
                tls=Tls(leaf=Leaf(rsa_bits=1024), ciphers=_OLD),
            ),
        ),
    ),
    Kind(
        name="gtc",
        about="Certificat auto-signé ; validité de trois ans chez une autorité privée",
        seats=(
            _https(443, "cert.self-signed", tls=Tls(leaf=Leaf(own_issuer=True))),
            # The limits of the CA/Browser Forum bind public authorities only.
            _https(
                8443,
                *_CA,
                tls=Tls(leaf=Leaf(days_left=1_065)),
                must_not=("cert.validity-too-long",),
            ),
        ),
    ),
    Kind(
        name="agenda",
        about="Certificat d'un autre nom ; certificat qui expire dans vingt jours",
        seats=(
            _https(443, *_CA, "cert.name-mismatch", tls=Tls(leaf=Leaf(name="ancien.example"))),
            _https(8443, *_CA, "cert.expires-soon", tls=Tls(leaf=Leaf(days_left=20))),
        ),
    ),
    Kind(
        name="mutualise",
        about="Ne répond qu'à son propre nom (SNI) ; téléphonie SIP en UDP",
        seats=(_https(443, *_CA, tls=Tls(named_only=True)),),
        datagrams=(
            DatagramSeat(
                port=5060,
                answer=datagrams.telephony,
                protocol="sip",
                findings=("sip.exposed",),
            ),
        ),
    ),
    Kind(
        name="echanges",
        about="Exige un certificat client",
        seats=(
            Seat(
                port=443,
                serve=http.serving(http.hospital),
                protocol="unknown",
                tls=Tls(client_certificate=True),
                findings=_CA,
            ),
        ),
    ),
    Kind(
        name="poste-xp",
        about="Bureau à distance sans négociation (Windows XP, 2003)",
        seats=(_rdp(rdp.XP, *_STANDARD_RDP),),
    ),
    Kind(
        name="impressions",
        about="Bureau à distance en sécurité standard",
        seats=(_rdp(rdp.STANDARD, *_STANDARD_RDP),),
    ),
    Kind(
        name="radiologie",
        about="Bureau à distance en TLS, sans NLA",
        seats=(_rdp(rdp.TLS_ONLY, *_NO_NLA),),
    ),
    Kind(
        name="fichiers",
        about="Windows Server 2022 : NLA exigée, partage de fichiers, MSRPC",
        seats=(
            _nla(rdp.NLA_2022, must_not=("rdp.nla-not-required", "windows.unsupported")),
            _seat(windows.SMB_3, 445, "smb", *_SMB, must_not=("smb.v1-accepted",)),
            _seat(windows.msrpc, 135, "msrpc", "msrpc.exposed"),
        ),
    ),
    Kind(
        name="annuaire",
        about="Windows Server 2012 R2 : NLA exigée, SMB 1, LDAP, WinRM",
        seats=(
            _nla(rdp.NLA_2012_R2, "windows.unsupported", must_not=("rdp.nla-not-required",)),
            _seat(windows.SMB_1, 445, "smb", *_SMB, "smb.v1-accepted", "windows.unsupported"),
            _seat(windows.ldap, 389, "ldap", "ldap.exposed"),
            _seat(
                windows.WINRM,
                5985,
                "winrm",
                "winrm.exposed",
                "windows.unsupported",
                product="winrm",
                remote_access=True,
            ),
        ),
    ),
    Kind(
        name="paie",
        about="Bureau à distance, NLA facultative",
        seats=(_nla(rdp.NLA_OPTIONAL, *_NO_NLA),),
    ),
    Kind(
        name="rebond",
        about="Bureau à distance sur 8443, page web sur 3389 ; télémaintenance non corrigée",
        seats=(
            _nla(rdp.NLA_2022, port=8443),
            _seat(http.serving(http.hospital), 3389, "http", must_not=("rdp.exposed",)),
            _seat(
                http.serving(portals.SCREENCONNECT),
                8040,
                "http",
                "product.exposed",
                "product.known-exploited",
                product="screenconnect",
                remote_access=True,
            ),
        ),
    ),
    Kind(
        name="console",
        about="VNC et X11 sans authentification",
        seats=(
            _vnc(screens.VNC_NONE, 5900, "vnc.no-authentication"),
            _seat(screens.x11, 6000, "x11", "x11.exposed", remote_access=True),
        ),
    ),
    Kind(
        name="echographe",
        about="VNC avec mot de passe, et en version 3.3",
        seats=(_vnc(screens.VNC_PASSWORD, 5900), _vnc(screens.VNC_3_3, 5901)),
        medical=True,
    ),
    Kind(
        name="bastion",
        about="SSH à jour ; SSH dont le MAC est ancien",
        seats=(
            _ssh(ssh.STRONG, 22, product="openssh"),
            _ssh(ssh.LEGACY_MAC, 2222, "ssh.legacy-mac"),
        ),
        declared=Declared(mfa="yes", justification="Administration par la DSI"),
    ),
    Kind(
        name="sauvegarde",
        about="SSH aux algorithmes faibles ; console de sauvegarde",
        seats=(
            _ssh(ssh.WEAK, 22, "ssh.weak-algorithms", product="openssh"),
            _seat(
                http.serving(http.NOTHING),
                9419,
                "http",
                "backup.interface-exposed",
                "product.version-unknown",
                "cert.self-signed",
                "cert.name-mismatch",
                tls=Tls(leaf=Leaf(own_issuer=True, name="Veeam Backup Server Certificate")),
                product="veeam_vbr",
            ),
        ),
    ),
    Kind(
        name="switch-bloc",
        about="Telnet, et SSH qui accepte encore la version 1",
        seats=(
            _seat(text.telnet, 23, "telnet", "telnet.exposed", remote_access=True),
            _ssh(ssh.PROTOCOL_1, 22, "ssh.protocol-1"),
        ),
    ),
    Kind(
        name="depot",
        about="FTP et courrier sans chiffrement",
        seats=(
            _seat(text.FTP_CLEAR, 21, "ftp", "ftp.cleartext-login"),
            _seat(text.SMTP_CLEAR, 25, "smtp", "mail.starttls-missing"),
        ),
    ),
    Kind(
        name="transferts",
        about="FTP avec TLS ; rsync ouvert ; DNS qui donne sa zone et résout tout pour tous",
        seats=(
            _starttls(text.FTP_TLS, 21, "ftp", *_CA),
            _seat(text.rsync, 873, "rsync", "rsync.exposed"),
            _seat(names.closed_dns, 53, "dns"),
        ),
    ),
    Kind(
        name="courrier",
        about="Courrier avec STARTTLS ; DNS du domaine, qui refuse le reste",
        seats=(
            _starttls(text.SMTP, 25, "smtp", *_CA),
            _starttls(text.IMAP, 143, "imap", *_CA),
            _starttls(text.POP3, 110, "pop3", *_CA),
            _seat(names.closed_dns, 53, "dns"),
        ),
    ),
    Kind(
        name="entrepot",
        about="PostgreSQL, MySQL, SQL Server",
        seats=(
            _starttls(databases.postgresql, 5432, "postgresql", "database.exposed", _UNREAD, *_CA),
            _starttls(databases.mysql, 3306, "mysql", "database.exposed", _MYSQL_8_0, *_CA),
            _seat(databases.mssql, 1433, "mssql", "database.exposed"),
        ),
    ),
    Kind(
        name="cache",
        about="Redis et memcached sans mot de passe ; moteur Docker ouvert ; hyperviseur",
        seats=(
            _seat(databases.REDIS_OPEN, 6379, "redis", *_OPEN_DATABASE, _UNREAD),
            _seat(databases.memcached, 11211, "memcached", *_OPEN_DATABASE),
            _seat(
                http.serving(http.DOCKER),
                2375,
                "http",
                "docker.api-exposed",
                product="docker_api",
            ),
            _seat(
                http.serving(http.PROXMOX),
                8006,
                "http",
                *_CA,
                "admin.interface-exposed",
                "product.version-unknown",
                tls=Tls(),
                product="proxmox_ve",
            ),
        ),
    ),
    Kind(
        name="recherche",
        about="Redis avec mot de passe, MongoDB ; PACS de recherche ouvert à tous",
        seats=(
            _seat(
                databases.REDIS_PASSWORD,
                6379,
                "redis",
                "database.exposed",
                _UNREAD,
                must_not=("database.no-authentication",),
            ),
            _seat(
                databases.mongodb,
                27017,
                "mongodb",
                "database.exposed",
                _UNREAD,
                # The branch is told, and supported until August 2027.
                may=("product.end-of-life",),
            ),
            _seat(imaging.pacs, 11112, "dicom", "dicom.association-accepted"),
        ),
    ),
    Kind(
        name="imprimante",
        about="Imprimante (JetDirect) : tout octet reçu est imprimé",
        seats=(_quiet(9100, "printer.exposed"),),
    ),
    Kind(
        name="interface-hl7",
        about="Écoute MLLP du laboratoire",
        seats=(_quiet(2575, "hl7.mllp-exposed"),),
        medical=True,
    ),
    Kind(
        name="automate",
        about="Automate Modbus et convertisseur série",
        seats=(_quiet(502, "ot.exposed"), _quiet(4001)),
        medical=True,
    ),
    Kind(
        name="lent",
        about="Un octet toutes les trois secondes",
        seats=(_seat(hostile.tarpit, 22, "unknown"),),
    ),
    Kind(
        name="pare-feu",
        about="Accepte tous les ports et ne dit rien",
        seats=(),
        findings=("host.answers-everywhere",),
        everywhere=True,
        once=True,
    ),
    Kind(
        name="coupe",
        about="Coupe toute connexion",
        seats=(_seat(hostile.reset, 443, "unknown"), _seat(hostile.reset, 22, "unknown")),
    ),
    Kind(
        name="bruit",
        about="Envoie du bruit ; envoie sans fin",
        seats=(
            _seat(hostile.garbage, 8888, "unknown"),
            _seat(hostile.endless, 9999, "unknown"),
        ),
    ),
    Kind(
        name="piege",
        about="Redirection hors du périmètre ; titre hostile",
        seats=(
            _seat(http.serving(http.LURE), 80, "http", "web.no-https-redirect"),
            _seat(http.serving(http.HOSTILE), 8080, "http"),
        ),
    ),
)
"""In the order in which hosts get them: forty, so that the default region has each."""
