from collections import defaultdict


def is_palindrome(text):
    letters = [c.lower() for c in text if c.isalnum()]
    return letters == letters[::-1]


def longest_palindrome(text):
    best = ""
    for center in range(len(text)):
        for left, right in ((center, center), (center, center + 1)):
            while left >= 0 and right < len(text) and text[left] == text[right]:
                left, right = left - 1, right + 1
            best = max(best, text[left + 1 : right], key=len)
    return best


def anagrams(words):
    groups = defaultdict(set)
    for word in words:
        groups["".join(sorted(word.lower()))].add(word)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


print(is_palindrome("A man, a plan, a canal: Panama"), longest_palindrome("babadabacd"), anagrams(["listen", "Silent", "enlist", "google", "gogole", "x"]))
vowels = {c: "hello world".count(c) for c in "aeiou" if c in "hello world"}
print(vowels, "hello world".title()[::-1], " ".join(w[::-1] for w in "hello world".split()))
