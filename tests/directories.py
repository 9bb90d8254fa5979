"""Forests for hypothesis: the sound one, a few departures, and foreign bytes in any attribute."""

from hypothesis import strategies as st

from checks.ad._shared import healthy as made
from core.directory.forest import Directory

_NAMES = st.sampled_from(
    ["Administrator", "krbtgt", "m.durand", "adm.martin", "DC1$", "POSTE-001$", "gmsa-sauve$"]
)
_GROUPS = st.sampled_from(
    [
        "Domain Admins",
        "Administrators",
        "DnsAdmins",
        "Domain Users",
        "Account Operators",
        "Schema Admins",
    ]
)
_PLACES = st.sampled_from(
    [
        "CN=AdminSDHolder,CN=System",
        "OU=Personnel",
        "OU=Domain Controllers",
        "Domain Admins",
        "adm.martin",
        made.ROOT,
        "CN=Configuration",
        "CN={31B2F340-016D-11D2-945F-00C04FB984F9},CN=Policies,CN=System",
    ]
)
_ENTRIES = st.sampled_from(
    [
        "(A;;GA;;;AU)",
        "(A;CI;WD;;;@m.durand)",
        "(D;;GA;;;WD)",
        "(A;CIIO;GA;;;WD)",
        "(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;DU)",
        "(OA;CI;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;bf967a9c-0de6-11d0-a285-00aa003049e2;AN)",
        '(XA;;GA;;;BU;(WIN://SYSAPPID Contains "x"))',
        "(A;;GA;;;S-1-5-21-9-9-9-1999)",
    ]
)
_BYTES = st.one_of(
    st.binary(max_size=40),
    st.integers(-(2**70), 2**70).map(lambda one: str(one).encode()),
    st.sampled_from([b"", b"TRUE", b"20260101000000.0Z", b"9223372036854775807", b"-1"]),
)
_ATTRIBUTES = st.sampled_from(
    """useraccountcontrol pwdlastset lastlogontimestamp whencreated whenchanged primarygroupid
    serviceprincipalname msds-allowedtodelegateto msds-allowedtoactonbehalfofotheridentity member
    gplink gpoptions dsheuristics dnsproperty cacertificate msds-keycredentiallink sidhistory
    operatingsystemversion trustattributes trustdirection admincount objectsid objectguid
    msds-replattributemetadata msds-groupmsamembership msds-revealedusers samaccountname
    description objectclass dnsrecord dnshostname defaultsecuritydescriptor mskds-usestarttime cn
    serverreference""".split()  # noqa: SIM905 - read as a list of words
)


_ANYONE = st.integers(0, 10_000).map(lambda one: f"#{one}")


def directories() -> st.SearchStrategy[Directory]:
    """Give forests that no administrator would recognise, and that are forests all the same."""
    departures: st.SearchStrategy[made.Departure] = st.one_of(
        st.builds(made.grant, _PLACES, _ENTRIES),
        st.builds(made.member, _GROUPS, _NAMES),
        st.builds(made.hidden_descriptor, _PLACES),
        st.builds(made.emptied, _GROUPS),
        st.builds(made.spoilt, _ANYONE, _ATTRIBUTES, _BYTES),
        st.builds(made.spoilt, _ANYONE, _ATTRIBUTES),
        st.builds(made.hide, _NAMES, _ATTRIBUTES),
        st.builds(
            made.unread, st.sampled_from(["domain", "configuration", "schema", "domain-dns"])
        ),
        st.just(made.child_domain()),
    )
    return st.lists(departures, max_size=4).map(lambda some: made.healthy(*some))
