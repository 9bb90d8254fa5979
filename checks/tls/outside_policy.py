"""Suites or groups that the chosen profile does not list."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, accepted_suites, service, suites, told
from checks.registry import Check
from core.facts import Facts
from core.knowledge.tls import Stance, TlsProfile
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag what the profile leaves out and no other check tells of."""
    profile = facts.tls
    if profile is None:
        return
    found = {
        version: _outside(names, seen, facts, profile)
        for version, names in accepted_suites(seen).items()
    }
    found = {version: names for version, names in found.items() if names}
    groups = tuple(
        dict.fromkeys(
            name
            for names in seen.groups.values()
            for name in names
            if profile.group(name) is Stance.OUTSIDE
        )
    )
    words = {"fr": profile.name.fr, "en": profile.name.en}
    proofs: list[Proof] = []
    if found:
        proofs.append(Proof("suites", {**words, "suites": told(found)}))
    if groups:
        proofs.append(Proof("groups", {**words, "groups": ", ".join(groups[:12])}))
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs))


def _outside(
    names: tuple[str, ...], seen: TlsService, facts: Facts, profile: TlsProfile
) -> tuple[str, ...]:
    cbc = "tls.cbc-without-encrypt-then-mac"
    kept: list[str] = []
    for name in names:
        if not name.startswith("TLS_"):
            continue
        families = {one.fault for one in facts.knowledge.tls.families if one.holds(name)}
        if families - {cbc} or profile.suite(name) is Stance.RECOMMENDED:
            continue
        if profile.suite(name) is Stance.OUTSIDE or (
            cbc in families
            and not (profile.cbc_with_encrypt_then_mac or seen.cbc_without_encrypt_then_mac)
        ):
            kept.append(name)
    return tuple(kept)


CHECK = Check(
    id="tls.outside-policy",
    title_fr="Algorithmes hors du référentiel retenu",
    title_en="Algorithms outside the chosen reference",
    risk_fr=(
        "Rien n'est cassé ici, mais ces algorithmes ne sont pas de ceux que le référentiel "
        "recommande ou tolère : ils élargissent ce qu'une faille future pourrait toucher."
    ),
    risk_en=(
        "Nothing is broken here, but these algorithms are not among those that the "
        "reference recommends or tolerates: they widen what a future flaw could touch."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        f"{GUIDE}, R6 à R12",
        "Mozilla, Server Side TLS 6.0, intermediate",
    ),
    remedy_fr=(
        "N'autoriser que des suites ECDHE avec AES-GCM ou ChaCha20-Poly1305. Avec eux, les "
        "groupes x25519, secp256r1 et secp384r1."
    ),
    remedy_en=(
        "Allow only ECDHE suites with AES-GCM or ChaCha20-Poly1305. With them, the groups "
        "x25519, secp256r1 and secp384r1."
    ),
    proofs={
        "suites": Wording(
            "Suites acceptées hors de « {fr}{en:.0} » : {suites}.",
            "Suites accepted outside “{en}{fr:.0}”: {suites}.",
        ),
        "groups": Wording(
            "Groupes acceptés hors de « {fr}{en:.0} » : {groups}.",
            "Groups accepted outside “{en}{fr:.0}”: {groups}.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(accepted={"TLS1.2": suites("TLS_RSA_WITH_AES_128_GCM_SHA256")}),
        service(groups={"TLS1.3": ("secp256k1",)}),
    ),
    clean=(
        service(),
        service(accepted={"TLS1.2": suites("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256")}),
    ),
)
