"""Made-up values: what is labelled in a line, and what only fills it.

Called by `benchmarks.pii.corpus`. Nobody's data: everything is drawn from lists and digits.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from random import Random
from string import ascii_letters
from string import digits as all_digits
from uuid import UUID

from benchmarks.pii import numbers
from benchmarks.pii.numbers import digits

Maker = Callable[[Random], str]

FIRST = ("Aigul", "Marat", "Dana", "Yerlan", "Olga", "Ivan", "Asel", "Timur", "Анна", "Айгүл",
         "Нұрлан", "Сергей", "Әсел", "Динара", "Қайрат", "John", "Emily")  # fmt: skip
LAST = ("Serikova", "Petrov", "Nurlanov", "Kim", "Ahmetov", "O'Neill", "Иванова", "Сергеев",
        "Қасымов", "Оспанова", "Smith-Jones", "Ким")  # fmt: skip
MAILBOXES = ("aigul.s", "marat_88", "dana+ads", "info", "i.petrov1990", "olga-k", "t.nurlanov",
             "sales.almaty", "x7", "asel2001", "no.reply")  # fmt: skip
HOSTS = ("mail.ru", "gmail.com", "yandex.kz", "bk.ru", "soq.example", "inbox.ru", "corp.kaspi.kz",
         "outlook.com", "mail.kz", "sub.dept.example.co.uk")  # fmt: skip
WORDS = ("camry", "квартира", "velosiped", "диван", "пәтер", "iphone", "garage", "щенок", "көлік")
PASSWORDS = ("qwerty123", "Almaty2024!", "hunter2", "p@ssw0rd", "Zx9#kL2m", "dana1988", "123456",
             "letmein", "M0skva_77", "Qazaq$tan1", "iloveyou", "hOrse-battery-9")  # fmt: skip
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "okhttp/4.12.0",
    "Dalvik/2.1.0 (Linux; U; Android 13; SM-A536B Build/TP1A.220624.014)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
)
BASE62 = ascii_letters + all_digits


def drawn(random: Random, signs: str, count: int) -> str:
    """Draw so many of the signs."""
    return "".join(random.choice(signs) for _ in range(count))


def email(random: Random) -> str:
    """Draw an address; a number in its name makes most of them different."""
    return f"{random.choice(MAILBOXES)}{random.choice(('', str(random.randint(1, 999))))}@" + (
        random.choice(HOSTS)
    )


def email_spelled(random: Random) -> str:
    """Draw an address as people write it for people alone."""
    name, host = email(random).replace("+", ".").split("@")
    at, dot = random.choice((("(at)", "."), (" [at] ", " [dot] "), (" собака ", " точка "),
                             (" at ", " dot "), ("(собака)", ".")))  # fmt: skip
    return f"{name}{at}{host.replace('.', dot)}"


def jwt(random: Random) -> str:
    """Draw a signed token: header, claims, signature."""
    head = {"alg": "HS256", "typ": "JWT"}
    claims = {"sub": digits(random, 8), "iat": 1763788272, "role": random.choice(WORDS)}
    parts = [urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in
             (head, claims)]  # fmt: skip
    return ".".join([*parts, drawn(random, BASE62 + "-_", 43)])


def token(random: Random) -> str:
    """Draw a secret without a form of its own."""
    if random.random() < 0.4:
        return drawn(random, "0123456789abcdef", random.choice((32, 40)))
    return drawn(random, BASE62, 1) + drawn(random, BASE62 + "-_", random.randint(19, 40)) + "7a"


def api_key(random: Random) -> str:
    """Draw a key in the form of a well-known service."""
    made = (
        "AKIA" + drawn(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
        "ghp_" + drawn(random, BASE62, 36),
        "sk_live_" + drawn(random, BASE62, 24),
        "AIza" + drawn(random, BASE62 + "-_", 35),
        "xoxb-" + digits(random, 11) + "-" + digits(random, 12) + "-" + drawn(random, BASE62, 24),
        "SG." + drawn(random, BASE62, 22) + "." + drawn(random, BASE62, 43),
        "glpat-" + drawn(random, BASE62, 20),
        "sk-" + drawn(random, BASE62, 48),
        "key-" + drawn(random, "0123456789abcdef", 32),
    )
    return random.choice(made)


def bot_token(random: Random) -> str:
    """Draw the key of a messenger's robot."""
    return digits(random, 10) + ":AA" + drawn(random, BASE62 + "-_", 33)


def credentials(random: Random) -> str:
    """Draw a name and a password as they stand before a host."""
    name = random.choice(("deploy", "app_rw", "aigul", "root", "svc-ads"))
    return f"{name}:{random.choice(PASSWORDS).replace('#', '').replace('@', '%40')}"


def version(random: Random) -> str:
    """Draw a version of three numbers."""
    return ".".join(str(random.randint(0, most)) for most in (19, 40, 120))


def price(random: Random) -> str:
    """Draw a price, mostly with a sign between its thousands."""
    number = random.randint(5, 9_999) * random.choice((100, 1_000, 5_000, 10_000))
    return f"{number:,}".replace(",", random.choice((" ", "\u00a0", "", ",")))


def vin(random: Random) -> str:
    """Draw the number of a car."""
    return "XTA" + drawn(random, "ABCDEFGHJKLMNPRSTUVWXYZ0123456789", 8) + digits(random, 6)


def ean(random: Random) -> str:
    """Draw a bar code of 13 digits."""
    body = random.choice(("487", "460", "978601")) + digits(random, 9)
    body = body[:12]
    total = sum(int(d) * (3 if place % 2 else 1) for place, d in enumerate(body))
    return body + str(-total % 10)


def _hex(count: int) -> Maker:
    return lambda random: drawn(random, "0123456789abcdef", count)


def _int(count: int) -> Maker:
    return lambda random: str(random.randint(10 ** (count - 1), 10**count - 1))


def _moment(random: Random) -> str:
    return f"2026-{random.randint(1, 12):02}-{random.randint(1, 28):02}T05:11:12.{_int(3)(random)}Z"


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _full_name(random: Random) -> str:
    return f"{random.choice(FIRST)} {random.choice(LAST)}"


def _person_key(random: Random) -> str:
    return f"{random.choice(FIRST[:7]).lower()}.{random.choice(LAST[:4]).lower()}"


def _json_person(random: Random) -> str:
    return json.dumps({"email": email(random), "step": random.randint(1, 9)})


LABELLED: dict[str, tuple[str, Maker]] = {
    "email": ("email", email),
    "email_spelled": ("email", email_spelled),
    "json_person": ("email", _json_person),
    "phone_kz": ("phone", numbers.phone_kz),
    "phone_kz_short": ("phone", numbers.phone_kz_short),
    "phone_digits": ("phone", numbers.phone_digits),
    "phone_intl": ("phone", numbers.phone_intl),
    "phone_us": ("phone", numbers.phone_us),
    "phone_gb": ("phone", numbers.phone_gb),
    "phone_ru": ("phone", numbers.phone_ru),
    "iin": ("iin", numbers.iin),
    "bin": ("bin", numbers.bin_of_company),
    "card": ("card", numbers.card),
    "iban": ("iban", numbers.iban),
    "imei": ("imei", numbers.imei),
    "ipv4": ("ip", numbers.ipv4),
    "ipv6": ("ip", numbers.ipv6),
    "mac": ("mac", numbers.mac),
    "mac_dashes": ("mac", lambda random: numbers.mac(random, "-").upper()),
    "jwt": ("jwt", jwt),
    "bearer": ("token", token),
    "token": ("token", token),
    "api_key": ("api_key", api_key),
    "bot_token": ("api_key", bot_token),
    "credentials": ("credentials", credentials),
    "url_password": ("credentials", lambda random: random.choice(PASSWORDS[:3])),
    "password": ("password", lambda random: random.choice(PASSWORDS)),
    "password_said": ("password", lambda random: random.choice(PASSWORDS[:7])),
    "first_name": ("name", lambda random: random.choice(FIRST)),
    "last_name": ("name", lambda random: random.choice(LAST)),
    "full_name": ("name", _full_name),
    "person_key": ("name", _person_key),
    "coordinates": ("coordinates", lambda r: r.choice((",", ", ", " ")).join(numbers.place(r))),
    "lat": ("coordinates", lambda random: numbers.place(random)[0]),
    "lon": ("coordinates", lambda random: numbers.place(random)[1]),
    "lon_lat": ("coordinates", lambda random: " ".join(numbers.place(random)[::-1])),
    "lon_lat_comma": ("coordinates", lambda random: ",".join(numbers.place(random)[::-1])),
    "lon_lat_json": ("coordinates", lambda random: ", ".join(numbers.place(random)[::-1])),
}
"""Kind -> its class, and what draws one."""

FILLERS: dict[str, Maker] = {
    "listing": lambda random: str(random.randint(10**7, 10 ** random.choice((8, 9, 10)) - 1)),
    "price": price,
    "price_raw": lambda random: str(random.randint(5, 99_999) * 1_000),
    "uuid": _uuid,
    "iso": _moment,
    "unix": lambda random: str(random.randint(1_600_000_000, 1_800_000_000)),
    "unix_ms": lambda random: str(random.randint(1_600_000_000_000, 1_800_000_000_000)),
    "version": version,
    "vin": vin,
    "ean": ean,
    "ua": lambda random: random.choice(AGENTS),
    "word": lambda random: random.choice(WORDS),
    "year": lambda random: str(random.randint(1990, 2026)),
    "octet": lambda random: str(random.randint(20, 254)),
    "float": lambda random: f"{random.uniform(0, 999):.{random.randint(1, 12)}f}",
    "b64noise": lambda random: drawn(random, BASE62 + "+/", 40),
    **{f"hex{n}": _hex(n) for n in (4, 5, 6, 7, 8, 12, 16, 32, 40, 64)},
    **{f"int{n}": _int(n) for n in range(1, 13)},
}
"""Kind -> what draws a piece that identifies nobody."""
