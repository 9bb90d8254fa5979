"""A port of industrial or building automation is open to the Internet."""

from collections.abc import Iterator

from checks._shared.quiet import PROOFS, host, presumed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.host import HostSeen


def judge(seen: HostSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag an open industrial port: tentatively, since automatons may stop at one odd byte."""
    return presumed(seen, facts, "industrial")


CHECK = Check(
    id="ot.exposed",
    title_fr="Port d'automatisme ouvert sur Internet",
    title_en="Port of an automation system open to the Internet",
    risk_fr=(
        "Automates, gestion technique du bâtiment, onduleurs ou fluides médicaux obéissent sur ces "
        "ports sans mot de passe : qui les atteint peut couper une ventilation ou une "
        "alimentation."
    ),
    risk_en=(
        "Controllers, building management, power supplies or medical gases obey on these ports "
        "without a password: whoever reaches them may cut ventilation or power."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("ANSSI, Cybersécurité des systèmes industriels", "IEC 62443-3-3"),
    remedy_fr=(
        "Vérifier auprès des services techniques quel équipement écoute ici. Fermer ce port côté "
        "Internet ; la télémaintenance passe par un bastion ou un tunnel avec second facteur."
    ),
    remedy_en=(
        "Ask the technical services which equipment listens here. Close this port on the Internet "
        "side; remote maintenance goes through a bastion or a tunnel with a second factor."
    ),
    proofs=PROOFS,
    reads=HostSeen,
    judge=judge,
    flagged=(host(502),),
    clean=(host(), host(2575)),
)
