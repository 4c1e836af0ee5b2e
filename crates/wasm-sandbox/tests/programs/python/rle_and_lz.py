from itertools import groupby


def rle(text):
    return [(letter, len(list(run))) for letter, run in groupby(text)]


def lzw(text):
    table, out, word = {chr(i): i for i in range(256)}, [], ""
    for letter in text:
        if word + letter in table:
            word += letter
        else:
            out.append(table[word])
            table[word + letter] = len(table)
            word = letter
    return out + [table[word]] if word else out


def unlzw(codes):
    table = {i: chr(i) for i in range(256)}
    word = out = table[codes[0]]
    for code in codes[1:]:
        entry = table.get(code, word + word[0])
        out += entry
        table[len(table)] = word + entry[0]
        word = entry
    return out


def bwt(text):
    return "".join(row[-1] for row in sorted(text[i:] + text[:i] for i in range(len(text))))


text = "TOBEORNOTTOBEORTOBEORNOT"
print(lzw(text), unlzw(lzw(text)) == text, rle("aabccc"), bwt("banana$"))
