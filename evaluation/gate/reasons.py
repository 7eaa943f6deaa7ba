"""Writes why a candidate does not pass, and what a reader of the verdict should know: one sentence each."""

from collections.abc import Sequence

from evaluation.gate.rules import ClassVerdict, MacroVerdict, Rules


def explain_classes(classes: Sequence[ClassVerdict], rules: Rules) -> list[str]:
    failed = [
        f"{one.name} is worse: {one.baseline:.3f} -> {one.candidate:.3f} ({one.difference:+.3f}, p {one.p:.4f}, "
        f"Holm {one.holm_p:.4f}, {one.queries} queries)"
        for one in classes
        if one.state == "failed"
    ]
    unproven = [
        f"{one.name} is unproven: {one.queries} queries of {one.clusters} groups, {rules.min_queries} of "
        f"{rules.min_clusters} are needed; add photos, or accept it: --accept {one.name} --by NAME --why TEXT"
        for one in classes
        if one.state == "unproven"
    ]
    return failed + unproven


def explain_macro(macro: MacroVerdict, within: Sequence[MacroVerdict], rules: Rules) -> list[str]:
    found = [
        f"{one.metric} is worse: {one.baseline:.3f} -> {one.candidate:.3f} ({one.difference:+.3f}, p {one.p:.4f})"
        for one in within
        if one.state == "failed"
    ]
    if macro.state == "failed":
        found.append(
            f"the macro average may have lost more than {rules.macro_margin}: {macro.baseline:.3f} -> "
            f"{macro.candidate:.3f} ({macro.difference:+.3f}), lower {rules.confidence:.0%} bound {macro.lower:+.3f}"
        )
    return found


def write_notes(classes: Sequence[ClassVerdict], macro: MacroVerdict, rules: Rules) -> list[str]:
    notes = [
        f"{one.name} was accepted without proof: {one.difference:+.3f} on {one.queries} queries"
        for one in classes
        if one.state == "accepted"
    ]
    outside = [one.name for one in classes if one.holm_p is None]
    if len(outside) == len(classes):
        notes.append("no class has enough queries: the macro figures are averages over classes that prove nothing")
    elif outside:
        notes.append(f"outside the macro figures, for want of queries: {', '.join(outside)}")
    if macro.difference - macro.lower > rules.macro_margin:
        notes.append(
            "the data is too small for this gate: chance alone moves the macro average by "
            f"{macro.difference - macro.lower:.3f}, so that even an equal model would fail"
        )
    return notes
