"""Knows which option of a shop system is a product's colour, size or other field, by its name in many languages."""

from catalog.domain.product import PRODUCT_FIELDS
from catalog.feeds.readers.column_names import normalize_column

# https://help.shopify.com and WooCommerce leave the names to the shop; these are what shops in Europe write.
_NAMES = {
    "color": "color colour farbe couleur colore kleur farve färg farge väri barva kolor cor culoare szín",
    "size": "size größe groesse grösse taille talla taglia tamanho maat størrelse storlek koko rozmiar velikost "
    "méret mărime shoe_size clothing_size schuhgröße konfektionsgröße pointure",
    "material": "material fabric stoff matière materiale materiaal materiał materiál tessuto tejido",
    "pattern": "pattern muster motif motivo print patroon mønster",
    "gender": "gender geschlecht sexe genere género geslacht",
    "age_group": "age_group age altersgruppe",
    "brand": "brand marke marque marca merk",
}
_TAKEN = {*PRODUCT_FIELDS, "availability", "product_type", "sizes", "image_link", "sku", "tags", "categories"}
_FIELDS = {name: field for field, names in _NAMES.items() for name in names.split()}


def name_option(written: str) -> str:
    """Returns the field of a product that an option is, else its own name, which is never that of another field."""
    name = normalize_column(written.removeprefix("pa_"))
    return _FIELDS.get(name) or (f"{name}_option" if name in _TAKEN else name)
