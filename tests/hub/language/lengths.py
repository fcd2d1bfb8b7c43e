"""Texts and their exact lengths, each of which can be worked out by hand from the comment."""

from typing import NamedTuple


class Length(NamedTuple):
    """A text and what each counter must say of it."""

    name: str
    text: str
    grapheme: int
    codepoint: int
    utf16: int
    bytes: int
    mastodon: int
    x_weighted: int
    threads: int


E_ACUTE = "e\u0301"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
FRANCE = "\U0001f1eb\U0001f1f7"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
THUMB_DARK = "\U0001f44d\U0001f3ff"
HEART = "\u2764\ufe0f"
RAINBOW = "\U0001f3f3\ufe0f\u200d\U0001f308"
HAPPY = "\u0e2a\u0e38\u0e02"  # สุข: the vowel sign stands under the first letter
SHORT = "http://a.io"  # 11 characters
LONG = "https://example.com/a/very/long/path?with=query&and=more#fragment"  # 65 characters

# fmt: off
LENGTHS = [
    #      name                    text                     graph code u16  byte mast  x  thr
    Length("nothing",              "",                          0,  0,  0,   0,  0,   0,  0),
    Length("plain letters",        "Hello",                     5,  5,  5,   5,  5,   5,  5),
    Length("one Windows line end", "a\r\nb",                    3,  4,  4,   4,  3,   4,  4),
    Length("two Unix line ends",   "a\n\nb",                    4,  4,  4,   4,  4,   4,  4),
    Length("a NUL",                "\0",                        1,  1,  1,   1,  1,   1,  1),
    # é in one piece: 1 code point, 2 bytes. In two: NFC makes them one for X.
    Length("composed accent",      "\u00e9",                    1,  1,  1,   2,  1,   1,  1),
    Length("combining accent",     E_ACUTE,                     1,  2,  2,   3,  1,   1,  2),
    # Six marks of two bytes on a letter; é takes one of them, five remain beside it.
    Length("stacked accents",      "e" + "\u0301" * 6,          1,  7,  7,  13,  1,   6,  7),
    # Three letters or signs of three bytes; all below U+10FF, so light.
    Length("Thai",                 HAPPY,                       2,  3,  3,   9,  2,   3,  3),
    # क + virama + ष: one conjunct.
    Length("Devanagari conjunct",  "\u0915\u094d\u0937",        1,  3,  3,   9,  1,   3,  3),
    # Two Hangul letters, composed by NFC to one heavy syllable.
    Length("Hangul in pieces",     "\u1112\u1161",              1,  2,  2,   6,  1,   2,  2),
    Length("Chinese",              "\u4f60\u597d",              2,  2,  2,   6,  2,   4,  2),
    Length("Japanese full stop",   "\u3002",                    1,  1,  1,   3,  1,   2,  1),
    Length("Hebrew",               "\u05e9\u05dc\u05d5\u05dd",  4,  4,  4,   8,  4,   4,  4),
    # U+202B is a control: its own cluster, and outside X's light ranges.
    Length("right-to-left mark",   "\u202b\u05d0",              2,  2,  2,   5,  2,   3,  2),
    Length("Arabic with fatha",    "\u0628\u064e",              1,  2,  2,   4,  1,   2,  2),
    # X: the ellipsis and the euro are heavy, the curly apostrophe and the dash light.
    Length("ellipsis",             "\u2026",                    1,  1,  1,   3,  1,   2,  1),
    Length("apostrophe and dash",  "\u2019\u2014",              2,  2,  2,   6,  2,   2,  2),
    Length("euro",                 "\u20ac",                    1,  1,  1,   3,  1,   2,  1),
    Length("last light one",       "\u10ff",                    1,  1,  1,   3,  1,   1,  1),
    Length("first heavy one",      "\u1100",                    1,  1,  1,   3,  1,   2,  1),
    Length("letter beyond the BMP", "\U00010348",               1,  1,  2,   4,  1,   2,  1),
    Length("one emoji",            "\U0001f600",                1,  1,  2,   4,  1,   2,  4),
    # 4 people of 4 bytes and 3 joiners of 3.
    Length("family",               FAMILY,                      1,  7, 11,  25,  1,   2, 25),
    Length("two families",         FAMILY * 2,                  2, 14, 22,  50,  2,   4, 50),
    Length("flag",                 FRANCE,                      1,  2,  4,   8,  1,   2,  8),
    Length("two flags",            FRANCE * 2,                  2,  4,  8,  16,  2,   4, 16),
    Length("flag on a new line",   "\n" + FRANCE,               2,  3,  5,   9,  2,   3,  9),
    # A flag and a half: the lone half is no emoji.
    Length("flag and a half",      FRANCE + FRANCE[0],          2,  3,  6,  12,  2,   4,  9),
    Length("England",              ENGLAND,                     1,  7, 14,  28,  1,   2, 28),
    Length("skin tone",            THUMB_DARK,                  1,  2,  4,   8,  1,   2,  8),
    # 3 bytes and a selector of 3.
    Length("red heart",            HEART,                       1,  2,  2,   6,  1,   2,  6),
    # 4 + 3 + 3 + 4 bytes.
    Length("rainbow flag",         RAINBOW,                     1,  4,  6,  14,  1,   2, 14),
    # 1 + 3 + 3 bytes.
    Length("keycap",               "1\ufe0f\u20e3",             1,  3,  3,   7,  1,   2,  7),
    Length("a digit is no emoji",  "1",                         1,  1,  1,   1,  1,   1,  1),
    # © is a sign of text (2 bytes); with the selector (3 bytes) it is a picture.
    Length("copyright",            "\u00a9",                    1,  1,  1,   2,  1,   1,  1),
    Length("copyright as emoji",   "\u00a9\ufe0f",              1,  2,  2,   5,  1,   2,  5),
    # ☎ asked for as text: two heavy code points for X, no emoji for Threads.
    Length("telephone as text",    "\u260e\ufe0e",              1,  2,  2,   6,  1,   4,  2),
    # Half of a pair is no character; it must not crash anything.
    Length("lone surrogate",       "\ud83d",                    1,  1,  1,   3,  1,   2,  1),

    Length("short address",        SHORT,                      11, 11, 11,  11, 23,  23, 11),
    Length("long address",         LONG,                       65, 65, 65,  65, 23,  23, 65),
    Length("address in a text",    f"See {SHORT} now",         19, 19, 19,  19, 31,  31, 19),
    Length("upper case scheme",    "HTTP://A.IO",              11, 11, 11,  11, 23,  23, 11),
    Length("port",                 "http://a.io:8080/x",       18, 18, 18,  18, 23,  23, 18),
    Length("trailing full stop",   f"{SHORT}/x.",              14, 14, 14,  14, 24,  24, 14),
    Length("trailing question",    f"{SHORT}/x?",              14, 14, 14,  14, 24,  24, 14),
    Length("trailing !),",         f"({SHORT}/x!),",           17, 17, 17,  17, 27,  27, 17),
    Length("its own brackets",     f"{SHORT}/x_(y)",           17, 17, 17,  17, 23,  23, 17),
    Length("query",                f"{SHORT}?q=1&r=",          18, 18, 18,  18, 23,  23, 18),
    Length("two addresses",        f"{SHORT} {SHORT}",         23, 23, 23,  23, 47,  47, 23),
    Length("address after comma",  f"x,{SHORT}",               13, 13, 13,  13, 25,  25, 13),
    # Not addresses: a letter in front, no top-level domain, a number for one, another scheme.
    Length("letter in front",      f"x{SHORT}",                12, 12, 12,  12, 12,  12, 12),
    Length("no dot",               "http://localhost/x",       18, 18, 18,  18, 18,  18, 18),
    Length("an IP address",        "http://127.0.0.1/x",       18, 18, 18,  18, 18,  18, 18),
    Length("another scheme",       "ftp://a.io",               10, 10, 10,  10, 10,  10, 10),
    Length("no scheme",            "a.io/x",                    6,  6,  6,   6,  6,   6,  6),
    # Two kana of three bytes inside and after a domain.
    Length("domain in kana",       "http://\u3042\u3042.com",  13, 13, 13,  17, 23,  23, 13),
    Length("kana after a domain",  f"{SHORT}\u3060\u3088",     13, 13, 13,  17, 25,  27, 13),
    # Mastodon takes any path; X stops at the first character that is not Latin or Cyrillic.
    Length("kana in a path",       f"{SHORT}/\u3042",          13, 13, 13,  15, 23,  25, 13),
    # 63 kana in one label: more than 63 characters in ASCII, so no address.
    Length("label too long",       "http://" + "\u3042" * 63 + ".com",
                                                               74, 74, 74, 200, 74, 137, 74),

    Length("local mention",        "@ada",                      4,  4,  4,   4,  4,   4,  4),
    Length("remote mention",       "@ada@example.org",         16, 16, 16,  16,  4,  16, 16),
    Length("mention, full stop",   "@ada@example.org.",        17, 17, 17,  17,  5,  17, 17),
    Length("mention with dot",     "@a.b@example.org",         16, 16, 16,  16,  4,  16, 16),
    Length("two mentions",         "@a@b.c @d@e.f",            13, 13, 13,  13,  5,  13, 13),
    # An e-mail address is no mention, and neither is a name with an @ behind its host.
    Length("e-mail address",       "ada@example.org",          15, 15, 15,  15, 15,  15, 15),
    Length("third at sign",        "@ada@example.org@",        17, 17, 17,  17, 17,  17, 17),
    # The address swallows what looks like a mention.
    Length("profile address",      "https://a.io/@ada@b.io",   22, 22, 22,  22, 23,  23, 22),
]
# fmt: on
