"""Why something was not measured, worded for who reads the report."""

from core.model import Language, Wording

_REASONS: dict[str, Wording] = {
    "busy": Wording("le serveur se dit occupé", "the server says it is busy"),
    "hidden": Wording(
        "le compte utilisé n’a pas le droit de lire cela", "the account in use may not read it"
    ),
    "conditional": Wording(
        "un droit y est donné sous une condition que Vigie n’évalue pas",
        "a right is given there under a condition that Vigie does not evaluate",
    ),
    "referred-elsewhere": Wording(
        "un autre serveur détient cela, et il n’est pas désigné par la configuration de la forêt",
        "another server holds it, which the forest’s configuration does not name",
    ),
    "not-collected": Wording(
        "cette partie de la forêt n’a pas été collectée",
        "this part of the forest was not collected",
    ),
    "no-controller": Wording(
        "la configuration de la forêt ne désigne aucun contrôleur pour cela",
        "the forest’s configuration names no controller for it",
    ),
    "certificate-refused": Wording(
        "le certificat du contrôleur n’est pas accepté : aucun mot de passe n’a été envoyé",
        "the controller’s certificate is not accepted: no password was sent",
    ),
    "credential-refused": Wording(
        "le compte a été refusé, ou laissé sans réponse : il n’a plus été présenté nulle part",
        "the account was refused, or left unanswered: it was shown nowhere again",
    ),
    "snapshot-cut": Wording(
        "la collecte n’a pas été menée à son terme, ou son fichier est coupé",
        "the collection did not reach its end, or its file is cut short",
    ),
    "check-not-written": Wording("contrôle pas encore écrit", "check not written yet"),
    "timeout": Wording("pas de réponse dans le délai", "no answer in time"),
    "refused": Wording("connexion refusée", "connection refused"),
    "reset": Wording("connexion coupée par la cible", "connection cut by the target"),
    "filtered": Wording("filtré sur le chemin", "filtered on the way"),
    "protocol-error": Wording("réponse incompréhensible", "answer that makes no sense"),
    "gave-up": Wording(
        "abandonné : réponse trop lente ou trop longue", "given up: too slow or too long an answer"
    ),
    "answers-everywhere": Wording(
        "l’adresse répond sur tous les ports : ce qu’il y a derrière n’est pas mesuré",
        "the address answers on every port: what stands behind is not measured",
    ),
    "behind-front": Wording(
        "une façade (réseau de diffusion, anti-déni de service ou pare-feu applicatif) répond : ce "
        "qu’il y a derrière n’est pas mesuré",
        "a front (content network, anti-DDoS service or application firewall) answers: what "
        "stands behind is not measured",
    ),
    "rate-limited": Wording(
        "la cible limite le nombre de connexions", "the target limits connections"
    ),
    "banned": Wording(
        "le préfixe ne répond plus depuis le début du balayage : adresse source sans doute bannie",
        "the prefix fell silent during the run: our source address is probably banned",
    ),
    "egress-filtered": Wording(
        "notre propre accès ne laisse pas sortir ce port (témoin non joint)",
        "our own provider does not let this port out (canary not reached)",
    ),
    "no-route": Wording(
        "cette machine n’a aucune route vers ces adresses : rien n’a pu être envoyé (sans doute "
        "pas d’IPv6)",
        "this machine has no route to these addresses: nothing could be sent (probably no IPv6)",
    ),
    "no-canary": Wording(
        "sans témoin, un silence sur ce port ne prouve rien",
        "without a canary, silence on this port proves nothing",
    ),
    "out-of-scope": Wording(
        "hors mandat : rien n'a été envoyé", "outside the mandate: nothing was sent"
    ),
    "out-of-window": Wording(
        "hors de la fenêtre autorisée : rien n'a été envoyé",
        "outside the allowed window: nothing was sent",
    ),
    "undetermined": Wording("silence qui ne prouve rien", "silence that proves nothing"),
    "stopped": Wording("envois arrêtés par « vigie stop »", "sending stopped by vigie stop"),
    "interrupted": Wording(
        "balayage interrompu avant cette mesure", "the scan was interrupted before this measure"
    ),
    "intensity": Wording(
        "l'intensité autorisée ne permet pas cette mesure",
        "the allowed intensity does not permit this measure",
    ),
    "quiet-port": Wording(
        "port sensible : on écoute, rien n'est envoyé", "sensitive port: we listen, nothing is sent"
    ),
    "name-needed": Wording(
        "le service exige un nom que l'inventaire ne donne pas",
        "the service wants a name that the inventory does not give",
    ),
    "no-name": Wording(
        "aucun nom n'est connu pour cette adresse", "no name is known for this address"
    ),
    "client-certificate": Wording(
        "le service exige un certificat client", "the service wants a client certificate"
    ),
    "client-too-modern": Wording(
        "notre bibliothèque TLS ne parle plus cette version",
        "our TLS library no longer speaks this version",
    ),
    "needs-credential": Wording(
        "il faudrait essayer un mot de passe, ce que Vigie ne fait jamais",
        "a password would have to be tried, which Vigie never does",
    ),
    "not-offered": Wording(
        "le service n'a pas donné l'information", "the service did not give the information"
    ),
    "encrypted": Wording(
        "information chiffrée à cette étape", "information encrypted at this stage"
    ),
    "unknown-release": Wording(
        "version absente de nos tables, présumée suivie par son éditeur",
        "release not in our tables, presumed supported",
    ),
    "ambiguous-release": Wording(
        "plusieurs versions portent ce numéro, dont une au moins est encore suivie",
        "several releases share this number, at least one still supported",
    ),
    "login-needed": Wording(
        "seule une tentative de connexion à un compte le dirait : elle n'est jamais faite",
        "only an attempt to log in would tell: none is ever made",
    ),
    "no-proposal": Wording(
        "le service a refusé tout ce que nous proposions, sans dire si autre chose lui conviendrait",
        "the service refused all that we offered, and did not say whether something else would do",
    ),
    "identity-needed": Wording(
        "le service n’a pas reconnu l’identité neutre que nous présentons : celle d’un vrai client "
        "aurait pu être acceptée, aucune n’est essayée",
        "the service did not know the neutral identity that we present: that of a real client might "
        "have been accepted, none is ever tried",
    ),
    "asked-elsewhere": Wording(
        "question posée une seule fois, sur l’autre port du même service",
        "asked once only, on the other port of the same service",
    ),
    "no-key": Wording(
        "la clé d’accès n’est pas dans l’environnement (SHODAN_API_KEY)",
        "the access key is not in the environment (SHODAN_API_KEY)",
    ),
    "not-configured": Wording(
        "service absent de [services] : jamais contacté",
        "service absent from [services]: never contacted",
    ),
    "authority-unaware": Wording(
        "l’autorité dit ne pas connaître ce certificat",
        "the authority says that it does not know this certificate",
    ),
    "key-refused": Wording(
        "clé d’accès refusée par le service", "access key refused by the service"
    ),
    "request-limit": Wording("nombre maximal de requêtes atteint", "request limit reached"),
    "third-party": Wording(
        "hébergé par un tiers : son accord manque", "held by a third party: its consent is missing"
    ),
    "unresolved": Wording("nom sans adresse", "name without an address"),
    "half-resolved": Wording(
        "le résolveur n’a donné qu’une partie des adresses de ce nom",
        "the resolver gave only part of the addresses of this name",
    ),
    "not-swept": Wording(
        "plage IPv6 trop vaste : jamais balayée à l’aveugle",
        "IPv6 range too large: never swept blindly",
    ),
    "ipv6-budget": Wording(
        "d’autres adresses plausibles de cette plage n’ont pas été essayées : leur nombre est borné",
        "other plausible addresses of this range were not tried: their number is bounded",
    ),
    "subnet-answers": Wording(
        "dans ce sous-réseau IPv6, même une adresse tirée au hasard accepte les connexions : "
        "aucune adresse n’y a été devinée",
        "in this IPv6 subnet even an address drawn at random accepts connections: no address was "
        "guessed there",
    ),
    "no-ipv4": Wording(
        "aucune adresse IPv4 de ce nom n’a pu être essayée",
        "no IPv4 address of this name could be tried",
    ),
    "udp-silent": Wording(
        "en UDP, un silence ne distingue pas un port fermé, un port filtré et un service qui ne "
        "répond qu’à ses clients : rien n’en est conclu, le pare-feu seul permet de trancher",
        "over UDP, silence does not tell a closed port, a filtered one and a service that answers "
        "its clients alone apart: nothing is concluded from it, only the firewall can tell",
    ),
    "no-udp-probe": Wording(
        "aucune sonde ne sait quoi demander à ce port UDP : rien n’y a été envoyé",
        "no probe knows what to ask of this UDP port: nothing was sent to it",
    ),
    "quiet-udp-port": Wording(
        "port sensible : rien n’y est jamais envoyé",
        "sensitive port: nothing is ever sent to it",
    ),
    "udp-not-asked": Wording(
        "aucun port UDP n’était demandé à cette exécution",
        "no UDP port was asked for in this run",
    ),
    "unattributed": Wording(
        "adresse hors des plages mandatées", "address outside the mandated ranges"
    ),
    "bad-name": Wording("texte qui n’est pas un nom de machine", "text that is no host name"),
    "alias-loop": Wording(
        "les alias de ce nom tournent en rond", "the aliases of this name go round in circles"
    ),
    "resolver-failure": Wording(
        "le résolveur déclaré n’a pas su répondre", "the declared resolver could not answer"
    ),
    "half-answered": Wording(
        "une partie des questions est restée sans réponse", "part of the questions got no answer"
    ),
    "wildcard-rotates": Wording(
        "un caractère générique répond chaque fois autre chose : un nom deviné n’y prouve rien",
        "a wildcard answers something else each time: a guessed name proves nothing there",
    ),
    "resolver-lies": Wording(
        "le résolveur déclaré répond pour des noms qui ne peuvent exister : rien de ce qu’il dit "
        "absent n’est retenu",
        "the declared resolver answers for names that cannot exist: nothing that it calls absent "
        "is believed",
    ),
    "resolver-not-validating": Wording(
        "le résolveur déclaré ne vérifie pas les signatures DNSSEC",
        "the declared resolver does not validate DNSSEC signatures",
    ),
    "resolver-strips-signatures": Wording(
        "le résolveur déclaré ne transmet pas les signatures DNSSEC",
        "the declared resolver does not pass DNSSEC signatures on",
    ),
    "host-alone-knows": Wording(
        "seul l’hébergeur, que Vigie ne contacte pas, dirait si le site existe encore ; à vérifier "
        "dans votre compte chez lui",
        "only the host, which Vigie does not contact, could tell whether the site still exists; to "
        "be verified in your account there",
    ),
    "private-address": Wording(
        "adresse privée : aucun registre ne dit à qui elle est",
        "private address: no registry tells whose it is",
    ),
    "untrusted-service": Wording(
        "le certificat de la source n’est pas reconnu : rien ne lui a été demandé",
        "the certificate of the source is not trusted: nothing was asked of it",
    ),
    "not-registered": Wording(
        "aucun des registres déclarés ne le connaît",
        "none of the declared registries knows it",
    ),
    "partial-answer": Wording(
        "réponse reçue en partie : ce qui a été lu est gardé",
        "answer received in part: what was read is kept",
    ),
    "kept-answer": Wording(
        "la source n’a pas répondu : sa réponse précédente est reprise",
        "the source did not answer: its earlier answer is used again",
    ),
    "log-window": Wording(
        "un journal ne se cherche pas par nom : seules ses dernières entrées ont été lues",
        "a log cannot be searched by name: only its last entries were read",
    ),
    "redirected": Wording(
        "la source renvoie à un hôte absent de [services] : l’y ajouter pour qu’il soit suivi",
        "the source refers to a host absent from [services]: add it there to have it followed",
    ),
    "policy-not-fetched": Wording(
        "annoncé dans le DNS ; la politique elle-même est publiée par un autre hôte, que Vigie ne "
        "contacte pas",
        "announced in the DNS; the policy itself is published by another host, which Vigie does "
        "not contact",
    ),
    "answers-alike": Wording(
        "le serveur répond de la même façon à des chemins inventés : rien n’en est conclu",
        "the server answers invented paths the same way: nothing is concluded from it",
    ),
    "name-refused": Wording(
        "le serveur refuse ce nom (alerte TLS)", "the server refuses this name (TLS alert)"
    ),
    "misdirected": Wording(
        "le serveur dit ne pas servir ce nom (421)",
        "the server says that it does not serve this name (421)",
    ),
    "names-limit": Wording(
        "trop de noms ou de sites à cette adresse : ceux-là n’ont pas été mesurés",
        "too many names or sites at this address: these were not measured",
    ),
    "medical-names": Wording(
        "équipement médical : seuls les noms écrits dans l’inventaire y sont demandés",
        "medical device: only the names that the inventory writes are asked for there",
    ),
    "selector-unknown": Wording(
        "aucune clé DKIM sous les sélecteurs usuels : un message signé de l’établissement dirait lequel "
        "il emploie",
        "no DKIM key under the usual selectors: a signed message of the establishment would tell which "
        "one it uses",
    ),
    "mail-elsewhere": Wording(
        "serveurs de courrier hors mandat : ni leur chiffrement ni leur certificat n’ont été regardés",
        "mail servers outside the mandate: neither their encryption nor their certificate was looked at",
    ),
    "port-not-asked": Wording(
        "le port n’était pas demandé à cette exécution", "the port was not asked for in this run"
    ),
    "bug": Wording(
        "erreur de Vigie, consignée dans le journal", "a fault of Vigie, written to the log"
    ),
}


def known(why: str) -> bool:
    """Tell whether a reason has a wording."""
    return why.partition(":")[0] in _REASONS


def say(why: str, language: Language) -> str:
    """Give a reason in words; the detail behind it is kept as it is."""
    code, _, detail = why.partition(":")
    worded = _REASONS.get(code)
    text = worded.say(language) if worded else code
    detail = detail.strip()
    return f"{text} ({detail})" if detail else text
