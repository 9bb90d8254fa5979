"""How the control graph is read aloud: one wording per right and per edge."""

from core.directory.graph import Edge, Label
from core.directory.objects import Objects
from core.directory.paths import Path, Step
from core.directory.rights import Right
from core.model import Wording

_RIGHTS: dict[Right, Wording] = {
    Right.OWNER: Wording("est propriétaire de", "owns"),
    Right.GENERIC_ALL: Wording("a le contrôle total de", "has full control of"),
    Right.WRITE_DAC: Wording("modifie les droits de", "may change the rights of"),
    Right.WRITE_OWNER: Wording("change le propriétaire de", "may change the owner of"),
    Right.GENERIC_WRITE: Wording("modifie tout attribut de", "may write any attribute of"),
    Right.ALL_EXTENDED: Wording("a tous les droits étendus sur", "has every extended right on"),
    Right.FORCE_PASSWORD: Wording("réinitialise le mot de passe de", "may reset the password of"),
    Right.WRITE_MEMBER: Wording("modifie les membres de", "may change the members of"),
    Right.GET_CHANGES: Wording("réplique", "may replicate"),
    Right.GET_CHANGES_ALL: Wording("réplique les secrets de", "may replicate the secrets of"),
    Right.WRITE_KEY_CREDENTIAL: Wording(
        "ajoute une clé d'authentification (msDS-KeyCredentialLink) à",
        "may add a logon key (msDS-KeyCredentialLink) to",
    ),
    Right.WRITE_RBCD: Wording(
        "choisit qui agit pour autrui (RBCD) sur", "may choose who acts for others (RBCD) on"
    ),
    Right.WRITE_GPLINK: Wording("lie des stratégies de groupe à", "may link policies to"),
    Right.WRITE_GPC_PATH: Wording("change l'emplacement des fichiers de", "may move the files of"),
    Right.READ_LAPS: Wording(
        "lit le mot de passe local (LAPS) de", "may read the local password (LAPS) of"
    ),
    Right.WRITE_GMSA_READERS: Wording(
        "choisit qui lit le mot de passe de", "may choose who reads the password of"
    ),
    Right.SELF_MEMBER: Wording("s'ajoute lui-même à", "may add itself to"),
    Right.CREATE_DMSA: Wording(
        "crée des comptes de service délégués (dMSA) dans",
        "may create delegated service accounts (dMSA) in",
    ),
    Right.WRITE_DMSA_LINK: Wording(
        "choisit le compte que remplace", "may choose the account superseded by"
    ),
    Right.INSTALL_REPLICA: Wording("ajoute un réplica à", "may add a replica to"),
    Right.WRITE_SPN: Wording("modifie les SPN de", "may change the SPNs of"),
    Right.WRITE_ALT_IDENTITY: Wording(
        "modifie les identités de remplacement (altSecurityIdentities) de",
        "may change the alternate identities (altSecurityIdentities) of",
    ),
    Right.WRITE_UAC: Wording(
        "modifie les options de compte (userAccountControl) de",
        "may change the account options (userAccountControl) of",
    ),
    Right.WRITE_DELEGATE_TO: Wording(
        "choisit les services délégués de", "may choose the delegated services of"
    ),
    Right.WRITE_MANAGED_BY: Wording("change le gestionnaire de", "may change the manager of"),
    Right.WRITE_SCRIPT_PATH: Wording(
        "change le script d'ouverture de session de", "may change the logon script of"
    ),
    Right.VALIDATED_SPN: Wording("ajoute des SPN admis à", "may add admitted SPNs to"),
    Right.MIGRATE_SID_HISTORY: Wording(
        "importe des historiques de SID dans", "may migrate SID histories into"
    ),
    Right.MANAGE_TOPOLOGY: Wording(
        "modifie la topologie de réplication de", "may change the replication topology of"
    ),
    Right.REANIMATE: Wording("ranime des objets de", "may reanimate objects of"),
    Right.WEAKEN_PASSWORDS: Wording(
        "assouplit les règles de mots de passe de", "may relax the password rules of"
    ),
    Right.CREATE_CHILD: Wording("crée tout objet dans", "may create any object in"),
    Right.CREATE_ACCOUNT: Wording("crée des comptes dans", "may create accounts in"),
    Right.CREATE_SOME: Wording("crée des objets dans", "may create objects in"),
    Right.DELETE: Wording("supprime", "may delete"),
    Right.DELETE_CHILD: Wording("supprime le contenu de", "may delete what is in"),
    Right.WRITE_SOME: Wording("modifie des attributs de", "may write attributes of"),
    Right.ENROLL: Wording("s'inscrit avec", "may enrol with"),
    Right.AUTO_ENROLL: Wording("s'inscrit automatiquement avec", "may auto-enrol with"),
    Right.READ_SOME: Wording("lit des attributs de", "may read attributes of"),
    Right.READ_ALL: Wording("lit tout attribut de", "may read any attribute of"),
    Right.GET_CHANGES_FILTERED: Wording(
        "réplique le jeu filtré de", "may replicate the filtered set of"
    ),
    Right.READ_PICTURE: Wording("lit thumbnailPhoto de", "may read thumbnailPhoto of"),
    Right.REPLICATE: Wording("déclenche la réplication de", "may trigger the replication of"),
}
_EDGES: dict[Edge, Wording] = {
    Edge.MEMBER: Wording("est membre de", "is a member of"),
    Edge.CONTAINS: Wording("transmet ses droits à", "hands its rights down to"),
    Edge.ADMIN_SD_HOLDER: Wording("voit ses droits copiés sur", "has its rights copied to"),
    Edge.GPO_APPLIES: Wording("s'applique à", "applies to"),
    Edge.GPO_LINK: Wording("peut imposer une stratégie à", "can impose a policy on"),
    Edge.DELEGATES_TO: Wording("a une délégation vers", "has a delegation to"),
    Edge.ACTS_FOR: Wording("agit pour autrui (RBCD) sur", "acts for others (RBCD) on"),
    Edge.READS_PASSWORD: Wording("lit le mot de passe de", "reads the password of"),
    Edge.SID_HISTORY: Wording(
        "porte dans son historique le SID de", "bears in its history the SID of"
    ),
    Edge.MANAGED_BY: Wording("administre localement", "is local administrator of"),
    Edge.UNCONSTRAINED: Wording(
        "garde les tickets de ses visiteurs (délégation non contrainte), donc menace",
        "keeps its visitors' tickets (unconstrained delegation), so threatens",
    ),
    Edge.DCSYNC: Wording(
        "réplique les secrets de (DCSync)", "may replicate the secrets of (DCSync)"
    ),
    Edge.ENROLS: Wording(
        "obtient un certificat au nom de n'importe qui dans",
        "can obtain a certificate in anyone's name in",
    ),
}

_LEADS = Wording("mène à", "leads to")


def words_of(label: Label) -> Wording:
    """Give a right or an edge in words, between a subject and an object."""
    if isinstance(label, Edge):
        return _EDGES[label]
    # A set of rights is told by its strongest.
    return _RIGHTS[Right(label & -label)]


def code_of(label: Label) -> str:
    """Give what a store keeps of a right or an edge."""
    if isinstance(label, Edge):
        return label.value
    return Right(label & -label).name or ""


def words_by_code(code: str) -> Wording:
    """Give the words of a kept code, of an older edition too."""
    for edge, words in _EDGES.items():
        if edge.value == code:
            return words
    right = Right.__members__.get(code)
    return _RIGHTS.get(right, _LEADS) if right is not None else _LEADS


def subject_of(forest: Objects, step: Step) -> str:
    """Give the name of where a step starts from."""
    if step.sid:
        domain = step.source.domain if step.source is not None else step.target.domain
        return forest.name_of(step.sid, domain)
    return step.source.name if step.source is not None else "?"


def target_of(forest: Objects, step: Step) -> str:
    """Give the name of where a step leads."""
    sid = step.target.sid
    return (forest.name_of(sid, step.target.domain) if sid else "") or step.target.name


def say_path(forest: Objects, path: Path) -> Wording:
    """Give a path as one sentence in each language."""
    parts_fr: list[str] = []
    parts_en: list[str] = []
    for at, step in enumerate(path):
        words = words_of(step.label)
        first = f"{subject_of(forest, step)} " if at == 0 else ""
        name = target_of(forest, step)
        parts_fr.append(f"{first}{words.fr} {name}")
        parts_en.append(f"{first}{words.en} {name}")
    return Wording(", qui ".join(parts_fr), ", which ".join(parts_en))
