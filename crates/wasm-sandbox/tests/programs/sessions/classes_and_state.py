# %%
from dataclasses import dataclass, field

@dataclass
class Cart:
    items: dict = field(default_factory=dict)

    def add(self, name, price, count=1):
        if price < 0:
            raise ValueError("negative price")
        self.items[name] = (price, count)
        return self

    @property
    def total(self):
        return sum(price * count for price, count in self.items.values())
# %%
cart = Cart()
cart.add("apple", 0.5, 4).add("pear", 1)
#> Cart(items={'apple': (0.5, 4), 'pear': (1, 1)})
# %%
cart.add("bad", -1)
#! ValueError
# %%
cart.total
#> 3.0
# %%
import pickle
pickle.loads(pickle.dumps(cart)) == cart
#> True
