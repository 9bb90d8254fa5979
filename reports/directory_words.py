"""The fixed words of a directory report, in both languages."""

from core.model import Language, Wording
from core.results import DirectoryBlock

_TOP = 5
_LEVELS = {
    "exact": Wording("niveau {level}, exact", "level {level}, exact"),
    "at_most": Wording("niveau {level} au plus", "level {level} at most"),
    "at_least": Wording(
        "niveau {level} ou plus, non déterminé", "level {level} or more, not determined"
    ),
    "unknown": Wording("niveau non déterminé", "level not determined"),
}


def level_said(block: DirectoryBlock, language: Language) -> str:
    """Give the level in words: never 5, which nothing published allows to establish."""
    key = "unknown" if block.level >= _TOP else block.level_is
    said = _LEVELS[key].say(language, {"level": str(block.level)})
    return said[0].upper() + said[1:]


def agreed(key: str, count: int) -> Wording:
    """Give the sentence that agrees with a count."""
    return WORDS[f"{key}_1" if count == 1 else key]


LEVEL_MEANING = {
    "lowest": Wording(
        "Un point au moins du niveau 1, le plus bas, échoue.",
        "At least one point of level 1, the lowest, fails.",
    ),
    "exact": Wording(
        "Un point au moins de ce niveau échoue ; tous ceux des niveaux inférieurs ont été "
        "évalués et sont satisfaits.",
        "At least one point of this level fails; all those of lower levels were evaluated and "
        "are met.",
    ),
    "at_most": Wording(
        "Un point au moins de ce niveau échoue ; des points de niveau inférieur n'ont pas été "
        "évalués : le niveau réel peut être plus bas.",
        "At least one point of this level fails; points of a lower level were not evaluated: "
        "the true level may be lower.",
    ),
    "at_least": Wording(
        "Aucun point des niveaux 1 à 3 n'échoue. La liste publique ne permet pas d'en dire plus.",
        "No point of levels 1 to 3 fails. The public list does not allow to say more.",
    ),
    "unknown": Wording(
        "Aucun point évalué n'échoue, mais des points des niveaux 1 à 3 n'ont pas été évalués : "
        "rien ne peut être conclu.",
        "No evaluated point fails, but points of levels 1 to 3 were not evaluated: nothing can "
        "be concluded.",
    ),
}

WORDS = {
    "skip": Wording("Aller au contenu", "Skip to content"),
    "state": Wording("État", "State"),
    "alarm_title": Wording("Rapport incomplet", "Incomplete report"),
    "alarm": Wording(
        "Une partie de la forêt s'est perdue pendant la collecte ou n'a pas été collectée : ce "
        "qui en dépend est « non évalué ».",
        "Part of the forest was lost during the collection, or was not collected: what depends "
        "on it is “not evaluated”.",
    ),
    "whole": Wording("complet", "complete"),
    "cut": Wording("incomplet", "incomplete"),
    "page": Wording("Page", "Page"),
    "s_summary": Wording("Pour la direction", "For the management"),
    "failed_n": Wording("points en échec", "points failed"),
    "failed_1": Wording("point en échec", "point failed"),
    "unknown_1": Wording("point non évalué", "point not evaluated"),
    "priv_1": Wording("compte privilégié", "privileged account"),
    "moved": Wording("objets : +{new} −{gone}", "objects: +{new} −{gone}"),
    "failed_note": Wording(
        "sur les {all} points ANSSI qui comptent pour le niveau",
        "of the {all} ANSSI points that count for the level",
    ),
    "unknown_n": Wording("points non évalués", "points not evaluated"),
    "unknown_note": Wording(
        "ils ne sont jamais comptés comme satisfaits", "they are never counted as met"
    ),
    "priv_n": Wording("comptes privilégiés", "privileged accounts"),
    "priv_note": Wording("dont {enabled} actifs", "{enabled} of them enabled"),
    "disclaimer": Wording(
        "Ce niveau n'est pas un score du service ADS de l'ANSSI : il est calculé par Vigie "
        "d'après la liste publique des points de contrôle (édition {edition}), sans ORADAD, "
        "avec un compte ordinaire. Seul le service ADS délivre un score ADS. Là où le critère "
        "exact n'est pas publié, il est le nôtre, et le rapport le dit.",
        "This level is not a score of ANSSI's ADS service: Vigie derives it from the public "
        "list of control points (edition {edition}), without ORADAD, with an ordinary account. "
        "Only the ADS service gives an ADS score. Where the exact condition is not published it "
        "is our own, and the report says so.",
    ),
    "s_next": Wording(
        "Ce qui sépare la forêt du niveau suivant",
        "What stands between the forest and the next level",
    ),
    "next_none": Wording(
        "Aucun point évalué n'échoue à ce niveau.", "No evaluated point fails at this level."
    ),
    "scale": Wording(
        "L'échelle va de 1, le plus faible, à 5, le plus sûr.",
        "The scale goes from 1, the weakest, to 5, the safest.",
    ),
    "s_beside": Wording(
        "Hors niveau, mais à traiter sans attendre", "Outside the levels, but not to be put off"
    ),
    "beside_intro": Wording(
        "Ces constats ne changent pas le niveau : la liste de l'ANSSI ne les compte pas. Leur "
        "criticité les place pourtant parmi les premiers à corriger.",
        "These findings do not change the level: ANSSI's list does not count them. Their "
        "criticality nevertheless puts them among the first to mend.",
    ),
    "next_unknown_1": Wording(
        "{count} point de ce niveau ou d'un niveau inférieur n'est pas évalué, ou pas en entier ; "
        "il peut s'y ajouter.",
        "{count} point of this level or a lower one is not evaluated, or not wholly; it may add to "
        "these.",
    ),
    "next_unknown": Wording(
        "{count} points de ce niveau ou d'un niveau inférieur ne sont pas évalués, ou pas en "
        "entier ; ils peuvent s'y ajouter.",
        "{count} points of this level or a lower one are not evaluated, or not wholly; they may "
        "add to these.",
    ),
    "s_drift": Wording("Depuis l'audit précédent", "Since the audit before"),
    "drift_none": Wording(
        "Premier audit de cette forêt : aucune comparaison.",
        "First audit of this forest: nothing to compare.",
    ),
    "drift_with": Wording(
        "Comparé à l'exécution {run}, état de l'annuaire du {day}.",
        "Compared with run {run}, the directory as it was on {day}.",
    ),
    "new": Wording("Nouveaux", "New"),
    "fixed": Wording("Corrigés", "Fixed"),
    "still": Wording("Toujours présents", "Still there"),
    "lost": Wording(
        "En échec alors, non évalués cette fois", "Failed then, not evaluated this time"
    ),
    "nothing": Wording("aucun", "none"),
    "s_plan": Wording("Plan d'action", "Action plan"),
    "plan_intro": Wording(
        "Par niveau, puis par effort croissant ; hors niveau, par criticité d'abord.",
        "By level, then by rising effort; outside the levels, by criticality first.",
    ),
    "level": Wording("Niveau", "Level"),
    "beyond": Wording("hors niveau", "no level"),
    "point": Wording("Point", "Point"),
    "effort": Wording("Effort", "Effort"),
    "effort_is": Wording("Effort : {effort}", "Effort: {effort}"),
    "effort_1": Wording("réglage", "a setting"),
    "effort_2": Wording("chantier", "a piece of work"),
    "effort_3": Wording("projet", "a project"),
    "objects": Wording("Objets", "Objects"),
    "do": Wording("Correction", "Remedy"),
    "s_detail": Wording("Détail des points en échec", "Failed points in detail"),
    "detail_none": Wording("Aucun point en échec.", "No point failed."),
    "risk": Wording("Risque", "Risk"),
    "proof": Wording("Preuves", "Evidence"),
    "query": Wording("Requête à rejouer", "Query to run again"),
    "base": Wording("Base", "Base"),
    "no_query": Wording(
        "aucune requête LDAP ne suffit à elle seule", "no LDAP query is enough by itself"
    ),
    "condition": Wording("Critère", "Condition"),
    "published": Wording("publié par l'ANSSI", "published by ANSSI"),
    "ours": Wording(
        "le nôtre : l'ANSSI publie le sujet, non le critère exact",
        "our own: ANSSI publishes the subject, not the exact condition",
    ),
    "references": Wording("Références", "References"),
    "also": Wording("Non évalué en partie", "Partly not evaluated"),
    "s_unknown": Wording("Points non évalués", "Points not evaluated"),
    "unknown_none": Wording("Tous les points ont été évalués.", "Every point was evaluated."),
    "why": Wording("Raison", "Reason"),
    "out_of_reach": Wording(
        "Jamais évalués, parce que LDAP et un compte ordinaire n'y mènent pas : les quatre "
        "contrôles de l'ANSSI sur les fichiers de SYSVOL (info_gpo_sysvol, "
        "warning_sysvol_files_acl, warning_sysvol_files_sd, warning_sysvol_root_sd), le blindage "
        "Kerberos (FAST), les correctifs mensuels des contrôleurs et la santé de leur réplication. "
        "Aucun ne compte dans le niveau.",
        "Never evaluated, because LDAP and an ordinary account do not lead there: the four ANSSI "
        "controls on the files of SYSVOL (info_gpo_sysvol, warning_sysvol_files_acl, "
        "warning_sysvol_files_sd, warning_sysvol_root_sd), Kerberos armoring (FAST), the monthly "
        "patches of the controllers and the health of their replication. None of them counts in "
        "the level.",
    ),
    "s_passed": Wording("Points satisfaits", "Points met"),
    "passed_intro": Wording(
        "Chaque titre nomme le défaut cherché, qui n'a pas été trouvé.",
        "Each title names the fault looked for, which was not found.",
    ),
    "s_privileged": Wording("Comptes privilégiés", "Privileged accounts"),
    "priv_intro": Wording(
        "Tout compte membre, directement ou par imbrication, des groupes que l'ANSSI tient pour "
        "privilégiés. La liste entière est dans privileged-accounts.csv et "
        "privileged-accounts.xlsx.",
        "Every account that belongs, directly or by nesting, to the groups that ANSSI holds "
        "privileged. The whole list is in privileged-accounts.csv and privileged-accounts.xlsx.",
    ),
    "account": Wording("Compte", "Account"),
    "via": Wording("Privilégié par", "Privileged through"),
    "logon": Wording("Dernière connexion", "Last logon"),
    "password": Wording("Mot de passe", "Password"),
    "flags": Wording("Réglages", "Settings"),
    "disabled": Wording("désactivé", "disabled"),
    "never": Wording("jamais, ou masquée", "never, or hidden"),
    "direct": Wording("administrateur intégré (RID 500)", "built-in administrator (RID 500)"),
    "f_protected": Wording("Protected Users", "Protected Users"),
    "f_smartcard": Wording("carte à puce", "smart card"),
    "f_not_delegated": Wording("non délégable", "not delegated"),
    "f_never_expires": Wording("mot de passe sans expiration", "password never expires"),
    "f_not_required": Wording("mot de passe facultatif", "password not required"),
    "f_no_preauth": Wording("sans pré-authentification", "no pre-authentication"),
    "f_spn": Wording("SPN", "SPN"),
    "f_delegation": Wording("délégation", "delegation"),
    "f_owner": Wording("propriétaire", "owner"),
    "more_1": Wording(
        "et {count} autre, dans les fichiers joints", "and {count} more, in the files beside"
    ),
    "more": Wording(
        "et {count} autres, dans les fichiers joints", "and {count} more, in the files beside"
    ),
    "s_groups": Wording("Groupes privilégiés imbriqués", "Nested privileged groups"),
    "groups_said": Wording(
        "{groups} groupes privilégiés, dont {heads} de la définition de l'ANSSI et {nested} "
        "imbriqués dans ceux-ci ; {accounts} comptes privilégiés. Un groupe vide n'est pas "
        "dessiné ; un compte l'est dans chaque groupe dont il est membre direct.",
        "{groups} privileged groups, {heads} of ANSSI's definition and {nested} nested in those; "
        "{accounts} privileged accounts. An empty group is not drawn; an account is drawn in each "
        "group that it is a direct member of.",
    ),
    "c_group": Wording("Groupe et membres", "Group and members"),
    "c_nature": Wording("Nature", "Kind"),
    "g_members": Wording("groupe, membres directs : {count}", "group, direct members: {count}"),
    "g_elsewhere": Wording(
        "groupe, dessiné à part avec ses membres", "group, drawn elsewhere with its members"
    ),
    "g_again": Wording("{name} (suite)", "{name} (continued)"),
    "g_more_1": Wording("et {count} autre", "and {count} more"),
    "g_more": Wording("et {count} autres", "and {count} more"),
    "g_absent": Wording("membre qui n'a pas été lu", "member that was not read"),
    "lines_left_1": Wording(
        "{count} ligne de plus n'a pas trouvé place dans cette figure.",
        "{count} more line found no room in this figure.",
    ),
    "lines_left": Wording(
        "{count} lignes de plus n'ont pas trouvé place dans cette figure.",
        "{count} more lines found no room in this figure.",
    ),
    "s_paths": Wording(
        "Chemins de contrôle les plus courts vers le niveau 0",
        "Shortest paths of control to tier 0",
    ),
    "paths_said_1": Wording(
        "{count} compte ou identité extérieur aux groupes privilégiés peut prendre le contrôle "
        "de la forêt : il agit sur l'objet sous lequel il est dessiné, jusqu'à un objet du "
        "niveau 0 (contrôleurs, domaine, groupes et comptes privilégiés, autorités de "
        "certification).",
        "{count} account or identity outside the privileged groups can take control of the "
        "forest: it acts on the object that it is drawn under, up to an object of tier 0 "
        "(controllers, domain, privileged groups and accounts, certification authorities).",
    ),
    "paths_said": Wording(
        "{count} comptes ou identités extérieurs aux groupes privilégiés peuvent prendre le "
        "contrôle de la forêt : chacun agit sur l'objet sous lequel il est dessiné, jusqu'à un "
        "objet du niveau 0 (contrôleurs, domaine, groupes et comptes privilégiés, autorités de "
        "certification).",
        "{count} accounts or identities outside the privileged groups can take control of the "
        "forest: each acts on the object that it is drawn under, up to an object of tier 0 "
        "(controllers, domain, privileged groups and accounts, certification authorities).",
    ),
    "paths_none": Wording(
        "Aucun chemin trouvé parmi les objets et les droits lus.",
        "No path found among the objects and rights that were read.",
    ),
    "paths_untold": Wording(
        "Cette exécution n'a pas gardé les chemins de contrôle.",
        "This run kept no paths of control.",
    ),
    "paths_not_computed": Wording(
        "Les chemins de contrôle n'ont pas été calculés : {why}.",
        "The paths of control were not computed: {why}.",
    ),
    "paths_told": Wording("Les mêmes chemins, en toutes lettres", "The same paths, in words"),
    "paths_left_1": Wording(
        "{count} chemin de plus n'est pas gardé.", "{count} more path is not kept."
    ),
    "paths_left": Wording(
        "{count} chemins de plus ne sont pas gardés.", "{count} more paths are not kept."
    ),
    "c_held": Wording("Objet, et sous lui qui le contrôle", "Object, and below it who controls it"),
    "c_how": Wording("Comment", "How"),
    "p_tier0": Wording("niveau 0", "tier 0"),
    "and_it": Wording(", qui ", ", which "),
    "s_care": Wording("Contribution au programme CaRE", "Contribution to the CaRE programme"),
    "care_intro": Wording(
        "L'inventaire donne à cet annuaire le rôle de sauvegarde ; Vigie ne vérifie pas qu'il y "
        "est réservé.",
        "The inventory gives this directory the role of backup; Vigie does not verify that it is "
        "dedicated to it.",
    ),
    "care_indicator": Wording("Indicateur", "Indicator"),
    "care_target": Wording("Cible", "Target"),
    "care_level": Wording("Calculé par Vigie", "Derived by Vigie"),
    "care_verdict": Wording("Ce qu'on peut en dire", "What can be said"),
    "care_below": Wording(
        "Des points de niveau 1 ou 2 échouent : l'audit ADS les relèverait sans doute aussi, et la "
        "cible ne paraît pas atteinte.",
        "Points of level 1 or 2 fail: the ADS audit would probably raise them too, and the target "
        "does not seem to be met.",
    ),
    "care_reached": Wording(
        "Aucun point des niveaux 1 et 2 n'échoue : le résultat va dans le sens de la cible. Seul "
        "l'audit ADS en fait la preuve.",
        "No point of levels 1 and 2 fails: the result points towards the target. Only the ADS "
        "audit proves it.",
    ),
    "care_unknown": Wording(
        "Aucun point évalué des niveaux 1 et 2 n'échoue, mais d'autres n'ont pas été évalués : "
        "rien ne peut être conclu. Seul l'audit ADS fait la preuve.",
        "No evaluated point of levels 1 and 2 fails, but others were not evaluated: nothing can be "
        "concluded. Only the ADS audit is proof.",
    ),
    "s_soc": Wording("Ce que la supervision (SOC) aura vu", "What the SOC will have seen"),
    "soc_intro": Wording(
        "Par domaine, une ou deux sessions LDAP chiffrées du compte d'audit, en lecture seule, "
        "depuis l'adresse indiquée. Un EDR ou Defender for Identity peut y signaler une "
        "« reconnaissance LDAP », une énumération de comptes, de groupes ou d'objets sensibles : "
        "c'est cet audit, à ces heures.",
        "One or two encrypted LDAP sessions of the audit account by domain, read only, from the "
        "address told. An EDR or Defender for Identity may report “LDAP "
        "reconnaissance”, or an enumeration of accounts, groups or sensitive objects: it "
        "is this audit, at these times.",
    ),
    "source": Wording("Source", "Source"),
    "times": Wording("Heures", "Times"),
    "servers": Wording("Contrôleurs interrogés", "Controllers asked"),
    "traffic": Wording("Requêtes et volume reçu", "Requests and volume received"),
    "s_read": Wording("Ce qui a été lu", "What was read"),
    "context": Wording("Contexte de nommage", "Naming context"),
    "read": Wording("Objets lus", "Objects read"),
    "expected": Wording("annoncés", "announced"),
    "descriptors": Wording("Descripteurs lus", "Descriptors read"),
    "not_whole": Wording("incomplet : {why}", "incomplete: {why}"),
    "snapshot": Wording("Instantané analysé", "Snapshot analysed"),
    "edition": Wording("Édition de la liste", "Edition of the list"),
    "domains": Wording("Domaines", "Domains"),
    "role": Wording("Rôle", "Role"),
    "production": Wording("production", "production"),
    "backup": Wording("sauvegarde", "backup"),
    "as_of": Wording("État de l'annuaire", "Directory as of"),
    "establishment": Wording("Établissement", "Establishment"),
    "contents": Wording("Sommaire", "Contents"),
    "forest": Wording("Forêt", "Forest"),
    "run": Wording("Exécution", "Run"),
}
