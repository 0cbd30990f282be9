"""What the advice for each cause has to name, in English, German and French, written by hand."""

from app.doctor.findings import Finding
from app.doctor.sentences import Language, sentences

Names = tuple[str, str, str]


def same(name: str) -> Names:
    """A name that no language translates: a setting, a command, an address."""
    return name, name, name


SECRETS: Names = ("Certificates & secrets", "Zertifikate & Geheimnisse", "Certificats & secrets")
VALUE: Names = ("Value", "Wert", "Valeur")
OVERVIEW: Names = ("Overview", "Übersicht", "Vue d'ensemble")
UPLOAD: Names = ("Upload certificate", "Zertifikat hochladen", "Charger un certificat")
PERMISSIONS: Names = ("API permissions", "API-Berechtigungen", "Autorisations de l'API")
CONSENT: Names = (
    "Grant admin consent for …",
    "Administratorzustimmung für … erteilen",
    "Accorder un consentement d'administrateur pour …",
)
APPLICATION: Names = ("Application permissions", "Anwendungsberechtigungen", "Autorisations d'application")
DELEGATED: Names = ("Delegated permissions", "Delegierte Berechtigungen", "Autorisations déléguées")
ENTERPRISE: Names = ("Enterprise applications", "Unternehmensanwendungen", "Applications d'entreprise")
USERS: Names = (
    "Users > All users",
    "Benutzer > Alle Benutzer",
    "Utilisateurs > Tous les utilisateurs",
)
RESET: Names = ("Reset password", "Kennwort zurücksetzen", "Réinitialiser le mot de passe")
POLICIES: Names = ("Conditional Access", "Bedingter Zugriff", "Accès conditionnel")
LOGS: Names = ("Sign-in logs", "Anmeldeprotokolle", "Journaux de connexion")
FIREWALL: Names = ("firewall", "Firewall", "pare-feu")
NETWORK: Names = ("network's administrator", "Netzwerkadministration", "administrateur du réseau")
WAIT: Names = ("Wait a few minutes", "Warten Sie einige Minuten", "Attendez quelques minutes")
AGAIN: Names = ("heck again", "rüfen Sie", "érifiez de nouveau")
MYACCOUNT = same("https://myaccount.microsoft.com")
AS_ITSELF = same("PRESENCE_SIGN_IN=app")
TENANT_ID = same("AZURE_TENANT_ID")
PROXY = same("HTTPS_PROXY")
NTP = same("timedatectl set-ntp true")
GRAPH_URL = same("PRESENCE_GRAPH_URL")
PASSWORD = same("AZURE_PASSWORD")

FIXES: dict[str, tuple[Names, ...]] = {
    "settings-noted": (same(".env"),),
    "settings-missing": (same(".env.example"), TENANT_ID, VALUE, SECRETS),
    "settings-file-missing": (same("--env-file"),),
    "settings-unreadable": (("single quotes", "einfache Anführungszeichen", "apostrophes"),),
    "settings-misspelt": (same(".env.example"),),
    "settings-incomplete": (OVERVIEW, SECRETS, VALUE),
    "settings-wrong": (same(".env"),),
    "secret-is-the-id": (VALUE, SECRETS),
    "settings-refused": (same(".env"),),
    "rules-refused": (same("docs/rules.md"),),
    "snapshot-unwritable": (same("PRESENCE_STATE_DIR"),),
    "dns-unknown-host": (same("AZURE_AUTHORITY_HOST"), GRAPH_URL),
    "dns-unavailable": (same("/etc/resolv.conf"),),
    "proxy-unusable": (same("HTTPS_PROXY=http://proxy.example:3128"),),
    "proxy-unreachable": (PROXY,),
    "proxy-scheme": (same("HTTPS_PROXY=http://"),),
    "proxy-password": (
        ("HTTPS_PROXY=http://user:password@", "benutzer:kennwort@", "utilisateur:motdepasse@"),
    ),
    "proxy-forbids": (same("CONNECT"),),
    "proxy-fails": (same("NO_PROXY"),),
    "tcp-refused": (FIREWALL, PROXY),
    "tcp-blocked": (FIREWALL, PROXY),
    "tcp-unreachable": (("default gateway", "Standardgateway", "passerelle"), PROXY),
    "tls-inspected": (same("PRESENCE_CA_BUNDLE"), NETWORK),
    "tls-expired": (same("date -u"), NETWORK),
    "tls-not-yet-valid": (NTP,),
    "tls-wrong-host": (same("AZURE_AUTHORITY_HOST"), NETWORK),
    "tls-cut": (NETWORK, PROXY),
    "tls-not-spoken": (("port", "Port", "port"), PROXY),
    "tls-failed": (same("TLS 1.2"), NETWORK),
    "answer-too-slow": (AGAIN, NETWORK),
    "clock-off": (NTP,),
    "clock-wrong": (NTP,),
    "tenant-unknown": (TENANT_ID, OVERVIEW),
    "tenant-malformed": (TENANT_ID, OVERVIEW),
    "tenant-other-cloud": (same("AZURE_AUTHORITY_HOST=https://login.microsoftonline.us"),),
    "tenant-generic": (TENANT_ID, OVERVIEW),
    "cloud-mismatch": (same("PRESENCE_GRAPH_URL=https://graph.microsoft.us"),),
    "cloud-without-presence": (("nothing to click", "nichts zu klicken", "rien à cliquer"),),
    "not-microsoft": (("in a browser", "im Browser", "dans un navigateur"),),
    "microsoft-busy": (WAIT, same("https://status.cloud.microsoft")),
    "took-too-long": (AGAIN, NETWORK),
    "application-unknown": (same("AZURE_CLIENT_ID"), OVERVIEW),
    "application-disabled": (ENTERPRISE,),
    "application-not-installed": (PERMISSIONS, CONSENT),
    "application-public": (
        ("Allow public client flows", "Öffentliche Clientflows zulassen", "flux clients publics"),
    ),
    "application-blocked": (POLICIES,),
    "sign-in-loop": (("ten minutes", "zehn Minuten", "dix minutes"),),
    "refused-by-microsoft": (same("https://login.microsoftonline.com/error"), LOGS),
    "secret-next-used": (same("AZURE_CLIENT_SECRET_NEXT"), same("PRESENCE_SECRET_EXPIRES")),
    "secret-wrong": (SECRETS, VALUE, same("AZURE_CLIENT_SECRET")),
    "secret-expired": (SECRETS, VALUE, same("AZURE_CLIENT_SECRET")),
    "credential-missing": (same("AZURE_CLIENT_SECRET"), same("AZURE_CLIENT_CERTIFICATE_PATH")),
    "certificate-unreadable": (same("AZURE_CLIENT_CERTIFICATE_PASSWORD"), same("PKCS #12")),
    "certificate-expired": (UPLOAD, same("AZURE_CLIENT_CERTIFICATE_PATH")),
    "certificate-not-yet-valid": (same("date -u"),),
    "certificate-unknown": (SECRETS, UPLOAD),
    "assertion-time": (NTP,),
    "account-unknown": (USERS, same("AZURE_USERNAME")),
    "account-guest": (USERS, same("AZURE_USERNAME"), AS_ITSELF),
    "account-federated": (same("onmicrosoft.com"), AS_ITSELF),
    "account-locked": (("ten minutes", "zehn Minuten", "dix minutes"), LOGS),
    "account-disabled": (USERS,),
    "account-not-assigned": (ENTERPRISE, ("Users and groups", "Benutzer und Gruppen", "groupes")),
    "account-at-risk": (("Risky users", "Risikobenutzer", "Utilisateurs à risque"), PASSWORD),
    "password-wrong": (MYACCOUNT, RESET, PASSWORD),
    "password-expired": (MYACCOUNT, PASSWORD, same("DisablePasswordExpiration")),
    "password-must-change": (MYACCOUNT, PASSWORD),
    "password-expired-on-premises": (same("Active Directory"), PASSWORD),
    "password-none": (RESET, MYACCOUNT),
    "mfa-required": (AS_ITSELF, POLICIES),
    "mfa-registration": (AS_ITSELF, POLICIES),
    "mfa-expired": (AS_ITSELF, POLICIES),
    "external-challenge": (AS_ITSELF, POLICIES),
    "conditional-access": (LOGS, POLICIES, AS_ITSELF),
    "device-required": (POLICIES, AS_ITSELF),
    "security-policy": (LOGS, AS_ITSELF),
    "security-defaults": (
        ("Security defaults", "Sicherheitsstandards", "Paramètres de sécurité par défaut"),
        AS_ITSELF,
    ),
    "session-ended": (PASSWORD,),
    "on-premises-agent": (same("Entra Connect"),),
    "permission-missing": (PERMISSIONS, same("Microsoft Graph"), CONSENT),
    "permission-narrow": (PERMISSIONS, same("User.Read.All"), CONSENT, DELEGATED),
    "consent-missing": (PERMISSIONS, CONSENT),
    "consent-declined": (PERMISSIONS, CONSENT),
    "resource-unknown": (GRAPH_URL, same("AZURE_AUTHORITY_HOST")),
    "resource-not-registered": (PERMISSIONS, same("Microsoft Graph"), CONSENT),
    "scope-wrong": (GRAPH_URL,),
    "users-none": (TENANT_ID,),
    "fields-withheld": (same("User.Read.All"), CONSENT),
    "users-forbidden": (same("User.Read.All"), CONSENT),
    "groups-forbidden": (same("GroupMember.Read.All"), CONSENT),
    "group-missing": (same("PRESENCE_SCOPE"),),
    "many-vanished": (same("SIGHUP"), USERS),
    "graph-token-refused": (same("AZURE_AUTHORITY_HOST"), GRAPH_URL),
    "graph-conditional-access": (LOGS, POLICIES),
    "graph-throttled": (WAIT,),
    "graph-busy": (WAIT, same("https://status.cloud.microsoft")),
    "graph-unreachable": (FIREWALL,),
    "graph-unexpected": (("in a browser", "im Browser", "dans un navigateur"), GRAPH_URL),
    "presence-unknown-only": (USERS, same("Teams")),
    "presence-forbidden": (same("Presence.Read.All"), CONSENT),
    "expiry-soon": (SECRETS, MYACCOUNT),
    "expiry-over": (SECRETS, MYACCOUNT),
    "expiry-unknown": (same("PRESENCE_SECRET_EXPIRES"),),
    "keys-unencrypted": (same("PRESENCE_TLS_CERT_PATH"),),
    "secrets-readable": (same("chmod 600"),),
    "service-fault": (("traceback", "Traceback", "traceback"),),
    "feed-hangs": (("disks", "Datenträgern", "disques"),),
}


def check_told_rightly(finding: Finding) -> None:
    """The advice names what it must, in every language, and no sentence is empty or left half filled."""
    for place, language in enumerate(Language):
        told = sentences(language).tell(finding)
        for names in FIXES[finding.cause]:
            assert names[place] in told.fix, (language, finding.cause, names[place], told.fix)
        for sentence in (told.what, told.meaning, told.fix):
            assert sentence, (language, finding.cause)
            assert "unknown error" not in sentence.lower()
            assert not {"{", "}"}.intersection(sentence), sentence
