"""Bits and numbers of attributes (MS-ADTS 2.2, MS-SAMR 2.2, MS-KILE 2.2.7)."""

DISABLED = 0x2
"""Here begin the bits of userAccountControl."""
LOCKED = 0x10
PASSWORD_NOT_REQUIRED = 0x20
REVERSIBLE_PASSWORD = 0x80
TRUST_ACCOUNT = 0x800
WORKSTATION = 0x1000
CONTROLLER = 0x2000
NEVER_EXPIRES = 0x10000
SMARTCARD = 0x40000
UNCONSTRAINED = 0x80000
NOT_DELEGATED = 0x100000
DES_ONLY = 0x200000
NO_PREAUTH = 0x400000
PASSWORD_EXPIRED = 0x800000
PROTOCOL_TRANSITION = 0x1000000
PARTIAL_SECRETS = 0x4000000

DES = 0x1 | 0x2
"""Here begin the bits of msDS-SupportedEncryptionTypes."""
RC4 = 0x4
AES = 0x8 | 0x10

PERSON = 0x3000_0000
"""Here begin the values of sAMAccountType."""
MACHINE = 0x3000_0001
TRUST = 0x3000_0002
GLOBAL_GROUP = 0x1000_0000
LOCAL_GROUP = 0x2000_0000

SECURITY_GROUP = 0x8000_0000
"""Bit of groupType, unsigned."""

INBOUND = 1
"""Here begin the bits of trustDirection."""
OUTBOUND = 2

DOWNLEVEL = 1
"""Here begin the values of trustType."""
UPLEVEL = 2
MIT = 3
ENTRA = 5

NON_TRANSITIVE = 0x1
"""Here begin the bits of trustAttributes."""
QUARANTINED = 0x4
FOREST_TRANSITIVE = 0x8
CROSS_ORGANIZATION = 0x10
WITHIN_FOREST = 0x20
TREAT_AS_EXTERNAL = 0x40
USES_RC4 = 0x80
NO_TGT_DELEGATION = 0x200
PIM_TRUST = 0x400
TGT_DELEGATION = 0x800

LINK_DISABLED = 1
"""Here begin the options of a GPO link."""
LINK_ENFORCED = 2

USER_PART_DISABLED = 1
"""Here begin the flags of a GPO."""
COMPUTER_PART_DISABLED = 2

NTDS_CROSS_REF = 3
"""Bits of systemFlags of a crossRef that stands for a domain."""
