"""Certificate services: what is published, who may enrol, what a certificate is good for."""

from collections.abc import Iterator

from core.directory import sids
from core.directory.objects import Entry, Objects
from core.directory.rights import Right, Rights

_SUPPLIES_SUBJECT = 0x1
_SUPPLIES_ALTERNATIVE = 0x10000
_APPROVED_BY_MANAGER = 0x2
LOGON_USAGES: frozenset[str] = frozenset(
    {"1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2", "1.3.6.1.5.2.3.4", "2.5.29.37.0"}
)
"""Client authentication, smart card logon, PKINIT client, any purpose."""
_ENROLLING = Right.ENROLL | Right.AUTO_ENROLL | Right.ALL_EXTENDED | Right.GENERIC_ALL


class CertificateServices:
    """Templates and authorities together."""

    def __init__(self, objects: Objects, rights: Rights) -> None:
        self._rights = rights
        self.services = objects.of("pkienrollmentservice")
        self.templates = objects.of("pkicertificatetemplate")
        trusted = [
            one for one in objects.of("certificationauthority") if one.name == "NTAuthCertificates"
        ]
        self.logon_certificates = frozenset(
            value for one in trusted for value in one.raw("cacertificate") if value
        )
        """DER of the authorities whose certificates open sessions."""
        self._by_template: dict[str, list[Entry]] = {}
        for service in self.services:
            for name in service.texts("certificatetemplates"):
                self._by_template.setdefault(name.lower(), []).append(service)

    def publishing(self, template: Entry) -> tuple[Entry, ...]:
        """Give the authorities that publish a template."""
        name = template.text("cn") or template.name
        return tuple(self._by_template.get(name.lower(), ()))

    def opens_sessions(self, service: Entry) -> bool:
        """Whether what an authority signs may open sessions."""
        return any(one in self.logon_certificates for one in service.raw("cacertificate"))

    def enrollers(self, entry: Entry) -> tuple[str, ...]:
        """Give who may enrol on a template, or on an authority."""
        return tuple(one for one, bits, _ in self._rights.granted(entry.row) if bits & _ENROLLING)

    @staticmethod
    def supplies_subject(template: Entry) -> bool:
        """Whether who asks says in whose name."""
        bits = template.number("mspki-certificate-name-flag") or 0
        return bool(bits & (_SUPPLIES_SUBJECT | _SUPPLIES_ALTERNATIVE))

    @staticmethod
    def is_approved(template: Entry) -> bool:
        """Whether somebody has to agree: a manager, or another's signature."""
        bits = template.number("mspki-enrollment-flag") or 0
        return bool(bits & _APPROVED_BY_MANAGER) or (template.number("mspki-ra-signature") or 0) > 0

    @staticmethod
    def usages(template: Entry) -> frozenset[str]:
        """Give the usages of a template's certificates, by OID; none: any usage."""
        if (template.number("mspki-template-schema-version") or 1) > 1:
            found = template.texts("mspki-certificate-application-policy")
            if found:
                return frozenset(found)
        return frozenset(template.texts("pkiextendedkeyusage"))

    def allows_logon(self, template: Entry) -> bool:
        """Whether a session may be opened with its certificates."""
        usages = self.usages(template)
        return not usages or bool(usages & LOGON_USAGES)

    def in_anyones_name(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Give the published templates by which one opens a session as anyone, with who enrols."""
        for template in self.templates:
            published = [one for one in self.publishing(template) if self.opens_sessions(one)]
            if (
                published
                and self.supplies_subject(template)
                and not self.is_approved(template)
                and self.allows_logon(template)
            ):
                admitted = {one for service in published for one in self.enrollers(service)}
                enrollers = self.enrollers(template)
                # An authority that admits every account lets whoever the template names.
                if not any(map(sids.is_broad, admitted)):
                    enrollers = tuple(one for one in enrollers if one in admitted)
                yield template, enrollers
