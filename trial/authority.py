"""A test authority: root, intermediate, revocation lists, signers. Its certificates are marked; only trial homes accept them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from vault.home_folder import Home
from vault.instruction import signing
from vault.pki.trust_store import TRIAL_MARK

EID_SIGNATURE = "2.16.56.12.1.1.2.1"  # a citizen's signature certificate under Belgium Root CA4
_RESPONDER = x509.AccessDescription(
    AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.trial.invalid/")
)  # never contacted: it states that OCSP responses about the certificate can exist
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key


class TrialAuthority:
    """Issues certificates and revocation lists. All of them have the trial mark."""

    def __init__(
        self, name: str = "Reprise trial", *, marked: bool = True, moment: datetime | None = None
    ) -> None:
        self._marked = marked
        self.moment = moment or datetime.now(UTC).replace(microsecond=0)
        self.root = self._authority(f"{name} root", None)
        self.intermediate = self._authority(f"{name} citizen", self.root)

    def _authority(self, name: str, issuer: Identity | None) -> Identity:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name(
            [x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        by = issuer or Identity(None, key)  # type: ignore[arg-type]
        builder = self._builder(subject, by.certificate.subject if issuer else subject, key, 3650, 30)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_usage(cert_sign=True), critical=True)
        return Identity(self._sign(builder, by.key), key)

    def signer(
        self,
        inss: str,
        name: str,
        *,
        days: int = 365,
        since_days: int = 30,
        usage: str = "non_repudiation",
        policy: str | None = EID_SIGNATURE,
        key: Key | None = None,
        responder: bool = False,
    ) -> Identity:
        """Issue a person's signing certificate with the shape of a Belgian eID's; without `policy`, of no known profile.

        With `responder` it states, as an eID does, that OCSP responses about it are available.
        """
        names = [(NameOID.COMMON_NAME, f"{name} (Signature)"), (NameOID.SERIAL_NUMBER, inss)]
        return self._issue(
            [(NameOID.COUNTRY_NAME, "BE"), *names], days, since_days, usage, policy, key, responder=responder
        )

    def ehealth(
        self,
        typed: str,
        name: str,
        *,
        usage: str = "digital_signature",
        more_units: tuple[str, ...] = (),
        organisation: str = "Federal Government",
    ) -> Identity:
        """Issue a certificate with the shape of an eHealth keystore's; `typed` is its `TYPE=ID`."""
        units = ["eHealth-platform Belgium", name, typed, *more_units]
        subject = [
            (NameOID.COUNTRY_NAME, "BE"),
            (NameOID.ORGANIZATION_NAME, organisation),
            *((NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in units),
            (NameOID.COMMON_NAME, typed),
        ]
        return self._issue(subject, 365, 30, usage, None, None)

    def _issue(
        self,
        subject: list[tuple[x509.ObjectIdentifier, str]],
        days: int,
        since_days: int,
        usage: str,
        policy: str | None,
        key: Key | None,
        *,
        responder: bool = False,
    ) -> Identity:
        key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        named = x509.Name([x509.NameAttribute(kind, value) for kind, value in subject])
        builder = self._builder(named, self.intermediate.certificate.subject, key, days, since_days)
        extension = _usage(non_repudiation=usage == "non_repudiation", digital=usage != "non_repudiation")
        builder = builder.add_extension(extension, critical=True)
        if responder:
            access = x509.AuthorityInformationAccess([_RESPONDER])
            builder = builder.add_extension(access, critical=False)
        if policy is not None:
            stated = x509.PolicyInformation(x509.ObjectIdentifier(policy), None)
            builder = builder.add_extension(x509.CertificatePolicies([stated]), critical=False)
        return Identity(self._sign(builder, self.intermediate.key), key)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: Key, days: int, since_days: int
    ) -> x509.CertificateBuilder:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.moment - timedelta(days=since_days))
            .not_valid_after(self.moment + timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if not self._marked:
            return builder
        mark = x509.UnrecognizedExtension(x509.ObjectIdentifier(TRIAL_MARK), b"\x05\x00")
        return builder.add_extension(mark, critical=False)

    @staticmethod
    def _sign(builder: x509.CertificateBuilder, key: Key) -> x509.Certificate:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())

    def crl(self, revoked: tuple[Identity, ...] = (), *, days: int = 365, since_days: int = 1) -> bytes:
        """Return the intermediate's revocation list, DER."""
        return self._crl(self.intermediate, revoked, days, since_days)

    def root_crl(self) -> bytes:
        """Return the root's revocation list, DER."""
        return self._crl(self.root, (), 365, 1)

    def _crl(self, issuer: Identity, revoked: tuple[Identity, ...], days: int, since_days: int) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(self.moment - timedelta(days=since_days))
            .next_update(self.moment + timedelta(days=days))
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
            )
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
            builder = builder.add_revoked_certificate(
                entry.revocation_date(self.moment - timedelta(days=1)).build()
            )
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def install(self, home: Home, crl: bytes | None = None) -> None:
        """Put roots, intermediate and lists into a home's trust folder."""
        trust = home.trust
        (trust / "roots" / "trial-root.pem").write_bytes(pem(self.root.certificate))
        (trust / "intermediates" / "trial-citizen.pem").write_bytes(pem(self.intermediate.certificate))
        (trust / "crls" / "trial-citizen.crl").write_bytes(crl or self.crl())
        (trust / "crls" / "trial-root.crl").write_bytes(self.root_crl())


def _usage(*, cert_sign: bool = False, non_repudiation: bool = False, digital: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital,
        content_commitment=non_repudiation,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=cert_sign,
        crl_sign=cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


def pem(certificate: x509.Certificate) -> bytes:
    """Return the certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def p12(identity: Identity, authority: TrialAuthority, password: str) -> bytes:
    """Return the identity as PKCS#12."""
    return pkcs12.serialize_key_and_certificates(
        b"signature",
        identity.key,
        identity.certificate,
        [authority.intermediate.certificate],
        serialization.BestAvailableEncryption(password.encode()),
    )


def sign_cades(document: bytes, identity: Identity, authority: TrialAuthority) -> bytes:
    """Return a detached CAdES signature over the document, DER."""
    return signing.sign_cades(document, _signer(identity, authority))


def sign_page(pdf: bytes, identity: Identity, authority: TrialAuthority, place: int = 1) -> bytes:
    """Return the page with a further PAdES signature, in the box of the controller with this number."""
    return signing.sign_pades(pdf, _signer(identity, authority), place)


def _signer(identity: Identity, authority: TrialAuthority) -> signers.SimpleSigner:
    store = SimpleCertificateStore()
    store.register_multiple([_asn1(authority.intermediate.certificate)])
    private = identity.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signers.SimpleSigner(
        signing_cert=_asn1(identity.certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(private),
        cert_registry=store,
    )


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
