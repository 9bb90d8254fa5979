"""A Windows of the BlueKeep era behind RDP (CVE-2019-0708), told by its build number alone."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.rdp import HYBRID, RdpAnswer, RdpService

_LAST = 7601
"""Windows 7 and Server 2008 R2 with SP1; Windows 8 (9200) and later do not have the flaw."""


def judge(seen: RdpService, facts: Facts) -> Iterator[Verdict]:
    """Flag a build that had the flaw; whether it was corrected since is not told by any number."""
    del facts
    if seen.build is None:
        if "build" in seen.why:
            yield NotMeasured(seen.place, seen.why["build"])
        return
    if not 0 < seen.build <= _LAST:
        return
    proofs = [Proof("build", {"build": str(seen.build)})]
    criticality: Criticality | None = None
    if seen.nla_required:
        proofs.append(Proof("behind-nla"))
        criticality = Criticality.MEDIUM
    elif seen.nla_required is False:
        proofs.append(Proof("no-nla"))
    yield Flagged(seen.place, Confidence.TENTATIVE, tuple(proofs), criticality)


def _seen(build: int | None, *, nla_required: bool | None = False, why: str = "") -> RdpService:
    return RdpService(
        place=place(3389),
        at=AT,
        answers=(RdpAnswer(requested=HYBRID, selected=HYBRID),),
        negotiates=True,
        nla=True,
        nla_required=nla_required,
        build=build,
        why={"build": why} if why else {},
    )


CHECK = Check(
    id="rdp.bluekeep-preconditions",
    title_fr="Préconditions de BlueKeep réunies (CVE-2019-0708)",
    title_en="Preconditions of BlueKeep met (CVE-2019-0708)",
    risk_fr=(
        "Sans la mise à jour de mai 2019, un inconnu prend la main sur cette machine par RDP sans "
        "aucun mot de passe, et un ver peut en faire autant. Le numéro de version ne dit pas si "
        "elle est posée : à vérifier sur place."
    ),
    risk_en=(
        "Without the update of May 2019, a stranger takes over this machine through RDP without "
        "any password, and so can a worm. The version number does not tell whether it is "
        "installed: to be checked on site."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4",),
    references=(
        "CVE-2019-0708",
        "Microsoft, Windows 7 SP1 et Server 2008 R2 SP1 : KB4499175 (14 mai 2019)",
        "[MS-NLMP] 2.2.2.10",
    ),
    remedy_fr=(
        "Fermer 3389 côté Internet aujourd'hui ; vérifier que la mise à jour de mai 2019 "
        "(KB4499175 ou son rattrapage mensuel KB4499164 pour 7 et 2008 R2) est posée, exiger NLA, "
        "puis migrer : ce système n'est plus maintenu."
    ),
    remedy_en=(
        "Close 3389 on the Internet side today; check that the update of May 2019 (KB4499175, or "
        "its monthly rollup KB4499164, for 7 and 2008 R2) is installed, require NLA, then "
        "migrate: this system is no longer maintained."
    ),
    proofs={
        "build": Wording(
            "Numéro interne de Windows : {build}, antérieur à Windows 8. Aucun essai de la faille "
            "n'a été fait : seules ses préconditions sont dites.",
            "Windows build: {build}, older than Windows 8. The flaw was not tried in any way: only "
            "its preconditions are told.",
        ),
        "no-nla": Wording(
            "NLA n'est pas exigée : la faille s'atteint sans compte.",
            "NLA is not required: the flaw is within reach without an account.",
        ),
        "behind-nla": Wording(
            "NLA est exigée : il faut un compte pour atteindre la faille ; criticité ramenée à "
            "« moyenne ».",
            "NLA is required: reaching the flaw takes an account; brought down to medium.",
        ),
    },
    reads=RdpService,
    judge=judge,
    flagged=(_seen(7601), _seen(6002, nla_required=None), _seen(7601, nla_required=True)),
    clean=(_seen(9200), _seen(20348), _seen(None)),
    unmeasured=(_seen(None, why="intensity"),),
)
