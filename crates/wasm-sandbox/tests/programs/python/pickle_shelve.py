import copy
import marshal
import pickle
import shelve
from dataclasses import dataclass


@dataclass
class User:
    name: str
    friends: list

    def __getstate__(self):
        return {"name": self.name, "friends": self.friends}


user = User("ada", [])
user.friends.append(user)
again = pickle.loads(pickle.dumps(user))
print(again.name, again.friends[0] is again, again == user if False else True)
deep, shallow = copy.deepcopy(user), copy.copy(user)
print(deep.friends[0] is deep, shallow.friends is user.friends, marshal.loads(marshal.dumps([1, "a"])))
with shelve.open("/tmp/shelf") as shelf:
    shelf["a"] = {"n": 1}
    shelf["b"] = [1, 2]
with shelve.open("/tmp/shelf") as shelf:
    print(sorted(shelf), shelf["a"])
with open("/tmp/users.pkl", "wb") as file:
    pickle.dump({"x": 1, "s": {1, 2}}, file, protocol=pickle.HIGHEST_PROTOCOL)
with open("/tmp/users.pkl", "rb") as file:
    print(pickle.load(file))
try:
    pickle.dumps(lambda: 1)
except (pickle.PicklingError, AttributeError) as error:
    print("cannot pickle", type(error).__name__ in ("PicklingError", "AttributeError"))
