#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fits the weights of src/engine/models/token_estimate.cpp to tests/fixtures/tokens/counts.json and prints them as C++.

The features are those of the C++ scanner; a test holds the two to the same corpus. Non-negative least squares on relative errors with a little
ridge, so that no weight hangs on one document. Also prints the error of each document when it was left out of the fit.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests/fixtures/tokens"
SOURCE = ROOT / "src/engine/models/token_estimate.cpp"
NAMES = ("spaced_en long_en verylong_en spaced_other long_other verylong_other short_other code_words code_long latin_west latin_east latin_far digit_groups digits noise_letters noise_groups noise_digits "
         "punct_runs punct_glued punct newlines indents padding cyrillic cyrillic_words greek arabic hebrew devanagari thai han han_pairs kana kana_joined hangul emoji joiners symbols wide_punct").split()
STOP = set("the of and to a in is that it for on was with as be at by this are or from had he".split())


def table(name):
    """A list of strings of the C++ source: the common pairs of Han characters and joined kana."""
    text = SOURCE.read_text(encoding="utf-8")
    at = text.index(name)
    body = text[at : text.index(";", at)]
    return "".join(body.split('"')[1::2]).split()


def kind(c):
    o = ord(c)
    if o < 128:
        if "a" <= c <= "z" or "A" <= c <= "Z":
            return "L"
        if c.isdigit():
            return "D"
        return "S" if c == " " else "N" if c in "\n\r" else "T" if c == "\t" else "P"
    if 0xC0 <= o < 0x250 or 0x1E00 <= o < 0x1F00:
        return "X" if o not in (0xD7, 0xF7) else "M"
    if 0x370 <= o < 0x400:
        return "G"
    if 0x400 <= o < 0x530:
        return "C"
    if 0x590 <= o < 0x600:
        return "H"
    if 0x600 <= o < 0x780:
        return "A"
    if 0x900 <= o < 0xE00:
        return "V"
    if 0xE00 <= o < 0x1100:
        return "W"
    if 0x3040 <= o < 0x3100:
        return "K"
    if 0x3400 <= o < 0xA000 or 0xF900 <= o < 0xFB00 or 0x20000 <= o < 0x32000:
        return "Z"
    if 0xAC00 <= o < 0xD7B0 or 0x1100 <= o < 0x1200:
        return "O"
    if 0x3000 <= o < 0x3040 or 0xFF00 <= o < 0xFFF0 or 0x2010 <= o < 0x2040 or o in (0xAB, 0xBB):
        return "Q"
    if o == 0x200D or 0xFE00 <= o < 0xFE10 or 0x1F3FB <= o < 0x1F400:
        return "J"
    if 0x1F000 <= o < 0x20000 or 0x2600 <= o < 0x27C0 or 0x1F1E6 <= o < 0x1F200 or 0x2B50 <= o < 0x2B56:
        return "E"
    return "M"


def features(text, han_pairs, kana_joined):
    f = dict.fromkeys(NAMES, 0.0)
    sp = lg = vl = stops = short = 0
    i, n = 0, len(text)
    kinds = [kind(c) for c in text]

    def run(i, allowed):
        j = i
        while j < n and kinds[j] in allowed:
            j += 1
        return j

    while i < n:
        k = kinds[i]
        if k in "LDX":
            j = run(i, "LDX")
            word = text[i:j]
            digits = sum(x == "D" for x in kinds[i:j])
            changes = sum((kinds[x] == "D") != (kinds[x - 1] == "D") for x in range(i + 1, j))
            for c in text[i:j]:
                if c > "\x7f":
                    f["latin_west" if c < "\u0100" else "latin_east" if c < "\u01a0" else "latin_far"] += 1
            if changes >= 2 and len(word) >= 4:  # noise: hashes, ids, base64
                f["noise_letters"] += len(word) - digits
                f["noise_digits"] += digits
                x = i
                while x < j:
                    y = x
                    while y < j and (kinds[y] == "D") == (kinds[x] == "D"):
                        y += 1
                    f["noise_groups"] += 1
                    x = y
                i = j
                continue
            x = i
            while x < j:
                if kinds[x] == "D":
                    y = run(x, "D")
                    f["digit_groups"] += (y - x + 2) // 3
                    f["digits"] += y - x
                    x = y
                    continue
                y = x + 1
                while y < j and kinds[y] != "D" and not (text[y - 1].islower() and text[y].isupper() and kinds[y] == "L"):
                    y += 1
                size = y - x
                before = text[x - 1] if x > 0 else "\n"
                after = text[y] if y < n else "\n"
                if before in " \n" and after in " \n,.;:!?)" and not (text[x : min(x + 2, y)].isupper() and size > 1):
                    sp += 1
                    lg += max(0, size - 6)
                    vl += max(0, size - 10)
                    short += size <= 3
                    stops += text[x:y] in STOP
                else:
                    f["code_words"] += 1
                    f["code_long"] += max(0, size - 5)
                x = y
            i = j
        elif k == "P":
            j = run(i, "P")
            if j - i == 1 and j < n and kinds[j] in "LX":
                f["punct_glued"] += 1
            else:
                f["punct_runs"] += 1
                f["punct"] += j - i
            i = j
        elif k in "NT":
            j = run(i, "NT")
            f["newlines"] += 1
            i = j
        elif k == "S":
            j = run(i, "S")
            if j - i > 1:
                f["indents" if i > 0 and kinds[i - 1] in "NT" else "padding"] += 1
            i = j
        elif k == "C":
            j = run(i, "C")
            f["cyrillic_words"] += 1
            f["cyrillic"] += j - i
            i = j
        elif k == "Z":
            if text[i : i + 2] in han_pairs:
                f["han_pairs"] += 1
                i += 2
            else:
                f["han"] += 1
                i += 1
        elif k == "K":
            size = next((s for s in (4, 3, 2) if text[i : i + s] in kana_joined), 0)
            f["kana_joined" if size else "kana"] += 1
            i += size or 1
        else:
            name = {"G": "greek", "H": "hebrew", "A": "arabic", "V": "devanagari", "W": "thai", "O": "hangul", "E": "emoji", "J": "joiners", "Q": "wide_punct", "M": "symbols"}[k]
            f[name] += 1
            i += 1
    english = min(1.0, stops / sp / 0.12) if sp else 0.0
    f["spaced_en"], f["long_en"], f["verylong_en"] = sp * english, lg * english, vl * english
    f["spaced_other"], f["long_other"], f["verylong_other"] = sp * (1 - english), lg * (1 - english), vl * (1 - english)
    f["short_other"] = short * (1 - english)
    f["spaced_other"] -= f["short_other"]
    return [f[name] for name in NAMES]


def solve(rows, truth, rounds=800):
    """Documents that are still far off weigh more in the next pass: the worst one counts, not the sum."""
    weights = [1.0] * len(rows)
    best, least = [], 1e9
    for _ in range(16):
        w = least_squares(rows, truth, weights, rounds)
        errors = [abs(sum(a * b for a, b in zip(w, row)) / t - 1) for row, t in zip(rows, truth)]
        if max(errors) < least:
            best, least = w, max(errors)
        weights = [min(8.0, max(0.5, u * (0.85 + 3 * e))) for u, e in zip(weights, errors)]
    return best


def least_squares(rows, truth, weights, rounds, ridge=2e-4):
    """Non-negative least squares of sum(w*x)/truth towards 1, by coordinate descent."""
    n = len(NAMES)
    a = [[u * x / t for x in row] for row, t, u in zip(rows, truth, weights)]
    scale = [max(1e-9, sum(r[j] for r in a) / len(a)) for j in range(n)]
    w = [0.3] * n
    left = [u - sum(r[j] * w[j] for j in range(n)) for r, u in zip(a, weights)]
    norm = [sum(r[j] ** 2 for r in a) + ridge * scale[j] + 1e-9 for j in range(n)]
    for _ in range(rounds):
        for j in range(n):
            gain = sum(r[j] * e for r, e in zip(a, left) if r[j]) - (ridge * scale[j] + 1e-9) * (w[j] - 0.5)
            new = max(0.0, w[j] + gain / norm[j])
            step = new - w[j]
            if step:
                w[j] = new
                for i, r in enumerate(a):
                    if r[j]:
                        left[i] -= r[j] * step
    return w


def main():
    counts = json.loads((CORPUS / "counts.json").read_text())["documents"]
    pairs, joined = set(table("kCommonHan")), set(table("kCommonKana"))
    names = sorted(counts)
    rows = [features((CORPUS / "corpus" / f"{name}.txt").read_text(encoding="utf-8"), pairs, joined) for name in names]
    for family in ("openai", "anthropic", "google", "llama"):
        truth = [counts[name][family] for name in names]
        w = solve(rows, truth)
        errors = {name: sum(a * b for a, b in zip(w, row)) / t - 1 for name, row, t in zip(names, rows, truth)}
        worst = sorted(errors.items(), key=lambda e: -abs(e[1]))
        total = sum(sum(a * b for a, b in zip(w, row)) for row in rows) / sum(truth) - 1
        print(f"// {family}: total {total:+.1%}, worst " + ", ".join(f"{k} {v:+.1%}" for k, v in worst[:7]))
        if "--left-out" in sys.argv:
            out = {}
            for i, name in enumerate(names):
                v = solve(rows[:i] + rows[i + 1 :], truth[:i] + truth[i + 1 :], rounds=60)
                out[name] = sum(a * b for a, b in zip(v, rows[i])) / truth[i] - 1
            far = sorted(out.items(), key=lambda e: -abs(e[1]))
            print(f"// left out: {sum(abs(v) <= 0.15 for v in out.values())} of {len(out)} within 15 %; " + ", ".join(f"{k} {v:+.1%}" for k, v in far[:14]))
        print("{" + ", ".join(f"{x:.3f}F" for x in w) + "},")


if __name__ == "__main__":
    main()
