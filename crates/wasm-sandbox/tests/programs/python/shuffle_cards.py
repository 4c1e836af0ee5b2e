import random
from collections import Counter, namedtuple
from itertools import product

Card = namedtuple("Card", "rank suit")
RANKS = "23456789TJQKA"


class Deck:
    def __init__(self, seed=None):
        self._cards = [Card(rank, suit) for suit, rank in product("♠♥♦♣", RANKS)]
        random.Random(seed).shuffle(self._cards)

    def __len__(self):
        return len(self._cards)

    def __getitem__(self, at):
        return self._cards[at]

    def deal(self, count):
        dealt, self._cards = self._cards[:count], self._cards[count:]
        return dealt


def kind(hand):
    counts = sorted(Counter(card.rank for card in hand).values(), reverse=True)
    flush = len({card.suit for card in hand}) == 1
    values = sorted(RANKS.index(card.rank) for card in hand)
    straight = values == list(range(values[0], values[0] + 5))
    table = {(4, 1): "four", (3, 2): "full house", (3, 1, 1): "three", (2, 2, 1): "two pair", (2, 1, 1, 1): "pair"}
    return "straight flush" if flush and straight else "flush" if flush else "straight" if straight else table.get(tuple(counts), "high card")


deck = Deck(2024)
hand = deck.deal(5)
print(["".join(card) for card in hand], kind(hand), len(deck), deck[0])
print(kind([Card(rank, "♠") for rank in "23456"]), kind([Card("A", s) for s in "♠♥♦♣"] + [Card("2", "♠")]))
print(Counter(kind(Deck(seed).deal(5)) for seed in range(200)).most_common(2))
