"""Lists patterns and scenes that several kinds choose from; a repeat makes a choice likelier."""

PRINTS = (
    "solid",
    "solid",
    "solid",
    "striped",
    "pinstripe",
    "checked",
    "dotted",
    "floral",
    "camouflage",
    "marble",
    "leopard",
    "color block",
)
JERSEY = ("solid", "solid", "solid", "striped", "striped", "dotted", "floral", "camouflage", "marble", "color block")
WOVEN = ("solid", "solid", "pinstripe", "checked", "checked", "striped", "dotted", "floral", "herringbone")
KNITTED = ("solid", "solid", "solid", "striped", "striped", "color block", "herringbone")
HEAVY = ("solid", "solid", "solid", "herringbone", "checked", "camouflage")

LAID = ("studio", "studio", "gradient", "wood", "linen", "concrete")
HUNG = (*LAID, "hanger", "hanger", "wall")
WORN = (*HUNG, "mannequin", "mannequin", "hand")
BOTTOM = (*LAID, "hanger", "mannequin", "hand")
STANDING = ("studio", "studio", "studio", "gradient", "gradient", "wood", "concrete")
HELD = ("studio", "studio", "gradient", "wood", "linen", "concrete", "hand")
HEAD = (*HELD, "mannequin")
