"""Makes the TrueType cuts of Inter that reports embed: Latin and Greek glyphs, figures of equal width by default.

reportlab embeds TrueType outlines and knows no OpenType features. This maps the figures to their tabular forms
(feature ``tnum``) in the character table and drops what a report does not use. Run by hand when Inter changes::

    pip install fonttools
    python packaging/make_print_font.py FOLDER_WITH_STATIC_TTF resources/fonts

The source is the static ``Inter_400Regular.ttf`` and ``Inter_600SemiBold.ttf`` of the npm package
``@expo-google-fonts/inter`` 0.4.2 (SIL OFL 1.1, no reserved font name).
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

CUTS = {"Regular": "400Regular", "SemiBold": "600SemiBold"}
RANGES = [(0x20, 0x7E), (0xA0, 0x17F), (0x218, 0x21B), (0x370, 0x3FF), (0x1E00, 0x1EFF), (0x2000, 0x206F)]
SINGLE = "₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹←→↑↓↗↘−×≈≠≤≥±·√∑∞∆€£™℃№✓▲▼●"


def tabular(font: TTFont) -> dict[str, str]:
    """Glyph to tabular glyph, as the font's own ``tnum`` feature says."""
    table = font["GSUB"].table
    mapping: dict[str, str] = {}
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for part in table.LookupList.Lookup[index].SubTable:
                    part = getattr(part, "ExtSubTable", part)
                    if hasattr(part, "mapping"):
                        mapping.update(part.mapping)
    return mapping


def make(source: Path, target: Path, cut: str) -> None:
    """Write one cut."""
    font = TTFont(source)
    swap = tabular(font)
    for table in font["cmap"].tables:
        for code, glyph in table.cmap.items():
            if chr(code).isdigit() and glyph in swap:
                table.cmap[code] = swap[glyph]
    wanted = {code for low, high in RANGES for code in range(low, high + 1)} | {ord(c) for c in SINGLE}
    options = subset.Options(layout_features=[], hinting=False, name_IDs=["*"], notdef_outline=True, glyph_names=False)
    options.drop_tables += ["GPOS", "GSUB", "GDEF", "STAT", "gasp"]
    worker = subset.Subsetter(options)
    worker.populate(unicodes=wanted)
    worker.subset(font)
    names = {1: f"Inter Tabular {cut}", 2: "Regular", 3: f"InterTabular-{cut}", 4: f"Inter Tabular {cut}"}
    names |= {6: f"InterTabular-{cut}", 16: "Inter Tabular", 17: cut}
    for record in list(font["name"].names):
        if record.nameID in names:
            record.string = names[record.nameID]
        elif record.nameID > 17:
            font["name"].removeNames(nameID=record.nameID)
    font.save(target)


if __name__ == "__main__":
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    for cut_name, file_part in CUTS.items():
        found = next(folder.rglob(f"Inter_{file_part}.ttf"))
        make(found, out / f"InterTabular-{cut_name}.ttf", cut_name)
