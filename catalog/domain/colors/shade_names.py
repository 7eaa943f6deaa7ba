"""Names shades as fashion does. A basic colour beside one decides: `pearl grey` is grey."""

SHADE_NAMES: dict[str, str] = {
    "black": "jet, onyx, ebony, noire, coal, raven, caviar, inkblack, obsidian, nightblack",
    "grey": (
        "charcoal, anthracite, anthrazit, antracite, antracita, antraciet, antracit, antrasit, antracytowy, "
        "graphite, graphit, grafito, grafite, grafit, slate, ash, heather, smoke, fume, steel, stahl, titanium, "
        "titan, pewter, gunmetal, lead, concrete, zinc, platinum, platin, iron, dove, pebble, mouse, elephant, "
        "metallic, cendre, aluminium, nickel, chrome, chrom, storm, cement, fog, granite, flannel, carbon, "
        "asphalt, silverfarben, silberfarben, argent"
    ),
    "white": (
        "offwhite, off white, ivory, ivoire, elfenbein, avorio, marfil, marfim, ivoor, cream, creme, crema, "
        "crudo, ecru, ekru, ekrü, panna, krem, kremowy, kremova, wollweiss, snow, neige, schnee, pearl, perle, "
        "perla, perola, eggshell, alabaster, vanilla, vanille, vaniglia, milk, latte white, chalk, porcelain, "
        "bone, optical white, natural white, naturweiss, ecrufarben, snehove, krämvit, kermanvalkoinen, winter "
        "white, antique white, ghost, coconut, magnolia, gardenia, kridt"
    ),
    "beige": (
        "sand, sable, arena, areia, sabbia, stone, stein, piedra, pedra, pietra, nude, naked, camel, kamel, "
        "cammello, camello, champagne, champagner, oatmeal, oat, hafer, biscuit, linen, leinen, lino, tan, "
        "natural, natur, naturel, naturale, nature, naturfarben, latte, cappuccino, macchiato, almond, amande, "
        "mandorla, wheat, straw, hay, fawn, buff, parchment, flesh, skin, vison, vizon, mastic, ficelle, dune, "
        "desert, bisque, cashew, sesame, ten rengi, piaskowy, piskovy, kum, hiekka, hueso, cork, putty, greige, "
        "tofu, shell, bamboo, jute"
    ),
    "brown": (
        "cognac, konjak, taupe, chocolate, chocolat, schoko, schokolade, cioccolato, cokoladova, mocha, moka, "
        "mokka, mocca, coffee, kaffee, caffe, espresso, chestnut, kastanie, walnut, noisette, nocciola, hazel, "
        "hazelnut, caramel, karamell, caramello, caramelo, karmelowy, toffee, tobacco, tabac, tabacco, tabak, "
        "mahogany, mahagoni, bronze, bronce, bronzo, copper, kupfer, cuivre, rame, cobre, cinnamon, zimt, "
        "cannella, ginger, umber, sepia, sienna, hickory, cocoa, cacao, kakao, tortoise, tortoiseshell, havana, "
        "leather, cuir, cuero, cuoio, wood, oak, teak, saddle, brandy, whisky, pecan, mink, nerz, truffle, tawny, "
        "maple, maron, earth, mud, bison, bear, taupefarben, canela"
    ),
    "red": (
        "bordo, wine, vin, vino, weinrot, wijnrood, bourgogne, burgund, burgunder, maroon, crimson, scarlet, "
        "ruby, rubin, rubis, rubino, cherry, kirsche, kirsch, ciliegia, cereza, cardinal, brick, ziegel, brique, "
        "mattone, carmine, carmin, carmesi, claret, oxblood, merlot, garnet, granata, grenat, grena, grenade, "
        "pomegranate, tomato, tomate, vermilion, vermillion, poppy, chili, rosewood, bordeauxrot, sangria, "
        "cranberry, strawberry, lava, amaranth, cayenne, barolo, marsala, port, rubinowy, malinovy, amarena"
    ),
    "pink": (
        "rose gold, rosegold, roségold, or rose, oro rosa, ouro rosa, roze goud, rosaguld, rosa guld, rozowe "
        "zloto, pembe altin, gold rose, fuchsia, fuchsie, fucsia, fuksja, fuksia, fuxia, fusya, magenta, blush, "
        "salmon, saumon, lachs, salmone, salmao, zalm, lax, laks, losos, lososowy, rosé, rose, old rose, altrosa, "
        "dusty rose, antique rose, raspberry, himbeere, framboise, lampone, flamingo, bubblegum, watermelon, "
        "cerise, hot pink, rosewater, petal, ballet, pudra, puder, powder, poudre, cipria, pudrowy, carnation, "
        "peony, guava, hibiscus, azalea, camellia, begonia, gulkurusu"
    ),
    "orange": (
        "coral, corail, koralle, corallo, koralowy, koralova, peach, peche, pfirsich, pesca, melocoton, "
        "brzoskwiniowy, apricot, abricot, aprikose, albicocca, rust, rost, rouille, ruggine, rdzawy, terracotta, "
        "terrakotta, terracota, terra, tangerine, mandarin, mandarine, mandarino, pumpkin, kurbis, carrot, "
        "papaya, mango, melon, amber, ambre, bernstein, paprika, sunset, tiger, persimmon, cantaloupe, burnt "
        "orange, korall, mercan, oranz, kiremit, nectarine, clementine, tegel"
    ),
    "yellow": (
        "mustard, senf, moutarde, mostaza, senape, mosterd, mostarda, hardal, musztardowy, senap, sennep, "
        "horcicova, lemon, citron, zitrone, limone, limon, citroen, cytrynowy, canary, ochre, ocher, ocker, ocre, "
        "ocra, oker, sun, sunflower, saffron, safran, curry, honey, honig, miel, miele, maize, mais, corn, "
        "banana, butter, buttercup, daffodil, primrose, brass, messing, laiton, ottone, goldfarben, doree, oro, "
        "pineapple, sunshine, custard, marigold, turmeric, neon yellow, blond, blonde, goldenrod, topaz"
    ),
    "green": (
        "khaki, kaki, khakifarben, haki, cachi, olive, oliv, oliva, olivo, oliwkowy, oliven, olijf, olivova, "
        "zeytin, mint, minze, menthe, menta, munt, mietowy, matova, mynte, sage, salbei, sauge, salvia, salie, "
        "szalwia, forest, foret, wald, tannengrun, emerald, smaragd, emeraude, smeraldo, esmeralda, szmaragdowy, "
        "zumrut, teal, lime, limette, bottle, flasche, flaschengrun, bouteille, botella, bottiglia, moss, moos, "
        "mousse, muschio, musgo, pistachio, pistazie, pistache, pistacchio, pistacho, fern, jade, giada, hunter, "
        "army, military, militaire, militare, militar, spruce, pine, sapin, eucalyptus, seafoam, apple green, "
        "cactus, avocado, grass, gras, matcha, loden, basil, cypress, ivy, laurel, racing green, malachite, "
        "juniper, thyme, camo, camouflage, celadon, chartreuse, kiwi, artichoke, agave, lichen, rosemary"
    ),
    "blue": (
        "marine, marino, marinho, marin, marin bla, marineblau, bleu nuit, petrol, petrole, petrolio, petroleo, "
        "petrolowy, petrolova, denim, jeans, jean, indigo, indaco, indygo, royal, konigsblau, cobalt, kobalt, "
        "cobalto, sky, himmel, ciel, cielo, ceu, midnight, mitternacht, nuit, notte, noche, night, nacht, ocean, "
        "sea, ozean, turquoise, turkis, tuerkis, turchese, turquesa, turkoois, turkusowy, turkuaz, tyrkysova, "
        "turkos, aqua, aquamarine, azure, azur, cyan, ciano, sapphire, saphir, zaffiro, zafiro, cornflower, "
        "kornblume, ink, tinte, encre, ice, eis, glacier, iceberg, lagoon, atlantic, pacific, stonewash, "
        "stonewashed, chambray, bluette, prussian, electric, steel blue, peacock, arctic, cerulean, lapis, dusk, "
        "navyblau, marina, nebesky, chabrowy, modrak, havbla, baby blue, duck egg, blueberry, ultramarine"
    ),
    "purple": (
        "lilac, lilas, lavender, lavande, lavendel, lavanda, lawendowy, levandulova, mauve, malva, plum, pflaume, "
        "prune, prugna, ciruela, pruim, sliwkowy, svestkova, aubergine, eggplant, melanzana, berenjena, amethyst, "
        "amethyste, ametista, orchid, orchidee, orchidea, grape, heliotrope, wisteria, mulberry, iris, raisin, "
        "thistle, boysenberry, lilla, blackberry, brombeer, mora, berry, beere, damson, eflatun, murdum, fig, "
        "feige, pansy, ultraviolet, erika, hyacinth"
    ),
    "multi": (
        "assorted, mixed colors, mixed colours, various, verschiedene farben, patchwork, tie dye, batik, "
        "kunterbunt, multicolori, multikulor, surtido, assortiti, assorti, all over print, tricolor, tricolore, "
        "tricolour, harlequin, iridescent, varicolored, variegated, colorful, colourful, color mix, colour mix, "
        "farbmix"
    ),
}

# What a compound may begin with before a short name: `weinrot`, `ljusblå`.
MODIFIERS = (
    "dunkel, hell, mittel, tief, blass, zart, matt, neon, licht, donker, diep, mork, morke, ljus, lys, mellem, "
    "mellan, light, dark, pale, deep, bright, off, mid, medium, soft, dusty, ciemno, jasno, tmavo, svetlo, bledo, "
    "tumman, vaalean, wein, vin, wijn, vino, kirsch, ziegel, rubin, feuer, rost, rust, signal, tomaten, erdbeer, "
    "creme, wool, woll, gebroken, marine, marin, himmel, himmels, natt, nacht, konigs, kungs, kongs, sky, navy, "
    "flaske, gras, is, mos, steen, stal, antik, benzin, karmin, blod, tegel, kridt, knaekket, snehvide, sne, sno, "
    "perl, alt, alp, koral"
)
