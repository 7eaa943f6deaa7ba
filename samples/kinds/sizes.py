"""Lists size runs, by system and by who wears it."""

SIZES: dict[str, dict[str, tuple[str, ...]]] = {
    "alpha": {
        "female": ("XS", "S", "M", "L", "XL"),
        "male": ("S", "M", "L", "XL", "XXL"),
        "unisex": ("XS", "S", "M", "L", "XL", "XXL"),
        "kids": ("104", "116", "128", "140", "152", "164"),
    },
    "waist": {
        "female": ("34", "36", "38", "40", "42", "44"),
        "male": ("W28", "W30", "W32", "W34", "W36", "W38"),
        "unisex": ("W28", "W30", "W32", "W34", "W36"),
        "kids": ("104", "116", "128", "140", "152", "164"),
    },
    "shoe": {
        "female": ("36", "37", "38", "39", "40", "41"),
        "male": ("40", "41", "42", "43", "44", "45", "46"),
        "unisex": ("37", "38", "39", "40", "41", "42", "43", "44"),
        "kids": ("28", "29", "30", "31", "32", "33", "34"),
    },
    "hat": {"adult": ("S", "M", "L"), "kids": ("50", "52", "54")},
    "sock": {"adult": ("35-38", "39-42", "43-46"), "kids": ("23-26", "27-30", "31-34")},
    "one": {"adult": ("One Size",), "kids": ("One Size",)},
}


def choose_sizes(system: str, gender: str, age_group: str) -> tuple[str, ...]:
    """Returns a size run for these people."""
    runs = SIZES[system]
    if age_group == "kids":
        return runs["kids"]
    return runs[gender] if gender in runs else runs["adult"]
