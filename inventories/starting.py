"""The inventory to start from: commented, in French, with marks to replace."""

import re

MARK = "À REMPLIR"
"""Each line that carries it holds an example to replace."""

STARTING = """\
# Inventaire d'un GHT pour Vigie : ce qui peut être contacté, par qui, quand.
# Ce fichier contient des données de l'hôpital : ne le publiez pas.
#
#   1. Remplacez chaque ligne marquée « À REMPLIR », puis ôtez la marque.
#   2. vigie inventory check CE_FICHIER       dit tout ce qui reste à corriger.
#   3. vigie mandate template CE_FICHIER      prépare les lettres à faire signer.
#   4. vigie scan CE_FICHIER --dry-run        montre ce qui serait contacté, sans rien envoyer.

schema = 1

# true admet les adresses privées et de boucle locale : pour un banc d'essai seulement.
lab = false

[ght]
id = "ght-exemple"                      # À REMPLIR : court, sans accent, à ne plus changer ensuite
name = "GHT Exemple"                    # À REMPLIR
region = "Région Exemple"               # À REMPLIR
timezone = "Europe/Paris"               # les dates et les fenêtres se lisent dans ce fuseau

# Un bloc [[establishments]] par établissement ; recopiez-le autant que nécessaire.
[[establishments]]
id = "chu-exemple"                      # À REMPLIR : court, sans accent, à ne plus changer ensuite
name = "CHU d'Exemple"                  # À REMPLIR
finess = "010003820"                    # À REMPLIR : entre guillemets (le zéro initial compte)
ranges = ["203.0.113.0/24"]             # À REMPLIR : adresses publiques en CIDR, IPv4 et IPv6
domains = ["chu.example"]               # À REMPLIR : permet d'interroger le DNS sur ces noms
exclude = []                            # jamais contactés : adresses, plages ou noms exacts
medical = []                            # équipements fragiles : en douceur, une connexion à la fois
contact = "rssi@chu.example"            # À REMPLIR

# Un mandat signé par la direction. Sans mandat en cours, rien n'est envoyé.
[[mandates]]
establishments = ["chu-exemple"]        # À REMPLIR : les id ci-dessus
# covers = ["203.0.113.0/25", "portail.hebergeur.example"]   # ou seulement ceci : plages, noms
# exacts
signed_by = "Direction générale"        # À REMPLIR
document = "mandat-2026-001.pdf"        # À REMPLIR : nom du document signé
# sha256 = "…"                          # conseillé : résultat de « sha256sum mandat-2026-001.pdf »
valid_from = 2026-01-01                 # À REMPLIR
valid_until = 2026-12-31                # À REMPLIR : dernier jour, inclus
intensity = "standard"                  # passive | discreet | standard | deep
# Jours Mon Tue Wed Thu Fri Sat Sun ; une fenêtre appartient au jour où elle s'ouvre.
# Sans cette ligne : à toute heure.
windows = ["Mon-Fri 20:00-06:00", "Sat-Sun 00:00-24:00"]
emergency = "+33 1 00 00 00 00"         # À REMPLIR : qui appeler pendant un balayage

# L'accord d'un tiers qui détient la machine (hébergeur, éditeur). Un bloc par accord.
# [[consents]]
# holder = "Hébergeur Exemple"
# covers = ["portail.hebergeur.example"]
# document = "accord-2026-001.pdf"
# valid_from = 2026-01-01
# valid_until = 2026-12-31
# intensity = "discreet"

# Ce que l'établissement expose sciemment : ces accès ne sont pas signalés comme inattendus.
# [[expected]]
# asset = "203.0.113.10"
# port = 443
# product = "fortinet_fortios"
# owner = "DSI"
# justification = "VPN du personnel"
# mfa = "yes"                           # yes | no | unknown
# review_by = 2026-09-30

# Plafonds d'envoi : tentatives et datagrammes, reprises comprises. Voici les valeurs par défaut.
[limits]
packets_per_second = 200
packets_per_second_per_prefix24 = 100
packets_per_second_per_host = 20
connections_per_host = 4

# Annuaire à auditer. Le mot de passe n'est jamais écrit ici : seulement où le trouver.
# [[directories]]
# id = "chu-ad"
# establishment = "chu-exemple"
# server = "ldaps://dc1.chu.example"
# user = "svc-audit@chu.example"
# password = "env:VIGIE_CHU_AD"         # env:NOM | file:CHEMIN | keyring:SERVICE/NOM | prompt
# ca_file = "igc-interne.pem"
# role = "production"                   # production | backup

# Ports ajoutés à la liste par défaut.
# [ports]
# tcp = "10443,8000-8100"
# udp = "1194"

# Ce à quoi Vigie peut parler hors des cibles. Un service absent d'ici n'est jamais contacté.
[services]
resolvers = ["192.0.2.53"]              # À REMPLIR : vos résolveurs DNS, par leur adresse
# canary = "canary.grades.example"      # votre témoin (vigie canary serve) : distingue filtré et
# fermé
# feeds = true                          # failles, fins de support, alertes (vigie feeds update)
# revocation = ["http://ocsp.exemple.fr"]  # à qui demander si un certificat est révoqué
# ct = "https://crt.sh"                 # noms lus dans les certificats publics
# rdap = ["https://rdap.db.ripe.net", "https://rdap.nic.fr"]  # à qui sont adresses et domaines
# asn = "origin.asn.cymru.com"          # réseau d'une adresse, par vos résolveurs
operator = "securite@grades.example"    # À REMPLIR : contact montré à qui reçoit nos requêtes

# Comment les noms des domaines sont cherchés.
# [names]
# enumerate = true                      # false : seulement les noms écrits dans ce fichier
# words = ["pmsi"]                      # mots essayés en plus des nôtres, ou "mots.txt"
# queries_per_second = 1000             # à chaque résolveur
# budget = 50000                        # noms essayés par domaine, au plus

# Vos réponses à la liste « à confirmer » du rapport. Elles n'ouvrent aucun périmètre : ce qui est à
# vous et doit être examiné s'ajoute aux plages et au mandat.
# [[answers]]
# asset = "paie.chu.example"            # nom exact, adresse ou plage
# belongs = "third-party"               # ours | third-party | not-ours
# holder = "Hébergeur Exemple"
# answered_by = "RSSI"
# answered_on = 2026-06-01

# Comment le TLS est jugé.
# [tls]
# profile = "anssi"                     # anssi | mozilla-intermediate
# roots = []                            # fichiers PEM ou DER : IGC-Santé, autorité interne
"""


def starting_inventory(filled: bool = False) -> str:
    """Give the starting file; ``filled`` takes the marks away, as a user does who kept the
    examples.
    """
    if not filled:
        return STARTING
    return re.sub(rf"[ ]*# {MARK}[^\n]*", "", STARTING)
