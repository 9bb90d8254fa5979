"""What a collection asks of each kind of object, and nothing more.

One pass per class and naming context, by the indexes that every domain controller has (objectClass,
objectCategory). Attributes that the live schema does not have are left out before asking.
"""

from collections.abc import Iterable

import msgspec

from ad_audit.ber import BASE, SUBTREE, escape

SECRETS = frozenset(
    name.lower()
    for name in (
        "currentValue",
        "dBCSPwd",
        "initialAuthIncoming",
        "initialAuthOutgoing",
        "lmPwdHistory",
        "ms-Mcs-AdmPwd",
        "msDS-ExecuteScriptPassword",
        "msDS-ManagedPassword",
        "msFVE-KeyPackage",
        "msFVE-RecoveryPassword",
        "msKds-RootKeyData",
        "msLAPS-EncryptedDSRMPassword",
        "msLAPS-EncryptedDSRMPasswordHistory",
        "msLAPS-EncryptedPassword",
        "msLAPS-EncryptedPasswordHistory",
        "msLAPS-Password",
        "msPKI-CredentialRoamingTokens",
        "msPKIAccountCredentials",
        "msPKIDPAPIMasterKeys",
        "msPKIRoamingTimeStamp",
        "msSFU30Password",
        "msTPM-OwnerInformation",
        "ntPwdHistory",
        "orclCommonAttribute",
        "os400Password",
        "priorValue",
        "supplementalCredentials",
        "thumbnailPhoto",
        "trustAuthIncoming",
        "trustAuthOutgoing",
        "unicodePwd",
        "unixUserPassword",
        "userPassword",
    )
)
"""Never asked for, whatever the table below says; tested on the wire. ``thumbnailPhoto`` holds the
key of AD FS on some contacts.
"""

_EACH = (
    "objectClass",
    "objectGUID",
    "objectSid",
    "whenCreated",
    "whenChanged",
    "nTSecurityDescriptor",
)

_ACCOUNT = (
    *_EACH,
    "adminCount",
    "altSecurityIdentities",
    "badPwdCount",
    "cn",
    "comment",
    "description",
    "displayName",
    "info",
    "javaClassName",
    "javaCodebase",
    "javaFactory",
    "javaRemoteLocation",
    "javaSerializedData",
    "lastLogon",
    "lastLogonTimestamp",
    "logonCount",
    "mail",
    "managedBy",
    "msDS-AllowedToActOnBehalfOfOtherIdentity",
    "msDS-AllowedToDelegateTo",
    "msDS-AssignedAuthNPolicy",
    "msDS-AssignedAuthNPolicySilo",
    "msDS-KeyCredentialLink",
    "msDS-PSOApplied",
    "msDS-SecondaryKrbTgtNumber",
    "msDS-SupportedEncryptionTypes",
    "primaryGroupID",
    "pwdLastSet",
    "sAMAccountName",
    "sAMAccountType",
    "servicePrincipalName",
    "sIDHistory",
    "userAccountControl",
    "userCertificate",
    "userPrincipalName",
)

_USER = (
    *_ACCOUNT,
    "accountExpires",
    "homeDirectory",
    "lockoutTime",
    "msDS-KrbTgtLinkBl",
    "msDS-SupersededManagedAccountLink",
    "msDS-SupersededServiceAccountState",
    "msExchMailboxGuid",
    "profilePath",
    "scriptPath",
    "userWorkstations",
)

_COMPUTER = (
    *_ACCOUNT,
    "dNSHostName",
    "ms-DS-CreatorSID",
    "ms-Mcs-AdmPwdExpirationTime",
    "msDS-AdditionalDnsHostName",
    "msDS-DelegatedMSAState",
    "msDS-GroupMSAMembership",
    "msDS-HostServiceAccountBL",
    "msDS-KrbTgtLink",
    "msDS-ManagedAccountPrecededByLink",
    "msDS-ManagedPasswordId",
    "msDS-ManagedPasswordInterval",
    "msDS-NeverRevealGroup",
    "msDS-RevealOnDemandGroup",
    "msDS-RevealedList",
    "msDS-RevealedUsers",
    "msLAPS-PasswordExpirationTime",
    "netbootServer",
    "operatingSystem",
    "operatingSystemServicePack",
    "operatingSystemVersion",
    "serverReferenceBL",
)

_GROUP = (
    *_EACH,
    "adminCount",
    "cn",
    "description",
    "groupType",
    "info",
    "isCriticalSystemObject",
    "mail",
    "managedBy",
    "member",
    "msDS-PSOApplied",
    "sAMAccountName",
    "sAMAccountType",
    "sIDHistory",
)

_CONTAINER = (
    *_EACH,
    "cn",
    "description",
    "displayName",
    "flags",
    "gPCFileSysPath",
    "gPCFunctionalityVersion",
    "gPCMachineExtensionNames",
    "gPCUserExtensionNames",
    "gPCWQLFilter",
    "gPLink",
    "gPOptions",
    "isCriticalSystemObject",
    "managedBy",
    "msDS-Approx-Immed-Subordinates",
    "ou",
    "revision",
    "versionNumber",
)

_HEAD = (
    *_EACH,
    "dc",
    "fSMORoleOwner",
    "gPLink",
    "gPOptions",
    "lockOutObservationWindow",
    "lockoutDuration",
    "lockoutThreshold",
    "maxPwdAge",
    "minPwdAge",
    "minPwdLength",
    "ms-DS-MachineAccountQuota",
    "msDS-Approx-Immed-Subordinates",
    "msDS-Behavior-Version",
    "msDS-ExpirePasswordsOnSmartCardOnlyAccounts",
    "msDS-LogonTimeSyncInterval",
    "msDS-ReplAttributeMetaData",
    "nETBIOSName",
    "objectVersion",
    "otherWellKnownObjects",
    "pwdHistoryLength",
    "pwdProperties",
    "uASCompat",
    "wellKnownObjects",
)

_PKI = (
    *_EACH,
    "authorityRevocationList",
    "cACertificate",
    "cACertificateDN",
    "certificateTemplates",
    "cn",
    "crossCertificatePair",
    "dNSHostName",
    "displayName",
    "flags",
    "msDS-OIDToGroupLink",
    "msPKI-Cert-Template-OID",
    "msPKI-Certificate-Application-Policy",
    "msPKI-Certificate-Name-Flag",
    "msPKI-Certificate-Policy",
    "msPKI-Enrollment-Flag",
    "msPKI-Enrollment-Servers",
    "msPKI-Minimal-Key-Size",
    "msPKI-Private-Key-Flag",
    "msPKI-RA-Application-Policies",
    "msPKI-RA-Policies",
    "msPKI-RA-Signature",
    "msPKI-Supersede-Templates",
    "msPKI-Template-Minor-Revision",
    "msPKI-Template-Schema-Version",
    "pKIDefaultKeySpec",
    "pKIExpirationPeriod",
    "pKIExtendedKeyUsage",
    "pKIOverlapPeriod",
    "revision",
)

_SITES = (
    *_EACH,
    "cn",
    "dNSHostName",
    "gPLink",
    "gPOptions",
    "hasMasterNCs",
    "invocationId",
    "managedBy",
    "msDS-Behavior-Version",
    "msDS-HasDomainNCs",
    "msDS-hasMasterNCs",
    "msDS-isRODC",
    "options",
    "serverReference",
    "siteObject",
)

_PSO = (
    *_EACH,
    "cn",
    "msDS-LockoutDuration",
    "msDS-LockoutObservationWindow",
    "msDS-LockoutThreshold",
    "msDS-MaximumPasswordAge",
    "msDS-MinimumPasswordAge",
    "msDS-MinimumPasswordLength",
    "msDS-PSOAppliesTo",
    "msDS-PasswordComplexityEnabled",
    "msDS-PasswordHistoryLength",
    "msDS-PasswordReversibleEncryptionEnabled",
    "msDS-PasswordSettingsPrecedence",
)

DETAILS = (
    "msDS-KeyVersionNumber",
    "msDS-ReplAttributeMetaData",
    "msDS-ReplValueMetaData",
    "msDS-ResultantPSO",
)
"""Constructed and costly: asked of privileged objects alone, one by one."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One pass over one naming context: a filter and what to ask of what it finds."""

    name: str
    kinds: frozenset[str]
    """Of :attr:`core.directory.raw.Context.kind`."""
    filter: str = "(objectClass=*)"
    attributes: tuple[str, ...] = _EACH
    below: str = ""
    """Distinguished name before that of the context."""
    scope: int = SUBTREE
    classes: tuple[str, ...] = ()
    """What is missed when it does not come, in lower case; empty: the whole naming context."""
    holding: str = ""
    """Attribute made for a password: the filter asks whether it is there, nothing its value. What
    is found is told by its name, and belongs to another part.
    """


def _classes(*names: str) -> str:
    return f"(|{''.join(f'(objectClass={name})' for name in names)})"


_DOMAIN = frozenset({"domain"})
_CONFIGURATION = frozenset({"configuration"})
_SERVICES = "CN=Services"
_KEYS = f"CN=Public Key Services,{_SERVICES}"
_DNS = frozenset({"domain", "domain-dns", "forest-dns"})

_READABLE_PASSWORDS = (
    "msSFU30Password",
    "orclCommonAttribute",
    "os400Password",
    "unixUserPassword",
    "userPassword",
)
"""What Unix, Oracle and IBM i synchronise passwords to: a filter is true only for whoever may read
them ([MS-ADTS] 3.1.1.4.4).
"""

SCHEMA_PARTS = (
    Part(
        name="schema",
        kinds=frozenset({"schema"}),
        filter=_classes("attributeSchema", "classSchema"),
        classes=("attributeschema", "classschema"),
        attributes=(
            *_EACH,
            "adminDisplayName",
            "attributeID",
            "attributeSecurityGUID",
            "auxiliaryClass",
            "cn",
            "defaultSecurityDescriptor",
            "governsID",
            "isDefunct",
            "lDAPDisplayName",
            "linkID",
            "objectClassCategory",
            "possSuperiors",
            "schemaIDGUID",
            "searchFlags",
            "subClassOf",
            "systemAuxiliaryClass",
            "systemFlags",
            "systemPossSuperiors",
        ),
    ),
)
"""Read first: they say which of the others exist."""

PARTS = (
    Part(
        name="head",
        kinds=frozenset({"domain", "configuration", "schema", "domain-dns", "forest-dns"}),
        attributes=_HEAD,
        scope=BASE,
    ),
    Part(
        name="partitions",
        kinds=_CONFIGURATION,
        filter=_classes("crossRef", "crossRefContainer"),
        classes=("crossref", "crossrefcontainer"),
        below="CN=Partitions",
        attributes=(
            *_EACH,
            "cn",
            "dnsRoot",
            "fSMORoleOwner",
            "msDS-Behavior-Version",
            "msDS-EnabledFeature",
            "nCName",
            "nETBIOSName",
            "rootTrust",
            "systemFlags",
            "trustParent",
            "uPNSuffixes",
        ),
    ),
    Part(
        name="sites",
        kinds=_CONFIGURATION,
        filter=_classes(
            "site",
            "sitesContainer",
            "serversContainer",
            "server",
            "nTDSDSA",
            "nTDSDSARO",
            "nTDSSiteSettings",
            "siteLink",
            "subnetContainer",
            "subnet",
        ),
        below="CN=Sites",
        classes=("site", "server", "ntdsdsa", "ntdsdsaro", "sitelink", "subnet"),
        attributes=_SITES,
    ),
    Part(
        name="directory-service",
        kinds=_CONFIGURATION,
        filter="(objectClass=nTDSService)",
        classes=("ntdsservice",),
        below=_SERVICES,
        attributes=(
            *_EACH,
            "dSHeuristics",
            "msDS-DeletedObjectLifetime",
            "sPNMappings",
            "tombstoneLifetime",
        ),
    ),
    Part(
        name="keys",
        kinds=_CONFIGURATION,
        below=_KEYS,
        attributes=_PKI,
        classes=(
            "certificationauthority",
            "mspki-enterprise-oid",
            "pkicertificatetemplate",
            "pkienrollmentservice",
        ),
    ),
    Part(
        name="group-keys",
        kinds=_CONFIGURATION,
        below=f"CN=Group Key Distribution Service,{_SERVICES}",
        classes=("mskds-provrootkey", "mskds-provserverconfiguration"),
        attributes=(*_EACH, "cn", "msKds-CreateTime", "msKds-UseStartTime", "msKds-DomainID"),
    ),
    Part(
        name="silos",
        kinds=_CONFIGURATION,
        below=f"CN=AuthN Policy Configuration,{_SERVICES}",
        classes=("msds-authnpolicy", "msds-authnpolicysilo"),
        attributes=(
            *_EACH,
            "cn",
            "msDS-AuthNPolicyEnforced",
            "msDS-AuthNPolicySiloEnforced",
            "msDS-AuthNPolicySiloMembers",
            "msDS-ComputerAuthNPolicy",
            "msDS-ServiceAuthNPolicy",
            "msDS-UserAuthNPolicy",
            "msDS-UserTGTLifetime",
        ),
    ),
    Part(
        name="rights",
        kinds=_CONFIGURATION,
        filter="(objectClass=controlAccessRight)",
        classes=("controlaccessright",),
        below="CN=Extended-Rights",
        attributes=(*_EACH, "appliesTo", "cn", "displayName", "rightsGuid", "validAccesses"),
    ),
    Part(
        name="display-specifiers",
        kinds=_CONFIGURATION,
        filter="(objectClass=displaySpecifier)",
        classes=("displayspecifier",),
        below="CN=DisplaySpecifiers",
        attributes=(
            *_EACH,
            "adminContextMenu",
            "adminPropertyPages",
            "cn",
            "contextMenu",
            "shellContextMenu",
            "shellPropertyPages",
        ),
    ),
    Part(
        name="exchange",
        kinds=_CONFIGURATION,
        filter="(objectClass=msExchOrganizationContainer)",
        classes=("msexchorganizationcontainer",),
        below=_SERVICES,
        attributes=(*_EACH, "cn", "msExchProductId", "objectVersion"),
    ),
    Part(
        name="users",
        kinds=_DOMAIN,
        filter="(&(objectCategory=person)(objectClass=user))",
        classes=("user", "inetorgperson"),
        attributes=_USER,
    ),
    Part(
        name="computers",
        kinds=_DOMAIN,
        filter="(objectClass=computer)",
        classes=(
            "computer",
            "msds-delegatedmanagedserviceaccount",
            "msds-groupmanagedserviceaccount",
            "msds-managedserviceaccount",
        ),
        attributes=_COMPUTER,
    ),
    Part(
        name="groups",
        kinds=_DOMAIN,
        filter="(objectClass=group)",
        attributes=_GROUP,
        classes=("group",),
    ),
    Part(
        name="containers",
        kinds=_DOMAIN,
        filter=_classes("organizationalUnit", "container", "builtinDomain", "lostAndFound"),
        classes=("builtindomain", "container", "grouppolicycontainer", "organizationalunit"),
        attributes=_CONTAINER,
    ),
    Part(
        name="foreigners",
        # Samba makes members of those that the configuration lists, where Windows copies them.
        kinds=_DOMAIN | _CONFIGURATION,
        filter="(objectClass=foreignSecurityPrincipal)",
        classes=("foreignsecurityprincipal",),
        attributes=(*_EACH, "cn"),
    ),
    Part(
        name="trusts",
        kinds=_DOMAIN,
        filter="(objectClass=trustedDomain)",
        classes=("trusteddomain",),
        attributes=(
            *_EACH,
            "cn",
            "flatName",
            "msDS-SupportedEncryptionTypes",
            "msDS-TrustForestTrustInfo",
            "securityIdentifier",
            "trustAttributes",
            "trustDirection",
            "trustPartner",
            "trustType",
        ),
    ),
    Part(
        name="password-settings",
        kinds=_DOMAIN,
        filter=_classes("msDS-PasswordSettings", "msDS-PasswordSettingsContainer"),
        classes=("msds-passwordsettings", "msds-passwordsettingscontainer"),
        attributes=_PSO,
    ),
    Part(
        name="roles",
        kinds=_DOMAIN,
        filter=_classes("infrastructureUpdate", "rIDManager", "samServer"),
        classes=("infrastructureupdate", "ridmanager", "samserver"),
        attributes=(*_EACH, "cn", "fSMORoleOwner"),
    ),
    Part(
        name="replication",
        kinds=_DOMAIN,
        filter=_classes(
            "msDFSR-GlobalSettings",
            "msDFSR-ReplicationGroup",
            "msDFSR-Content",
            "msDFSR-ContentSet",
            "msDFSR-Topology",
            "msDFSR-Member",
            "msDFSR-LocalSettings",
            "msDFSR-Subscriber",
            "msDFSR-Subscription",
            "nTFRSReplicaSet",
        ),
        classes=(
            "msdfsr-content",
            "msdfsr-contentset",
            "msdfsr-globalsettings",
            "msdfsr-localsettings",
            "msdfsr-member",
            "msdfsr-replicationgroup",
            "msdfsr-subscriber",
            "msdfsr-subscription",
            "msdfsr-topology",
            "ntfrsreplicaset",
        ),
        attributes=(
            *_EACH,
            "cn",
            "fRSReplicaSetType",
            "msDFSR-ComputerReference",
            "msDFSR-Flags",
            "msDFSR-RootPath",
        ),
    ),
    Part(
        name="backup-keys",
        kinds=_DOMAIN,
        filter="(objectClass=secret)",
        classes=("secret",),
        below="CN=System",
        attributes=(*_EACH, "cn"),
    ),
    Part(
        name="services",
        kinds=_DOMAIN,
        filter=_classes("connectionPoint", "mSSMSManagementPoint", "intellimirrorSCP"),
        classes=("connectionpoint", "intellimirrorscp", "mssmsmanagementpoint"),
        attributes=(*_EACH, "cn", "dNSHostName", "keywords", "mSSMSSiteCode", "netbootServer"),
    ),
    Part(
        name="federation",
        kinds=_DOMAIN,
        below="CN=ADFS,CN=Microsoft,CN=Program Data",
        classes=("contact",),
        attributes=(*_EACH, "cn"),
    ),
    Part(
        name="zones",
        kinds=_DNS,
        filter="(objectClass=dnsZone)",
        classes=("dnszone",),
        attributes=(*_EACH, "dNSProperty", "dc", "name"),
    ),
    Part(
        name="dns",
        kinds=frozenset({"domain-dns", "forest-dns"}),
        filter=_classes("container", "msDS-ZoneScopeContainer"),
        classes=("container",),
        attributes=(*_EACH, "cn"),
    ),
    *(
        Part(
            name=f"holding-{name.lower()}",
            kinds=_DOMAIN,
            filter=f"(&(objectCategory=person)(objectClass=user)({name}=*))",
            attributes=("objectGUID",),
            classes=(name.lower(),),
            holding=name.lower(),
        )
        for name in _READABLE_PASSWORDS
    ),
)
"""In the order in which they are asked."""


NODES = Part(
    name="nodes",
    kinds=_DNS,
    filter="(objectClass=dnsNode)",
    attributes=(*_EACH, "dNSTombstoned", "dc", "dnsRecord", "name"),
    classes=("dnsnode",),
)
"""Read last, and narrowed to the names that delegations lead to: see :func:`nodes_named`."""


def nodes_named(names: Iterable[str]) -> Part:
    """Give the pass that reads what DNS says of some names; ``name`` is indexed."""
    listed = "".join(f"(name={escape(one)})" for one in sorted(names))
    return msgspec.structs.replace(NODES, filter=f"(&(objectClass=dnsNode)(|{listed}))")


def attributes_of(part: Part, known: frozenset[str]) -> tuple[str, ...]:
    """Give what to ask: what the schema has (lower-case names), without a secret."""
    return tuple(
        name
        for name in part.attributes
        if name.lower() not in SECRETS and (not known or name.lower() in known)
    )
