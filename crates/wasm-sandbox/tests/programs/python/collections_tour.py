from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple

Point = namedtuple("Point", "x y", defaults=[0])
print(Point(1), Point(1, 2)._replace(x=9), Point._fields, Point(3, 4)._asdict())
window = deque(maxlen=3)
for value in range(6):
    window.append(value)
window.rotate(1)
print(window, window[0])
print(Counter("mississippi") - Counter("miss"), Counter(a=3) + Counter(a=1, b=2))
settings = ChainMap({"color": "red"}, {"color": "blue", "user": "guest"})
print(settings["color"], settings["user"], dict(settings.new_child({"user": "root"})))
tree = lambda: defaultdict(tree)
taxonomy = tree()
taxonomy["animal"]["mammal"]["cat"] = 1
print(taxonomy["animal"]["mammal"]["cat"])
order = OrderedDict(a=1, b=2, c=3)
order.move_to_end("a")
order.popitem(last=False)
print(list(order))


class Lower(UserDict):
    def __setitem__(self, key, value):
        super().__setitem__(key.lower(), value)


lower = Lower(Hello=1)
lower["WORLD"] = 2
print(lower)
