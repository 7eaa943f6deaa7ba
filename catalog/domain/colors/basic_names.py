"""Names the basic colours in thirteen languages. They decide; names of shades only help where none of them stands."""

from collections.abc import Iterator

# family: words of a language, as a dictionary has them; `list_forms` adds the endings that they take.
BASIC_NAMES: dict[str, dict[str, str]] = {
    "en": {
        "black": "black, blk", "grey": "grey, gray, gry, silver", "white": "white, wht", "beige": "beige",
        "brown": "brown, brn", "red": "red, burgundy", "pink": "pink", "orange": "orange",
        "yellow": "yellow, gold, golden", "green": "green, grn", "blue": "blue, navy, nvy",
        "purple": "purple, violet",
        "multi": "multi, multicolor, multicolour, multicolored, multicoloured, multicolors, multicolours, rainbow",
    },
    "de": {
        "black": "schwarz, schwarzweiss", "grey": "grau, silber, silbern", "white": "weiss", "beige": "beige",
        "brown": "braun", "red": "rot, bordeaux", "pink": "rosa, pink", "orange": "orange, orangefarben",
        "yellow": "gelb, gold, golden", "green": "grün, gruen", "blue": "blau", "purple": "lila, violett",
        "multi": "bunt, mehrfarbig, multicolor, farbenfroh, verschiedenfarbig",
    },
    "fr": {
        "black": "noir", "grey": "gris, argent, argenté", "white": "blanc, blanche, blanches", "beige": "beige",
        "brown": "brun, marron", "red": "rouge, bordeaux", "pink": "rose", "orange": "orange",
        "yellow": "jaune, doré", "green": "vert", "blue": "bleu", "purple": "violet, violette, violettes, pourpre",
        "multi": "multicolore, multi, bariolé",
    },
    "es": {
        "black": "negro", "grey": "gris, plata, plateado", "white": "blanco", "beige": "beige, beis",
        "brown": "marrón, marrones, café", "red": "rojo, granate, burdeos", "pink": "rosa, rosado",
        "orange": "naranja, anaranjado", "yellow": "amarillo, oro, dorado", "green": "verde", "blue": "azul, celeste",
        "purple": "morado, violeta, púrpura", "multi": "multicolor, varios colores, multi",
    },
    "it": {
        "black": "nero", "grey": "grigio, grigi, argento, argentato", "white": "bianco, bianchi, bianche",
        "beige": "beige", "brown": "marrone", "red": "rosso, bordeaux", "pink": "rosa",
        "orange": "arancione, arancio",
        "yellow": "giallo, gialli, oro, dorato", "green": "verde", "blue": "blu, azzurro, celeste",
        "purple": "viola, porpora", "multi": "multicolore, multicolor, variopinto",
    },
    "nl": {
        "black": "zwart", "grey": "grijs, grijze, zilver, zilveren", "white": "wit, witte", "beige": "beige",
        "brown": "bruin", "red": "rood, rode, bordeaux", "pink": "roze", "orange": "oranje",
        "yellow": "geel, gele, goud, gouden", "green": "groen", "blue": "blauw", "purple": "paars",
        "multi": "meerkleurig, veelkleurig, multicolor, gekleurd",
    },
    "pt": {
        "black": "preto", "grey": "cinza, cinzento, prata, prateado", "white": "branco", "beige": "bege",
        "brown": "marrom, castanho", "red": "vermelho, bordô", "pink": "rosa, cor de rosa", "orange": "laranja",
        "yellow": "amarelo, ouro, dourado", "green": "verde", "blue": "azul, azuis", "purple": "roxo, lilás, violeta",
        "multi": "multicolorido, multicor, colorido, sortido",
    },
    "pl": {
        "black": "czarny", "grey": "szary, srebrny", "white": "biały", "beige": "beżowy, beż",
        "brown": "brązowy, brąz",
        "red": "czerwony, bordowy, bordo", "pink": "różowy, róż", "orange": "pomarańczowy",
        "yellow": "żółty, złoty", "green": "zielony, zieleń", "blue": "niebieski, granatowy, granat, błękitny",
        "purple": "fioletowy, fiolet", "multi": "wielokolorowy, wielobarwny, kolorowy, multikolor",
    },
    "sv": {
        "black": "svart", "grey": "grå, grått, silver", "white": "vit, vitt", "beige": "beige", "brown": "brun",
        "red": "röd, rött, vinröd", "pink": "rosa", "orange": "orange", "yellow": "gul, guld", "green": "grön",
        "blue": "blå, blått", "purple": "lila", "multi": "flerfärgad, mångfärgad, färgglad",
    },
    "da": {
        "black": "sort", "grey": "grå, sølv", "white": "hvid, hvit", "beige": "beige", "brown": "brun", "red": "rød",
        "pink": "lyserød, pink, rosa", "orange": "orange", "yellow": "gul, guld, gull", "green": "grøn, grønn",
        "blue": "blå", "purple": "lilla", "multi": "flerfarvet, flerfarget, mangefarvet",
    },
    "tr": {
        "black": "siyah", "grey": "gri, gümüş", "white": "beyaz", "beige": "bej", "brown": "kahverengi, kahve",
        "red": "kırmızı, bordo", "pink": "pembe", "orange": "turuncu", "yellow": "sarı, altın", "green": "yeşil",
        "blue": "mavi, lacivert", "purple": "mor", "multi": "çok renkli, renkli",
    },
    "cs": {
        "black": "černý", "grey": "šedý, stříbrný, šedivý", "white": "bílý, bielý", "beige": "béžový",
        "brown": "hnědý, hnedý", "red": "červený, vínový, bordó", "pink": "růžový, ružový", "orange": "oranžový",
        "yellow": "žlutý, žltý, zlatý", "green": "zelený", "blue": "modrý", "purple": "fialový",
        "multi": "vícebarevný, barevný, pestrý, viacfarebný",
    },
    "fi": {
        "black": "musta", "grey": "harmaa, hopea", "white": "valkoinen", "beige": "beige", "brown": "ruskea",
        "red": "punainen, viininpunainen", "pink": "vaaleanpunainen, pinkki", "orange": "oranssi",
        "yellow": "keltainen, kulta", "green": "vihreä", "blue": "sininen", "purple": "violetti, liila",
        "multi": "monivärinen, värikäs",
    },
}  # fmt: skip

# Endings of adjectives, by what they stand in place of.
_ENDINGS: dict[str, dict[str, str]] = {
    "de": {"": "e er es en em"},
    "nl": {"": "e"},
    "fr": {"": "e s es"},
    "es": {"o": "o a os as", "": "s es"},
    "it": {"o": "o a i e", "e": "e i"},
    "pt": {"o": "o a os as", "": "s es"},
    "pl": {"y": "y a e o ego ej ych", "ki": "ki ka kie"},
    "sv": {"": "a t"},
    "da": {"": "e t"},
    "cs": {"ý": "ý á é o"},
}
COMPOUNDING = ("en", "de", "nl", "pl", "sv", "da", "cs", "fi")  # languages that write `dark blue` as one word


def list_forms(languages: tuple[str, ...] = tuple(BASIC_NAMES)) -> Iterator[tuple[str, str]]:
    """Yields every form of every basic name of `languages`, with its family."""
    for language in languages:
        for family, names in BASIC_NAMES[language].items():
            for name in names.split(", "):
                yield name, family
                for old, new in _ENDINGS.get(language, {}).items():
                    if name.endswith(old):
                        stem = name.removesuffix(old)
                        yield from ((stem + ending, family) for ending in new.split())
