"""What accounts and profiles may be made of: rules for passwords, countries, names and languages."""

import re
import unicodedata

from bff.domain.addresses import normalise_email

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 128
LONGEST_NAME = 50
LONGEST_LANGUAGE = 35

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE | re.ASCII)
_JOINERS = "\u200c\u200d"

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL
BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV
CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM
IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK
LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR
PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS
ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""

COUNTRIES = frozenset(_CODES.split())
"""ISO 3166-1 alpha-2, as of 2024."""


def find_password_fault(password: str, email: str) -> str | None:
    """Why a password cannot be taken; None for one that can."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
    if len(set(password)) < 4 or normalise_email(password) == normalise_email(email):
        return "This password is too easy to guess: choose another."
    return None


def check_country(text: str) -> str:
    """The country's code as it is written. Raises ValueError for what is none."""
    country = text.strip().upper()
    if country not in COUNTRIES:
        raise ValueError("A country is two letters of ISO 3166-1, like US.")
    return country


def read_name(text: str, *, longest: int = LONGEST_NAME) -> str:
    """The name of a profile, or of something else, as it is shown: composed, blanks in a row as one.

    Raises ValueError, with what is wrong, for one that is too long or would not be seen.
    """
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if not 0 < len(name) <= longest:
        raise ValueError(f"A name has 1 to {longest} characters.")
    shown = name.translate(dict.fromkeys(map(ord, _JOINERS)))
    if not shown.isprintable() or not any(unicodedata.category(character)[0] in "LNSP" for character in shown):
        raise ValueError("A name is made of letters, digits and signs that can be seen.")
    return name


def read_language(text: str) -> str:
    """A BCP 47 tag as it is usually written: `pt-BR`, `zh-Hant`. Raises ValueError for what is not formed like one."""
    tag = text.strip()
    if len(tag) > LONGEST_LANGUAGE or not _LANGUAGE.fullmatch(tag):
        raise ValueError("A language is a BCP 47 tag, like en or pt-BR.")
    language, *rest = tag.split("-")
    return "-".join([language.lower(), *map(_write_subtag, rest)])


def _write_subtag(subtag: str) -> str:
    if len(subtag) == 2:
        return subtag.upper()
    return subtag.title() if len(subtag) == 4 and subtag.isalpha() else subtag.lower()
