"""What a certificate says about the age a title is meant for."""

from bff.domain.titles import MaturityRating

_AGES = {
    MaturityRating.ALL: ("TV-Y", "TV-G", "G"),
    MaturityRating.AGE_7: ("TV-Y7", "TV-Y7-FV", "TV-PG", "PG"),
    MaturityRating.AGE_13: ("TV-14", "PG-13"),
    MaturityRating.AGE_16: ("R",),
    MaturityRating.AGE_18: ("TV-MA", "NC-17", "NR", "UR"),
}
_BY_CERTIFICATE = {certificate: age for age, certificates in _AGES.items() for certificate in certificates}


def rate_certificate(certificate: str | None) -> MaturityRating:
    """No certificate, or one we do not know, counts as AGE_18."""
    return _BY_CERTIFICATE.get(certificate or "", MaturityRating.AGE_18)
