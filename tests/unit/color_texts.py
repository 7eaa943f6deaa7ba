"""What shops write for a colour, as feeds have it, and the family a shopper would look under."""

TEXTS: dict[str, tuple[str, ...]] = {
    "black": (
        "Black", "schwarz", "Schwarz/Weiß", "schwarz-weiß", "schwarzweiß", "noir", "Noires", "negro", "nero",
        "zwart", "preto", "czarny", "svart", "Sort", "siyah", "černá", "musta", "Black & Gold", "Washed Black",
        "Jet", "BLK", "100 Black", "black with white logo", "charcoal black", "czarno-biały", "Black (009)",
    ),
    "grey": (
        "heather grey", "heather grey/white", "Light Gray Melange", "DarkGrey", "anthrazit", "gris chiné",
        "gris perle", "pearl grey", "grigio scuro", "donkergrijs", "ljusgrå", "mørkegrå", "šedá", "açık gri",
        "szary melanż", "charcoal", "Silver", "silberfarben", "argenté", "titanium", "Slate", "blaugrau",
        "cinzento",
    ),
    "white": (
        "off-white", "OffWhite", "weiß", "Weiss", "blanc cassé", "bianco", "branco", "biały", "hvid", "beyaz",
        "bílá", "ecru", "Ivory", "cream", "Cremeweiß", "Optical White", "écru", "wollweiß", "krem",
        "gebroken wit",
    ),
    "beige": (
        "beige", "Sand", "camel", "nude", "champagne", "béžová", "beżowy", "bej", "bege", "tan", "Stone",
        "oatmeal marl",
    ),
    "brown": (
        "cognac", "dunkelbraun", "marron", "marrón chocolate", "Taupe", "Chocolate Brown", "kahverengi",
        "hnědá", "brązowy", "Dark Brown Leather", "castanho", "bruin", "bronze", "mocha",
    ),
    "red": (
        "burgundy", "Bordeaux", "weinrot", "vinröd", "rouge brique", "rosso", "rojo", "červená", "kırmızı",
        "Wine", "maroon", "czerwony", "rood", "Cherry Red", "crimson", "bordo",
    ),
    "pink": (
        "rose gold", "Rosegold", "or rose", "Roségold", "altrosa", "dusty pink", "fuchsia", "cor-de-rosa",
        "pembe", "růžová", "różowy", "Coral Pink", "blush", "lyserød", "salmon",
    ),
    "orange": (
        "orange", "naranja", "arancione", "oranje", "turuncu", "rust", "Terracotta", "coral", "pomarańczowy",
        "rost",
    ),
    "yellow": (
        "gold", "mustard", "senfgelb", "jaune", "giallo", "sarı", "żółty", "Goldfarben", "oro", "amarillo",
        "guld",
    ),
    "green": (
        "khaki", "mint", "olivgrün", "olivengrøn", "vert d'eau", "verde militare", "donkergroen", "yeşil",
        "zelená", "Ciemnozielony", "teal", "Sage", "bottle green", "gruen",
    ),
    "blue": (
        "navy", "Navy Blue", "dunkelblau", "bleu marine", "light-blue melange", "petrol", "azul marino",
        "Azul-marinho", "mörkblå", "jasnoniebieska", "tmavě modrá", "lacivert", "celeste", "denim", "Türkis",
        "marine/weiß", "#1f3a93", "rgb(42, 96, 190)", "lightblue", "Indigo", "Navy/White", "granatowy", "NVY",
    ),
    "purple": (
        "lila", "violett", "mauve", "Aubergine", "fialová", "mor", "lavender", "paars", "morado", "plum",
    ),
    "multi": (
        "multicolour", "bunt", "red/white/blue", "Navy White Red", "meerkleurig", "Multi", "flerfärgad",
        "mehrfarbig", "vícebarevná", "çok renkli", "black, grey, pink and gold", "blue multi",
    ),
}  # fmt: skip
UNKNOWN = (
    "", "floral", "leopard", "toro", "Resort", "textured", "layered", "n/a", "one colour", "123456",
    "Cloud Dancer", "синий",
)  # fmt: skip
