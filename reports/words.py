"""Every fixed word of the results files and of the report, in both languages."""

from collections.abc import Mapping

from core.model import Confidence, Criticality, Intensity, Language, State, Status, Wording
from reports.text import typeset

CRITICALITY: Mapping[Criticality, Wording] = {
    Criticality.CRITICAL: Wording("critique", "critical"),
    Criticality.HIGH: Wording("élevée", "high"),
    Criticality.MEDIUM: Wording("moyenne", "medium"),
    Criticality.LOW: Wording("faible", "low"),
    Criticality.INFO: Wording("information", "information"),
}

CONFIDENCE: Mapping[Confidence, Wording] = {
    Confidence.CERTAIN: Wording("certain", "certain"),
    Confidence.FIRM: Wording("probable", "probable"),
    Confidence.TENTATIVE: Wording("à confirmer", "to confirm"),
}

STATE: Mapping[State, Wording] = {
    State.NEW: Wording("nouveau", "new"),
    State.OPEN: Wording("ouvert", "open"),
    State.TO_CONFIRM: Wording("à confirmer", "to confirm"),
    State.FIXED: Wording("corrigé", "fixed"),
    State.REOPENED: Wording("réapparu", "reappeared"),
    State.ACCEPTED: Wording("risque accepté", "risk accepted"),
    State.DISPUTED: Wording("contesté", "disputed"),
    State.NOT_APPLICABLE: Wording("non applicable", "not applicable"),
}

INTENSITY: Mapping[Intensity, Wording] = {
    Intensity.PASSIVE: Wording("passif", "passive"),
    Intensity.DISCREET: Wording("discret", "discreet"),
    Intensity.STANDARD: Wording("standard", "standard"),
    Intensity.DEEP: Wording("approfondi", "deep"),
}

DELAY: Mapping[Criticality, Wording] = {
    Criticality.CRITICAL: Wording("72 heures", "72 hours"),
    Criticality.HIGH: Wording("1 mois", "1 month"),
    Criticality.MEDIUM: Wording("3 mois", "3 months"),
    Criticality.LOW: Wording("6 mois", "6 months"),
    Criticality.INFO: Wording("à votre convenance", "at your convenience"),
}
"""Suggested by Vigie: no official rule was found. The report says so."""

STATUS: Mapping[Status, tuple[Wording, Wording]] = {
    Status.OPEN: (
        Wording("ouvert", "open"),
        Wording("le port accepte une connexion", "the port accepts a connection"),
    ),
    Status.OK: (
        Wording("mesuré", "measured"),
        Wording(
            "le service a répondu et la mesure est faite",
            "the service answered and was measured",
        ),
    ),
    Status.REFUSED: (
        Wording("refusé", "refused"),
        Wording(
            "la cible répond que le port est fermé", "the target answers that the port is closed"
        ),
    ),
    Status.TIMEOUT: (
        Wording("sans réponse", "no answer"),
        Wording(
            "silence jusqu'au délai, nouvelles tentatives comprises : souvent un pare-feu, jamais "
            "une preuve d'absence",
            "silence until the deadline, retries included: often a firewall, never a proof of "
            "absence",
        ),
    ),
    Status.FILTERED: (
        Wording("filtré", "filtered"),
        Wording(
            "un équipement sur le chemin signale qu'il bloque",
            "a device on the way says that it blocks",
        ),
    ),
    Status.RESET: (
        Wording("coupé", "reset"),
        Wording(
            "la connexion est acceptée puis coupée par la cible",
            "the connection is accepted, then cut by the target",
        ),
    ),
    Status.PROTOCOL_ERROR: (
        Wording("incompréhensible", "not understood"),
        Wording(
            "la réponse n'est pas celle du protocole demandé",
            "the answer is not of the protocol asked for",
        ),
    ),
    Status.GAVE_UP: (
        Wording("abandonné", "given up"),
        Wording(
            "réponse trop lente, trop longue ou hostile : arrêt à notre propre limite",
            "too slow, too long or hostile an answer: stopped at our own limit",
        ),
    ),
    Status.RATE_LIMITED: (
        Wording("débit limité", "rate limited"),
        Wording("la cible demande de ralentir", "the target asks to slow down"),
    ),
    Status.BANNED: (
        Wording("banni", "banned"),
        Wording(
            "le préfixe a cessé de répondre pendant le balayage, sans doute parce qu'il nous "
            "bloque",
            "the prefix stopped answering during the scan, probably because it blocks us",
        ),
    ),
    Status.EGRESS_FILTERED: (
        Wording("bloqué à notre sortie", "blocked on our side"),
        Wording(
            "notre propre fournisseur ne laisse pas sortir ce port",
            "our own provider does not let this port out",
        ),
    ),
    Status.OUT_OF_SCOPE: (
        Wording("hors mandat", "outside the mandate"),
        Wording("rien n'a été envoyé", "nothing was sent"),
    ),
    Status.OUT_OF_WINDOW: (
        Wording("hors fenêtre", "outside the window"),
        Wording(
            "autorisé à une autre heure : rien n'a été envoyé",
            "allowed at another time: nothing was sent",
        ),
    ),
    Status.UNDETERMINED: (
        Wording("indéterminé", "undetermined"),
        Wording(
            "silence qui ne prouve rien, ou travail interrompu",
            "silence that proves nothing, or work cut short",
        ),
    ),
}
"""Name and meaning of each status, in the order of the glossary."""

WAY: Mapping[str, Wording] = {
    "inventory": Wording("inventaire", "inventory"),
    "ct": Wording("journaux de certificats", "certificate logs"),
    "words": Wording("liste de mots", "word list"),
    "permutation": Wording("variantes de noms trouvés", "variants of names found"),
    "ptr": Wording("DNS inverse des plages", "reverse DNS of the ranges"),
    "mx": Wording("enregistrement MX", "MX record"),
    "ns": Wording("enregistrement NS", "NS record"),
    "soa": Wording("enregistrement SOA", "SOA record"),
    "srv": Wording("enregistrement SRV", "SRV record"),
    "spf": Wording("enregistrement SPF", "SPF record"),
    "caa": Wording("enregistrement CAA", "CAA record"),
    "alias": Wording("alias", "alias"),
    "certificate": Wording("certificats vus par le balayage", "certificates seen by the scan"),
    "transfer": Wording("transfert de zone", "zone transfer"),
    "nsec": Wording("parcours NSEC", "NSEC walk"),
    "passive": Wording("sources passives", "passive sources"),
}
"""Ways of finding a name (``core.observations.name.WAYS``)."""

HOLDER: Mapping[str, Wording] = {
    "same-owner": Wording(
        "à votre nom, absente de l'inventaire", "in your name, not in the inventory"
    ),
    "cloud": Wording("nuage", "cloud"),
    "cdn": Wording("réseau de diffusion", "content network"),
    "hds": Wording("hébergeur de données de santé", "host of health data"),
    "hosting": Wording("hébergeur", "hosting firm"),
    "shared-edge": Wording("partagée entre établissements", "shared by establishments"),
    "unknown": Wording("détenteur inconnu", "unknown holder"),
}
"""Who holds an address outside the mandate (``core.observations.name.AddressHolder.kind``)."""

TLP: Mapping[str, Wording] = {
    "CLEAR": Wording("diffusion libre", "free to share"),
    "GREEN": Wording("diffusion à la communauté", "share within the community"),
    "AMBER": Wording(
        "diffusion limitée à l'organisation et à ses partenaires qui ont à en connaître",
        "limited to the organisation and those of its partners who need to know",
    ),
    "AMBER+STRICT": Wording(
        "diffusion limitée à l'organisation, à ceux qui ont à en connaître",
        "limited to the organisation, to those who need to know",
    ),
    "RED": Wording(
        "réservé aux destinataires nommés, aucune rediffusion",
        "for the named recipients only, no onward sharing",
    ),
}
"""Traffic Light Protocol 2.0 (FIRST), in our words."""

WORDS: Mapping[str, Wording] = {
    # Cover
    "title_exposure": Wording("Rapport d'exposition sur Internet", "Internet exposure report"),
    "title_directory": Wording("Rapport d'audit d'annuaire", "Directory audit report"),
    "skip": Wording("Aller au contenu", "Skip to content"),
    "contents": Wording("Sommaire", "Contents"),
    "region": Wording("Région", "Region"),
    "period": Wording("Période du balayage", "Scan period"),
    "from_to": Wording("{start} → {end} ({lasted})", "{start} → {end} ({lasted})"),
    "from_open": Wording("{start} → arrêt non consigné", "{start} → end not recorded"),
    "profile": Wording("Profil", "Profile"),
    "edited": Wording("Rapport édité le", "Report issued on"),
    "zone": Wording("Fuseau horaire des dates", "Time zone of the dates"),
    "state": Wording("État du balayage", "State of the scan"),
    "complete": Wording(
        "complet : tout le travail prévu a été fait", "complete: all planned work was done"
    ),
    "incomplete": Wording("incomplet", "incomplete"),
    "alarm_title": Wording(
        "Balayage incomplet : ce rapport ne dit pas tout",
        "Incomplete scan: this report does not tell everything",
    ),
    "alarm_cut": Wording(
        "Le balayage a été interrompu avant la fin. Ce qui n'a pas été mesuré n'est ni sain ni "
        "malsain : il reste inconnu. Relancez le balayage avec l'option --resume pour le terminer.",
        "The scan was interrupted before its end. What was not measured is neither sound nor "
        "unsound: it is unknown. Run the scan again with --resume to finish it.",
    ),
    "alarm_planned": Wording(
        "Une partie du travail prévu n'a pas été faite (arrêt, fenêtre refermée, cible jamais "
        "essayée). "
        "Ce qui n'a pas été mesuré n'est ni sain ni malsain : il reste inconnu. La partie « Ce "
        "qui n'a pas été mesuré » en donne le détail.",
        "Part of the planned work was not done (stop, window closed, target never tried). What was "
        "not measured is neither sound nor unsound: it is unknown. The part “What was not "
        "measured” gives the detail.",
    ),
    "run": Wording("Balayage", "Run"),
    "version": Wording("Vigie", "Vigie"),
    "lab": Wording(
        "Inventaire de laboratoire : ces adresses ne sont pas sur Internet.",
        "Laboratory inventory: these addresses are not on the Internet.",
    ),
    # Managerial summary
    "s_summary": Wording("Synthèse managériale", "Managerial summary"),
    "verdict_nothing": Wording(
        "Rien n'a pu être mesuré : ce rapport ne permet aucune conclusion.",
        "Nothing could be measured: this report allows no conclusion.",
    ),
    "verdict_silent": Wording(
        "Aucun service n'a répondu : ce silence est souhaitable, mais il ne prouve pas l'absence "
        "de service.",
        "No service answered: this silence is desirable, but it does not prove that there is no "
        "service.",
    ),
    "verdict_none": Wording(
        "Aucun constat sur ce qui a été mesuré.", "No finding on what was measured."
    ),
    "verdict_none_gaps": Wording(
        "Aucun constat sur ce qui a été mesuré ; {gaps} vérifications n'ont pas abouti et restent "
        "sans réponse.",
        "No finding on what was measured; {gaps} verifications did not succeed and remain "
        "unanswered.",
    ),
    "verdict_none_gap": Wording(
        "Aucun constat sur ce qui a été mesuré ; une vérification n'a pas abouti et reste sans "
        "réponse.",
        "No finding on what was measured; one verification did not succeed and remains unanswered.",
    ),
    "verdict_critical": Wording(
        "{critical} faiblesses critiques ont été constatées dans {where} : elles appellent une "
        "action immédiate.",
        "{critical} critical weaknesses were found in {where}: they call for immediate action.",
    ),
    "verdict_critical_one": Wording(
        "Une faiblesse critique a été constatée dans {where} : elle appelle une action immédiate.",
        "One critical weakness was found in {where}: it calls for immediate action.",
    ),
    "verdict_high": Wording(
        "Aucune faiblesse critique sur ce qui a été mesuré, mais {high} de criticité élevée sont "
        "à corriger rapidement dans {where}.",
        "No critical weakness on what was measured, but {high} of high criticality should be "
        "fixed soon in {where}.",
    ),
    "verdict_high_one": Wording(
        "Aucune faiblesse critique sur ce qui a été mesuré, mais une de criticité élevée est à "
        "corriger rapidement dans {where}.",
        "No critical weakness on what was measured, but one of high criticality should be fixed "
        "soon in {where}.",
    ),
    "verdict_low": Wording(
        "Aucune faiblesse critique ni élevée sur ce qui a été mesuré ; {others} constats de "
        "moindre criticité sont à traiter.",
        "No critical or high weakness on what was measured; {others} findings of lesser "
        "criticality are to be dealt with.",
    ),
    "verdict_low_one": Wording(
        "Aucune faiblesse critique ni élevée sur ce qui a été mesuré ; un constat de moindre "
        "criticité est à traiter.",
        "No critical or high weakness on what was measured; one finding of lesser criticality is "
        "to be dealt with.",
    ),
    "verdict_info": Wording(
        "Aucune faiblesse sur ce qui a été mesuré : les constats sont de simples informations.",
        "No weakness on what was measured: the findings are mere information.",
    ),
    "verdict_provisional": Wording(
        "Provisoire, balayage incomplet. ", "Provisional, incomplete scan. "
    ),
    "where_all": Wording("les {all} établissements examinés", "all {all} establishments examined"),
    "where_some": Wording(
        "{some} des {all} établissements examinés", "{some} of the {all} establishments examined"
    ),
    "where_one": Wording(
        "un des {all} établissements examinés", "one of the {all} establishments examined"
    ),
    "where_only": Wording("l'établissement examiné", "the establishment examined"),
    "fig_grave": Wording("constats critiques ou élevés", "critical or high findings"),
    "fig_grave_one": Wording("constat critique ou élevé", "critical or high finding"),
    "fig_grave_note": Wording(
        "{critical} critiques, {high} élevés", "{critical} critical, {high} high"
    ),
    "fig_grave_zero": Wording("aucun sur ce qui a été mesuré", "none on what was measured"),
    "fig_remote": Wording("accès distants non déclarés", "undeclared remote accesses"),
    "fig_remote_one": Wording("accès distant non déclaré", "undeclared remote access"),
    "fig_remote_note": Wording(
        "sur {all} accès distants observés", "out of {all} remote accesses seen"
    ),
    "fig_remote_note_one": Wording("sur un accès distant observé", "out of one remote access seen"),
    "fig_remote_note_zero": Wording("aucun accès distant observé", "no remote access seen"),
    "fig_services": Wording("services exposés", "exposed services"),
    "fig_services_one": Wording("service exposé", "exposed service"),
    "fig_services_note": Wording(
        "sur {hosts} adresses qui répondent", "on {hosts} addresses that answer"
    ),
    "fig_services_note_zero": Wording("aucune adresse ne répond", "no address answers"),
    "fig_services_note_one": Wording("sur une adresse qui répond", "on one address that answers"),
    "n_addresses": Wording("{count} adresses examinées", "{count} addresses examined"),
    "n_addresses_one": Wording("{count} adresse examinée", "{count} address examined"),
    "n_ports": Wording("{count} ports essayés", "{count} ports tried"),
    "n_ports_one": Wording("{count} port essayé", "{count} port tried"),
    "gaps_none": Wording(
        "Couverture : {addresses}, {tried}, aucune vérification sans réponse.",
        "Coverage: {addresses}, {tried}, no verification left unanswered.",
    ),
    "gaps_some": Wording(
        "Couverture : {addresses}, {tried}. {gaps} vérifications "
        "n'ont pas abouti : elles ne sont pas comptées comme saines.",
        "Coverage: {addresses}, {tried}. {gaps} verifications did "
        "not succeed: they are not counted as sound.",
    ),
    "gaps_one": Wording(
        "Couverture : {addresses}, {tried}. Une vérification n'a "
        "pas abouti : elle n'est pas comptée comme saine.",
        "Coverage: {addresses}, {tried}. One verification did not "
        "succeed: it is not counted as sound.",
    ),
    "udp_silent": Wording(
        " {count} ports UDP interrogés se sont tus : en UDP, ce silence ne dit ni « ouvert » ni "
        "« fermé », et c'est la règle du pare-feu qu'il faut regarder.",
        " {count} UDP ports that were asked kept silent: over UDP this says neither “open” nor "
        "“closed”, and the firewall's rule is the place to look.",
    ),
    "udp_silent_one": Wording(
        " Un port UDP interrogé s'est tu : en UDP, ce silence ne dit ni « ouvert » ni « fermé », "
        "et c'est la règle du pare-feu qu'il faut regarder.",
        " One UDP port that was asked kept silent: over UDP this says neither “open” nor "
        "“closed”, and the firewall's rule is the place to look.",
    ),
    "gaps_link": Wording("Voir le détail", "See the detail"),
    "bars_title": Wording(
        "Constats par établissement et par criticité", "Findings by establishment and criticality"
    ),
    "bars_none": Wording(
        "aucun constat sur ce qui a été mesuré", "no finding on what was measured"
    ),
    "bars_unseen": Wording(
        "hors de ce balayage : rien n'a été mesuré", "not in this scan: nothing was measured"
    ),
    "bars_gaps": Wording("{count} sans réponse", "{count} unanswered"),
    "bars_total": Wording("{count} constats", "{count} findings"),
    "bars_total_one": Wording("1 constat", "1 finding"),
    "bars_more": Wording(
        "et {count} autres établissements, comptés dans la synthèse technique",
        "and {count} more establishments, counted in the technical summary",
    ),
    "legend": Wording("Légende", "Key"),
    "s_first": Wording("Ce qu'il faut faire d'abord", "What to do first"),
    "first_none": Wording(
        "Aucune action n'est appelée par ce qui a été mesuré.",
        "What was measured calls for no action.",
    ),
    "first_where": Wording("Où", "Where"),
    "first_do": Wording("Que faire", "What to do"),
    "to_plan": Wording("Plan d'action complet", "Full action plan"),
    # Perimeter
    "s_perimeter": Wording("Périmètre et carte", "Perimeter and map"),
    "perimeter_intro": Wording(
        "Seules les adresses ci-dessous, couvertes par un mandat signé, ont reçu des paquets. La "
        "hauteur des barres donne la criticité la plus grave constatée ; les zones hachurées sont "
        "exclues et n'ont jamais été contactées.",
        "Only the addresses below, covered by a signed mandate, received packets. The height of "
        "the bars gives the gravest criticality found; hatched areas are excluded and were never "
        "contacted.",
    ),
    "perimeter_intro_passive": Wording(
        "Balayage passif : aucun paquet n'a été envoyé aux adresses ci-dessous ; ce que ce rapport "
        "en dit vient de sources publiques.",
        "Passive scan: no packet was sent to the addresses below; what this report tells of them "
        "comes from public sources.",
    ),
    "c_establishments": Wording("Établissements du groupement", "Establishments of the group"),
    "c_map": Wording("Carte des plages d'adresses", "Map of the address ranges"),
    "finess": Wording("FINESS", "FINESS"),
    "ranges": Wording("Plages", "Ranges"),
    "domains": Wording("Domaines", "Domains"),
    "excluded": Wording("Exclus", "Excluded"),
    "medical": Wording(
        "Adresses médicales (profil discret)", "Medical addresses (discreet profile)"
    ),
    "names_seen": Wording("Noms observés", "Names seen"),
    "contact": Wording("Contact", "Contact"),
    "none": Wording("aucun", "none"),
    "none_f": Wording("aucune", "none"),
    "unknown": Wording("non renseigné", "not given"),
    "map_range": Wording(
        "adresses : {addresses} ; qui répondent : {hosts} ; avec constat : {flagged}",
        "addresses: {addresses}; answering: {hosts}; with a finding: {flagged}",
    ),
    "map_block": Wording("{count} plages de {block}", "{count} ranges of {block}"),
    "map_block_one": Wording("une plage de {block}", "one range of {block}"),
    "map_scale": Wording("une case = {count} adresses", "one cell = {count} addresses"),
    "map_scale_one": Wording("une case = une adresse", "one cell = one address"),
    "map_more": Wording(
        "et {count} autres plages, listées dans l'inventaire",
        "and {count} more ranges, listed in the inventory",
    ),
    "map_more_one": Wording(
        "et une autre plage, listée dans l'inventaire",
        "and one more range, listed in the inventory",
    ),
    "map_service": Wording("service sans constat", "service without a finding"),
    "map_excluded": Wording("exclu, jamais contacté", "excluded, never contacted"),
    "c_mandates": Wording("Mandats et fenêtres", "Mandates and windows"),
    "signed_by": Wording("Signataire", "Signed by"),
    "document": Wording("Document", "Document"),
    "validity": Wording("Validité", "Validity"),
    "validity_from_to": Wording("{start} → {end}", "{start} → {end}"),
    "expired": Wording("échu", "expired"),
    "intensity": Wording("Intensité permise", "Allowed intensity"),
    "windows": Wording("Fenêtres", "Windows"),
    "covers": Wording("Couvre", "Covers"),
    "covers_all": Wording("tout : {names}", "all of: {names}"),
    "any_time": Wording("à toute heure", "any time"),
    "no_mandate": Wording(
        "L'inventaire ne donne aucun mandat : rien n'a été envoyé aux cibles.",
        "The inventory gives no mandate: nothing was sent to targets.",
    ),
    "emergency": Wording("Arrêt d'urgence", "Emergency stop"),
    "holder": Wording("accord de tiers", "third party consent"),
    "c_tried": Wording("Ce qui a été essayé", "What was tried"),
    "c_statuses": Wording("Essais par statut", "Attempts by status"),
    "tried_line": Wording(
        "{addresses} adresses, {ports} ports essayés ; chaque essai finit dans un état et un seul.",
        "{addresses} addresses, {ports} ports tried; each attempt ends in one status and only one.",
    ),
    "tried_none": Wording("Aucun essai consigné.", "No attempt recorded."),
    "g_answered": Wording("ont répondu", "answered"),
    "g_closed": Wording("fermés", "closed"),
    "g_silent": Wording("silencieux", "silent"),
    "g_disturbed": Wording("réponse inexploitable", "unusable answer"),
    "g_unmeasured": Wording("non mesurés", "not measured"),
    "g_unsent": Wording("rien envoyé", "nothing sent"),
    "status": Wording("Statut", "Status"),
    "attempts": Wording("Essais", "Attempts"),
    "meaning": Wording("Signification", "Meaning"),
    # Names and addresses
    "s_names": Wording("Noms et adresses", "Names and addresses"),
    "names_intro": Wording(
        "Tout ce que vos domaines exposent par leur nom : où chaque nom mène, ce qui y répond et "
        "qui détient la machine. Ce qui est hors mandat a été résolu, jamais contacté.",
        "All that your domains expose by name: where each name leads, what answers there and who "
        "holds the machine. What lies outside the mandate was resolved, never contacted.",
    ),
    "names_said": Wording(
        "{names}, {addresses} ; dans le mandat : {inside} ; ailleurs : {outside} ; noms sans "
        "adresse : {unresolved}.",
        "{names}, {addresses}; in the mandate: {inside}; elsewhere: {outside}; names without an "
        "address: {unresolved}.",
    ),
    "names_count": Wording("{count} noms", "{count} names"),
    "names_count_one": Wording("{count} nom", "{count} name"),
    "names_addresses": Wording("{count} adresses", "{count} addresses"),
    "names_addresses_one": Wording("{count} adresse", "{count} address"),
    "names_overview": Wording("À qui vont vos noms", "Where your names lead"),
    "names_map": Wording("Carte des noms", "Map of the names"),
    "names_map_legend": Wording(
        "Un trait relie un nom à chacune de ses adresses ; les adresses d'une même machine sont "
        "réunies. La couleur suit le détenteur, écrit à droite.",
        "A line joins a name to each of its addresses; the addresses of one machine stand "
        "together. The colour follows the holder, written on the right.",
    ),
    "names_left": Wording(
        "et {count} autres noms, dans le tableau ci-dessous",
        "and {count} more names, in the table below",
    ),
    "names_left_one": Wording(
        "et un autre nom, dans le tableau ci-dessous", "and one more name, in the table below"
    ),
    "map_names": Wording("Noms", "Names"),
    "map_addresses": Wording("Adresses", "Addresses"),
    "map_services": Wording("Ce qui répond", "What answers"),
    "map_holders": Wording("Détenteur", "Holder"),
    "map_own": Wording("dans le mandat", "in the mandate"),
    "map_withheld": Wording("sous mandat, non contacté", "mandated, not contacted"),
    "map_untouched": Wording("hors mandat : non contacté", "outside the mandate: not contacted"),
    "map_spared": Wording("non contacté", "not contacted"),
    "map_silent": Wording("aucun port ouvert vu", "no open port seen"),
    "map_more_names": Wording("et {count} autres noms", "and {count} more names"),
    "map_more_names_one": Wording("et un autre nom", "and one more name"),
    "map_more_services": Wording("et {count} autres services", "and {count} more services"),
    "map_more_services_one": Wording("et un autre service", "and one more service"),
    "map_more_addresses": Wording("et {count} autres adresses", "and {count} more addresses"),
    "map_more_addresses_one": Wording("et une autre adresse", "and one more address"),
    "map_findings": Wording(
        "{count} constats, au pire {criticality}", "{count} findings, at worst {criticality}"
    ),
    "map_findings_one": Wording("1 constat, criticité {criticality}", "1 finding, {criticality}"),
    "flow_source": Wording("{who} : {count} noms", "{who}: {count} names"),
    "flow_source_one": Wording("{who} : 1 nom", "{who}: 1 name"),
    "flow_end": Wording("{who} : {count}", "{who}: {count}"),
    "holder_is": Wording("{kind} : {holder}", "{kind}: {holder}"),
    "flow_others": Wording("autres établissements", "other establishments"),
    "flow_others_held": Wording("autres détenteurs", "other holders"),
    "c_names": Wording("Noms, un par ligne", "Names, one a line"),
    "name": Wording("Nom", "Name"),
    "found_by": Wording("Trouvé par", "Found by"),
    "addresses": Wording("Adresses", "Addresses"),
    "holders": Wording("Détenteur", "Holder"),
    "alias_of": Wording("alias de", "alias of"),
    "names_findings": Wording("{count} constats", "{count} findings"),
    "names_findings_one": Wording("1 constat", "1 finding"),
    "no_address": Wording("aucune adresse", "no address"),
    "names_none": Wording(
        "Aucun nom n'est connu de ce balayage : l'inventaire n'en donne pas, ou aucun résolveur "
        "n'est déclaré.",
        "No name is known to this scan: the inventory gives none, or no resolver is declared.",
    ),
    "s_confirm": Wording("À confirmer par l'établissement", "To be confirmed by the establishment"),
    "confirm_intro": Wording(
        "Ces adresses portent vos noms et ne sont dans aucun mandat. Pour chacune, compléter les "
        "lignes proposées et les coller dans l'inventaire : la question ne reviendra plus. Une "
        "réponse n'ouvre aucun périmètre ; ce qui est à vous s'ajoute aux plages et au mandat.",
        "These addresses bear your names and lie in no mandate. For each, complete the lines "
        "proposed and paste them into the inventory: the question will not come back. An answer "
        "opens no scope; what is yours goes into the ranges and the mandate.",
    ),
    "c_confirm": Wording("Questions à l'établissement", "Questions to the establishment"),
    "question": Wording("Question", "Question"),
    "to_paste": Wording("À coller dans l'inventaire", "To paste into the inventory"),
    "c_hunts": Wording("Comment les noms ont été cherchés", "How names were looked for"),
    "domain": Wording("Domaine", "Domain"),
    "asked": Wording("Questions", "Questions"),
    "lost": Wording("Sans réponse", "Unanswered"),
    "found": Wording("Trouvés par", "Found by"),
    "wildcards": Wording("Génériques", "Wildcards"),
    "untried": Wording("Non parcouru", "Not gone through"),
    # Technical summary
    "s_technical": Wording("Synthèse technique", "Technical summary"),
    "technical_intro": Wording(
        "Une même faiblesse vue sur plusieurs actifs est dite une fois, avec son compte.",
        "The same weakness seen on several assets is told once, with its count.",
    ),
    "c_matrix": Wording("Constats par établissement", "Findings by establishment"),
    "c_technical": Wording("Constats par criticité", "Findings by criticality"),
    "total": Wording("Total", "Total"),
    "no_finding": Wording(
        "Aucun constat sur ce qui a été mesuré.", "No finding on what was measured."
    ),
    "no_finding_gaps": Wording(
        "{gaps} vérifications n'ont pas abouti : voir « Ce qui n'a pas été mesuré ».",
        "{gaps} verifications did not succeed: see “What was not measured”.",
    ),
    "no_finding_complete": Wording(
        "Toutes les vérifications prévues ont abouti.", "All planned verifications succeeded."
    ),
    "criticality": Wording("Criticité", "Criticality"),
    "finding": Wording("Constat", "Finding"),
    "confidence": Wording("Certitude", "Confidence"),
    "assets": Wording("Actifs", "Assets"),
    "establishments": Wording("Établissements", "Establishments"),
    "establishment": Wording("Établissement", "Establishment"),
    "count": Wording("Nombre", "Count"),
    "closed_note": Wording(
        "dont {count} acceptés ou sans objet", "of which {count} accepted or not applicable"
    ),
    # Action plan
    "s_plan": Wording("Plan d'action", "Action plan"),
    "plan_intro": Wording(
        "Classé par criticité ; à criticité égale, ce qui ouvre une porte passe avant ce qui "
        "affaiblit le chiffrement, puis viennent la certitude et le nombre d'actifs. Le délai est "
        "une suggestion de Vigie, pas une règle officielle ; le porteur, l'échéance et la charge "
        "sont à remplir par l'établissement.",
        "Ranked by criticality; at equal criticality, what opens a door comes before what weakens "
        "encryption, then confidence and number of assets. The delay is a suggestion of Vigie, "
        "not an official rule; owner, due date and effort are for the establishment to fill in.",
    ),
    "c_plan": Wording("Actions classées", "Ranked actions"),
    "rank": Wording("Rang", "Rank"),
    "action": Wording("Action", "Action"),
    "delay": Wording("Délai suggéré (Vigie)", "Suggested delay (Vigie)"),
    "owner": Wording("Porteur", "Owner"),
    "due": Wording("Échéance", "Due date"),
    "effort": Wording("Charge", "Effort"),
    "to_fill": Wording("à remplir", "to fill in"),
    "plan_none": Wording(
        "Aucune action : aucun constat sur ce qui a été mesuré n'en appelle.",
        "No action: no finding on what was measured calls for one.",
    ),
    "plan_info": Wording(
        "Les constats de criticité « information » n'appellent pas d'action et ne figurent que "
        "dans le détail.",
        "Findings of criticality “information” call for no action and stand in the detail only.",
    ),
    # Remote access
    "s_remote": Wording("Registre des accès distants", "Register of remote access"),
    "remote_intro": Wording(
        "Tout service qui permet d'entrer à distance (bureau à distance, VPN, prise de main, "
        "administration). Un accès non déclaré est un accès que l'inventaire n'explique pas : il "
        "est à justifier ou à fermer.",
        "Every service that lets someone in from afar (remote desktop, VPN, remote control, "
        "administration). An undeclared access is one that the inventory does not explain: it "
        "must be justified or closed.",
    ),
    "c_remote": Wording("Accès distants observés", "Remote accesses seen"),
    "c_unseen": Wording(
        "Accès déclarés, non observés pendant ce balayage",
        "Declared accesses, not seen during this scan",
    ),
    "unseen_note": Wording(
        "Ne pas les avoir vus n'est pas une preuve qu'ils sont fermés.",
        "Not having seen them is no proof that they are closed.",
    ),
    "service": Wording("Service", "Service"),
    "address": Wording("Adresse", "Address"),
    "declared": Wording("Déclaré", "Declared"),
    "declared_yes": Wording("déclaré", "declared"),
    "declared_no": Wording("non déclaré", "undeclared"),
    "justification": Wording("Justification", "Justification"),
    "mfa": Wording("Second facteur", "Second factor"),
    "mfa_yes": Wording("oui (déclaré)", "yes (declared)"),
    "mfa_no": Wording("non (déclaré)", "no (declared)"),
    "mfa_unknown": Wording("inconnu", "unknown"),
    "review": Wording("À revoir le", "Review by"),
    "review_late": Wording("revue dépassée", "review overdue"),
    "product": Wording("Produit reconnu", "Product recognised"),
    "product_none": Wording("produit non reconnu", "product not recognised"),
    "to_justify": Wording("à justifier ou à fermer", "to be justified or closed"),
    "low_source": Wording("signature peu vérifiée", "signature little verified"),
    "remote_none": Wording(
        "Aucun accès distant reconnu parmi les services mesurés.",
        "No remote access recognised among the services measured.",
    ),
    # TLS
    "s_tls": Wording("Chiffrement des échanges (TLS)", "Encryption in transit (TLS)"),
    "tls_intro": Wording(
        "Chaque service chiffré reçoit une note, fixée par le plus grave de ses constats au regard "
        "du référentiel retenu. « Au mieux » : ce qui n'a pas été mesuré pourrait l'abaisser.",
        "Each encrypted service gets a grade, set by the gravest of its findings against the "
        "chosen reference. “At best”: what was not measured could lower it.",
    ),
    "c_tls": Wording("Services chiffrés et leur note", "Encrypted services and their grade"),
    "tls_picture": Wording("Services par note", "Services by grade"),
    "grade": Wording("Note", "Grade"),
    "grade_at_best": Wording("au mieux", "at best"),
    "tls_versions": Wording("Versions acceptées", "Versions accepted"),
    "tls_reasons": Wording("Raisons", "Reasons"),
    "tls_no_reason": Wording("aucun constat", "no finding"),
    "grade_a": Wording("conforme", "compliant"),
    "grade_b": Wording("écarts faibles", "low gaps"),
    "grade_c": Wording("écart moyen", "a medium gap"),
    "grade_d": Wording("écart élevé", "a high gap"),
    "grade_e": Wording("écart critique", "a critical gap"),
    "grade_unknown": Wording("mesure insuffisante", "not enough measured"),
    # Detail
    "s_detail": Wording("Détail des constats", "Detail of the findings"),
    "detail_intro": Wording(
        "Une fiche par faiblesse ; déplier pour lire les preuves, le risque et la correction. À "
        "l'impression, toutes les fiches sont dépliées.",
        "One sheet per weakness; unfold to read evidence, risk and remedy. In print, all sheets "
        "are unfolded.",
    ),
    "risk": Wording("Ce qui peut arriver", "What may happen"),
    "remedy": Wording("Correction, pour l'administrateur", "Remedy, for the administrator"),
    "references": Wording("Références", "References"),
    "care_refs": Wording(
        "Indicateurs CaRE (numérotation Vigie)", "CaRE indicators (Vigie numbering)"
    ),
    "c_occurrences": Wording("Actifs concernés et preuves", "Assets concerned and evidence"),
    "asset": Wording("Actif", "Asset"),
    "evidence": Wording("Preuve", "Evidence"),
    "seen": Wording("Vu d'abord, en dernier", "First, last seen"),
    "fingerprint": Wording("Empreinte", "Fingerprint"),
    "check": Wording("Contrôle", "Check"),
    "asset_count": Wording("{count} actifs", "{count} assets"),
    "asset_count_one": Wording("1 actif", "1 asset"),
    "asset_share": Wording(
        "{all}, dont {count} de criticité {criticality}",
        "{all}, {count} of them of {criticality} criticality",
    ),
    "more_findings": Wording(
        "et {count} autres, voir findings.csv", "and {count} more, see findings.csv"
    ),
    "more_findings_one": Wording("et 1 autre, voir findings.csv", "and 1 more, see findings.csv"),
    "more_json": Wording(
        "et {count} autres, voir findings.json", "and {count} more, see findings.json"
    ),
    "more_json_one": Wording("et 1 autre, voir findings.json", "and 1 more, see findings.json"),
    "more": Wording("et {count} autres", "and {count} more"),
    "more_one": Wording("et 1 autre", "and 1 more"),
    # Exceptions
    "s_exceptions": Wording("Risques acceptés et exceptions", "Accepted risks and exceptions"),
    "exceptions_intro": Wording(
        "Ces constats sont toujours là. Une personne en a décidé : ceux qu'elle a acceptés ne "
        "comptent plus parmi ce qui reste à faire, jusqu'à la date dite.",
        "These findings are still there. A person decided about them: those accepted no longer "
        "count among what is left to do, until the date told.",
    ),
    "exceptions_level": Wording(
        "Le niveau est calculé sans tenir compte des exceptions.",
        "The level is computed without regard to exceptions.",
    ),
    "decision": Wording("Décision", "Decision"),
    "reason": Wording("Raison", "Reason"),
    "until": Wording("Jusqu'au", "Until"),
    # Not measured
    "s_gaps": Wording("Ce qui n'a pas été mesuré", "What was not measured"),
    "gaps_intro": Wording(
        "« Non mesuré » n'est jamais « sain ». Voici ce que ce balayage ne permet pas d'affirmer, "
        "et pourquoi.",
        "“Not measured” is never “sound”. Here is what this scan cannot vouch for, and why.",
    ),
    "gaps_nothing": Wording(
        "Toutes les vérifications prévues ont abouti : rien n'est resté sans réponse.",
        "All planned verifications succeeded: nothing was left unanswered.",
    ),
    "gaps_nothing_cut": Wording(
        "Aucune vérification sans réponse n'est consignée, mais le balayage est incomplet : ce "
        "qui n'a pas été essayé n'est pas connu.",
        "No unanswered verification is recorded, but the scan is incomplete: what was not tried "
        "is not known.",
    ),
    "c_gaps": Wording(
        "Vérifications sans réponse, par raison", "Unanswered verifications, by reason"
    ),
    "what": Wording("Vérification", "Verification"),
    "examples": Wording("Exemples", "Examples"),
    "reason_count": Wording("{count} vérifications", "{count} verifications"),
    "reason_count_one": Wording("1 vérification", "1 verification"),
    # CaRE
    "s_care": Wording(
        "Programme CaRE : annuaires techniques et exposition sur internet",
        "CaRE programme: technical directories and Internet exposure",
    ),
    "care_intro": Wording(
        "Ce que ce balayage apporte à chaque indicateur. La numérotation des indicateurs est "
        "celle de Vigie ; la référence officielle est donnée quand une source publique la nomme.",
        "What this scan contributes to each indicator. The numbering of indicators is Vigie's "
        "own; the official reference is given where a public source names it.",
    ),
    "c_care": Wording(
        "Indicateurs et apport de ce balayage", "Indicators and contribution of this scan"
    ),
    "c_care_other": Wording(
        "Autres indicateurs cités par les constats", "Other indicators cited by findings"
    ),
    "indicator": Wording("Indicateur", "Indicator"),
    "official_ref": Wording("référence officielle : {ref}", "official reference: {ref}"),
    "likely_ref": Wording(
        "référence officielle probable, non confirmée : {ref}",
        "likely official reference, not confirmed: {ref}",
    ),
    "contribution": Wording("Apport de ce balayage", "Contribution of this scan"),
    "target": Wording("Cible", "Target"),
    "target_sourced": Wording("cible de source publique", "target from a public source"),
    "target_partly_sourced": Wording(
        "cible proposée par Vigie (sujet de source publique)",
        "target proposed by Vigie (topic from a public source)",
    ),
    "target_inferred": Wording(
        "cible proposée par Vigie (déduite)", "target proposed by Vigie (inferred)"
    ),
    "target_product_default": Wording("cible proposée par Vigie", "target proposed by Vigie"),
    "target_unknown": Wording(
        "cible proposée par Vigie, officielle non trouvée",
        "target proposed by Vigie, official one not found",
    ),
    "target_none": Wording("aucune cible officielle trouvée", "no official target found"),
    "care_findings": Wording(
        "{count} constats ouverts, le plus grave de criticité {worst}",
        "{count} open findings, the gravest of {worst} criticality",
    ),
    "care_findings_one": Wording(
        "1 constat ouvert, de criticité {worst}", "1 open finding, of {worst} criticality"
    ),
    "care_clean": Wording(
        "aucun constat ouvert sur ce qui a été mesuré", "no open finding on what was measured"
    ),
    "care_clean_cut": Wording(
        "aucun constat ouvert sur la partie mesurée ; balayage incomplet",
        "no open finding on the part measured; incomplete scan",
    ),
    "care_unmeasured": Wording("non évalué par ce balayage", "not evaluated by this scan"),
    "care_perimeter": Wording(
        "plages déclarées : {ranges} ; domaines : {names} ; mandats : {mandates} ; éléments non "
        "rattachés : {unattributed}",
        "ranges declared: {ranges}; domains: {names}; mandates: {mandates}; unattributed "
        "items: {unattributed}",
    ),
    "care_regular": Wording(
        "balayage Vigie du {date} : à présenter à part, ce n'est pas un audit officiel",
        "Vigie scan of {date}: to be shown apart, it is not an official audit",
    ),
    "care_official": Wording(
        "non évalué : il faut deux rapports d'audit officiels",
        "not evaluated: two official audit reports are needed",
    ),
    "care_critical": Wording(
        "{count} constats critiques ouverts", "{count} open critical findings"
    ),
    "care_critical_one": Wording("1 constat critique ouvert", "1 open critical finding"),
    "care_critical_none": Wording(
        "aucun constat critique ouvert sur ce qui a été mesuré",
        "no open critical finding on what was measured",
    ),
    "care_plan": Wording(
        "plan d'action de {count} actions ; porteurs et échéances à remplir",
        "action plan of {count} actions; owners and due dates to fill in",
    ),
    "care_plan_one": Wording(
        "plan d'une action ; porteur et échéance à remplir",
        "plan of one action; owner and due date to fill in",
    ),
    "care_plan_none": Wording(
        "aucune action appelée par ce qui a été mesuré", "no action called for by what was measured"
    ),
    "care_directory": Wording(
        "non évalué : relève de l'audit d'annuaire", "not evaluated: belongs to the directory audit"
    ),
    "care_empty": Wording(
        "La base d'indicateurs n'est pas disponible.", "The indicator base is not available."
    ),
    # Method
    "s_method": Wording("Méthode et limites", "Method and limits"),
    "method_harmless": Wording(
        "Non intrusif : aucune faille n'est exploitée, aucun mot de passe n'est essayé, pas même "
        "vide. Chaque service est d'abord écouté ; sur les ports sensibles (impression, imagerie, "
        "automates, échanges de laboratoire), rien n'est envoyé.",
        "Non-intrusive: no flaw is exploited, no password is tried, not even an empty one. Each "
        "service is listened to first; on sensitive ports (printing, imaging, industrial, "
        "laboratory exchanges), nothing is sent.",
    ),
    "method_passive": Wording(
        "Balayage passif : rien n'est envoyé aux adresses examinées. Seules des sources publiques "
        "sont consultées ; ce qu'elles disent peut être ancien, incomplet ou faux.",
        "Passive scan: nothing is sent to the addresses examined. Public sources alone are asked; "
        "what they tell may be old, incomplete or false.",
    ),
    "method_moment": Wording(
        "Photographie à un instant donné, depuis Internet : un service éteint ou filtré à ce "
        "moment n'a pas été vu.",
        "A picture of one moment, from the Internet: a service that was off or filtered then was "
        "not seen.",
    ),
    "method_limits": Wording(
        "Débit plafonné : {rate} paquets par seconde en tout, {host} par machine, {connections} "
        "connexions à la fois par machine.",
        "Capped rate: {rate} packets per second in all, {host} per machine, {connections} "
        "connections at a time per machine.",
    ),
    "method_canary": Wording(
        "Un témoin de l'opérateur a servi à distinguer un port fermé d'un port que notre "
        "fournisseur bloque.",
        "A canary of the operator told closed ports apart from ports that our provider blocks.",
    ),
    "method_no_canary": Wording(
        "Aucun témoin n'était configuré : sur les ports que les fournisseurs bloquent souvent "
        "(25, 135 à 139, 445…), un silence ne prouve rien.",
        "No canary was configured: on ports that providers often block (25, 135 to 139, 445…), "
        "silence proves nothing.",
    ),
    "method_versions": Wording(
        "Une version annoncée par un service peut être corrigée sans changer de numéro, ou être "
        "fausse : la certitude de chaque constat le dit.",
        "A version announced by a service may be patched without a new number, or be false: the "
        "confidence of each finding says so.",
    ),
    "method_built_in": Wording(
        "Produits, versions et failles sont jugés d'après la base intégrée du {day} ; aucun flux "
        "extérieur n'était présent, si bien que ce qui est paru depuis n'est pas connu.",
        "Products, versions and flaws are judged by the built-in knowledge of {day}; no outside "
        "feed was present, so what appeared since is not known.",
    ),
    "method_exploited": Wording(
        "Des failles exploitées, la base intégrée connaît celles que la CISA donnait au {day}, et "
        "une partie seulement des suivantes : la commande « vigie feeds update » la complète.",
        "Of exploited flaws, the built-in knowledge holds those that CISA listed on {day}, and "
        "only a part of later ones: the command vigie feeds update completes it.",
    ),
    "method_feeds": Wording(
        "Produits, versions et failles sont jugés d'après la base intégrée du {day} et des flux "
        "publics, datés au jour de la mesure : {feeds}.",
        "Products, versions and flaws are judged by the built-in knowledge of {day} and by public "
        "feeds, dated as of the day of the measure: {feeds}.",
    ),
    "feed_today": Wording("{feed} du jour même", "{feed} of the same day"),
    "feed_one": Wording("{feed} d'un jour", "{feed} one day old"),
    "feed_aged": Wording("{feed} de {days} jours", "{feed} {days} days old"),
    "sources": Wording("Adresses sources du balayage", "Source addresses of the scan"),
    "sources_none": Wording(
        "non consignées dans ce rapport ; elles figurent dans la lettre de mandat",
        "not recorded in this report; they stand in the letter of mandate",
    ),
    "recognise": Wording("Reconnaître ce trafic", "Recognising this traffic"),
    "recognise_text": Wording(
        "l'en-tête User-Agent (HTTP), le HELO (courriel) et le titre d'application (DICOM) "
        "portent le contact de l'opérateur :",
        "the User-Agent header (HTTP), the HELO (mail) and the application title (DICOM) carry "
        "the contact of the operator:",
    ),
    "c_confidence": Wording("Échelle de certitude", "Scale of confidence"),
    "conf_certain": Wording(
        "le service l'a montré lui-même, directement", "the service showed it itself, directly"
    ),
    "conf_firm": Wording(
        "plusieurs indices concordent ; une exception reste possible",
        "several signs agree; an exception remains possible",
    ),
    "conf_tentative": Wording(
        "un seul indice, ou un indice faible : à vérifier sur la machine",
        "one sign only, or a weak one: to be verified on the machine",
    ),
    "c_scale": Wording("Échelle de criticité", "Scale of criticality"),
    "crit_critical": Wording(
        "prise de contrôle ou fuite de données possible sans obstacle : agir tout de suite",
        "takeover or data leak possible without obstacle: act at once",
    ),
    "crit_high": Wording(
        "attaque réaliste avec des moyens courants : corriger rapidement",
        "realistic attack with common means: fix soon",
    ),
    "crit_medium": Wording(
        "affaiblit la défense ou aide une autre attaque : planifier",
        "weakens the defence or helps another attack: plan",
    ),
    "crit_low": Wording(
        "écart aux bonnes pratiques, sans effet direct",
        "departure from good practice, without direct effect",
    ),
    "crit_info": Wording(
        "à savoir, sans écart : par exemple un service déclaré et à jour",
        "worth knowing, no departure: for example a declared and current service",
    ),
    "c_glossary": Wording("Statuts des essais", "Statuses of attempts"),
    # Annex
    "s_passive": Wording("Annexe : sources passives", "Annex: passive sources"),
    "c_passive": Wording("Ports que d’autres disent avoir vus", "Ports that others say they saw"),
    "passive_intro": Wording(
        "Ces lignes viennent de tiers, non de nos mesures : elles disent ce qu’ils ont vu un jour "
        "donné et n’entrent dans aucun constat.",
        "These lines come from third parties, not from our measures: they tell what was seen on a "
        "given day and enter no finding.",
    ),
    "passive_seen": Wording(
        "vu par {source} le {day}, non confirmé", "seen by {source} on {day}, not confirmed"
    ),
    "passive_undated": Wording(
        "vu par {source} sans date, non confirmé", "seen by {source}, undated, not confirmed"
    ),
    "passive_confirmed": Wording(
        "vu par {source} ; le port répond aussi à notre mesure",
        "seen by {source}; the port answers our measure too",
    ),
    "passive_said": Wording("Ce que dit la source", "What the source says"),
    "passive_when": Wording("Provenance", "Where it comes from"),
    "s_services": Wording("Annexe : services exposés", "Annex: exposed services"),
    "c_services": Wording("Services observés", "Services seen"),
    "services_none": Wording(
        "Aucun service n'a répondu parmi ce qui a été essayé.",
        "No service answered among what was tried.",
    ),
    "protocol": Wording("Protocole", "Protocol"),
    "encrypted": Wording("TLS", "TLS"),
    "yes": Wording("oui", "yes"),
    "no": Wording("non", "no"),
    "indices": Wording("Indices", "Signs"),
    "unknown_protocol": Wording("inconnu", "unknown"),
    "files": Wording(
        "Fichiers joints à ce rapport : findings.json (tout, en entier), findings.csv (tableur), "
        "observations.jsonl (faits bruts).",
        "Files beside this report: findings.json (everything, in full), findings.csv "
        "(spreadsheet), observations.jsonl (raw facts).",
    ),
    "page": Wording("page", "page"),
}

_DAYS = {
    Language.FR: ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    Language.EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


def day_name(day: int, language: Language) -> str:
    """Give the name of a weekday, 0 for Monday."""
    return _DAYS[language][day % 7]


class Lexicon:
    """The words in one language, typeset."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.fixed = {key: typeset(worded.say(language), language) for key, worded in WORDS.items()}
        """Sentences by id; those with placeholders are for :meth:`say`."""

    def say(self, key: str, **values: str) -> str:
        """Give a sentence with its values; an unknown id or placeholder is a bug."""
        return self.fixed[key].format_map(values)

    def counted(self, key: str, count: int, shown: str, name: str = "count", **values: str) -> str:
        """Give ``key`` for none or many, ``key_one`` for a single one."""
        chosen = f"{key}_one" if count == 1 and f"{key}_one" in self.fixed else key
        return self.say(chosen, **{name: shown}, **values)

    def word(self, worded: Wording) -> str:
        """Give one wording in this language, typeset."""
        return typeset(worded.say(self.language), self.language)
